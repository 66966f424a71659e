"""How a split is shown: its place in a list, what it holds in words, its colour and line.

Enters: names of splits. Leaves: `SplitStyle`, the same in every figure and page. Hue tells the
kind of question, a dashed line that it is about OOD facts. The hues are Okabe and Ito's, darkened
on white and lightened on black until a label in that colour can be read.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from latebloom.worlds.splits import Split


@dataclass(frozen=True, slots=True)
class Hue:
    """One colour on two grounds, each as `#rrggbb`."""

    on_white: str
    """On a light ground."""
    on_black: str
    """On a dark ground."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitStyle:
    """How one split is drawn and explained."""

    holds: str
    """What the split holds, in a few words."""
    hue: Hue
    """Its colour."""
    ood: bool = False
    """Whether its questions rest on OOD facts: drawn dashed."""
    main: bool = False
    """Whether a run is judged by it: drawn heavier."""


GREY = Hue("#767676", "#a3a3a3")
GREEN = Hue("#00795c", "#35c69d")
BLUE = Hue("#0067a8", "#5cb8f0")
VERMILION = Hue("#c44e00", "#ff8f52")
PURPLE = Hue("#a0447c", "#e39cc8")
OCHRE = Hue("#8f6400", "#e6b53c")

STYLES: dict[str, SplitStyle] = {
    Split.TRAIN_INFERRED: SplitStyle(holds="composed questions that are trained on", hue=GREY),
    Split.IDENTITY: SplitStyle(holds="identity rows that are trained on", hue=GREY),
    Split.AUGMENTED: SplitStyle(holds="augmented questions that are trained on", hue=GREY),
    Split.ATOMIC_ID: SplitStyle(holds="facts that training also composes", hue=GREEN),
    Split.ATOMIC_OOD: SplitStyle(holds="facts that training never composes", ood=True, hue=GREEN),
    Split.TEST_ID: SplitStyle(holds="new questions over ID facts", main=True, hue=BLUE),
    Split.TEST_OI: SplitStyle(holds="new questions, first fact OOD", hue=PURPLE),
    Split.TEST_IO: SplitStyle(holds="new questions, second fact OOD", hue=OCHRE),
    Split.TEST_OOD: SplitStyle(
        holds="new questions over OOD facts", ood=True, main=True, hue=VERMILION
    ),
    Split.TEST_HARD: SplitStyle(
        holds="questions that only a chain of other facts decides", ood=True, hue=PURPLE
    ),
}
"""The splits with names of their own, in the order in which they are listed."""

SENTENCE_WORLDS = ("question", "tense", "dyck", "sentences")
"""The kinds of worlds whose examples are sentences."""

SENTENCES = {
    "train": "lines that are trained on",
    Split.TEST_ID: "new lines like those trained on",
    Split.TEST_OOD: "lines that only the hierarchical rule gets right",
}
"""What the splits of sentences hold; of brackets, `test_ood` holds shapes never trained."""

HOP_HUES = (
    PURPLE,
    OCHRE,
    Hue("#00758c", "#4fc3d9"),
    Hue("#6a4fb3", "#b3a0f0"),
    Hue("#5f7300", "#b5c94a"),
    Hue("#b3365b", "#f08aa8"),
)
"""Hues of chains of 3, 4, ... hops, in turn; none is that of a two-hop test."""

HOPS = re.compile(r"(train|test)_hops_(\d+)(_ood)?")
"""The names that `latebloom.worlds.world.hops_split` gives."""


def style_of(split: str) -> SplitStyle:
    """The style of a split; one with an unknown name is grey."""
    if split in STYLES:
        return STYLES[split]
    match = HOPS.fullmatch(split)
    if not match:
        return SplitStyle(holds="", hue=GREY)
    trained, hops, ood = match[1] == "train", int(match[2]), bool(match[3])
    over = " that are trained on" if trained else " over OOD facts" if ood else " over ID facts"
    hue = GREY if trained else HOP_HUES[(hops - 3) % len(HOP_HUES)]
    return SplitStyle(holds=f"chains of {hops} hops{over}", ood=ood, hue=hue)


def holds(split: str, world: str) -> str:
    """What a split of a world of this kind holds, in a few words."""
    if world == "dyck" and split == Split.TEST_OOD:
        return "brackets in shapes never trained"
    if world in SENTENCE_WORLDS:
        return SENTENCES.get(split, "")
    return style_of(split).holds


def in_order(splits: Iterable[str]) -> list[str]:
    """Splits as they are listed: trained, atomic, tested; then chains by their length."""
    known = {name: place for place, name in enumerate(STYLES)}

    def place(split: str) -> tuple[int, int, str]:
        match = HOPS.fullmatch(split)
        hops = int(match[2]) if match else 0
        return known.get(split, len(known)), hops, split

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
