"""What a page with the model in it asks otherwise than `latebloom ask` does, or not at all.

Enters: a run. Leaves: sentences for the page, so that nobody takes the one for the other.
"""

from collections.abc import Mapping
from typing import Any

from latebloom.asking.way import AT_ONCE
from latebloom.worlds.splits import is_validation
from latebloom.worlds.world import World


def asks(world: World, split: str) -> bool:
    """Whether the page can ask the questions of a split: not those in which a name stands twice."""
    return not world.task.repeats(world.splits[split].shape[1] - 1)


def asked_apart(world: World, kept: Mapping[str, Any]) -> list[str]:
    """Where the page and the command part.

    kept: what the run keeps of how its newest model is asked (`RunFolder.asked`).
    """
    left = [split for split in world.splits if not asks(world, split) and not is_validation(split)]
    parts = [query for query, choice in kept.get("choices", {}).items() if choice["way"] != AT_ONCE]
    said = []
    if left:
        said.append(
            f"Questions like those of {listed(left)} cannot be asked here, since a name stands in"
            " them twice; latebloom ask answers them."
        )
    if parts:
        said.append(
            f"Questions of the kind {listed(parts)} are asked at once here. latebloom ask takes"
            " them part by part, which was better on validation questions of this run, and so its"
            " answers may be others."
        )
    return said


def listed(names: list[str]) -> str:
    """Some names as they stand in a sentence."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
