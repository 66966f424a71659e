"""What stands under each figure of a report: a title, and how to read it.

Enters: the name of a file in `RUN/figures/`. Leaves: its `Caption`. A figure of one's own has the
title that its file name makes, and no sentence.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caption:
    """A title, and a sentence on how to read the figure."""

    title: str
    reading: str = ""


CAPTIONS = {
    "circuit": Caption(
        "The circuit at the last checkpoint",
        "Each column is a token of the question, each row a depth in the model. A thick arrow marks"
        " what matters: into the answer, the number is the share of questions whose answer changes"
        " when this state is replaced by that of another question; into a bridge or value, the"
        " share for which replacing the token changes what is read there.",
    ),
    "bridge": Caption(
        "What is answered through the bridge",
        "A question is spoilt by another first token, and the state that should hold the bridge is"
        " taken from a third question. Solid: how many answers come back if that question has the"
        " right bridge; dotted: another one. Blue: how many held-out questions are right. Where"
        " both rise together, new questions are answered through the bridge; where only the grey"
        " area is high, training questions are known by heart. Values that are compared have no"
        " such third question: for them, dashed, the causal strength.",
    ),
    "heat-maps": Caption(
        "Which states the answer depends on",
        "A cell is one state: a token of the question (column) at one depth (row). Its number is"
        " the share of questions whose answer changes when the state is replaced by that of a"
        " question with the named token exchanged. Left: at the first checkpoint at which half of"
        " the traced questions are right, or at the first of all if there is none. Right: at the"
        " last checkpoint. Below: the change between them.",
    ),
    "ranks": Caption(
        "When the circuit formed",
        "Solid: how well a token can be read from its state (1: it always comes first). Dashed: how"
        " often the answer depends on that state. A bridge that can be read long before it is used"
        " has its solid line left of its dashed one.",
    ),
    "progress": Caption(
        "What moves before the accuracy does",
        "All panels share the training steps. Look for a measure that rises or falls while the"
        " accuracy on held-out questions is still low. Class ratio: how far apart the states of"
        " different bridges are, compared with those of one bridge.",
    ),
    "tree-projections": Caption(
        "How tree-like the model reads sentences",
        "A higher t_score means that the model reads a phrase the same way whatever comes before"
        " it. F1 compares the trees found in the model with the correct ones; grey lines are trees"
        " made without a model. Lower entropy: attention looks at fewer words.",
    ),
}
"""The figures that latebloom draws, by the name of the file."""

TREE = "Green: brackets that both trees have. Red: brackets that only this tree has."


def caption_of(stem: str) -> Caption:
    """The caption of a figure. stem: its file name without the ending."""
    if stem in CAPTIONS:
        return CAPTIONS[stem]
    title = stem.replace("_", " ").replace("-", " ")
    return Caption(title[:1].upper() + title[1:], TREE if stem.startswith("tree-of-") else "")


def place_of(stem: str) -> tuple[int, str]:
    """Sorts figures as they are read: in the order of `CAPTIONS`, the others by name after them."""
    known = list(CAPTIONS)
    return known.index(stem) if stem in CAPTIONS else len(known), stem
