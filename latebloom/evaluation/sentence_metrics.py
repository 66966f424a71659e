"""The published metrics of sentence corpora, by split.

- **question**: after `quest`, the most likely of the four auxiliaries is the main one.
- **tense**: the greedily decoded output has the gold sequence of parts of speech and the right
  main verb.
- **dyck**: before each closing bracket at least 10 tokens after its opener, the most likely
  closing bracket is the right one; `n` counts brackets.
- **sentences**: the most likely next word is the right one; `n` counts words.

Enters: a model and a corpus. Leaves: a `Score` for each split.
Source: arXiv:2305.18741, section 3.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import CorpusError
from latebloom.evaluation.accuracy import TOKENS_AT_ONCE, Score
from latebloom.evaluation.decoding import decode
from latebloom.model.positions import check_length
from latebloom.model.transformer import Transformer
from latebloom.training.objective import sentence_loss
from latebloom.training.sentences import to_read
from latebloom.worlds.sentences import lexicon as words_of
from latebloom.worlds.sentences.corpus import Corpus, Lines
from latebloom.worlds.sentences.dyck import FAR, openers
from latebloom.worlds.sentences.question import AUXILIARIES
from latebloom.worlds.vocabulary import Vocabulary


def score_corpus(
    model: Transformer, corpus: Corpus, *, probe: int = 0, splits: Iterable[str] | None = None
) -> dict[str, Score]:
    """The score of each split.

    probe: at most this many lines of a split that the metric judges, spread evenly; 0: all.
    splits: names; None: every split of the corpus.
    Raises: CorpusError for a line longer than the model; LatebloomError for a model with feedback.
    """
    judge = {
        "question": judge_question,
        "tense": judge_tense,
        "dyck": judge_dyck,
        "sentences": judge_next_word,
    }[corpus.task]
    training = model.training
    model.eval()
    scores = {}
    for name in corpus.splits if splits is None else splits:
        lines = judged_lines(corpus, name)
        if probe and len(lines) > probe:
            lines = lines.take(np.arange(0, len(lines), len(lines) // probe)[:probe])
        check_fits(model, lines)
        right = judge(model, lines, corpus.vocabulary)
        scores[name] = Score(n=len(right), correct=int(right.sum()))
    model.train(training)
    return scores


def judged_lines(corpus: Corpus, split: str) -> Lines:
    """The lines that the metric looks at: of a question corpus those with `quest`, else all."""
    lines = corpus.lines(split)
    if corpus.task != "question":
        return lines
    task_word = lines.tokens[np.arange(len(lines)), lines.prompt - 1]
    return lines.take(np.flatnonzero(task_word == corpus.vocabulary.ids["quest"]))


def check_judged(corpus: Corpus) -> None:
    """Raises: CorpusError for a split in which the metric finds nothing to judge."""
    for name in corpus.splits:
        lines = judged_lines(corpus, name)
        if corpus.task == "dyck":
            kinds = (len(corpus.vocabulary) - 1) // 2
            found = any(far_closings(lines.tokens[rows], kinds).any() for rows in batches(lines))
            what = f"bracket that closes {FAR} tokens or more after its opener"
        else:
            found, what = len(lines) > 0, "line with quest"
        if not found:
            raise CorpusError(f"{name} holds no {what}, so nothing in it is judged; add lines")


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


@torch.no_grad()
def judge_question(
    model: Transformer, lines: Lines, vocabulary: Vocabulary
) -> Bool[ndarray, " line"]:
    """Whether the main auxiliary wins among the four."""
    among = torch.tensor(vocabulary.encode(AUXILIARIES), device="cpu")
    right = np.zeros(len(lines), bool)
    for rows in batches(lines):
        width = int(lines.prompt[rows].max())
        tokens = torch.from_numpy(lines.tokens[rows, :width]).long().to(model.device)
        at = torch.from_numpy(lines.prompt[rows]).long().to(tokens.device) - 1
        logits = model(tokens, at, every_loop=False).logits[-1].cpu()
        answer = torch.from_numpy(lines.tokens[rows, lines.target[rows]]).long()
        right[rows] = (among[logits[:, among].argmax(-1)] == answer).numpy()
    return right


def parts_of_speech(vocabulary: Vocabulary) -> Int[ndarray, " word"]:
    """The part of speech of each word of the tense corpus; forms of a noun or verb share theirs."""
    verbs = words_of.INTRANSITIVE + words_of.TRANSITIVE
    kinds: list[Iterable[str]] = [
        words_of.DETERMINERS,
        [*words_of.NOUNS, *words_of.PLURAL_NOUNS],
        words_of.PREPOSITIONS,
        words_of.RELATIVES,
        [f(v) for v in verbs for f in (str, words_of.third_person, words_of.past)],
        ["."],
    ]
    part = np.zeros(len(vocabulary), np.int64)
    for number, members in enumerate(kinds, 1):
        part[vocabulary.encode(members)] = number
    return part


def judge_tense(model: Transformer, lines: Lines, vocabulary: Vocabulary) -> Bool[ndarray, " line"]:
    """Whether the decoded output has the gold parts of speech, and the right main verb."""
    part = parts_of_speech(vocabulary)
    right = np.zeros(len(lines), bool)
    for n in np.unique(lines.prompt).tolist():
        same = np.flatnonzero(lines.prompt == n)
        n_new = int(lines.lengths[same[0]]) - n
        for rows in np.split(same, range(TOKENS_AT_ONCE // n, len(same), TOKENS_AT_ONCE // n)):
            gold = lines.tokens[rows, n : n + n_new].astype(np.int64)
            prompts = torch.from_numpy(lines.tokens[rows, :n]).long()
            made = decode(model, prompts, n_new).cpu().numpy()
            verb = (np.arange(len(rows)), lines.target[rows] - n)
            right[rows] = (part[made] == part[gold]).all(1) & (made[verb] == gold[verb])
    return right


def far_closings(
    tokens: Int[ndarray, "line pos"], kinds: int, far: int = FAR
) -> Bool[ndarray, "line pos"]:
    """Where a closing bracket stands `far` tokens or more after its opener."""
    opens = (tokens >= 1) & (tokens <= kinds)
    steps = opens.astype(np.int8) - (tokens > kinds).astype(np.int8)
    opener = openers(steps)
    return (opener >= 0) & (np.arange(tokens.shape[1]) - opener >= far)


@torch.no_grad()
def judge_dyck(
    model: Transformer, lines: Lines, vocabulary: Vocabulary
) -> Bool[ndarray, " bracket"]:
    """For each far closing bracket whether it wins among the closing ones."""
    kinds = (len(vocabulary) - 1) // 2
    right = [np.zeros(0, bool)]
    for rows in batches(lines):
        tokens = lines.tokens[rows, : int(lines.lengths[rows].max())].astype(np.int64)
        line, place = np.nonzero(far_closings(tokens, kinds))
        ids = torch.from_numpy(tokens).to(model.device)
        logits = model(ids, every_loop=False).logits[-1][line, place - 1, kinds + 1 :]
        right.append(logits.argmax(-1).cpu().numpy() + kinds + 1 == tokens[line, place])
    return np.concatenate(right)


@torch.no_grad()
def judge_next_word(
    model: Transformer, lines: Lines, vocabulary: Vocabulary
) -> Bool[ndarray, " word"]:
    """For each word whether it wins."""
    right = [np.zeros(0, bool)]
    for rows in batches(lines):
        tokens = lines.tokens[rows, : int(lines.lengths[rows].max())].astype(np.int64)
        ids = torch.from_numpy(tokens).to(model.device)
        logits = model(ids, every_loop=False).logits[-1]
        made = logits[:, :-1].argmax(-1).cpu().numpy()
        real = np.arange(1, tokens.shape[1]) < lines.lengths[rows, None]
        right.append((made == tokens[:, 1:])[real])
    return np.concatenate(right)
