"""Which questions over facts with several answers are trained on, and which are held out."""

import math
from dataclasses import dataclass

from latebloom.errors import WorldError
from latebloom.worlds.chains.draw import ChainConfig, refuse_distractors
from latebloom.worlds.tasks.shapes import SHAPES, shapes_of

LONGEST = 3
"""Hops of the longest questions that are drawn over sets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SetsConfig(ChainConfig):
    """The settings of such a world."""

    phi: float = math.inf
    """Inferred training facts for each ID atomic fact; inf: all that the facts hold."""
    inverse: bool = False
    """Tell every fact backwards as well: `^inhibits` leads from a target to what inhibits it."""
    largest_share: float = 0.5
    """Leave out questions that are answered by more than this share of all names."""

    shapes: tuple[str, ...] = ()
    """Questions that join branches to train on and to hold out, as the field calls them: 2i (`a r
    and b s`), 3i, pi, ip, and with `and not` 2in, 3in, pin, pni, inp; of each at most as many as
    two-hop questions."""

    def __post_init__(self) -> None:
        ChainConfig.__post_init__(self)
        if not 0 < self.largest_share <= 1:
            raise WorldError(
                f"world.largest_share is {self.largest_share}; it must lie above 0 and at most at 1"
            )
        for name in self.shapes:
            if name not in SHAPES:
                raise WorldError(
                    f"world.shapes names {name!r}, which is no shape of questions; there are"
                    f" {', '.join(SHAPES)}"
                )

    @property
    def loops_wanted(self) -> int:
        """Loops that a looped model needs in training for the questions that join branches."""
        return max((shape.depth for shape in shapes_of(self.shapes)), default=0)

    @property
    def window_wanted(self) -> int:
        """How far a model's attention must reach for them."""
        return max((shape.reach for shape in shapes_of(self.shapes)), default=0)


def check_settings(config: SetsConfig) -> None:
    """Refuses settings of chains that questions with several answers do not know.

    Raises: WorldError naming the setting and the way out.
    """
    refuse_distractors(config, "questions with several answers, or about numbers")
    usual = ChainConfig()
    if config.hops > LONGEST:
        raise WorldError(
            f"world.hops is {config.hops}; where questions have several answers, {LONGEST} is the"
            " most: ask for less, or keep one answer each: --many-valued drop"
        )
    for name in ("test_hops", "augment", "identity_bridge"):
        if getattr(config, name) != getattr(usual, name):
            raise WorldError(
                f"world.{name} is {getattr(config, name)}, which has no effect where questions have"
                " several answers; leave it out, or keep one answer each: --many-valued drop"
            )
    if config.shapes and (config.order != "subject-first" or config.fillers):
        raise WorldError(
            "world.order and world.fillers have no effect on questions that join branches; leave"
            " them out, or world.shapes"
        )
    if config.shapes and config.folds:
        raise WorldError(
            "world.folds does not divide questions that join branches; leave out --folds, or"
            " world.shapes"
        )
