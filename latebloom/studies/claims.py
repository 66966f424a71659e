"""A paper's claim, and how it is put to the test.

Enters: what a paper says and where, what is grown at each size, a judge. Leaves: a `Reproduction`;
`latebloom.studies.reproductions` has them by name.

A claim has two sizes. `small` takes hours on two cores; `paper` has the worlds, the models and the
numbers of steps that were published, which takes a GPU for days. What is grown at a size is an
object (`Runs`), and nobody else asks which size it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.studies.fields import with_values
from latebloom.studies.judges import Judge
from latebloom.training.config import RunConfig
from latebloom.training.differences import differences
from latebloom.training.start import Carry, StartConfig

MEASURING = ("train.eval_every", "train.checkpoint_every", "train.probe", "train.keep")
"""Fields that decide what is seen of a run, not what is trained."""
ALONE: Mapping[str, Mapping[str, Any]] = {"": {}}
"""The settings of a claim about one: it has no name, and changes nothing."""
SMALL, PAPER = "small", "paper"
SIZES = (SMALL, PAPER)
"""The sizes at which a claim is put to the test, the usual one first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """One of several runs that a seed grows, where some begin with the weights of others."""

    config: Callable[[], RunConfig]
    """What is grown, without its seed."""
    after: str = ""
    """The rung, an earlier one, with whose weights it begins; empty: random weights."""
    carry: Carry = "all"
    """What it takes over from that (`latebloom.training.start`)."""
    panel: str = ""
    """The panel of the figure in which its curve is drawn."""

    def start(self, folder: Path, name_of: Callable[[str], str]) -> StartConfig:
        """Where its weights come from, in a folder whose runs have such names."""
        if not self.after:
            return StartConfig()
        return StartConfig(run=str(folder.resolve() / name_of(self.after)), carry=self.carry)


@dataclass(frozen=True, kw_only=True, slots=True)
class Runs:
    """What a claim is judged by at one size."""

    config: Callable[[], RunConfig]
    """What is grown, without its seed; where there are rungs, the first of them. Its `recipe` is
    the name of this series of runs, unlike that of every other series and size."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: ALONE)
    """Where a claim compares settings: each by its name, with the fields that make it, such as
    `{"decay 0": {"train.weight_decay": 0.0}}`. A seed is then a run of each, in this order."""
    rungs: Mapping[str, Rung] = field(default_factory=dict[str, Rung])
    """Where runs begin with the weights of others: each by its name, in the order in which they are
    grown. They take the place of the settings."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the runs that a seed grows, in this order."""
        return tuple(self.rungs or self.settings)

    @property
    def compares(self) -> bool:
        """Whether a seed grows several."""
        return self.names != tuple(ALONE)

    @property
    def series(self) -> str:
        """What these runs are called; claims that are judged by the same ones share them."""
        return self.config().recipe

    @property
    def folder(self) -> Path:
        """Where they are grown unless told otherwise."""
        return Path("runs") / f"reproduce-{self.series}"

    def run_name(self, name: str, seed: int) -> str:
        """What the run folder of a setting or a rung is called."""
        return "-".join(filter(None, (self.series, name.replace(" ", "-"), f"seed{seed}")))

    def configs(self, seed: int, folder: Path) -> dict[str, RunConfig]:
        """What a seed grows, by the names of settings or rungs.

        folder: where the runs are, for those that begin with the weights of others.
        """
        if not self.rungs:
            base = self.config()
            return {
                name: with_values(base, values).with_seed(seed)
                for name, values in self.settings.items()
            }
        return {
            name: replace(
                rung.config().with_seed(seed),
                start=rung.start(folder, lambda after: self.run_name(after, seed)),
            )
            for name, rung in self.rungs.items()
        }

    def same_as(self, other: "Runs") -> bool:
        """Whether both grow the same, so that what one has grown need not be grown again."""
        return (self.config(), self.settings, self.rungs) == (
            other.config(),
            other.settings,
            other.rungs,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reproduction:
    """A paper's claim, and how it is put to the test."""

    name: str
    """What the command calls it."""
    claim: str
    """What the paper claims, as one sentence."""
    paper: str
    """The paper."""
    source: str
    """Where in the paper."""
    published: str
    """The paper's own figure, in words."""
    sizes: Mapping[str, Runs]
    """What is grown at each of `SIZES`."""
    judge: Judge
    """Who turns the runs into a figure and a verdict."""
    needs: tuple[str, ...] = ()
    """The runs of a seed that its judge looks at, by their names; empty: all of them."""
    size: str = SMALL
    """The size that is meant; `at` changes it."""

    def at(self, size: str) -> "Reproduction":
        """The same claim at another size.

        Raises: LatebloomError for a size that it does not have.
        """
        if size not in self.sizes:
            raise LatebloomError(f"--size is {size!r}; write {' or '.join(self.sizes)}")
        return replace(self, size=size)

    @property
    def runs(self) -> Runs:
        """What is grown at this size."""
        return self.sizes[self.size]

    @property
    def key(self) -> str:
        """Under this name its findings are kept: those of the small size under its own."""
        return self.name if self.size == SMALL else f"{self.name} ({self.size})"

    @property
    def judged_by(self) -> tuple[str, ...]:
        """The names of the runs that a seed must have for its judge."""
        return self.needs or self.runs.names

    @property
    def changes(self) -> str:
        """What this size changes of what was published: `entities 50 for 2000, n_layers 2 for 8`;
        the fields that the settings vary are left out, and the settings stand at the end."""
        published = self.sizes[PAPER]
        varied = {
            field
            for runs in (self.runs, published)
            for values in runs.settings.values()
            for field in values
        }
        found = differences(self.runs.config(), published.config())
        told = [
            f"{name.rpartition('.')[2]} {shown(here)} for {shown(there)}"
            for name, (here, there) in found.items()
            if name not in (*MEASURING, "recipe", *varied)
        ]
        if self.runs.names != published.names:
            told.append(f"{', '.join(self.runs.names)} in place of {', '.join(published.names)}")
        return ", ".join(told)

    def as_dict(self) -> dict[str, Any]:
        """What it is, for JSON."""
        return {
            "name": self.name,
            "claim": self.claim,
            "paper": self.paper,
            "source": self.source,
            "published": self.published,
            "figure": self.judge.figure,
            "rule": self.judge.rule,
            "size": self.size,
            "changes": self.changes,
            "series": self.runs.series,
        }


def alone(small: Callable[[], RunConfig], paper: Callable[[], RunConfig]) -> dict[str, Runs]:
    """Both sizes of a claim about a single setting."""
    return {SMALL: Runs(config=small), PAPER: Runs(config=paper)}


def shown(value: Any) -> str:
    """A setting's value: `2,000,000`, `0.1`, `5` for 5.0."""
    if isinstance(value, bool | str) or value is None:
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
