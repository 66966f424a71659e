"""The accuracy of every split, of questions and of sentences alike."""

from collections.abc import Iterable

from latebloom.evaluation.accuracy import Score, score_splits
from latebloom.evaluation.sentence_metrics import score_corpus
from latebloom.model.transformer import Transformer
from latebloom.worlds.data import Data
from latebloom.worlds.sentences.corpus import Corpus


def score(
    model: Transformer,
    world: Data,
    *,
    probe: int = 0,
    splits: Iterable[str] | None = None,
) -> dict[str, Score]:
    """The score of each split: right answers, or the published metric of the corpus.

    probe: at most this many examples of a split, spread evenly over it; 0: all.
    splits: names; None: every split of the world.
    """
    chosen = tuple(world.splits if splits is None else splits)
    if isinstance(world, Corpus):
        return score_corpus(model, world, probe=probe, splits=chosen)
    return score_splits(model, world, probe=probe, splits=chosen)
