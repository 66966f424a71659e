"""The accuracy of every split, of questions and of sentences alike, and which rule is followed."""

from collections.abc import Iterable
from textwrap import shorten

from latebloom.errors import CorpusError
from latebloom.evaluation.accuracy import Score, score_splits
from latebloom.evaluation.rule_metrics import Followed, score_rules
from latebloom.evaluation.sentence_metrics import check_judged, score_corpus
from latebloom.model.config import ModelConfig
from latebloom.model.positions import check_length
from latebloom.model.transformer import Transformer
from latebloom.worlds.data import Data
from latebloom.worlds.sentences.corpus import Corpus


def score(
    model: Transformer,
    data: Data,
    *,
    probe: int = 0,
    splits: Iterable[str] | None = None,
) -> dict[str, Score]:
    """The score of each split: right answers, or the published metric of the corpus.

    probe: at most this many examples of a split, spread evenly over it; 0: all.
    splits: names; None: every split of the data.
    """
    measured = score_corpus if isinstance(data, Corpus) else score_splits
    return measured(model, data, probe=probe, splits=data.splits if splits is None else splits)  # type: ignore[arg-type]


def follow(
    model: Transformer, data: Data, *, probe: int = 0, splits: Iterable[str] | None = None
) -> Followed:
    """For each split the share of the model's choices with which each rule agrees.

    Empty for questions, and for sentences whose task tells no rules apart. The arguments are those
    of `score`.
    """
    if not isinstance(data, Corpus):
        return {}
    return score_rules(model, data, probe=probe, splits=data.splits if splits is None else splits)


def check_readable(config: ModelConfig, data: Data) -> None:
    """Whether a model of this config can read all of the data, and all splits can be measured.

    Questions are checked when they are asked: they are short.
    Raises: CorpusError naming what is too long, or the split in which nothing is judged.
    """
    if isinstance(data, Corpus):
        check_longest(config, data)
        check_judged(data)


def check_longest(config: ModelConfig, corpus: Corpus) -> None:
    """Whether the model's positions reach to the end of the longest line.

    Raises: CorpusError naming the line, the setting and what it must be.
    """
    longest = {split: lines.lengths.max(initial=0) for split, lines in corpus.splits.items()}

    def what(_: int) -> str:
        split = max(longest, key=lambda name: longest[name])
        row = int(corpus.lines(split).lengths.argmax())
        # A corpus does not know the lines of the file that it was read from; its words do.
        text = shorten(corpus.text(split, row), 60, placeholder=" ...")
        return f"the longest line, line {row + 1} of {split} ({text!r}),"

    check_length(
        config.limit,
        [corpus.longest],
        what,
        f"set --model.max-positions {corpus.longest}",
        CorpusError,
    )
