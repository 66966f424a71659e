"""A sweep: any fields of a config x seeds, a run for each combination, a table over all of them.

Enters: a base config (or the name of a recipe), the fields that vary with their values, seeds, a
folder. Leaves: a run folder for each cell of the grid and `sweep.jsonl`, a row for each run,
written whole after every run. The same sweep again in the same folder goes on; so does one with
more values or more seeds, whose table holds the earlier runs as well.

>>> import latebloom
>>> table = latebloom.sweep("composition", vary={"world.phi": (3.6, 7.2)}, seeds=3)
>>> pandas.DataFrame(table.rows)

Covers: grids on one machine. Does not cover: random search, runs on several machines.
"""

import difflib
import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

import numpy as np

from latebloom.checked import fields_of, mismatch
from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import make_recipe
from latebloom.studies.cells import (
    Cell,
    State,
    finished_in,
    grow_cells,
    grower_here,
    state_of,
)
from latebloom.studies.table import SweepTable, failed_row, row_of
from latebloom.training.config import RunConfig
from latebloom.training.differences import difference
from latebloom.training.listener import Listener
from latebloom.training.run_folder import RunFolder
from latebloom.training.structure import SECTIONS, parse_value

TABLE = "sweep.jsonl"
"""The file with the rows, in the folder of a sweep."""
LONGEST = 120
"""Characters of a run folder's name, before a hash stands for the rest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """A grid of configs.

    Raises: LatebloomError for an empty grid, a field that does not exist, a value that does not
    fit, or two values alike.
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
        *,
        listener: Listener | None = None,
        device: str = "auto",
        threads: int = 0,
        on_cell: Callable[[int, int, str], None] = lambda done, total, name: None,
    ) -> SweepTable:
        """Grows what is not finished yet; writes `sweep.jsonl` after every run, and returns it.

        on_cell: is told how many cells were begun before, of how many, and the name of the next.
        Raises: LatebloomError, before anything is written, for a folder of something else;
        KeyboardInterrupt when a run is interrupted.
        """
        cells = [cell for cell, _ in self.states(out)]
        grower = grower_here(listener=listener, device=device, threads=threads)
        rows = self.earlier_rows(out)
        order = [cell.name for cell in cells]
        order += [name for name in rows if name not in order]
        table = SweepTable(fields=self.fields, rows=())
        for grown in grow_cells(cells, out, grower, on_cell=on_cell):
            cell = grown.cell
            rows[cell.name] = (
                row_of(cell, grown.run) if grown.run else failed_row(cell, grown.error)
            )
            table = SweepTable(
                fields=self.fields, rows=tuple(rows[name] for name in order if name in rows)
            )
            out.mkdir(parents=True, exist_ok=True)
            table.write(out / TABLE)
        return table

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
) -> SweepTable:
    """Grows a config, or a recipe, over a grid of fields x seeds; returns the table of its runs.

    vary: fields with their values, `{"world.phi": (3.6, 7.2), "train.weight_decay": (.03, .1)}`.
    out: the folder of the sweep, in which the same sweep goes on; None for one under runs/.
    Raises: LatebloomError for a grid that cannot be grown. A run that fails is in the table.
    """
    config = make_recipe(base) if isinstance(base, str) else base
    told = Sweep(base=config, vary=vary, seeds=seeds)
    place = told.default_folder() if out is None else Path(out)
    return told.run(place, listener=listener, device=device, threads=threads)


def axes_from_words(base: RunConfig, words: Sequence[str]) -> dict[str, list[Any]]:
    """The grid that `world.phi=3.6,7.2` and the like stand for, as the command has them.

    A value that is itself a list has `+` between its parts: `world.test-hops=4+5,6+7`.
    Raises: LatebloomError for a word of another form, or a field that does not exist or is there
    twice.
    """
    found: dict[str, list[Any]] = {}
    for word in words:
        name, equals, values = word.partition("=")
        if not equals:
            raise LatebloomError(f"--vary {word}: write FIELD=VALUE,VALUE, like world.phi=3.6,7.2")
        field = known_field(base, name)
        if field in found:
            raise LatebloomError(f"--vary names {field} twice")
        hint = hint_of(base, field)
        texts = [text.strip() for text in values.split(",")] if values.strip() else []
        found[field] = [
            parse_value(text.replace("+", ",") if get_origin(hint) is tuple else text, hint)
            for text in texts
        ]
    return found


def known_field(config: RunConfig, name: str) -> str:
    """A field that can be varied, written as in a config.

    Raises: LatebloomError naming the nearest, if there is none of this name.
    """
    field = name.strip().replace("-", "_")
    if field == "seed":
        raise LatebloomError("seed is not a field to vary: say how many with --seeds")
    known = ["world_seed"] + [
        f"{section}.{one}"
        for section in SECTIONS
        for one, _ in fields_of(type(getattr(config, section)))
        if one != "kind"
    ]
    if field in known:
        return field
    near = [one for one in known if short_name(one) == short_name(field)]
    near = near or difflib.get_close_matches(field, known, n=3, cutoff=0.5)
    some = f"nearest: {', '.join(near)}" if near else "write SECTION.FIELD, like world.phi"
    raise LatebloomError(f"{name}: there is no such field to vary; {some}")


def hint_of(config: RunConfig, field: str) -> Any:
    """The type of a field."""
    section, _, name = field.rpartition(".")
    return dict(fields_of(type(getattr(config, section) if section else config)))[name]


def value_in(config: RunConfig, field: str) -> Any:
    """The value of a field such as `world.phi`."""
    section, _, name = field.rpartition(".")
    return getattr(getattr(config, section) if section else config, name)


def with_values(config: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    """A config with fields such as `world.phi` changed, those of a section all at once.

    Raises: LatebloomError for a value that does not fit.
    """
    for part in ("", *SECTIONS):
        split = {field.rpartition(".")[::2]: value for field, value in values.items()}
        some = {name: value for (section, name), value in split.items() if section == part}
        if some:
            config = config.replace(part, **some)
    return config


def plain(value: Any) -> Any:
    """A value as a config holds it: NumPy's numbers as Python's, a list as a tuple."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(map(plain, value)) if isinstance(value, (list, tuple)) else value


def short_name(field: str) -> str:
    """A field without its section."""
    return field.rpartition(".")[2]


def name_of(setting: RunConfig, values: Mapping[str, Any]) -> str:
    """The readable name of a setting: `composition-phi=3.6-weight_decay=0.03`.

    Where a value cannot stand in the name of a folder as it is, a hash of the config follows.
    """
    shorts = [short_name(field) for field in values]
    parts = [setting.recipe]
    for field, value in values.items():
        short = short_name(field)
        parts.append(f"{short if shorts.count(short) == 1 else field}={words_of(value)}")
    text = "-".join(parts)
    name = re.sub(r"[^a-z0-9._+=-]+", "_", text)[:LONGEST]
    if name == text:
        return name
    return f"{name}-{hashlib.sha256(setting.to_toml().encode()).hexdigest()[:8]}"


def words_of(value: Any) -> str:
    """A value as the command would have it, `2` for 2.0."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "+".join(map(words_of, value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
