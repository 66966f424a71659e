"""Tense reinflection: does a verb agree with its subject, or with the nearest noun?

Enters: sizes, shares and a seed. Leaves: a `Corpus` of lines such as
`my yaks by her newt ate . PRESENT my yaks by her newt eat .` and `... . PAST ...`, which copies.

No training line asks for the present where the last noun before the main verb has another number
than the subject, so that both rules fit; every generalisation line does. But sentences of this
grammar begin with the subject, so "agree with the first noun" is right on all of them. The lines of
`test_apart` begin with a prepositional phrase, whose noun has another number than the subject:
`near her newt my yaks by our quail ate .` Their words and phrases are those of training, the phrase
in front is new to the model.

Source: arXiv:2001.03632 (grammar), arXiv:2305.18741 (task word, metric). `test_apart` is our own.
Differs: the default shares were fitted to the published files (see docs/trees.md).
"""

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
from latebloom.worlds.sentences.question import check_sizes_and_shares, noun_phrase
from latebloom.worlds.sentences.tasks import TenseTask
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
    "Vi_S": [words_of.third_person(verb) for verb in words_of.INTRANSITIVE],
    "Vi_P": words_of.INTRANSITIVE,
    "Vt_S": [words_of.third_person(verb) for verb in words_of.TRANSITIVE],
    "Vt_P": words_of.TRANSITIVE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TenseConfig(WorldSettings):
    """The tense world. Its shares lie in [0, 1]."""

    asks: ClassVar[str] = "sentences"
    """What kind of question it asks: chains, comparisons or sentences."""
    refuses: ClassVar[type[LatebloomError]] = CorpusError
    """The error of a setting that does not fit."""
    kind: Literal["tense"] = "tense"
    """Which world this is."""
    train: int = 100_000
    """Training lines."""
    test_id: int = 1_000
    """Held-out lines like those trained on."""
    test_ood: int = 10_000
    """Generalisation lines, as published."""
    test_apart: int = 2_000
    """Lines on which neither the first nor the nearest noun has the number of the subject."""
    present_frac: float = 0.42
    """Share of `PRESENT` among the training lines; the published files have about this."""
    intransitive_frac: float = 0.16
    """Share of sentences without an object; the grammar's weights would give 1/2."""
    prepositional_frac: float = 0.55
    """Share of noun phrases with a prepositional phrase, of those without a relative clause."""
    relative_frac: float = 0.36
    """Share of objects with a relative clause, which ends the sentence."""
    centre_frac: float = 0.4
    """Share of subjects with a relative clause: centre-embedded."""
    object_clause_frac: float = 1 / 3
    """Share of relative clauses with a subject of their own: `that the yak admires`; the grammar
    has 1/3."""
    disambiguating_frac: float = 0.0
    """Share of training `PRESENT` lines whose last noun before the main verb has another number
    than the subject: they show the rule; published 0."""
    tree_types: int = 0
    """Different trees in the training lines; 0: all that the grammar has."""
    files: str = ""
    """Folder of published files to read instead of drawing sentences; the sizes and shares have no
    effect then."""

    def __post_init__(self) -> None:
        check_sizes_and_shares(self)


def tense_rules(config: TenseConfig) -> Rules:
    """The rules of the published grammar, with the config's shares as weights."""
    rules: dict[str, list[tuple[float, str]]] = {
        "S": [(1, "Subject_S VP_S"), (1, "Subject_P VP_P")],
        "Object": [(1, "Object_S"), (1, "Object_P")],
        "N": [(1, "N_S"), (1, "N_P")],
    }
    for number in "SP":
        noun, relative = f"N_{number}", f"RC_{number}"
        subject = (config.centre_frac, config.prepositional_frac)
        rules[f"Subject_{number}"] = noun_phrase(noun, relative, subject)
        share = (config.relative_frac, config.prepositional_frac)
        rules[f"Object_{number}"] = noun_phrase(noun, relative, share)
        rules[f"VP_{number}"] = [
            (config.intransitive_frac, f"Vi_{number}!"),
            (1 - config.intransitive_frac, f"Vt_{number}! Object"),
        ]
        other = config.object_clause_frac
        rules[relative] = [
            (1 - other, f"Rel Vi_{number}"),
            (other, "Rel ((Det N_S) Vt_S)"),
            (other, "Rel ((Det N_P) Vt_P)"),
            (1 - other, f"Rel (Vt_{number} (Det N))"),
        ]
    return rules


def tense_vocabulary() -> Vocabulary:
    """The start token, the present words, a word class in a row, and the past forms."""
    present = [word for members in LEXICON.values() for word in members]
    verbs = words_of.INTRANSITIVE + words_of.TRANSITIVE
    past = [form for verb in verbs if (form := words_of.past(verb)) not in present]
    return Vocabulary((START, *present, *past, ".", "PAST", "PRESENT"))


def past_forms(vocabulary: Vocabulary) -> Int[ndarray, " word"]:
    """The id of each word's past form; of a word that is no verb, its own."""
    form = np.arange(len(vocabulary))
    for verb in words_of.INTRANSITIVE + words_of.TRANSITIVE:
        past = vocabulary.ids[words_of.past(verb)]
        form[vocabulary.ids[verb]] = past
        form[vocabulary.ids[words_of.third_person(verb)]] = past
    return form


def fronted_rules() -> Rules:
    """The published sentences, each with a prepositional phrase in front; the root is `Fronted`."""
    return {**tense_rules(TenseConfig()), "Fronted": [(1, "(Prep (Det N)) S")]}


def distracted(grammar: Grammar, noun: int = -1) -> Bool[ndarray, " pattern"]:
    """Whether a noun before the main verb has another number than that, and so than the subject.

    noun: which of these nouns; -1 is the nearest, 0 the first.
    """

    def fits(classes: tuple[str, ...], main: int) -> bool:
        nouns = [name for name in classes[:main] if name.startswith("N_")]
        return nouns[noun][-1] != classes[main][-1]

    return np.array([fits(p.classes, p.main) for p in grammar.patterns])


def make_tense(config: TenseConfig, seed: int) -> Corpus:
    """Draws the lines of every split; the same seed gives the same bytes.

    Raises: CorpusError if the grammar does not hold as many distinct lines as asked for.
    """
    rng = np.random.default_rng([seed, Draw.TENSE])
    vocabulary = tense_vocabulary()
    grammar = make_grammar(tense_rules(config), LEXICON, "S")
    writer = TenseWriter(grammar, vocabulary)
    # The knobs change what is trained on; the generalisation lines stay as published.
    published = make_grammar(tense_rules(TenseConfig()), LEXICON, "S")
    tester = TenseWriter(published, vocabulary)
    away = distracted(grammar)
    kept = some_trees(grammar, ~away, config.tree_types, rng)

    def draw_train(n: int) -> Lines:
        n_present = rng.binomial(n, config.present_frac)
        n_telling = rng.binomial(n_present, config.disambiguating_frac)
        parts = [
            (n - n_present, kept, False, "PAST lines"),
            (n_present - n_telling, kept & ~away, True, "ambiguous PRESENT lines"),
            (n_telling, kept & away, True, "disambiguating PRESENT lines"),
        ]
        return mixed_lines(writer, grammar, parts, rng)

    def draw_ood(n: int) -> Lines:
        fits = distracted(published)
        pattern = choose_patterns(published, fits, n, rng, what="generalisation lines")
        return tester.lines(pattern, True, rng)

    apart_rng = np.random.default_rng([seed, Draw.TENSE_APART])
    fronted = make_grammar(fronted_rules(), LEXICON, "Fronted")
    fronter = TenseWriter(fronted, vocabulary)
    # No longer than the published sentences: what is new is the phrase in front, not the length.
    short = fronter.spans.words <= tester.spans.words.max()

    def draw_apart(n: int) -> Lines:
        fits = short & distracted(fronted) & distracted(fronted, noun=0)
        pattern = choose_patterns(fronted, fits, n, apart_rng, what="lines apart")
        return fronter.lines(pattern, True, apart_rng)

    splits = distinct_splits(config, train=draw_train, ood=draw_ood, apart=draw_apart)
    return Corpus(task=TenseTask(), vocabulary=vocabulary, splits=splits, trained=("train",))


class TenseWriter:
    """Writes sentences of the grammar as lines."""

    def __init__(self, grammar: Grammar, vocabulary: Vocabulary) -> None:
        self.grammar = grammar
        self.spans = Spans.of(grammar.patterns)
        self.main = np.array([pattern.main for pattern in grammar.patterns])
        # The words of a class have ids in a row; the class -1 (no word) starts at 0.
        starts = [vocabulary.ids[members[0]] for members in LEXICON.values()]
        self.class_start = np.array([*starts, 0])
        self.past = past_forms(vocabulary).astype(np.int16)
        self.stop, self.to_past, self.to_present = vocabulary.encode((".", "PAST", "PRESENT"))

    def lines(
        self, pattern: Int[ndarray, " line"], to_present: bool, rng: np.random.Generator
    ) -> Lines:
        """Lines of these patterns with words drawn for them."""
        return self.write(pattern, self.grammar.draw(pattern, rng), to_present)

    def write(
        self, pattern: Int[ndarray, " line"], number: Int[ndarray, "line word"], to_present: bool
    ) -> Lines:
        """Lines of these patterns; `number` is that of each word in its class."""
        classes = self.grammar.table[pattern]
        present = np.where(classes < 0, 0, self.class_start[classes] + number).astype(np.int16)
        source = self.past[present]
        task = np.full(len(pattern), self.to_present if to_present else self.to_past)
        tokens = assemble(
            source,
            present if to_present else source,
            self.spans.words[pattern],
            task=task,
            stop=self.stop,
            end=np.full(len(pattern), self.stop),
        )
        return self.spans.lines(tokens, pattern, self.main[pattern])
