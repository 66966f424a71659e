"""A sweep: any fields of a config x seeds, a run for each combination, a table over all of them.

Enters: a base config (or the name of a recipe), the fields that vary with their values, seeds, a
folder. Leaves: a run folder for each cell of the grid and `sweep.jsonl`, a row for each run,
written whole after every run. The same sweep again in the same folder goes on; so does one with
more values or more seeds, whose table holds the earlier runs as well.

>>> import latebloom
>>> table = latebloom.sweep("composition", vary={"world.phi": (3.6, 7.2)}, seeds=3)
>>> pandas.DataFrame(table.rows)

Covers: grids; who grows the cells is an `Executor`. Does not cover: random search.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latebloom.checked import mismatch
from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import make_recipe
from latebloom.studies.cells import Cell, State, finished_in, grow_cells, state_of
from latebloom.studies.executors import Executor, Here, Workers
from latebloom.studies.fields import (
    hint_of,
    known_field,
    name_of,
    plain,
    short_name,
    value_in,
    with_values,
)
from latebloom.studies.table import TABLE, SweepTable, failed_row, read_rows, row_of
from latebloom.training.config import RunConfig
from latebloom.training.differences import difference
from latebloom.training.listener import Listener
from latebloom.training.run_folder import RunFolder

MOST_RUNS = 10_000
"""Runs of the largest grid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """A grid of configs.

    Raises: LatebloomError for an empty grid or one of more than `MOST_RUNS` runs, a field that does
    not exist, a value that does not fit, or two values alike.
    """

    base: RunConfig
    """What all runs have in common."""
    vary: Mapping[str, Any]
    """The fields that vary, with their values: `{"world.phi": (3.6, 7.2)}`. The last one varies
    fastest. `world_seed` gives all seeds of the weights the same worlds."""
    seeds: int = 3
    """Seeds 0, 1, ... of each combination; a seed is that of the world, too."""

    def __post_init__(self) -> None:
        if not self.vary:
            raise LatebloomError(
                "nothing to vary: name at least one field with its values, like"
                " --vary world.phi=3.6,7.2 (one value will do)"
            )
        wrong = mismatch(self.seeds, int)  # from Python it may be anything
        if wrong or self.seeds < 1:
            raise LatebloomError(f"--seeds is {self.seeds!r}; it must be a whole number from 1 on")
        sizes = (len(some) for some in self.vary.values() if isinstance(some, Sized))
        runs = math.prod(sizes, start=self.seeds)
        if runs > MOST_RUNS:
            raise LatebloomError(f"the grid has {runs:,} runs; {MOST_RUNS:,} are the limit")
        self.cells()

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that vary."""
        return tuple(self.axes())

    def axes(self) -> dict[str, tuple[Any, ...]]:
        """The fields that vary, each written as in a config, with their values."""
        found: dict[str, tuple[Any, ...]] = {}
        for name, values in self.vary.items():
            field = known_field(self.base, name)
            if isinstance(values, str) or not isinstance(values, Iterable):
                raise LatebloomError(f"{field}: write its values as a list, not {values!r}")
            if field in found:
                raise LatebloomError(f"{field} is varied twice")
            found[field] = tuple(plain(value) for value in values)
            if not found[field]:
                raise LatebloomError(f"{field} has no values to vary over")
            for value in found[field]:
                wanted = mismatch(value, hint_of(self.base, field))
                if wanted:
                    raise LatebloomError(f"{field} is {value!r}; it must be {wanted}")
            for earlier, later in itertools.combinations(found[field], 2):
                if earlier == later:
                    raise LatebloomError(f"{field} names one value twice: {later}")
        return found

    def cells(self) -> list[Cell]:
        """Every run, seeds outermost: each round over the grid is a result of its own."""
        axes = self.axes()
        settings = [
            dict(zip(axes, some, strict=True)) for some in itertools.product(*axes.values())
        ]
        return [self.cell(values, seed) for seed in range(self.seeds) for values in settings]

    def cell(self, values: Mapping[str, Any], seed: int) -> Cell:
        """The run with these values and this seed."""
        config = with_values(self.base.with_seed(seed), values)
        typed = {field: value_in(config, field) for field in values}
        setting = with_values(self.base.with_seed(0), values)
        return Cell(name=f"{name_of(setting, typed)}-seed{seed}", config=config, values=typed)

    def cell_of(self, config: RunConfig) -> Cell:
        """The cell with the seed of a config, and its values of the fields that vary.

        The config belongs to this sweep if it is that cell's; the values need not be in the grid.
        """
        return self.cell({field: value_in(config, field) for field in self.fields}, config.seed)

    def differs(self, config: RunConfig) -> str:
        """In what a config differs from all of this sweep; empty if it belongs to it."""
        try:
            cell = self.cell_of(config)
        except (AttributeError, LatebloomError):  # another kind of world, or one of other sizes
            return difference(config, self.base.with_seed(config.seed))
        return "" if cell.config == config else difference(config, cell.config)

    def default_folder(self) -> Path:
        """Where it is grown unless told otherwise."""
        return Path("runs") / "-".join([self.base.recipe, "by", *map(short_name, self.fields)])

    def states(self, out: Path) -> list[tuple[Cell, State]]:
        """Every cell with how far it is in a folder.

        Raises: LatebloomError if the folder holds runs that do not belong to this sweep.
        """
        if out.exists() and not out.is_dir():
            raise LatebloomError(f"{out} is a file; choose another --out")
        for place in sorted(out.glob("*/config.toml")):
            config = RunFolder.open(place.parent).config()
            differs = self.differs(config)
            if differs:
                raise LatebloomError(
                    f"{out} holds a run of another sweep, {place.parent.name}: {differs};"
                    " choose another --out"
                )
        return [(cell, state_of(cell, out / cell.name)) for cell in self.cells()]

    def run(
        self,
        out: Path,
        executor: Executor | None = None,
        *,
        only_failed: bool = False,
        on_cell: Callable[[int, int, str], None] = lambda done, total, name: None,
    ) -> SweepTable:
        """Grows what is not there yet; writes `sweep.jsonl` after every run, and returns it.

        A run that is finished is kept; one that failed before is not tried again, and its row is
        kept, unless it is asked for.
        executor: who grows the cells; this process without one. only_failed: try again what failed,
        and nothing else. on_cell: is told how many cells were begun before, of how many, and
        the name of the next.
        Raises: LatebloomError, before anything is written, for a folder of something else;
        KeyboardInterrupt when a run is interrupted.
        """
        states = self.states(out)
        failed = self.failed_rows(out, states)
        rows = self.earlier_rows(out) | failed
        order = [cell.name for cell, _ in states]
        order += [name for name in rows if name not in order]

        def table_now() -> SweepTable:
            found = tuple(rows[name] for name in order if name in rows)
            return SweepTable(fields=self.fields, rows=found)

        cells = [cell for cell, _ in states if (cell.name in failed) == only_failed]
        table = table_now()
        who = executor or Here()
        try:
            for grown in grow_cells(
                cells, out, who.grow, jobs=who.jobs, stop=who.stop, on_cell=on_cell
            ):
                cell = grown.cell
                rows[cell.name] = (
                    row_of(cell, grown.run) if grown.run else failed_row(cell, grown.error)
                )
                table = table_now()
                out.mkdir(parents=True, exist_ok=True)
                table.write(out / TABLE)
        finally:
            who.stop()
        return table

    def failed_rows(
        self, out: Path, states: Iterable[tuple[Cell, State]]
    ) -> dict[str, dict[str, Any]]:
        """The rows of the cells that failed before and are not finished since, by name."""
        if not (out / TABLE).exists():
            return {}
        told = {row["run"]: row for row in read_rows(out / TABLE) if row["error"] is not None}
        return {
            cell.name: told[cell.name]
            for cell, state in states
            if cell.name in told and state != "finished"
        }

    def earlier_rows(self, out: Path) -> dict[str, dict[str, Any]]:
        """The rows of the finished runs in a folder, of the grid or not, by name."""
        rows = {}
        for run in finished_in(out):
            cell = self.cell_of(run.config())
            if cell.name == run.path.name:
                rows[cell.name] = row_of(cell, run)
        return rows


def sweep(
    base: RunConfig | str,
    *,
    vary: Mapping[str, Any],
    seeds: int = 3,
    out: Path | str | None = None,
    listener: Listener | None = None,
    device: str = "auto",
    threads: int = 0,
    workers: int = 1,
    only_failed: bool = False,
) -> SweepTable:
    """Grows a config, or a recipe, over a grid of fields x seeds; returns the table of its runs.

    vary: fields with their values, `{"world.phi": (3.6, 7.2), "train.weight_decay": (.03, .1)}`.
    out: the folder of the sweep, in which the same sweep goes on; None for one under runs/.
    workers: processes that grow runs at the same time; with more than one the listener hears
    nothing, and `threads` of 0 is one thread each.
    only_failed: try again what failed in an earlier call, which is otherwise left as it is.
    Raises: LatebloomError for a grid that cannot be grown. A run that fails is in the table.
    """
    config = make_recipe(base) if isinstance(base, str) else base
    told = Sweep(base=config, vary=vary, seeds=seeds)
    place = told.default_folder() if out is None else Path(out)
    if workers == 1:
        executor: Executor = Here(listener=listener, device=device, threads=threads)
    else:
        executor = Workers(workers, device=device, threads=threads or 1)
    return told.run(place, executor, only_failed=only_failed)
