"""How deep should a reader of sentences be? Depth x seeds, and which early measure foretells it.

Enters: a `DepthConfig` and a folder. Leaves: a run folder for each world, depth and seed in it, and
`depth.json`: a row for each run, and the rank correlation of each early measure with the final
generalisation. A series that was stopped goes on: finished runs are kept, half-done ones resumed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.studies.grow import grow, resume
from latebloom.studies.projected import ProjectionConfig, project_run
from latebloom.studies.recipes import make_recipe
from latebloom.training.config import RunConfig
from latebloom.training.listener import Listener, Silence
from latebloom.training.run_folder import RunFolder, write_json
from latebloom.worlds.build import SentenceWorldConfig

EARLY = ("test_id", "test_ood", "loss", "t_score", "f1", "entropy", "weight_norm")
"""What is measured early in a run: two accuracies, the loss on the projected lines (nats a word),
the published t_score, the greedy trees' F1, the attention entropy (nats, mean over layers), the
norm of all weights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DepthConfig:
    """The series."""

    recipes: tuple[str, ...] = ("question", "tense")
    """Recipes on sentences."""
    depths: tuple[int, ...] = (2, 4, 6, 8, 10)
    """Numbers of layers."""
    seeds: int = 5
    """Seeds 0, 1, ... of each depth."""
    early_frac: float = 0.25
    """When the early measures are taken, as a share of the steps."""
    sentences: int = 300
    """Sentences that are projected for the t_score."""
    world: Mapping[str, str] = field(default_factory=dict)
    """Fields of the world that are the same in all runs, as on the command line."""
    model: Mapping[str, str] = field(default_factory=dict)
    """Fields of the model."""
    train: Mapping[str, str] = field(default_factory=dict)
    """Fields of the training."""

    def __post_init__(self) -> None:
        if self.seeds < 1 or not self.depths or min(self.depths) < 1 or not self.recipes:
            raise LatebloomError("a series needs recipes, depths from 1 on, and at least one seed")
        if not 0 < self.early_frac < 1:
            raise LatebloomError(f"--early-frac is {self.early_frac}; it must lie between 0 and 1")

    def runs(self) -> list[tuple[str, RunConfig]]:
        """Name and config of every run, seeds outermost: each round is a result of its own.

        Raises: LatebloomError for a recipe that is not there or not on sentences.
        """
        made = []
        for seed in range(self.seeds):
            for recipe in self.recipes:
                config = make_recipe(recipe)
                if not isinstance(config.world, SentenceWorldConfig):
                    raise LatebloomError(f"the recipe {recipe} is not on sentences; use question")
                for section in ("world", "model", "train"):
                    config = config.with_overrides(section, getattr(self, section))
                for depth in self.depths:
                    model = replace(config.model, n_layers=depth)
                    name = f"{recipe}-depth{depth}-seed{seed}"
                    made.append((name, replace(config, model=model, seed=seed)))
        return made


def sweep_depth(
    config: DepthConfig,
    out: Path,
    *,
    listener: Listener | None = None,
    threads: int = 0,
    on_run: Callable[[int, int, str], None] = lambda done, total, name: None,
) -> dict[str, Any]:
    """Grows what is not there yet, measures, writes and returns `depth.json`.

    on_run: is told how many runs are done, of how many, and the name of the next.
    Raises: LatebloomError as `grow` does, and for a run of another config under the same name.
    """
    runs, rows = config.runs(), []
    for done, (name, told) in enumerate(runs):
        on_run(done, len(runs), name)
        folder = finished_run(out / name, told, listener or Silence(), threads)
        rows.append(row_of(folder, told, config))
        write_json(out / "depth.json", {"runs": rows, "foretells": foretold(rows)})
    on_run(len(runs), len(runs), "")
    return {"runs": rows, "foretells": foretold(rows)}


def finished_run(path: Path, told: RunConfig, listener: Listener, threads: int) -> RunFolder:
    """The run of this config at this place, grown to its end.

    Raises: KeyboardInterrupt if it was interrupted: then the series is, too.
    """
    if not (path / "config.toml").exists():
        grow(told, path, listener=listener, threads=threads)
    elif RunFolder.open(path).config() != told:
        raise LatebloomError(f"{path} is a run of another config; choose another --out")
    elif not (path / "summary.json").exists() or unfinished(RunFolder(path), told):
        resume(path, listener=listener, threads=threads)
    run = RunFolder.open(path)
    if unfinished(run, told):
        raise KeyboardInterrupt
    return run


def unfinished(run: RunFolder, told: RunConfig) -> bool:
    """Whether it was interrupted before its last step."""
    summary = run.summary()
    return summary["stopped_by"] == "interrupt" and summary["steps"] < told.train.steps


def row_of(run: RunFolder, told: RunConfig, config: DepthConfig) -> dict[str, Any]:
    """Early measures and final accuracies of a run."""
    summary, wanted = run.summary(), config.early_frac * told.train.steps
    checkpoint = min(run.checkpoints(), key=lambda one: abs(one.step - wanted))
    asked = ProjectionConfig(sentences=config.sentences, examples=0)
    tree = next(project_run(run, asked, step=checkpoint.step))
    return {
        "recipe": told.recipe,
        "depth": told.model.n_layers,
        "seed": told.seed,
        "parameters": summary["parameters"],
        "seconds": summary["seconds"],
        "final": {split: row["accuracy"] for split, row in summary["splits"].items()},
        "sustained": {split: row["sustained_step"] for split, row in summary["splits"].items()},
        "early_step": checkpoint.step,
        "early": {
            "test_id": tree["accuracy"].get("test_id"),
            "test_ood": tree["accuracy"].get("test_ood"),
            "loss": tree["loss"],
            "t_score": tree["t_score_published"],
            "f1": tree["t_parseval"].get("greedy", {}).get("f1"),
            "entropy": float(np.mean(tree["attention_entropy"])),
            "weight_norm": tree["weight_norm"]["all"],
        },
    }


def foretold(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float | None]]:
    """For each recipe, each early measure's rank correlation with the final generalisation.

    None with fewer than 3 runs, or where one of the two is the same in all of them.
    """
    by_recipe: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if "test_ood" in row["final"]:
            by_recipe.setdefault(row["recipe"], []).append(row)
    return {
        recipe: {
            measure: rank_correlation(
                [row["early"][measure] for row in some], [row["final"]["test_ood"] for row in some]
            )
            for measure in EARLY
        }
        for recipe, some in by_recipe.items()
    }


def rank_correlation(x: list[float | None], y: list[float]) -> float | None:
    """Spearman's rho, ties at their mean rank."""
    if len(x) < 3 or None in x:
        return None
    a, b = ranks(np.array(x, float)), ranks(np.array(y, float))
    if not a.std() or not b.std():
        return None
    return float(np.corrcoef(a, b)[0, 1])


def ranks(values: ndarray) -> ndarray:
    """The rank of each value from 1, of equal ones their mean."""
    below = (values[:, None] > values).sum(1)
    same = (values[:, None] == values).sum(1)
    return below + (same + 1) / 2
