"""What the trees' instrument finds in one model: typed, and as the JSON that is kept.

Enters: tree scores, losses and a few parsed sentences of one checkpoint. Leaves: a `TreeRecord`,
whose attributes the figures, the command and the series over depths read. `as_dict()` is its JSON,
`latebloom.records.from_json(table, TreeRecord)` the way back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from numpy import ndarray

from latebloom.errors import CorpusError
from latebloom.records import fields_to_json
from latebloom.trees.chart import Overlap
from latebloom.trees.scores import MAX_WORDS
from latebloom.worlds.streams import check_seed

FORMAT = 2
"""Version of the records; those of another version are made again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectionConfig:
    """What is projected."""

    sentences: int = 1000
    """Sentences at most, drawn at random; the paper has 10,000."""
    split: str = "train"
    """The split that they are drawn from; of a question corpus only `quest` lines."""
    seed: int = 0
    """Draws the sentences and the random baseline."""
    max_words: int = MAX_WORDS
    """Longer sentences are left out."""
    examples: int = 4
    """Sentences whose trees are kept for drawing, of those projected."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        for name in ("sentences", "max_words"):
            if getattr(self, name) < 1:
                option = name.replace("_", "-")
                raise CorpusError(f"--{option} is {getattr(self, name)}; it must be at least 1")


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many nodes the trees of a kind share with the gold ones; all in [0, 1].

    precision: share of the predicted nodes. recall: share of the gold nodes. f1: their harmonic
    mean.
    """

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, overlap: Overlap) -> "Agreement":
        """The shares of an overlap."""
        return cls(overlap.precision, overlap.recall, overlap.f1)


@dataclass(frozen=True, slots=True)
class ParsedSentence:
    """One sentence with two trees, as spans (first word, last word) from 0.

    gold: empty if the corpus has no gold trees.
    """

    words: tuple[str, ...]
    predicted: tuple[tuple[int, int], ...]
    gold: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeRecord:
    """Everything that was measured of one model.

    n: sentences that were projected. t_score_published, t_score_paper: as in `TreeScores`.
    t_parseval: agreement with the gold trees by kind of tree (`trees.scores.TREES`); empty without
    gold trees. loss: nats a word, on the projected lines. accuracy: by held-out split.
    attention_entropy: nats, by layer. weight_norm: by part of the model, and of `all`.
    """

    config: ProjectionConfig
    step: int
    n: int
    t_score_published: float
    t_score_paper: float
    t_parseval: Mapping[str, Agreement]
    loss: float
    accuracy: Mapping[str, float]
    attention_entropy: Float[ndarray, " layer"]
    weight_norm: Mapping[str, float]
    examples: tuple[ParsedSentence, ...]

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON knows it: null for nan."""
        return {"format": FORMAT, **fields_to_json(self)}
