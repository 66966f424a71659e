"""Rules that a reader of sentences may follow: the structural one, and linear ones beside it.

Enters: lines. Leaves: a `Choice`: the words between which a reader chooses at the judged place, and
by each rule the word that it would choose. Where two rules choose different words, a model's choice
shows which of the two it follows; where they choose the same word nothing is shown.

Covers: question formation and tense inflection. Does not cover: rules that are no function of the
words before the task word, such as a guess among the words that agree.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.worlds.sentences import lexicon as words_of
from latebloom.worlds.sentences.lines import Lines
from latebloom.worlds.vocabulary import Vocabulary

AUXILIARIES = words_of.SINGULAR_AUXILIARIES + words_of.PLURAL_AUXILIARIES


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen between at the judged word of some lines, their `target`.

    lines: those that ask for a choice. among: the ids of the words that compete in each.
    rules: by name, the structural one first, the id that each rule chooses.
    """

    lines: Lines
    among: Int[ndarray, "line candidate"]
    rules: Mapping[str, Int[ndarray, " line"]]


def choice_of_auxiliary(lines: Lines, vocabulary: Vocabulary) -> Choice:
    """Which auxiliary of the sentence its question begins with; of lines with `quest`.

    `first_not_after_who_or_that` passes over the auxiliary of `that does sleep`, but takes that of
    `that the yak does admire` for the main one.
    """
    lines = asking("quest", lines, vocabulary)
    tokens, row = lines.tokens, np.arange(len(lines))
    auxiliary = stand_in(AUXILIARIES, lines, vocabulary)
    bare = auxiliary.copy()
    bare[:, 1:] &= ~stand_in(words_of.RELATIVES, lines, vocabulary)[:, :-1]
    return Choice(
        lines,
        among=np.tile(vocabulary.encode(AUXILIARIES), (len(lines), 1)),
        rules={
            "main_auxiliary": tokens[row, lines.target],
            "first_auxiliary": tokens[row, first_of(auxiliary)],
            "last_auxiliary": tokens[row, last_of(auxiliary)],
            "first_not_after_who_or_that": tokens[row, first_of(bare)],
        },
    )


def choice_of_form(lines: Lines, vocabulary: Vocabulary) -> Choice:
    """Which noun of the sentence its main verb agrees with; of lines with `PRESENT`.

    The two forms of the verb compete. The nearest noun is the last one before the verb, the last
    noun that of the whole sentence.
    """
    lines = asking("PRESENT", lines, vocabulary)
    tokens, row = lines.tokens, np.arange(len(lines))
    noun = stand_in([*words_of.NOUNS, *words_of.PLURAL_NOUNS], lines, vocabulary)
    plural = np.isin(tokens, vocabulary.encode(words_of.PLURAL_NOUNS))
    # The sentence begins at position 1, its output at `prompt`.
    verb = (lines.target - lines.prompt + 1)[:, None]
    before = noun & (np.arange(tokens.shape[1]) < verb)
    right = tokens[row, lines.target]
    forms = present_forms(vocabulary)[right]

    def agreeing(place: Int[ndarray, " line"]) -> Int[ndarray, " line"]:
        return forms[row, plural[row, place].astype(int)]

    return Choice(
        lines,
        among=forms,
        rules={
            "subject": right,
            "first_noun": agreeing(first_of(noun)),
            "nearest_noun": agreeing(last_of(before)),
            "last_noun": agreeing(last_of(noun)),
        },
    )


def present_forms(vocabulary: Vocabulary) -> Int[ndarray, "word 2"]:
    """The singular and the plural of each verb in the present; of another word, itself twice."""
    verbs = words_of.INTRANSITIVE + words_of.TRANSITIVE
    singular = vocabulary.encode([words_of.third_person(verb) for verb in verbs])
    plural = vocabulary.encode(verbs)
    forms = np.stack([np.arange(len(vocabulary))] * 2, axis=1)
    forms[singular] = forms[plural] = np.stack((singular, plural), axis=1)
    return forms


def asking(task_word: str, lines: Lines, vocabulary: Vocabulary) -> Lines:
    """The lines with this task word."""
    found = lines.tokens[np.arange(len(lines)), lines.prompt - 1]
    return lines.take(np.flatnonzero(found == vocabulary.ids[task_word]))


def stand_in(
    words: Collection[str], lines: Lines, vocabulary: Vocabulary
) -> Bool[ndarray, "line pos"]:
    """Where one of these words stands in the sentence, before the task word."""
    position = np.arange(lines.tokens.shape[1])
    return np.isin(lines.tokens, vocabulary.encode(words)) & (position < lines.prompt[:, None])


def first_of(where: Bool[ndarray, "line pos"]) -> Int[ndarray, " line"]:
    """The first of the places in each line; 0, the start token, where there is none."""
    return where.argmax(axis=1)


def last_of(where: Bool[ndarray, "line pos"]) -> Int[ndarray, " line"]:
    """The last of the places in each line; 0, the start token, where there is none."""
    return np.where(where, np.arange(where.shape[1]), 0).max(axis=1)
