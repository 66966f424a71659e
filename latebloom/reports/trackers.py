"""The evaluations of a run, handed on to a tracker: TensorBoard, Weights & Biases or Trackio.

Enters: a run folder, finished or still growing. Leaves: its config and its curves, where the
tracker keeps them. The run folder stays what counts: nothing is read back, and a training knows
nothing of who follows it.

To add a tracker: a class with the three methods of `Tracker`, and its name in `TRACKERS`.
"""

import hashlib
import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from latebloom.errors import LatebloomError
from latebloom.records import flat
from latebloom.reports.following import Followed
from latebloom.training.differences import flat as fields_of

PROJECT = "latebloom"
"""Under what the runs stand where a tracker has projects."""
TIMES = ("step", "seconds")
"""Of a record what says when, and is no curve."""


@runtime_checkable
class Tracker(Protocol):
    """Keeps the curves of one run."""

    def begin(self, followed: Followed, config: Mapping[str, Any]) -> None:
        """A run of these settings, which are flat."""
        ...

    def log(self, step: int, curves: Mapping[str, float], moment: float) -> None:
        """What was measured after a step, `moment` seconds into the run."""
        ...

    def end(self) -> None:
        """Nothing more comes."""
        ...


def track(
    followed: Followed, tracker: Tracker, on_row: Callable[[int], None], *, once: bool = False
) -> int:
    """Hands on the evaluations of a run until it is over; returns how many there were.

    once: only those that are there. on_row: told the step of each.
    """
    tracker.begin(followed, fields_of(followed.run.config()))
    rows = 0
    try:
        for record in followed.records(once=once):
            curves = {
                name: float(value)
                for name, value in flat(record).items()
                if isinstance(value, int | float) and name not in TIMES
            }
            tracker.log(record["step"], curves, float(record["seconds"]))
            rows += 1
            on_row(record["step"])
    finally:
        tracker.end()
    return rows


class TensorBoard:
    """Event files in a folder, for `tensorboard --logdir`. Those that an earlier call wrote of this
    run there are replaced; whatever else lies in the folder stays.
    """

    def __init__(self, out: Path | None) -> None:
        self.writer_of = package("tensorboardX").SummaryWriter
        self.out = out

    def begin(self, followed: Followed, config: Mapping[str, Any]) -> None:
        folder = self.out or Path("tensorboard") / followed.run.path.resolve().name
        of_this_run = f".latebloom-{number_of(followed)}"
        for old in folder.glob(f"events.out.tfevents.*{of_this_run}"):
            old.unlink()
        self.started = followed.stamp("config.toml") / 1e9
        self.writer = self.writer_of(str(folder), filename_suffix=of_this_run)
        rows = "".join(f"| {name} | {value} |\n" for name, value in config.items())
        self.writer.add_text("config", f"| setting | value |\n|---|---|\n{rows}")

    def log(self, step: int, curves: Mapping[str, float], moment: float) -> None:
        for name, value in curves.items():
            tag = name.replace(".", "/", 1)
            self.writer.add_scalar(tag, value, step, walltime=self.started + moment)

    def end(self) -> None:
        self.writer.close()


class WeightsAndBiases:
    """A run of the project `latebloom`; a second call goes on with it. WANDB_MODE=offline works."""

    def __init__(self, out: Path | None) -> None:
        self.wandb = package("wandb")
        self.out = out

    def begin(self, followed: Followed, config: Mapping[str, Any]) -> None:
        self.run = self.wandb.init(
            project=PROJECT,
            name=followed.run.path.resolve().name,
            id=number_of(followed),
            resume="allow",
            config=dict(config),
            dir=self.out,
        )

    def log(self, step: int, curves: Mapping[str, float], moment: float) -> None:
        self.run.log({**curves, "seconds": moment}, step=step)

    def end(self) -> None:
        if hasattr(self, "run"):
            self.run.finish()


class Trackio:
    """A run of the project `latebloom` in Trackio's own place on this machine."""

    def __init__(self, out: Path | None) -> None:
        if out is not None:
            raise LatebloomError("--out has no effect on trackio, which has a place of its own")
        self.trackio = package("trackio")

    def begin(self, followed: Followed, config: Mapping[str, Any]) -> None:
        name = followed.run.path.resolve().name
        self.trackio.init(project=PROJECT, name=name, config=dict(config), embed=False)

    def log(self, step: int, curves: Mapping[str, float], moment: float) -> None:
        self.trackio.log({**curves, "seconds": moment}, step=step)

    def end(self) -> None:
        self.trackio.finish()


TRACKERS: Mapping[str, Callable[[Path | None], Tracker]] = {
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
    "trackio": Trackio,
}
"""The trackers by name."""


def make_tracker(name: str, out: Path | None) -> Tracker:
    """The tracker of this name. `out`: where it keeps its files, None for its own choice.

    Raises: LatebloomError if there is none, or its package is not installed.
    """
    if name not in TRACKERS:
        raise LatebloomError(f"--to is {name!r}; use one of {', '.join(TRACKERS)}")
    return TRACKERS[name](out)


def number_of(followed: Followed) -> str:
    """What tells a run from every other one: where it lies and when it was begun."""
    told = f"{followed.run.path.resolve()} {followed.stamp('config.toml')}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def package(name: str) -> Any:
    """A tracker's package. Raises: LatebloomError with what to install."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise LatebloomError(
            f"the package {name} is not installed; say: pip install {name}, or"
            " pip install 'latebloom[tracking]' for all trackers"
        ) from error
