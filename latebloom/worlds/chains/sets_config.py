"""Which questions over facts with several answers are trained on, and which are held out."""

import math
from dataclasses import dataclass

from latebloom.errors import WorldError
from latebloom.worlds.chains.draw import ChainConfig

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

    def __post_init__(self) -> None:
        ChainConfig.__post_init__(self)
        if not 0 < self.largest_share <= 1:
            raise WorldError(
                f"world.largest_share is {self.largest_share}; it must lie above 0 and at most at 1"
            )


def check_settings(config: SetsConfig) -> None:
    """Refuses settings of chains that questions with several answers do not know.

    Raises: WorldError naming the setting and the way out.
    """
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
