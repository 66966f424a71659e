"""Reading a question that joins branches: `a inhibits and b ^treats`, `a inhibits and not b
treats`, `a inhibits and b ^treats then pathway`.

Enters: the words. Leaves: `Joined`, the question with each join after its two branches, as
`latebloom.worlds.tasks.shapes` has it. Words are joined from left to right: `and`, `and not`, and
`then`, from where relations lead on. A run that is trained on such questions may also be asked them
as it has them, `a inhibits b ^treats and`. The two ways to write cannot be mistaken for each other:
a word between branches comes before the second of them, a join after its two branches comes later.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from latebloom.errors import LatebloomError, UnknownNameError
from latebloom.worlds.tasks.chain import check_relation
from latebloom.worlds.tasks.shapes import BOTH, JOINS, LESS, NAME, RELATION, SHAPES, Shape, operands
from latebloom.worlds.world import World

AND, NOT, THEN = "and", "not", "then"
"""The words between branches: both; with `and` before it, the first less the second; and from
there on."""
PLACE = 0
"""Stands where a join does in the tokens of a run whose vocabulary has none."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A question that joins branches.

    form: what each token is. tokens: those of names and relations count, a join is told by the
    form. words: as it was asked, in names.
    """

    form: str
    tokens: tuple[int, ...]
    words: tuple[str, ...]

    @property
    def branches(self) -> tuple[tuple[int, ...], ...]:
        """The tokens of each branch."""
        return tuple(self.tokens[part] for part in Shape("", self.form).branches)

    @property
    def joins(self) -> bool:
        """Whether there are two branches or more."""
        return any(kind in JOINS for kind in self.form)

    @property
    def bears(self) -> tuple[bool, ...]:
        """Of each branch, whether answers rest on it: not on one that is taken away."""
        return tuple(bearing(self.form))

    def trained_in(self, world: World) -> "tuple[Shape, Joined] | None":
        """The shape that a run is trained on and the question as it has it; None if there is none.

        The two branches that are joined first may change places for it, if `and` joins them.
        """
        joins, trained = world.task.joins, world.task.trained_shapes
        for one in (self, self.longest_first()):
            for shape in SHAPES.values():
                if shape.form == one.form and shape.name in trained:
                    tokens = zip(one.form, one.tokens, strict=True)
                    return shape, replace(
                        one, tokens=tuple(joins.get(kind, token) for kind, token in tokens)
                    )
        return None

    def longest_first(self) -> "Joined":
        """The question with the two branches before its first join changed, if that is `and` and
        the second is longer."""
        at = next(place for place, kind in enumerate(self.form) if kind in JOINS)
        if self.form[at] != BOTH:
            return self
        one, other = operands(self.form[: at + 1])
        if len(other) <= len(one):
            return self
        first, second = self.tokens[: len(one)], self.tokens[len(one) : at]
        form = other + one + self.form[at:]
        return replace(self, form=form, tokens=(*second, *first, *self.tokens[at:]))


def bearing(form: str) -> list[bool]:
    """Of each branch of a form, whether answers rest on it."""
    if form[-1] == RELATION:
        return bearing(form[:-1])
    if form == NAME:
        return [True]
    one, other = operands(form)
    return [*bearing(one), *(bears and form[-1] == BOTH for bears in bearing(other))]


def join_of(world: World, word: str) -> str:
    """What a word stands for between branches, `and`, `not` or `then`; empty if it is a name."""
    try:
        token = world.vocabulary.ids[world.wording.name(word, world.vocabulary)]
    except UnknownNameError:
        return word.lower() if word.lower() in (AND, NOT, THEN) else ""
    kinds = {join: kind for kind, join in world.task.joins.items()}
    return {BOTH: AND, LESS: NOT}.get(kinds.get(token, ""), "")


def joins(world: World, question: Sequence[str]) -> bool:
    """Whether a question joins branches."""
    return any(join_of(world, word) for word in question)


def read_joined(
    world: World, question: Sequence[str], read: Callable[[World, Sequence[str]], list[int]]
) -> Joined:
    """The question that somebody wrote.

    read: what reads a chain. Raises: LatebloomError where a branch is none; what `read` raises.
    """
    had = as_it_is_had(world, question)
    if had is not None:
        return had
    parts: list[tuple[str, list[str]]] = [("", [])]
    for word in question:
        join = join_of(world, word)
        if not join:
            parts[-1][1].append(word)
        elif join == NOT:
            if parts[-1] != (AND, []):
                raise LatebloomError(f"write `{AND} {NOT}` before a branch that is to be left out")
            parts[-1] = (NOT, [])
        else:
            parts.append((join, []))
    form, tokens, said = "", list[int](), list[str]()
    for join, part in parts:
        if not part:
            where = f"after {join!r}" if join else f"before {parts[1][0]!r}"
            raise LatebloomError(f"{where} stands no branch: a name and its relations")
        found = relations_of(world, part) if join == THEN else branch(world, read(world, part))
        kinds = RELATION * len(part) if join == THEN else NAME + RELATION * (len(found) - 1)
        closing = {AND: BOTH, NOT: LESS}.get(join, "")
        form += kinds + closing
        tokens += [*found, *[PLACE] * len(closing)]
        said += [*([AND] if join == NOT else []), *([join] if join else [])]
        said += world.vocabulary.decode(found)
    return Joined(form, tuple(tokens), tuple(said))


def branch(world: World, tokens: list[int]) -> list[int]:
    """A chain as its names, subject first, however the run lays a question out."""
    return world.task.names(np.array([tokens]))[0].tolist()


def relations_of(world: World, words: Sequence[str]) -> list[int]:
    """The tokens of the relations after `then`.

    Raises: UnknownNameError; LatebloomError for a name that is no relation.
    """
    found = [world.vocabulary.ids[world.wording.name(word, world.vocabulary)] for word in words]
    for token in found:
        check_relation(token, f"a relation after {THEN!r}", world.facts, world.vocabulary)
    return found


def as_it_is_had(world: World, words: Sequence[str]) -> Joined | None:
    """A question as a run that is trained on such has it, each join after its branches; None if it
    is written another way.

    Raises: LatebloomError if the run is trained on none of its shape.
    """
    task = world.task
    if not task.joins:
        return None
    try:
        tokens = world.read(words)
    except UnknownNameError:
        return None
    kinds = {token: kind for kind, token in task.joins.items()}
    n_names = task.n_competing(len(world.vocabulary))
    form = "".join(kinds.get(t, NAME if t < n_names else RELATION) for t in tokens)
    if not in_place(form):
        return None
    task.check(tokens, world.facts, world.vocabulary)
    return Joined(form, tuple(tokens), tuple(world.vocabulary.decode(tokens)))


def in_place(form: str) -> bool:
    """Whether each relation stands after what it leads on from, and each join after its two."""
    depth = 0
    for kind in form:
        if depth < {NAME: 0, RELATION: 1}.get(kind, 2):
            return False
        depth += {NAME: 1, RELATION: 0}.get(kind, -1)
    return depth == 1
