"""The published metrics of sentence corpora, by split.

What is judged, and among which words, is the task's to say (`latebloom.worlds.sentences.tasks`);
here the model is put to it.

Enters: a model and a corpus. Leaves: a `Score` for each split; `n` counts what the task judges:
lines, brackets or words.
Source: arXiv:2305.18741, section 3.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.errors import CorpusError
from latebloom.evaluation.accuracy import TOKENS_AT_ONCE, Score
from latebloom.evaluation.decoding import decode
from latebloom.model.positions import check_length
from latebloom.model.transformer import Transformer
from latebloom.training.objective import sentence_loss
from latebloom.training.sentences import to_read
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.lines import Lines
from latebloom.worlds.sentences.tasks import SentenceTask
from latebloom.worlds.vocabulary import Vocabulary


def score_corpus(
    model: Transformer, corpus: Corpus, *, probe: int = 0, splits: Iterable[str] | None = None
) -> dict[str, Score]:
    """The score of each split.

    probe: at most this many lines of a split that the metric judges, spread evenly; 0: all.
    splits: names; None: every split of the corpus.
    Raises: CorpusError for a line longer than the model; LatebloomError for a model with feedback.
    """
    judge = judge_outputs if corpus.task.decodes else judge_words
    training = model.training
    model.eval()
    scores = {}
    for name in corpus.splits if splits is None else splits:
        lines = spread_evenly(judged_lines(corpus, name), probe)
        check_fits(model, lines)
        right = judge(model, lines, corpus.vocabulary, corpus.task)
        scores[name] = Score(n=len(right), correct=int(right.sum()))
    model.train(training)
    return scores


def judged_lines(corpus: Corpus, split: str) -> Lines:
    """The lines that the metric looks at."""
    lines = corpus.lines(split)
    rows = corpus.task.judged_lines(lines, corpus.vocabulary)
    return lines if len(rows) == len(lines) else lines.take(rows)


def spread_evenly(lines: Lines, n: int) -> Lines:
    """At most `n` of the lines, spread evenly over them; 0: all."""
    if not n or len(lines) <= n:
        return lines
    return lines.take(np.arange(0, len(lines), len(lines) // n)[:n])


def check_judged(corpus: Corpus) -> None:
    """Raises: CorpusError for a split in which the metric finds nothing to judge."""
    for name in corpus.splits:
        lines = judged_lines(corpus, name)
        places = (
            corpus.task.judged_places(lines.take(rows), corpus.vocabulary)
            for rows in batches(lines)
        )
        if not any(where.any() for where in places):
            raise CorpusError(
                f"{name} holds no {corpus.task.judges}, so nothing in it is judged; add lines"
            )


def check_fits(model: Transformer, lines: Lines) -> None:
    """Raises: CorpusError if a line has more tokens than the model has positions."""
    check_length(
        model.positions.limit,
        lines.lengths,
        lambda row: f"line {row + 1}",
        f"set at least {lines.lengths.max(initial=0)}",
        CorpusError,
    )


@torch.no_grad()
def word_loss(model: Transformer, lines: Lines) -> float:
    """The mean loss over all words of these lines, in nats; each from those before it."""
    training = model.training
    model.eval()
    total = 0.0
    for rows in batches(lines):
        lengths = lines.lengths[rows]
        batch = to_read(lines.tokens[rows], lengths, model.device)
        n_words = int((lengths - 1).sum())
        total += n_words * float(sentence_loss(model, batch, label_smoothing=0.0))
    model.train(training)
    return total / int((lines.lengths - 1).sum())


@torch.no_grad()
def judge_words(
    model: Transformer, lines: Lines, vocabulary: Vocabulary, task: SentenceTask
) -> Bool[ndarray, " judged"]:
    """For each judged word, line after line of a batch, whether it wins among those that compete.

    Where every line has one judged word the model is asked at that place alone.
    """
    among = task.among(vocabulary)
    device = model.device
    right = [np.zeros(0, bool)]
    for rows in batches(lines):
        part = lines.take(rows)
        line, place = np.nonzero(task.judged_places(part, vocabulary))
        tokens = part.tokens.astype(np.int64)
        if len(line) == len(rows) and (line == np.arange(len(rows))).all():
            logits = word_logits(model, tokens, place)
        else:
            logits = model(torch.from_numpy(tokens).to(device), every_loop=False).logits[-1]
            logits = logits[line, place - 1]
        best = logits[:, torch.from_numpy(among).to(device)].argmax(-1).cpu().numpy()
        right.append(among[best] == tokens[line, place])
    return np.concatenate(right)


@torch.no_grad()
def word_logits(
    model: Transformer, tokens: Int[ndarray, "line pos"], place: Int[ndarray, " line"]
) -> Float[Tensor, "line d_vocab"]:
    """The logits of the word at one place of each line, from those before it."""
    read = torch.from_numpy(tokens[:, : int(place.max(initial=1))].astype(np.int64))
    at = torch.from_numpy(place.astype(np.int64) - 1)
    return model(read.to(model.device), at.to(model.device), every_loop=False).logits[-1]


@torch.no_grad()
def judge_outputs(
    model: Transformer, lines: Lines, vocabulary: Vocabulary, task: SentenceTask
) -> Bool[ndarray, " line"]:
    """For each line whether its greedily decoded output counts as right."""
    right = np.zeros(len(lines), bool)
    for n in np.unique(lines.prompt).tolist():
        same = np.flatnonzero(lines.prompt == n)
        n_new = int(lines.lengths[same[0]]) - n
        for rows in np.split(same, range(TOKENS_AT_ONCE // n, len(same), TOKENS_AT_ONCE // n)):
            gold = lines.tokens[rows, n : n + n_new].astype(np.int64)
            prompts = torch.from_numpy(lines.tokens[rows, :n]).long()
            made = decode(model, prompts, n_new).cpu().numpy()
            right[rows] = task.right_output(made, gold, lines.target[rows] - n, vocabulary)
    return right


def batches(lines: Lines) -> Iterator[Int[ndarray, " row"]]:
    """Rows of like length, shorter ones first, `TOKENS_AT_ONCE` tokens in a batch."""
    order = np.argsort(lines.lengths, kind="stable")
    first = 0
    while first < len(order):
        rows = order[first : first + TOKENS_AT_ONCE]
        fits = np.arange(1, len(rows) + 1) * lines.lengths[rows] <= TOKENS_AT_ONCE
        rows = rows[: max(1, int(fits.sum()))]
        yield rows
        first += len(rows)
