"""The late bloom, seen: a plain and a looped model on the same facts, one after the other.

Enters: a folder, and the configs of both. Leaves: two run folders in it, and what came when in
each. The plain transformer knows its training questions by heart early, answers held-out ones late,
and those over OOD facts never. The looped one, made for such chains, answers these as well.

The same folder again goes on where it was stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import make_recipe
from latebloom.studies.cells import Cell, grow_cells, grower_here
from latebloom.training.config import RunConfig
from latebloom.training.listener import Listener
from latebloom.training.milestones import BLOOMED, Bloom, bloom_of
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.splits import Split

MODELS: Mapping[str, str] = {"plain": "bloom", "looped": "bloom-looped"}
"""The name of each run's folder, and the recipe that is grown in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bloomed:
    """One of the two models.

    inside, outside: when held-out questions came, those over ID facts and those over OOD facts.
    """

    name: str
    run: RunFolder
    inside: Bloom
    outside: Bloom

    def words(self) -> str:
        """What came when, in one sentence."""
        inside, outside = self.inside, self.outside
        if inside.fitted is None:
            return f"{self.name}: does not know its training questions yet"
        told = (
            f"{self.name}: knew its training questions at step {inside.fitted:,}, when"
            f" {inside.when_fitted or 0:.0%} of the held-out ones were right"
        )
        if inside.reached is None:
            told += f", and at last {inside.at_last or 0:.0%}"
        elif inside.times is not None and inside.times > 1:
            told += (
                f"; {BLOOMED:.0%} came at step {inside.reached:,}, {inside.times:.1f} times as many"
            )
        return f"{told}; over OOD facts at last {outside.at_last or 0:.0%}"

    def as_dict(self) -> dict[str, Any]:
        """What came when, for JSON."""
        summary = self.run.summary()
        return {
            "model": self.name,
            "recipe": summary["recipe"],
            "run": str(self.run.path),
            "steps": summary["steps"],
            "seconds": summary["seconds"],
            "accuracy": {split: one["accuracy"] for split, one in summary["splits"].items()},
            "test_id": self.inside.as_dict(),
            "test_ood": self.outside.as_dict(),
        }


def models(seed: int = 0) -> dict[str, RunConfig]:
    """The configs of both models, by the name of their run's folder."""
    return {name: make_recipe(recipe).with_seed(seed) for name, recipe in MODELS.items()}


def grow_bloom(
    out: Path | str,
    configs: Mapping[str, RunConfig],
    *,
    listener: Listener | None = None,
    device: str = "auto",
    threads: int = 0,
) -> list[Bloomed]:
    """Grows what is not there yet of the runs, and reads what came when.

    configs: such as `models()`, by the name of the run's folder.
    Raises: LatebloomError if a training fails or something else lies in the folder.
    """
    cells = [Cell(name=name, config=config) for name, config in configs.items()]
    grower = grower_here(listener=listener, device=device, threads=threads)
    found = []
    for grown in grow_cells(cells, Path(out), grower):
        if grown.run is None:
            raise LatebloomError(f"{grown.cell.name}: {grown.error}")
        records = list(grown.run.metrics())
        inside, outside = (bloom_of(records, split) for split in (Split.TEST_ID, Split.TEST_OOD))
        found.append(Bloomed(name=grown.cell.name, run=grown.run, inside=inside, outside=outside))
    return found
