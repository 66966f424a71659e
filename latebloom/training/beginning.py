"""Where a training begins: at step 0, or at the newest checkpoint that is whole.

Enters: a run folder and what is to be restored. Leaves: the place in the run and the evaluations up
to it, with models and optimizers restored. A damaged checkpoint is passed over, and said; but a run
that got somewhere never starts over without being asked to.
"""

from dataclasses import dataclass
from typing import Any

import torch

from latebloom.errors import RunFolderError
from latebloom.training.averaging import WeightAverage
from latebloom.training.checkpoint import Place, remove, restore, sweep_up
from latebloom.training.listener import Listener
from latebloom.training.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Beginning:
    """A place in a run, and the evaluations up to it. lacks: how many of these were lost."""

    place: Place
    records: list[dict[str, Any]]
    lacks: int


def beginning(
    run: RunFolder,
    average: WeightAverage,
    optimizers: list[torch.optim.Optimizer],
    listener: Listener,
    from_scratch: bool,
) -> Beginning | None:
    """Restores the newest whole checkpoint; None where training begins at step 0.

    What is later than the place, checkpoints and evaluations, is dropped: it will be made again.

    Raises: RunFolderError if the run got somewhere and no checkpoint is whole that one can go on
    from, unless `from_scratch`.
    """
    sweep_up(run.path / "checkpoints")
    checkpoints = run.checkpoints()
    place, broken = None, list[str]()
    for checkpoint in reversed([] if from_scratch else checkpoints):
        if not checkpoint.resumable and not broken:
            continue
        try:
            place = restore(checkpoint, average, optimizers)
            break
        except RunFolderError as error:
            broken.append(str(error))
    if place is None and not from_scratch and (checkpoints or run.evaluated()):
        told = "; ".join(broken) or "none holds the optimizers' state"
        raise RunFolderError(
            f"{run.path} has no whole checkpoint to go on from: {told}. To train it again from step"
            f" 0: latebloom grok --resume {run.path} --from-scratch"
        )
    step = place.step if place else -1
    if broken and place:
        listener.note(f"{'; '.join(broken)}: going on from step {step}")
    if from_scratch:
        listener.note("training again from step 0: what the run had is dropped")
    for later in checkpoints:
        if later.step > step:
            remove(later.folder)
    records, told = run.forget_after(step)
    lacks = max(0, place.evaluations - len(records)) if place else 0
    if told:
        listener.note(told)
    if lacks:
        listener.note(f"metrics.jsonl lacks {lacks} evaluations up to step {step}: they were lost")
    return Beginning(place, records, lacks) if place else None
