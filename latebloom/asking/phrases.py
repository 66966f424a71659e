"""Questions in words, by the phrases that a run was given: "which pathways does imatinib act on".

Enters: a sentence. Leaves: the subject and the relations that it asks for. Where the sentence is a
phrase with a name in its place, that is read off; else the longest name that stands in it is taken
out, and the phrase that is most like the rest is meant if it is alike enough (rapidfuzz). A
sentence that is like no phrase is not guessed at: the nearest phrase is given back.
"""

from rapidfuzz import fuzz, process

from latebloom.errors import LatebloomError
from latebloom.worlds.spelling import folded
from latebloom.worlds.wording import HOLE
from latebloom.worlds.world import World

ALIKE = 80
"""How alike a sentence and a phrase must be, of 100, to be taken for the same."""
ENDS = "?.! "
JOINING = frozenset(
    ["and", "or", "not", "but", "no", "never", "without", "except", "neither", "nor"]
)
"""Words that turn or join what a phrase says; a phrase that lacks one means something else."""


def from_words(world: World, text: str) -> list[str]:
    """The names that a sentence asks for, subject first.

    Raises: UnknownNameError for a name in a phrase that there is not; LatebloomError, with the
    nearest phrase, for a sentence that is like none.
    """
    wording, said = world.wording, folded(text).strip(ENDS)
    for phrase, relations in wording.phrases:
        before, after = plain(phrase).split(HOLE)
        middle = said.removeprefix(before).removesuffix(after)
        if len(middle) == len(said) - len(before) - len(after) and middle.strip():
            return [wording.name(middle.strip(), world.vocabulary), *relations]
    name, rest = name_in(world, said)
    by_phrase = {plain(phrase): relations for phrase, relations in wording.phrases}
    best, alike, _ = process.extractOne(rest, list(by_phrase), scorer=fuzz.ratio)
    if not name or alike < ALIKE:
        nearest = next(phrase for phrase, _ in wording.phrases if plain(phrase) == best)
        why = "no name of this run stands in it" if not name else "it is like no phrase of this run"
        raise LatebloomError(f"{text!r}: {why}; the nearest phrase: {nearest!r}")
    unsaid = [word for word in rest.split() if word in JOINING and word not in best.split()]
    if unsaid:
        raise LatebloomError(
            f"{text!r}: a phrase joins nothing, and {unsaid[0]!r} is not in the nearest one; write"
            " the names and relations, with `and` or `and not` between the branches"
        )
    return [name, *by_phrase[best]]


def plain(phrase: str) -> str:
    """A phrase as sentences are compared with it."""
    return folded(phrase).strip(ENDS)


def name_in(world: World, said: str) -> tuple[str, str]:
    """The entity with the longest name, or other name, that stands in a sentence, and the sentence
    with a hole in its place; empty where there is none.

    said: in small letters.
    """
    names = world.vocabulary.words
    entities = set(names[: world.task.n_competing(len(names))])
    called = {folded(name): name for name in entities}
    called = {
        folded(other): name for other, name in world.wording.synonyms.items() if name in entities
    } | called
    inside = f" {said} "
    found = max((one for one in called if f" {one} " in inside), key=len, default="")
    if not found:
        return "", said
    return called[found], inside.replace(f" {found} ", f" {HOLE} ", 1).strip()
