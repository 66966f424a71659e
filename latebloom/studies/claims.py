"""A paper's claim, and how it is put to the test.

Enters: what a paper says and where, the configs as published and small, a judge. Leaves: a
`Reproduction`; `latebloom.studies.reproductions` has them by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latebloom.studies.judges import Judge
from latebloom.training.config import RunConfig
from latebloom.training.differences import differences

MEASURING = ("train.eval_every", "train.checkpoint_every", "train.probe", "train.keep")
"""Fields that decide what is seen of a run, not what is trained."""
ALONE: Mapping[str, Mapping[str, Any]] = {"": {}}
"""The settings of a claim about one: it has no name, and changes nothing."""


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

    @property
    def compares(self) -> bool:
        """Whether the claim is about several settings."""
        return self.settings != ALONE

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
