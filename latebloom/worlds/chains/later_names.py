"""The names of facts that are told later: which of them a world knows, and which are new.

Enters: the names of a world by their kind, and those of a table. Leaves: the place of each. A name
is found as it stands, else with letter case and compatible Unicode forms (NFKC) forgiven. Refused
is what cannot be meant: a relation where an entity belongs, an entity where a relation does, a name
that is like several, and two new ones that only letter case tells apart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import FactsError
from latebloom.worlds.spelling import folded
from latebloom.worlds.wording import INVERSE


@dataclass(frozen=True, slots=True)
class Known:
    """The names of a world by kind, for finding those of a table.

    counts: how many there are. exact, alike: the place of each within its kind, by the name and by
    its folded form (None where several share it).
    """

    source: str
    counts: tuple[int, int]
    exact: tuple[dict[str, int], dict[str, int]]
    alike: tuple[dict[str, int | None], dict[str, int | None]]

    @classmethod
    def of(cls, entities: Sequence[str], relations: Sequence[str], source: str) -> "Known":
        """Of entities and forward relations."""
        exact = [{name: i for i, name in enumerate(names)} for names in (entities, relations)]
        # A relation that is called as an entity was given a suffix when the run was grown.
        for name, i in list(exact[1].items()):
            plain = name.removesuffix(" (relation)")
            if plain in exact[0]:
                exact[1].setdefault(plain, i)
        alike = (by_folded(exact[0]), by_folded(exact[1]))
        return cls(source, (len(entities), len(relations)), (exact[0], exact[1]), alike)

    def place(
        self, names: Iterable[str], *, as_relation: bool
    ) -> tuple[Int[ndarray, " name"], list[str]]:
        """The place of each name within its kind, and the names that are new.

        Raises: FactsError for a name of the other kind, or one that looks like another.
        """
        exact, alike = self.exact[as_relation], self.alike[as_relation]
        other = self.exact[not as_relation]
        kind, wrong = ("relation", "entity") if as_relation else ("entity", "relation")
        places, new, seen = [], list[str](), dict[str, str]()
        for name in names:
            place = exact.get(name)
            if place is None:
                if name in other:
                    raise FactsError(
                        f"{self.source}: {name!r} is known as {a(wrong)} and stands as {a(kind)};"
                        " look whether columns are exchanged, or rename it"
                    )
                if as_relation and name.startswith(INVERSE):
                    raise FactsError(
                        f"{self.source}: the relation {name!r} is one read backwards; tell the fact"
                        f" forwards: OBJECT, {name.removeprefix(INVERSE)}, SUBJECT"
                    )
                key = folded(name)
                place = alike.get(key)
                if key in alike and place is None:
                    raise FactsError(
                        f"{self.source}: {name!r} is like several names of this run; spell it as"
                        " one of them"
                    )
                if place is None:
                    if key in seen:
                        raise FactsError(
                            f"{self.source}: {seen[key]!r} and {name!r} are told apart by letter"
                            " case alone; spell them alike"
                        )
                    seen[key] = name
                    place = self.counts[as_relation] + len(new)
                    new.append(name)
            places.append(place)
        return np.array(places, np.int64), new


def by_folded(names: dict[str, int]) -> dict[str, int | None]:
    """The place of each name by its folded form; None where that leaves several."""
    found: dict[str, int | None] = {}
    for name, i in names.items():
        key = folded(name)
        found[key] = i if found.get(key, i) == i else None
    return found


def a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
