"""How deep should a reader of sentences be? Depth x seeds, and which early measure foretells it.

Enters: a `DepthConfig` and a folder. Leaves: a run folder for each world, depth and seed in it, and
`depth.json`: a row for each run, and how well each early measure foretells the generalisation at
the end. A series that was stopped goes on: finished runs are kept, half-done ones resumed. Runs of
another recipe, depth or seed that lie there and differ in nothing else belong to the series.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from latebloom.errors import LatebloomError, TrainingError
from latebloom.files import write_json
from latebloom.intervals import bootstrap
from latebloom.recipes.catalogue import make_recipe
from latebloom.studies.checkpoints import walk
from latebloom.studies.grow import grow, resume
from latebloom.training.config import RunConfig, TrainConfig
from latebloom.training.listener import Listener, Silence
from latebloom.training.loop import due
from latebloom.training.run_folder import RunFolder, environment
from latebloom.training.structure import SECTIONS
from latebloom.trees.examination import TreeInstrument
from latebloom.trees.record import ProjectionConfig

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
    feed: Mapping[str, str] = field(default_factory=dict)
    """Fields of the feed."""
    train: Mapping[str, str] = field(default_factory=dict)
    """Fields of the training."""

    def __post_init__(self) -> None:
        if self.seeds < 1 or not self.depths or min(self.depths) < 1 or not self.recipes:
            raise LatebloomError("a series needs recipes, depths from 1 on, and at least one seed")
        for what, told in (("depths", self.depths), ("recipes", self.recipes)):
            if len(set(told)) < len(told):
                raise LatebloomError(f"--{what} names one twice: {', '.join(map(str, told))}")
        if not 0 < self.early_frac < 1:
            raise LatebloomError(f"early_frac is {self.early_frac}; it must lie between 0 and 1")
        if "keep" in self.train:
            raise LatebloomError(
                "--train.keep would throw the early checkpoints away that a series measures;"
                " leave it out"
            )

    def recipe(self, name: str) -> RunConfig:
        """What all runs of a recipe have in common.

        Raises: LatebloomError for a recipe that is not there, not on sentences, or without a
        checkpoint where the early measures are taken.
        """
        config = make_recipe(name)
        if config.world.asks != "sentences":
            raise LatebloomError(f"the recipe {name} is not on sentences; use question")
        for section in SECTIONS:
            config = config.with_overrides(section, getattr(self, section))
        early_step(config.train, self.early_frac)
        return config

    def runs(self) -> list[tuple[str, RunConfig]]:
        """Name and config of every run, seeds outermost: each round is a result of its own.

        Raises: as `recipe`.
        """
        recipes = {name: self.recipe(name) for name in self.recipes}
        return [
            (f"{name}-depth{depth}-seed{seed}", of_depth(config, depth, seed))
            for seed in range(self.seeds)
            for name, config in recipes.items()
            for depth in self.depths
        ]


def of_depth(config: RunConfig, depth: int, seed: int) -> RunConfig:
    """The run of this depth and seed, in a world of that seed."""
    return replace(config, model=replace(config.model, n_layers=depth)).with_seed(seed)


def early_step(train: TrainConfig, early_frac: float) -> int:
    """The step with a checkpoint that is nearest to this share of all steps.

    Raises: LatebloomError if none is near: what is measured would not be early, or not trained.
    """
    wanted = early_frac * train.steps
    saved = [step for step in range(1, train.steps) if due(step, train)]
    nearest = min(saved, key=lambda step: abs(step - wanted), default=train.steps)
    if abs(nearest - wanted) > train.steps / 10:
        raise LatebloomError(
            f"no checkpoint is saved near step {wanted:g} of {train.steps}, where the early"
            f" measures are taken; set --train.checkpoint-every {max(1, round(wanted))}"
        )
    return nearest


def sweep_depth(
    config: DepthConfig,
    out: Path,
    *,
    listener: Listener | None = None,
    threads: int = 0,
    on_run: Callable[[int, int, str], None] = lambda done, total, name: None,
    on_series: Callable[[dict[str, Any]], None] = lambda series: None,
) -> dict[str, Any]:
    """Grows what is not there yet, measures, writes and returns `depth.json`.

    A run whose training breaks off is told under `failed`; the series goes on.
    on_run: is told how many runs are done, of how many, and the name of the next. on_series: is
    given the series so far, after every run.
    Raises: LatebloomError as `grow` does, and for a run of another config under the same name.
    """
    runs, failed = config.runs(), []
    rows = rows_in(out, config)
    series = series_of(config, rows, failed)
    for done, (name, told) in enumerate(runs):
        on_run(done, len(runs), name)
        try:
            run = finished_run(out / name, told, listener or Silence(), threads)
            rows[name] = row_of(run, told, config)
        except TrainingError as error:
            failed.append({"run": name, "reason": str(error)})
        series = series_of(config, rows, failed)
        write_json(out / "depth.json", series)
        on_series(series)
    on_run(len(runs), len(runs), "")
    return series


def rows_in(out: Path, config: DepthConfig) -> dict[str, dict[str, Any]]:
    """The rows of the finished runs in a folder that belong to the series, by name."""
    rows = {}
    for path in out.glob("*-depth*-seed*"):
        if not (path / "summary.json").exists():
            continue
        run = RunFolder.open(path)
        told = run.config()
        same = of_depth(config.recipe(told.recipe), told.model.n_layers, told.seed) == told
        if same and not unfinished(run, told):
            rows[path.name] = row_of(run, told, config)
    return rows


def series_of(
    config: DepthConfig, rows: Mapping[str, Mapping[str, Any]], failed: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """What stands in `depth.json`."""
    runs = sorted(rows.values(), key=order_of)
    return {
        "series": asdict(config),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": environment(),
        "runs": runs,
        "failed": list(failed),
        "foretells": foretold(runs),
    }


def order_of(row: Mapping[str, Any]) -> tuple[str, int, int]:
    return row["recipe"], row["depth"], row["seed"]


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
    summary, step = run.summary(), early_step(told.train, config.early_frac)
    asked = ProjectionConfig(sentences=config.sentences, examples=0)
    tree = next(walk(run, TreeInstrument.of_corpus(run.corpus(), asked), step=step))
    greedy = tree.t_parseval.get("greedy")
    return {
        "recipe": told.recipe,
        "depth": told.model.n_layers,
        "seed": told.seed,
        "parameters": summary["parameters"],
        "seconds": summary["seconds"],
        "final": {split: row["accuracy"] for split, row in summary["splits"].items()},
        "sustained": {split: row["sustained_step"] for split, row in summary["splits"].items()},
        "early_step": step,
        "early": {
            "test_id": tree.accuracy.get("test_id"),
            "test_ood": tree.accuracy.get("test_ood"),
            "loss": tree.loss,
            "t_score": tree.t_score_published,
            "f1": None if greedy is None else greedy.f1,
            "entropy": float(np.mean(tree.attention_entropy)),
            "weight_norm": tree.weight_norm["all"],
        },
    }


def foretold(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, Any] | None]]:
    """For each recipe, each early measure's rank correlation with the final generalisation.

    rho: over all its runs. ci95: the bootstrap's interval over runs. within: among runs of one
    depth, which a measure that only tells the depth cannot foretell (ranks less their mean over
    the depth); None where no depth has two runs that differ. n: runs. None in place of all with
    fewer than 3 runs, or where one of the two is the same in all of them.
    """
    by_recipe: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if "test_ood" in row["final"]:
            by_recipe.setdefault(row["recipe"], []).append(row)
    return {
        recipe: {measure: foretells(some, measure) for measure in EARLY}
        for recipe, some in by_recipe.items()
    }


def foretells(rows: Sequence[Mapping[str, Any]], measure: str) -> dict[str, Any] | None:
    """How well one early measure foretells, over the runs of one recipe."""
    early = [row["early"][measure] for row in rows]
    if len(rows) < 3 or None in early:
        return None
    x, y = np.array(early, float), np.array([row["final"]["test_ood"] for row in rows])
    rho = correlation(ranks(x), ranks(y))
    if rho is None:
        return None
    depth = np.array([row["depth"] for row in rows])
    return {
        "rho": rho,
        "ci95": list(bootstrap(lambda i: correlation(ranks(x[i]), ranks(y[i])), len(rows))),
        "within": correlation(less_mean(ranks(x), depth), less_mean(ranks(y), depth)),
        "n": len(rows),
    }


def correlation(x: ndarray, y: ndarray) -> float | None:
    """Pearson's, of ranks Spearman's; None where one of the two is the same everywhere."""
    if not x.std() or not y.std():
        return None
    return float(np.corrcoef(x, y)[0, 1])


def less_mean(values: ndarray, group: ndarray) -> ndarray:
    """Each value less the mean of its group."""
    _, which = np.unique(group, return_inverse=True)
    return values - (np.bincount(which, values) / np.bincount(which))[which]


def ranks(values: ndarray) -> ndarray:
    """The rank of each value from 1, of equal ones their mean."""
    below = (values[:, None] > values).sum(1)
    same = (values[:, None] == values).sum(1)
    return below + (same + 1) / 2
