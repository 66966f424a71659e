"""A paper's claim, and how it is put to the test.

Enters: what a paper says and where, the configs as published and small, a judge. Leaves: a
`Reproduction`; `latebloom.studies.reproductions` has them by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from latebloom.studies.fields import with_values
from latebloom.studies.judges import Judge
from latebloom.training.config import RunConfig
from latebloom.training.differences import differences
from latebloom.training.start import Carry, StartConfig

MEASURING = ("train.eval_every", "train.checkpoint_every", "train.probe", "train.keep")
"""Fields that decide what is seen of a run, not what is trained."""
ALONE: Mapping[str, Mapping[str, Any]] = {"": {}}
"""The settings of a claim about one: it has no name, and changes nothing."""


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
    small: Callable[[], RunConfig]
    """What is grown here, without its seed. Its `recipe` is the name of the series of runs."""
    large: Callable[[], RunConfig]
    """What the paper grew."""
    judge: Judge
    """Who turns the runs into a figure and a verdict."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: ALONE)
    """Where a claim compares settings: each by its name, with the fields that make it, such as
    `{"decay 0": {"train.weight_decay": 0.0}}`. A seed is then a run of each, in this order."""

    rungs: Mapping[str, Rung] = field(default_factory=dict[str, Rung])
    """Where runs begin with the weights of others: each by its name, in the order in which they are
    grown. They take the place of the settings; `small` is then the first of them."""

    needs: tuple[str, ...] = ()
    """The runs of a seed that its judge looks at, by their names; empty: all of them."""

    @property
    def judged_by(self) -> tuple[str, ...]:
        """The names of the runs that a seed must have for its judge."""
        return self.needs or self.names

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the runs that a seed grows, in this order."""
        return tuple(self.rungs or self.settings)

    @property
    def compares(self) -> bool:
        """Whether the claim is about several runs of a seed."""
        return self.names != tuple(ALONE)

    def run_name(self, name: str, seed: int) -> str:
        """What the run folder of a setting or a rung is called."""
        return "-".join(filter(None, (self.series, name.replace(" ", "-"), f"seed{seed}")))

    def configs(self, seed: int, folder: Path) -> dict[str, RunConfig]:
        """What a seed grows, by the names of settings or rungs.

        folder: where the runs are, for those that begin with the weights of others.
        """
        if not self.rungs:
            base = self.small()
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

    @property
    def series(self) -> str:
        """The runs that it is judged by; reproductions with the same ones share them."""
        return self.small().recipe

    @property
    def folder(self) -> Path:
        """Where these are grown unless told otherwise."""
        return Path("runs") / f"reproduce-{self.series}"

    @property
    def changes(self) -> str:
        """What the small setting changes: `entities 50 for 2000, n_layers 2 for 8, ...`."""
        found = differences(self.small(), self.large())
        return ", ".join(
            f"{name.rpartition('.')[2]} {shown(here)} for {shown(there)}"
            for name, (here, there) in found.items()
            if name not in MEASURING
        )

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
            "changes": self.changes,
            "series": self.series,
        }


def shown(value: Any) -> str:
    """A setting's value: `2,000,000`, `0.1`, `5` for 5.0."""
    if isinstance(value, bool | str) or value is None:
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
