"""How a split is shown: its place in a list and its colour, the same in every figure and page.

Enters: names of splits. Leaves: hues and an order. The hue tells the kind of question; what a split
holds, whether it is drawn dashed (OOD) and heavier (judged) is its meaning, which the run folder
has (`latebloom.worlds.splits.SplitMeaning`). The hues are Okabe and Ito's, darkened on white and
lightened on black until a label in that colour can be read.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from latebloom.worlds.splits import (
    HOPS,
    SHAPED,
    Split,
    SplitMeaning,
    as_test,
    is_validation,
    meaning_of,
)
from latebloom.worlds.tasks.chain import ChainTask


@dataclass(frozen=True, slots=True)
class Hue:
    """One colour on two grounds, each as `#rrggbb`."""

    on_white: str
    """On a light ground."""
    on_black: str
    """On a dark ground."""


GREY = Hue("#767676", "#a3a3a3")
GREEN = Hue("#00795c", "#35c69d")
BLUE = Hue("#0067a8", "#5cb8f0")
VERMILION = Hue("#c44e00", "#ff8f52")
PURPLE = Hue("#a0447c", "#e39cc8")
OCHRE = Hue("#8f6400", "#e6b53c")
TEAL = Hue("#00758c", "#4fc3d9")
ROSE = Hue("#b3365b", "#f08aa8")

HUES: Mapping[str, Hue] = {
    Split.TRAIN: GREY,
    Split.TRAIN_INFERRED: GREY,
    Split.TRAIN_CROSS: GREY,
    Split.TRAIN_COMPARED: GREY,
    Split.IDENTITY: GREY,
    Split.AUGMENTED: GREY,
    Split.ATOMIC_ID: GREEN,
    Split.ATOMIC_OOD: GREEN,
    Split.ATOMIC_LATER: GREEN,
    Split.TEST_ID: BLUE,
    Split.TEST_OI: PURPLE,
    Split.TEST_IO: OCHRE,
    Split.TEST_OOD: VERMILION,
    Split.TEST_COMPARED_ID: TEAL,
    Split.TEST_COMPARED_OOD: ROSE,
    Split.TEST_APART: PURPLE,
    Split.TEST_HARD: VERMILION,
    Split.TEST_EASY: PURPLE,
    Split.TEST_UNDECIDABLE: OCHRE,
    Split.TEST_VALUES: GREEN,
    Split.TEST_LINKS: GREEN,
    Split.TEST_MISSING: PURPLE,
    Split.TEST_MISSING_3: ROSE,
    Split.TEST_LATER: OCHRE,
}
"""The splits with names of their own, in the order in which they are listed."""

USUAL: Mapping[str, SplitMeaning] = {}
"""No meanings of a run: names mean what they mean in a world of chains."""
CHAINS = ChainTask()

HOP_HUES = (
    PURPLE,
    OCHRE,
    TEAL,
    Hue("#6a4fb3", "#b3a0f0"),
    Hue("#5f7300", "#b5c94a"),
    ROSE,
)
"""Hues of chains of 3, 4, ... hops, in turn; none is that of a two-hop test."""
SHAPED_HUES = {"": TEAL, "missing": ROSE, "ood": OCHRE}
"""Hues of questions that join branches, by what they need: told facts alone, a missing one, one
that was told alone."""


@dataclass(frozen=True, slots=True)
class SplitStyle:
    """How one split is drawn and explained.

    holds: what it holds, in a few words. ood: drawn dashed. main: a run is judged by it, and it is
    drawn heavier.
    """

    hue: Hue
    holds: str
    ood: bool
    main: bool


def style_of(split: str, meanings: Mapping[str, SplitMeaning] = USUAL) -> SplitStyle:
    """The style of a split.

    meanings: what the splits of the run hold; one that is not among them has the usual meaning of
    its name. A validation split and one with an unknown name are grey.
    """
    meaning = meanings.get(split) or meaning_of(split, CHAINS.meaning)
    match = HOPS.fullmatch(split)
    hue = HUES.get(split, GREY)
    if match and match[1] == "test":
        hue = HOP_HUES[(int(match[2]) - 3) % len(HOP_HUES)]
    joined = SHAPED.fullmatch(split)
    if joined and joined[1] == "test":
        hue = SHAPED_HUES[joined[2] or ""]
    return SplitStyle(hue, meaning.holds, meaning.ood, meaning.judged)


def in_order(splits: Iterable[str]) -> list[str]:
    """Splits as they are listed: trained, atomic, tested; then chains by their length; and after
    all of these the validation splits, in the order of their tests."""
    known = {name: place for place, name in enumerate(HUES)}

    def place(split: str) -> tuple[bool, int, int, str]:
        match = HOPS.fullmatch(as_test(split))
        hops = int(match[2]) if match else 0
        return is_validation(split), known.get(as_test(split), len(known)), hops, split

    return sorted(set(splits), key=place)


def percent(share: float | None) -> str:
    """A share in [0, 1] as `99.9 %`, rounded down: only all right answers make `100 %`."""
    if share is None or math.isnan(share):
        return "–"
    if share >= 1:
        return "100 %"
    # A hair upwards, so that 0.57, which is stored as 0.5699..., stays 57.0 %.
    return f"{math.floor(share * 1000 + 1e-9) / 10:.1f} %"


def duration(seconds: float) -> str:
    """Seconds as `42 s`, `3:07 min` or `2:05 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"
