"""The sentences of a corpus, packed for the page's laboratory.

Enters: a corpus and a model that reads it. Leaves: what `lab/lines.js` has to know to read a
sentence and to say what follows it: some lines of every split, each with the place of its judged
word, the words that compete there, what every rule would choose, and the gold tree.

Covers: lines of every task, with every judged word that the page shows, of which it asks for one
until a reader picks another. Does not cover: lines that are not judged, such as those that only
copy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.evaluation.sentence_metrics import judged_lines, spread_evenly
from latebloom.model.transformer import Transformer
from latebloom.reports.packing import pack_whole
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.lines import Lines
from latebloom.worlds.splits import is_validation

MOST_LINES = 200
"""Lines of a split that the page holds."""
LOOKED_AT = 4_000
"""Lines of a split among which they are looked for."""
LONGEST = 64
"""Tokens of a line that the page shows, each a column of its grid. Of longer lines, of which it
holds some where a split has no others, it knows the beginning."""


def describe_corpus(corpus: Corpus, model: Transformer) -> dict[str, Any]:
    """What the page has to know to read a sentence and to say what is right."""
    limit = model.positions.limit
    splits = [split_of(corpus, name) for name in corpus.splits if not is_validation(name)]
    return {
        "reads": corpus.reads,
        "words": list(corpus.vocabulary.words),
        "derives": corpus.task.derives,
        "competing": corpus.task.competing,
        "loops": model.config.n_loops,
        "longest": LONGEST if limit is None else min(LONGEST, limit),
        "splits": [split for split in splits if split],
    }


@dataclass(frozen=True, slots=True)
class AskedLines:
    """Lines, each of which is asked for a judged word.

    place: of that word, after the words before it; 0 where a line has none that the page shows.
    asked: the places of all judged words. among: the words that compete, as many for each line;
    none where all do. rules: by name the word that each rule would choose; none where lines cannot
    tell rules apart.
    """

    lines: Lines
    place: Int[ndarray, " line"]
    asked: Bool[ndarray, "line pos"]
    among: Int[ndarray, "line candidate"]
    rules: Mapping[str, Int[ndarray, " line"]]

    def take(self, rows: Int[ndarray, " row"]) -> "AskedLines":
        """Some of them, in the order given."""
        rules = {rule: chosen[rows] for rule, chosen in self.rules.items()}
        return AskedLines(
            self.lines.take(rows), self.place[rows], self.asked[rows], self.among[rows], rules
        )


def asked_lines(corpus: Corpus, name: str) -> AskedLines:
    """The judged lines of a split, of many lines some that are evenly spread."""
    task, vocabulary = corpus.task, corpus.vocabulary
    lines = spread_evenly(judged_lines(corpus, name), LOOKED_AT)
    choice = task.choice(lines, vocabulary)
    lines = choice.lines if choice else lines
    asked = places_to_ask(task.judged_places(lines, vocabulary), lines)
    if choice:
        among = choice.among
    else:
        competing = task.among(vocabulary)
        n_competing = len(competing) if len(competing) < len(vocabulary) else 0
        among = np.tile(competing[:n_competing], (len(lines), 1))
    return AskedLines(lines, last_of(asked), asked, among, choice.rules if choice else {})


def split_of(corpus: Corpus, name: str) -> dict[str, Any]:
    """Some judged lines of a split; empty if it has none that the page can show.

    place: of the judged word, which the page asks for with the words before it. asked_at: the
    places of all judged words, line by line, as many as `n_asked` tells. told_from: tokens
    after which the rest of a line follows from them, as the output of a transformed sentence does.
    among: the words that compete, as many for each line; none where all do. rules: by name the
    word that each rule would choose. words: of the sentence that the gold tree spans, 0 where the
    page does not hold all of it. spans: of all gold trees; each has as many as `nodes` tells.
    """
    every = asked_lines(corpus, name)
    rows = evenly(np.flatnonzero(every.place), every.lines)
    if not len(rows):
        return {}
    some = every.take(rows)
    kept, place, asked = with_whole_trees(some.lines), some.place, some.asked
    lengths = np.minimum(kept.lengths, LONGEST)
    meaning = corpus.meaning(name)
    return {
        "name": name,
        "holds": meaning.holds,
        "judged": meaning.judged,
        "trained": name in corpus.trained,
        "lines": pack_whole(kept.tokens[np.arange(kept.tokens.shape[1]) < lengths[:, None]]),
        "lengths": pack_whole(lengths),
        "place": pack_whole(place),
        "n_asked": pack_whole(asked.sum(axis=1)),
        "asked_at": pack_whole(np.nonzero(asked)[1]),
        "told_from": pack_whole(np.where(kept.prompt > 1, kept.prompt, place)),
        "among": pack_whole(some.among),
        "rules": {rule: pack_whole(chosen) for rule, chosen in some.rules.items()},
        "words": pack_whole(kept.words),
        "nodes": pack_whole(kept.nodes),
        "spans": pack_whole(kept.spans),
    }


def places_to_ask(judged: Bool[ndarray, "line pos"], lines: Lines) -> Bool[ndarray, "line pos"]:
    """Where a judged word stands that the page can ask for: the target of a line that has one,
    else every judged place; in either case among the tokens that the page shows."""
    position = np.arange(judged.shape[1])
    target = lines.target[:, None]
    return np.where(target > 0, position == target, judged) & (position < LONGEST)


def last_of(asked: Bool[ndarray, "line pos"]) -> Int[ndarray, " line"]:
    """The last of each line's places, which the page asks for first; 0 where there is none."""
    return np.where(asked, np.arange(asked.shape[1]), 0).max(axis=1, initial=0)


def evenly(rows: Int[ndarray, " row"], lines: Lines) -> Int[ndarray, " some"]:
    """At most `MOST_LINES` of the rows, evenly spaced; where there are short lines, only those."""
    short = rows[lines.lengths[rows] <= LONGEST]
    rows = short if len(short) else rows
    wanted = np.linspace(0, len(rows) - 1, min(MOST_LINES, len(rows)))
    return rows[wanted.astype(np.int64)]


def with_whole_trees(lines: Lines) -> Lines:
    """The lines without the trees of those that the page does not hold to their end."""
    cut = lines.words >= LONGEST
    return replace(
        lines,
        words=np.where(cut, 0, lines.words),
        nodes=np.where(cut, 0, lines.nodes),
        spans=lines.spans[~np.repeat(cut, lines.nodes)],
    )
