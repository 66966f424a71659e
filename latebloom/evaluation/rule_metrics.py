"""Which rule a reader of sentences follows.

Enters: a model and a corpus. Leaves: for each split and rule the share of the lines on which the
model chooses the word that the rule chooses (`latebloom.worlds.sentences.rules`). The model reads a
line up to the judged word, and the likeliest of the words that compete is its choice. So it has a
choice in lines, too, whose output it could not write without mistakes, and the shares say less
there: on lines unlike all of training they show a leaning, not that a task is mastered.
"""

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Int
from numpy import ndarray

from latebloom.evaluation.sentence_metrics import batches, spread_evenly, word_logits
from latebloom.model.transformer import Transformer
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.rules import Choice

Followed = dict[str, dict[str, float]]
"""For each split the share of the choices with which each rule agrees."""


def score_rules(
    model: Transformer, corpus: Corpus, *, probe: int = 0, splits: Iterable[str] | None = None
) -> Followed:
    """The share of each split's choices with which each rule agrees; empty for other tasks.

    probe: at most this many lines of a split, spread evenly; 0: all.
    splits: names; None: every split of the corpus. One in which nothing is chosen is left out.
    """
    training = model.training
    model.eval()
    followed: Followed = {}
    for name in corpus.splits if splits is None else splits:
        lines = spread_evenly(corpus.lines(name), probe)
        choice = corpus.task.choice(lines, corpus.vocabulary)
        if choice is not None and len(choice.lines):
            chosen = choose(model, choice)
            followed[name] = {
                rule: float((chosen == word).mean()) for rule, word in choice.rules.items()
            }
    model.train(training)
    return followed


@torch.no_grad()
def choose(model: Transformer, choice: Choice) -> Int[ndarray, " line"]:
    """The likeliest of the words that compete at the judged place of each line."""
    chosen = np.zeros(len(choice.lines), np.int64)
    for rows in batches(choice.lines):
        part = choice.lines.take(rows)
        among = choice.among[rows].astype(np.int64)
        logits = word_logits(model, part.tokens, part.target)
        best = logits.gather(1, torch.from_numpy(among).to(model.device)).argmax(1).cpu().numpy()
        chosen[rows] = among[np.arange(len(rows)), best]
    return chosen
