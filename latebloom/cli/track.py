"""Handing a run's curves on to a tracker: `latebloom track`."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from latebloom.cli.app import Flag, Json, app, err


@app.command
def track(
    run: Path,
    *,
    to: str = "tensorboard",
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    once: Flag = False,
    quiet: Flag = False,
    json_: Json = False,
) -> None:
    """Hand a run's curves on to TensorBoard, Weights & Biases or Trackio, also while it grows.

    It ends when the run does. The run folder stays as it is.

    Parameters
    ----------
    run
        The run folder.
    to
        tensorboard, wandb or trackio.
    out_
        Where the tracker keeps its files: for TensorBoard without it tensorboard/RUN.
    once
        Hand on what is there, and end.
    quiet
        Show no progress.
    json_
        Print what was handed on as JSON.
    """
    from latebloom.reports.following import Followed
    from latebloom.reports.trackers import make_tracker
    from latebloom.reports.trackers import track as hand_on

    followed = Followed(run)

    def tell(step: int) -> None:
        if not quiet and err.is_terminal:
            err.print(f"step {step:,} of {followed.total_steps:,}", end="\r")

    rows = hand_on(followed, make_tracker(to, out_), tell, once=once)
    if json_:
        print(json.dumps({"run": str(run), "to": to, "evaluations": rows}))
    elif not quiet:
        err.print(f"handed on {rows:,} evaluations of {run} to {to}", markup=False)
