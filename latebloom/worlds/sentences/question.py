"""Question formation: front the main auxiliary, or the first one?

Enters: sizes, shares and a seed. Leaves: a `Corpus` of lines such as
`my yak does move . quest does my yak move ?` and `... . decl my yak does move .`

No training line asks a question about a subject with a relative clause, so that both rules fit.
The generalisation lines do, and the main auxiliary differs there from the first one, though not
in number: "the first" scores 0 on them, agreement alone one half. But no auxiliary follows the main
one, so "the last" scores 1. On the lines of `test_apart` the object has a clause as well, and the
main auxiliary is neither the first nor the last: `decl` lines of that shape stand in training.

Source: arXiv:1802.09091, arXiv:2001.03632 (grammar), arXiv:2305.18741 (task word, metric);
arXiv:2412.04619 (centre-embedded, diverse and disambiguating data). `test_apart` is our own.
Differs: the published files hold far fewer intransitive sentences than the grammar's weights
give, and more relative clauses; the default shares were fitted to the files (see docs/trees.md).
"""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import CorpusError, LatebloomError
from latebloom.worlds.config import WorldSettings
from latebloom.worlds.sentences import lexicon as words_of
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.grammar import Grammar, Rules, make_grammar
from latebloom.worlds.sentences.lines import START, Lines
from latebloom.worlds.sentences.tasks import QuestionTask
from latebloom.worlds.sentences.transformation import (
    Spans,
    assemble,
    choose_patterns,
    distinct_splits,
    mixed_lines,
    some_trees,
)
from latebloom.worlds.streams import Draw
from latebloom.worlds.vocabulary import Vocabulary

LEXICON = {
    "Det": words_of.DETERMINERS,
    "N_S": words_of.NOUNS,
    "N_P": words_of.PLURAL_NOUNS,
    "Prep": words_of.PREPOSITIONS,
    "Rel": words_of.RELATIVES,
    "Aux_S": words_of.SINGULAR_AUXILIARIES,
    "Aux_P": words_of.PLURAL_AUXILIARIES,
    "Vi": words_of.INTRANSITIVE,
    "Vt": words_of.TRANSITIVE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionConfig(WorldSettings):
    """The question world. Its shares lie in [0, 1]."""

    asks: ClassVar[str] = "sentences"
    """What kind of question it asks: chains, comparisons or sentences."""
    refuses: ClassVar[type[LatebloomError]] = CorpusError
    """The error of a setting that does not fit."""
    kind: Literal["question"] = "question"
    """Which world this is."""
    train: int = 100_000
    """Training lines."""
    test_id: int = 1_000
    """Held-out lines like those trained on."""
    test_ood: int = 10_000
    """Generalisation lines, as published."""
    test_apart: int = 2_000
    """Lines on which the main auxiliary is neither the first nor the last."""
    quest_frac: float = 1 / 3
    """Share of `quest` among the training lines; the published files have about this."""
    intransitive_frac: float = 0.03
    """Share of sentences without an object; the grammar's weights would give 1/2."""
    prepositional_frac: float = 0.36
    """Share of noun phrases with a prepositional phrase, of those without a relative clause."""
    relative_frac: float = 0.5
    """Share of objects with a relative clause, which ends the sentence."""
    centre_frac: float = 0.5
    """Share of `decl` lines whose subject has a relative clause: centre-embedded."""
    object_clause_frac: float = 1 / 3
    """Share of relative clauses with a subject of their own: `that the yak does admire`; the
    grammar has 1/3. Only in these may the auxiliary be of the other number than the noun's."""
    disambiguating_frac: float = 0.0
    """Share of training `quest` lines whose subject has one: they show the rule; published 0."""
    tree_types: int = 0
    """Different trees in the training lines; 0: all that the grammar has."""
    files: str = ""
    """Folder of published files to read instead of drawing sentences; the sizes and shares have no
    effect then."""

    def __post_init__(self) -> None:
        check_sizes_and_shares(self)


def check_sizes_and_shares(config: WorldSettings) -> None:
    """Raises: CorpusError for a size below 1 or a share outside [0, 1]."""
    WorldSettings.__post_init__(config)
    for name, value in dataclasses.asdict(config).items():
        if name in ("train", "test_id", "test_ood", "test_apart") and value < 1:
            raise CorpusError(f"world.{name} is {value}; it must be at least 1")
        if name.endswith("_frac") and not 0 <= value <= 1:
            raise CorpusError(f"world.{name} is {value}; it must lie in [0, 1]")
        if name == "tree_types" and value < 0:
            raise CorpusError(f"world.tree_types is {value}; use 0 (all trees) or more")


def noun_phrase(noun: str, relative: str, share: tuple[float, float]) -> list[tuple[float, str]]:
    """The three shapes of a noun phrase.

    share: of relative clauses, and of prepositional phrases among the others.
    """
    clause, preposition = share
    return [
        ((1 - clause) * (1 - preposition), f"Det {noun}"),
        ((1 - clause) * preposition, f"(Det {noun}) (Prep (Det N))"),
        (clause, f"(Det {noun}) {relative}"),
    ]


def question_rules(config: QuestionConfig) -> Rules:
    """The rules of the reference, with the config's shares as weights."""
    rules: dict[str, list[tuple[float, str]]] = {
        "S": [(1, "Subject_S VP_S"), (1, "Subject_P VP_P")],
        "Object": [(1, "Object_S"), (1, "Object_P")],
        "N": [(1, "N_S"), (1, "N_P")],
    }
    for number in "SP":
        noun, relative, aux = f"N_{number}", f"RC_{number}", f"Aux_{number}"
        subject = (config.centre_frac, config.prepositional_frac)
        rules[f"Subject_{number}"] = noun_phrase(noun, relative, subject)
        share = (config.relative_frac, config.prepositional_frac)
        rules[f"Object_{number}"] = noun_phrase(noun, relative, share)
        rules[f"VP_{number}"] = [
            (config.intransitive_frac, f"{aux}! Vi"),
            (1 - config.intransitive_frac, f"{aux}! (Vt Object)"),
        ]
        other = config.object_clause_frac
        rules[relative] = [
            (1 - other, f"Rel ({aux} Vi)"),
            (other, "Rel ((Det N_S) (Aux_S Vt))"),
            (other, "Rel ((Det N_P) (Aux_P Vt))"),
            (1 - other, f"Rel ({aux} (Vt (Det N)))"),
        ]
    return rules


def question_vocabulary() -> Vocabulary:
    """The start token and the 68 word types of the published files, a word class in a row."""
    classes = [word for members in LEXICON.values() for word in members]
    return Vocabulary((START, *classes, ".", "?", "decl", "quest"))


def clause_on_subject(grammar: Grammar) -> Bool[ndarray, " pattern"]:
    """Whether a relative clause stands before the main auxiliary."""
    return np.array(["Rel" in p.classes[: p.main] for p in grammar.patterns])


def generalisation_patterns(
    grammar: Grammar, *, clause_on_object: bool = False
) -> Bool[ndarray, " pattern"]:
    """A clause on the subject; first and main auxiliary agree in number.

    clause_on_object: whether the object has one as well; the published lines have none there.
    """

    def fits(classes: tuple[str, ...], main: int) -> bool:
        first = next(name for name in classes if name.startswith("Aux"))
        clauses = "Rel" in classes[:main], "Rel" in classes[main:]
        return clauses == (True, clause_on_object) and first == classes[main]

    return np.array([fits(p.classes, p.main) for p in grammar.patterns])


def make_question(config: QuestionConfig, seed: int) -> Corpus:
    """Draws the lines of every split; the same seed gives the same bytes.

    Raises: CorpusError if the grammar does not hold as many distinct lines as asked for.
    """
    rng = np.random.default_rng([seed, Draw.QUESTION])
    vocabulary = question_vocabulary()
    grammar = make_grammar(question_rules(config), LEXICON, "S")
    writer = QuestionWriter(grammar, vocabulary)
    # The knobs change what is trained on; the generalisation lines stay as published.
    published = make_grammar(question_rules(QuestionConfig()), LEXICON, "S")
    tester = QuestionWriter(published, vocabulary)
    centre = clause_on_subject(grammar)
    kept = some_trees(grammar, ~centre, config.tree_types, rng)

    def draw_train(n: int) -> Lines:
        n_quest = rng.binomial(n, config.quest_frac)
        n_telling = rng.binomial(n_quest, config.disambiguating_frac)
        parts = [
            (n - n_quest, kept, False, "decl lines"),
            (n_quest - n_telling, kept & ~centre, True, "quest lines without a clause"),
            (n_telling, kept & centre, True, "disambiguating quest lines"),
        ]
        return mixed_lines(writer, grammar, parts, rng)

    def draw_ood(n: int) -> Lines:
        fits = generalisation_patterns(published)
        pattern = choose_patterns(published, fits, n, rng, what="generalisation lines")
        return tester.lines(pattern, True, rng, conflict=True)

    apart_rng = np.random.default_rng([seed, Draw.QUESTION_APART])

    def draw_apart(n: int) -> Lines:
        fits = generalisation_patterns(published, clause_on_object=True)
        pattern = choose_patterns(published, fits, n, apart_rng, what="lines apart")
        return tester.lines(pattern, True, apart_rng, conflict=True)

    splits = distinct_splits(config, train=draw_train, ood=draw_ood, apart=draw_apart)
    return Corpus(task=QuestionTask(), vocabulary=vocabulary, splits=splits, trained=("train",))


class QuestionWriter:
    """Writes sentences of the grammar as lines."""

    def __init__(self, grammar: Grammar, vocabulary: Vocabulary) -> None:
        self.grammar = grammar
        self.spans = Spans.of(grammar.patterns)
        self.main = np.array([pattern.main for pattern in grammar.patterns])
        auxiliaries = [
            [i for i, name in enumerate(p.classes) if name.startswith("Aux")]
            for p in grammar.patterns
        ]
        self.first = np.array([places[0] for places in auxiliaries])
        self.last = np.array([places[-1] for places in auxiliaries])
        # The words of a class have ids in a row; the class -1 (no word) starts at 0.
        starts = [vocabulary.ids[members[0]] for members in LEXICON.values()]
        self.class_start = np.array([*starts, 0])
        self.stop, self.mark, self.decl, self.quest = vocabulary.encode((".", "?", "decl", "quest"))

    def lines(
        self,
        pattern: Int[ndarray, " line"],
        quest: bool,
        rng: np.random.Generator,
        *,
        conflict: bool = False,
    ) -> Lines:
        """Lines of these patterns with words drawn for them.

        conflict: the first and the last auxiliary are other words than the main one, where they
        are not the main one itself.
        """
        number = self.grammar.draw(pattern, rng)
        if conflict:
            row, main = np.arange(len(pattern)), self.main[pattern]
            classes = self.grammar.table[pattern]
            for place in (self.first[pattern], self.last[pattern]):
                alike = (classes[row, place] == classes[row, main]) & (place != main)
                other = 1 - number[row, main]
                number[row, place] = np.where(alike, other, number[row, place])
        return self.write(pattern, number, quest)

    def write(
        self, pattern: Int[ndarray, " line"], number: Int[ndarray, "line word"], quest: bool
    ) -> Lines:
        """Lines of these patterns; `number` is that of each word in its class."""
        classes, main = self.grammar.table[pattern], self.main[pattern]
        source = np.where(classes < 0, 0, self.class_start[classes] + number).astype(np.int16)
        words = self.spans.words[pattern]
        ask = np.full(len(pattern), self.quest if quest else self.decl)
        end = np.full(len(pattern), self.mark if quest else self.stop)
        output = fronted(source, main) if quest else source
        tokens = assemble(source, output, words, task=ask, stop=self.stop, end=end)
        return self.spans.lines(tokens, pattern, np.zeros_like(main) if quest else main)


def fronted(
    source: Int[ndarray, "line word"], main: Int[ndarray, " line"]
) -> Int[ndarray, "line word"]:
    """Each sentence with one of its words, at position `main`, put first."""
    column = np.arange(source.shape[1])[None, :]
    at = main[:, None]
    origin = np.where(column == 0, at, np.where(column <= at, column - 1, column))
    return np.take_along_axis(source, origin, 1)
