"""Groups of options that several commands share: each is said once, and reads alike everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclopts import Parameter

from latebloom.cli.app import Fields, Flag

OWN, FIELDS = "Your own data", "Settings"
"""The panels of the help in which they stand."""


@Parameter(name="*", group=OWN)
@dataclass(frozen=True, kw_only=True, slots=True)
class OwnData:
    """A file or a folder of one's own, and how it is read.

    Parameters
    ----------
    facts
        A file of facts: CSV, TSV, JSONL or N-Triples (recipe `facts`).
    many_valued
        What to do with a subject and relation that have several objects: keep them all as a set of
        answers (the default), drop them, keep the first, or error.
    inverse
        Tell every fact backwards as well, so that questions can be asked that way: `^inhibits`.
    numeric
        The file of facts is a table of numbers to compare; each row an entity, each column an
        attribute.
    graph
        A folder with train.txt, valid.txt and test.txt, a triple a line (recipe `graph`); or umls,
        kinships or nations, whose files PyKEEN holds (extra graphs).
    """

    facts: Path | None = None
    many_valued: str = ""
    inverse: Flag = False
    numeric: Flag = False
    graph: Path | None = None

    def given(self) -> dict[str, Any]:
        """What was said of it, by the options' names; those that were not said are empty."""
        return {
            "--facts": self.facts,
            "--many-valued": self.many_valued,
            "--inverse": self.inverse,
            "--numeric": self.numeric,
            "--graph": self.graph,
        }


@Parameter(name="*", group=FIELDS)
@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Fields of a run's config, by section.

    Parameters
    ----------
    world
        Settings of the world, as in --world.phi 9.
    model
        Settings of the model, as in --model.d-model 64.
    feed
        Settings of the batches and their supervision, as in --feed.atomic-frac 0.5.
    train
        Settings of the training, as in --train.steps 1000.
    """

    world: Fields = None
    model: Fields = None
    feed: Fields = None
    train: Fields = None

    def sections(self) -> dict[str, dict[str, str]]:
        """The words of each section, by the fields' names."""
        said: Mapping[str, dict[str, str] | None] = {
            "world": self.world,
            "model": self.model,
            "feed": self.feed,
            "train": self.train,
        }
        return {name: dict(fields or {}) for name, fields in said.items()}


NO_DATA, NO_SETTINGS = OwnData(), Settings()
"""Where nothing was said."""
