"""What a forecaster was fitted on, and in what a run lies outside of it.

Enters: a run's config. Leaves: sentences, one for each field of the config that is another than in
all fitting runs. None of them: the forecast is one of the kind that was tested. Otherwise it is an
extrapolation, and whoever shows it says so.

Covers: the config. Does not cover: what no config says, such as a loss of one's own.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from latebloom.training.config import RunConfig
from latebloom.training.differences import flat

FREE = (
    *("recipe", "seed", "world_seed", "world.max_test", "world.valid_frac", "world.test_id_frac"),
    *("train.until", "train.probe", "train.checkpoint_every", "train.keep", "train.eval_every"),
    *("train.precision", "feed.later_frac", "world.out_degree"),
)
"""Fields that decide what is measured and kept, and nothing about when it comes, and the facts of
an entity, which the number of facts tells."""


def fields_of(config: RunConfig) -> Iterator[tuple[str, Any]]:
    """The fields of a config by names such as `world.phi`, as JSON has their values."""
    for name, value in flat(config).items():
        yield name, list(value) if isinstance(value, tuple) else value


def as_ever(config: RunConfig, name: str, value: Any) -> bool:
    """Whether a field that no fitting run had stands at its default: then it does what it did when
    there was no such field."""
    section, _, within = name.partition(".")
    fields = dataclasses.fields(getattr(config, section)) if within else ()
    default = {one.name: one.default for one in fields}.get(within, dataclasses.MISSING)
    return default == (tuple(value) if isinstance(value, list) else value)


@dataclass(frozen=True, slots=True)
class Scope:
    """The configs that a forecaster was fitted on.

    fixed: the value of each field that all of them share. ranges: the least and the most of each
    field that varies.
    """

    fixed: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, configs: list[RunConfig]) -> "Scope":
        """That of the configs of a study."""
        values: dict[str, list[Any]] = {}
        for config in configs:
            for name, value in fields_of(config):
                if name not in FREE:
                    values.setdefault(name, []).append(value)
        fixed = {name: some[0] for name, some in values.items() if all(v == some[0] for v in some)}
        varied = {name: some for name, some in values.items() if name not in fixed}
        return cls(fixed, {name: (min(some), max(some)) for name, some in varied.items()})

    def outside(self, config: RunConfig) -> list[str]:
        """In what a config lies outside, each as words: `train.lr 0.1 (0.003 to 0.01)`."""
        found = []
        for name, value in fields_of(config):
            if name in self.ranges:
                low, high = self.ranges[name]
                if not low <= value <= high:
                    found.append(f"{name} {value:g} ({low:g} to {high:g})")
            elif name in self.fixed:
                if value != self.fixed[name]:
                    found.append(f"{name} {value} ({self.fixed[name]})")
            elif name not in FREE and not as_ever(config, name, value):
                found.append(f"{name} {value} (no such setting)")
        return found
