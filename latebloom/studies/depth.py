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

from latebloom.errors import LatebloomError
from latebloom.files import write_json
from latebloom.intervals import bootstrap
from latebloom.recipes.catalogue import make_recipe
from latebloom.studies.cells import Cell, finished_in, grow_cells, grower_here
from latebloom.studies.checkpoints import walk
from latebloom.studies.correlation import correlation, less_mean, ranks
from latebloom.studies.sweep import Sweep
from latebloom.training.config import RunConfig, TrainConfig
from latebloom.training.listener import Listener
from latebloom.training.loop import due
from latebloom.training.run_folder import RunFolder, environment
from latebloom.trees.examination import TreeInstrument
from latebloom.trees.record import ProjectionConfig, TreeRecord

RECORD = "depth.json"
"""What a series leaves beside its runs."""
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
        for what, values in (("depths", self.depths), ("recipes", self.recipes)):
            if len(set(values)) < len(values):
                raise LatebloomError(f"--{what} names one twice: {', '.join(map(str, values))}")
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
        for section in ("world", "model", "feed", "train"):
            config = config.with_overrides(section, getattr(self, section))
        early_step(config.train, self.early_frac)
        return config

    def sweep(self, name: str) -> Sweep:
        """The runs of one recipe: depth x seeds.

        Raises: as `recipe`.
        """
        return Sweep(base=self.recipe(name), vary={"model.n_layers": self.depths}, seeds=self.seeds)

    def cells(self) -> list[Cell]:
        """Every run, seeds outermost: each round is a result of its own.

        Raises: as `recipe`.
        """
        found = [named(cell) for name in self.recipes for cell in self.sweep(name).cells()]
        return sorted(found, key=lambda cell: cell.seed)


def named(cell: Cell) -> Cell:
    """A cell with the name of its run folder: `question-depth4-seed0`."""
    config = cell.config
    return replace(cell, name=f"{config.recipe}-depth{config.model.n_layers}-seed{config.seed}")


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

    A run that fails is told under `failed`; the series goes on.
    on_run: is told how many runs are done, of how many, and the name of the next. on_series: is
    given the series so far, after every run.
    Raises: LatebloomError for what cannot be swept, and for a run of another config under the same
    name.
    """
    cells, failed = config.cells(), []
    grower = grower_here(listener=listener, threads=threads)
    rows = rows_in(out, config)
    series = series_of(config, rows, failed)
    for grown in grow_cells(cells, out, grower, on_cell=on_run):
        name = grown.cell.name
        if grown.run is None:
            failed.append({"run": name, "reason": grown.error})
        else:
            rows[name] = row_of(grown.run, grown.cell.config, config)
        series = series_of(config, rows, failed)
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / RECORD, series)
        on_series(series)
    on_run(len(cells), len(cells), "")
    return series


def rows_in(out: Path, config: DepthConfig) -> dict[str, dict[str, Any]]:
    """The rows of the finished runs in a folder that belong to the series, by name."""
    rows = {}
    for run in finished_in(out, "*-depth*-seed*"):
        grown = run.config()
        if not config.sweep(grown.recipe).differs(grown):
            rows[run.path.name] = row_of(run, grown, config)
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


def row_of(run: RunFolder, grown: RunConfig, config: DepthConfig) -> dict[str, Any]:
    """Early measures and final accuracies of a run."""
    summary, step = run.summary(), early_step(grown.train, config.early_frac)
    asked = ProjectionConfig(sentences=config.sentences, examples=0)
    tree = next(walk(run, TreeInstrument.of_corpus(run.corpus(), asked), step=step))
    return {
        "recipe": grown.recipe,
        "depth": grown.model.n_layers,
        "seed": grown.seed,
        "parameters": summary["parameters"],
        "seconds": summary["seconds"],
        "final": {split: row["accuracy"] for split, row in summary["splits"].items()},
        "sustained": {split: row["sustained_step"] for split, row in summary["splits"].items()},
        "early_step": step,
        "early": early_of(tree),
    }


def early_of(tree: TreeRecord) -> dict[str, float | None]:
    """The measures in `EARLY`, from the record of a checkpoint's projection."""
    greedy = tree.t_parseval.get("greedy")
    return {
        "test_id": tree.accuracy.get("test_id"),
        "test_ood": tree.accuracy.get("test_ood"),
        "loss": tree.loss,
        "t_score": tree.t_score_published,
        "f1": None if greedy is None else greedy.f1,
        "entropy": float(np.mean(tree.attention_entropy)),
        "weight_norm": tree.weight_norm["all"],
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
