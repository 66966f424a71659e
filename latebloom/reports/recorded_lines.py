"""Lines of a corpus of which pictures are recorded.

Enters: a corpus. Leaves: a few lines of the splits by which its runs are judged, and one of the
trained ones, each read up to its judged word; each says what a model's states would put next, and
shows the tree that is projected from them.

The shortest lines are taken: the fewer columns a picture has, the more of it can be seen at once.

Covers: lines of every task. Does not cover: lines that are not judged; trees of long sentences, and
of models that tree projections do not read.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from latebloom.asking.answer import guess
from latebloom.circuits.look import glimpses_of
from latebloom.circuits.states import at_rest, run_states
from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.reports.behind import trees_behind
from latebloom.reports.captions import TREE, Caption
from latebloom.reports.embedded import Picture, embed
from latebloom.reports.figure import with_dark_rules
from latebloom.reports.packed_lines import AskedLines, asked_lines
from latebloom.reports.recorded_look import MOST_SAID, Look, Wording, answers, cut, rows_of
from latebloom.reports.tree_drawing import draw_beside
from latebloom.trees.record import ParsedSentence
from latebloom.trees.scores import brackets, predicted_tree
from latebloom.worlds.sentences.corpus import Corpus

LINES_OF_SPLIT = 2
"""Lines that are recorded of a split by which the run is judged; of the trained one it is one."""
MOST_SPLITS = 3
"""Splits by which the run is judged, the last ones."""
LONGEST_TREE = 24
"""Words of a sentence whose tree is projected: the work grows with their square."""


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """A line, read up to its judged word. line: that one alone."""

    corpus: Corpus
    split: str
    line: AskedLines

    @property
    def ids(self) -> list[int]:
        """The tokens that are read, and the judged word."""
        return self.line.lines.tokens[0, : int(self.line.place[0]) + 1].tolist()

    @property
    def tokens(self) -> Sequence[str]:
        return self.corpus.vocabulary.decode(self.ids[:-1])

    @property
    def by_rule(self) -> dict[str, int]:
        """The word that each rule would choose, of those that choose a wrong one."""
        right = self.ids[-1]
        chosen = {rule: int(words[0]) for rule, words in self.line.rules.items()}
        return {rule: word for rule, word in chosen.items() if word != right}

    @property
    def told(self) -> Sequence[tuple[str, Sequence[str]]]:
        words = self.corpus.vocabulary.words
        others = [
            (f"By the rule {rule.replace('_', ' ')}", [words[word]])
            for rule, word in self.by_rule.items()
        ]
        return [("Right", [words[self.ids[-1]]]), *others]

    @property
    def shown(self) -> str:
        if self.split in self.corpus.trained:
            return "Training showed this line."
        return "Training never showed this line."

    @property
    def wording(self) -> Wording:
        competing = self.corpus.task.competing
        other_rules = ", ◆ what another rule would choose for the last" if self.line.rules else ""
        of_these = f" The shares under a picture are of the {competing} alone." if competing else ""
        return Wording(
            every=("what every state of the model would put next in", "of its lines"),
            no_others="other lines cannot be read here",
            command="latebloom trees RUN",
            does="projects trees of more sentences from it, at all its checkpoints",
            asked="line",
            bridge="another rule",
            reading="A row for each boundary between layers, a column for each word that was read,"
            " up to the one that is judged. A cell names the word that its state would put next if"
            " the model ended there (the logit lens), and how surely; ● marks the word that does"
            f" come next{other_rules}.{of_these} The lines are the shortest of their splits.",
            says=f"Of the {competing} the model puts next" if competing else "The model puts next",
        )

    def look(self, model: Transformer) -> Look:
        vocabulary, right = self.corpus.vocabulary, self.ids[1:]
        states = run_states(model, torch.tensor([self.ids[:-1]], device=model.device))
        with at_rest(model):
            shares = model.logits(states.stream[-1, -1, 0, -1]).float().softmax(-1).cpu()
        others = frozenset(self.by_rule.values())
        among = dict.fromkeys(self.line.among[0].tolist())
        guessed, _ = guess(shares, list(among), vocabulary, MOST_SAID)
        return Look.of(
            rows_of(
                glimpses_of(model, vocabulary, states),
                vocabulary,
                [(token,) for token in right],
                [*[()] * (len(right) - 1), others],
            ),
            answers(guessed, vocabulary, right[-1:], others),
            self.trees(model),
        )

    def trees(self, model: Transformer) -> Picture | None:
        """The tree that is projected from a model beside the gold one; None without a gold tree,
        and where it cannot be projected."""
        n_words = int(self.line.lines.words[0])
        if not 2 <= n_words <= LONGEST_TREE:
            return None
        ids = self.line.lines.tokens[0, : n_words + 1]
        try:
            predicted = predicted_tree(model, ids)
        except LatebloomError:  # the model looks both ways, or not at all earlier words
            return None
        words = tuple(cut(word) for word in self.corpus.vocabulary.decode(ids[1:].tolist()))
        gold = self.line.lines.tree(0)
        sentence = ParsedSentence(words=words, predicted=tuple(predicted), gold=tuple(gold))
        rows = trees_behind(sentence)
        return embed(
            with_dark_rules(
                draw_beside(words, predicted, gold, titles=("projected from the model", "gold"))
            ).encode(),
            Caption(
                f"The projected tree {brackets(words, predicted)}, gold {brackets(words, gold)}",
                TREE,
            ),
            [list(rows[0]), *([str(value) for value in row.values()] for row in rows)],
        )


def lines_of(corpus: Corpus) -> list[RecordedLine]:
    """The lines that are recorded: one of each split, the hardest first, then further ones."""
    judged = [name for name in corpus.tested if corpus.meaning(name).judged][-MOST_SPLITS:]
    wanted = dict.fromkeys(reversed(judged), LINES_OF_SPLIT)
    wanted |= dict.fromkeys(corpus.trained[-1:], 1)
    of_splits = [shortest(corpus, name, most) for name, most in wanted.items()]
    turns = itertools.zip_longest(*of_splits)
    return [line for turn in turns for line in turn if line is not None]


def shortest(corpus: Corpus, split: str, most: int) -> list[RecordedLine]:
    """The lines of a split with the fewest words before the judged one."""
    lines = asked_lines(corpus, split)
    rows = np.flatnonzero(lines.place)
    rows = rows[np.argsort(lines.place[rows], kind="stable")][:most]
    return [RecordedLine(corpus, split, lines.take(np.array([row]))) for row in rows]
