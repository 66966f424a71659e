"""Shapes of questions that join branches: `a r1 and b r2`, `a r1 and not b r2`.

A *branch* is a chain, a name and the relations that are followed from it. A *join* takes what two
branches lead to: what both have (`and`), or what the first has and the second has not (`and not`).
Such a question is written with each join after its two branches, so that no brackets are needed
(reverse Polish notation), and a chain stays what it always was:

| shape | as it is asked         | what it asks for                                            |
|-------|------------------------|-------------------------------------------------------------|
| `2i`  | `a r b s and`          | what two branches have in common                            |
| `3i`  | `a r b s and c t and`  | three of them                                               |
| `pi`  | `a r t b s and`        | the first branch is a chain of two hops                     |
| `ip`  | `a r b s and t`        | where a relation leads from what two branches have          |
| `2in` | `a r b s not`          | what the first branch has and the second has not            |
| `3in` | `a r b s and c t not`  | what two have in common, less what the third has            |
| `pin` | `a r t b s not`        | as `2in`; the first branch is a chain of two hops           |
| `pni` | `a r b s t not`        | as `2in`; the second is                                     |
| `inp` | `a r b s not t`        | where a relation leads from there                           |

"Has not" means: as far as the facts tell.

Source: the shapes and their names, BetaE (arXiv:2010.11465).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from numpy import ndarray

NAME, RELATION, BOTH, LESS = "npbl"
"""What a token of a question may be: a name, a relation, or a join: what both have, or what the
first has less what the second has."""
JOINS = (BOTH, LESS)


@dataclass(frozen=True, slots=True)
class Shape:
    """What stands at each place of a question that joins branches.

    form: for each token what it is. alike: where those branches begin, all of one hop, that may
    change places without changing the question.
    """

    name: str
    form: str
    alike: tuple[int, ...] = ()

    @property
    def n_tokens(self) -> int:
        """Tokens of such a question."""
        return len(self.form)

    @property
    def depth(self) -> int:
        """Steps that need the one before: look-ups in a row, and each join is a step as well."""
        depths: list[int] = []
        for kind in self.form:
            if kind == NAME:
                depths.append(0)
            elif kind == RELATION:
                depths.append(depths.pop() + 1)
            else:
                depths.append(max(depths.pop(), depths.pop()) + 1)
        return depths[0]

    @property
    def reach(self) -> int:
        """How many tokens before a join, itself counted, the nearer end of its first branch lies:
        what a model's window must hold to join."""
        ends: list[int] = []
        farthest = 1
        for place, kind in enumerate(self.form):
            if kind in JOINS:
                ends.pop()
                farthest = max(farthest, place - ends.pop() + 1)
            elif kind == RELATION:
                ends.pop()
            ends.append(place)
        return farthest

    @property
    def branches(self) -> tuple[slice, ...]:
        """Where each branch stands."""
        starts = [place for place, kind in enumerate(self.form) if kind == NAME]
        ends = []
        for start in starts:
            rest = self.form[start + 1 :]
            ends.append(start + 1 + len(rest) - len(rest.lstrip(RELATION)))
        return tuple(slice(*both) for both in zip(starts, ends, strict=True))

    def in_one_order(self, questions: Int[ndarray, "row token"]) -> Int[ndarray, "row token"]:
        """The same questions, with the branches that may change places in ascending order: two are
        equal here if they ask for the same."""
        if not self.alike:
            return questions
        of_branch = np.stack([questions[:, at : at + 2] for at in self.alike], axis=1)
        order = np.lexsort((of_branch[:, :, 1], of_branch[:, :, 0]), axis=1)
        of_branch = np.take_along_axis(of_branch, order[:, :, None], axis=1)
        turned = questions.copy()
        for number, at in enumerate(self.alike):
            turned[:, at : at + 2] = of_branch[:, number]
        return turned


def operands(form: str) -> tuple[str, str]:
    """The two parts of a form that ends in a join, without the join."""
    needed = 1
    for at in range(len(form) - 2, -1, -1):
        needed += {NAME: -1, RELATION: 0}.get(form[at], 1)
        if not needed:
            return form[:at], form[at:-1]
    raise AssertionError(f"{form!r} joins nothing")


SHAPES: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape("2i", "npnpb", alike=(0, 2)),
        Shape("3i", "npnpbnpb", alike=(0, 2, 5)),
        Shape("pi", "nppnpb"),
        Shape("ip", "npnpbp", alike=(0, 2)),
        Shape("2in", "npnpl"),
        Shape("3in", "npnpbnpl", alike=(0, 2)),
        Shape("pin", "nppnpl"),
        Shape("pni", "npnppl"),
        Shape("inp", "npnplp"),
    )
}
"""All shapes, by the names that the field gives them."""


def shapes_of(names: tuple[str, ...]) -> Iterator[Shape]:
    """The shapes of these names, in their order here."""
    return (shape for name, shape in SHAPES.items() if name in names)
