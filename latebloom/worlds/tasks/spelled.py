"""Chains over entities whose names have several tokens: `r2 of r1 of anna smith ? ?`.

A name is spelled with words of a stock that all entities share, so no word tells an entity alone.
The answer is a name too: it is read at the places that end the question, one word at each.

| `order`          | a question of two hops       |
|------------------|------------------------------|
| `subject-first`  | `f l of r1 of r2 ? ?`        |
| `relation-first` | `r2 of r1 of f l ? ?`        |

All names have as many places; shorter ones are filled up with a blank at their end. Facts, bridges
and answers are entities, as everywhere; a `Spelling` says how each is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.tasks.chain import ChainTask, likest
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.tasks.spelling import NO_ENTITY, Spelling
from latebloom.worlds.vocabulary import Vocabulary


@dataclass(frozen=True)
class SpelledTask(ChainTask):
    """Questions that follow a chain of facts, about entities whose names are spelled."""

    spelling: Spelling | None = None

    name: ClassVar[str] = "spelled"  # pyright: ignore[reportIncompatibleVariableOverride]

    def __post_init__(self) -> None:
        assert self.layout.has_fillers
        assert not self.layout.mixed
        assert self.spelling is not None

    @property
    def spelled(self) -> Spelling | None:
        return self.spelling

    @property
    def known(self) -> Spelling:
        """The spelling, which is always there."""
        assert self.spelling is not None
        return self.spelling

    def fields(self) -> dict[str, Any]:
        spelled = {"spelled": [list(one) for one in self.known.words], "blank": self.known.blank}
        return {**self.layout.fields(), **spelled}

    @classmethod
    def of_fields(cls, table: Mapping[str, Any]) -> "SpelledTask":
        """The task that `fields` wrote."""
        rest = {name: value for name, value in table.items() if name not in ("spelled", "blank")}
        words = tuple(tuple(int(token) for token in one) for one in table["spelled"])
        return cls(Layout.of_fields(rest), Spelling(words, int(table["blank"])))

    @property
    def relation_first(self) -> bool:
        return self.layout.order == "relation-first"

    def name_at(self, n_tokens: int) -> range:
        """Where the subject's name stands."""
        n = self.known.n_places
        return range(n_tokens - 2 * n, n_tokens - n) if self.relation_first else range(n)

    def relations_at(self, n_tokens: int) -> list[int]:
        """Where the relations stand, as they are followed."""
        hops = self.hops(n_tokens)
        if self.relation_first:
            return [2 * i for i in reversed(range(hops))]
        return [self.known.n_places + 1 + 2 * i for i in range(hops)]

    def places(self, n_tokens: int) -> tuple[str, ...]:
        n = self.known.n_places
        words = {at: f"name {i}" for i, at in enumerate(self.name_at(n_tokens), start=1)}
        words |= {at: f"relation {j}" for j, at in enumerate(self.relations_at(n_tokens), start=1)}
        return tuple(words.get(i, "?" if i >= n_tokens - n else "of") for i in range(n_tokens))

    def hops(self, n_tokens: int) -> int:
        return (n_tokens - 2 * self.known.n_places) // 2

    def names(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row name"]:
        n_tokens = tokens.shape[1]
        entity = self.known.read(tokens[:, list(self.name_at(n_tokens))])
        return np.concatenate((entity[:, None], tokens[:, self.relations_at(n_tokens)]), axis=1)

    def lay(self, names: Int[ndarray, "row name"]) -> Int[ndarray, "row pos"]:
        n, hops = self.known.n_places, names.shape[1] - 1
        n_tokens = 2 * n + 2 * hops
        tokens = np.full((len(names), n_tokens), self.layout.of, np.int64)
        tokens[:, list(self.name_at(n_tokens))] = self.known.written(names[:, 0])
        tokens[:, self.relations_at(n_tokens)] = names[:, 1:]
        tokens[:, n_tokens - n :] = self.layout.end
        return tokens

    def written(self, tokens: Sequence[int]) -> list[int]:
        """A question as it is asked; a name may be given whole, and fillers and blanks left out."""
        spelling, n_entities = self.known, len(self.known.words)
        bare: list[int] = []
        for token in tokens:
            if token in (self.layout.of, self.layout.end, spelling.blank):
                continue
            whole = spelling.written(np.array([token]))[0].tolist() if token < n_entities else []
            bare += [word for word in whole if word != spelling.blank] or [token]
        words = {word for name in spelling.words for word in name}
        named = [token for token in bare if token in words]
        relations = [token for token in bare if token not in words]
        if len(named) > spelling.n_places:
            return list(tokens)  # which `check` refuses
        name = spelling.filled_up(named)
        first = [one for relation in relations for one in (relation, self.layout.of)]
        last = [one for relation in relations for one in (self.layout.of, relation)]
        asked = [*first, *name] if self.relation_first else [*name, *last]
        return [*asked, *[self.layout.end] * spelling.n_places]

    def said_at(self, answers: Sequence[int], n_tokens: int) -> tuple[frozenset[int], ...]:
        """At the places that end the question the words of the names, at the others none."""
        words = self.known.written(np.array(answers, np.int64)).T
        read = tuple(frozenset(column.tolist()) for column in words)
        return (frozenset[int](),) * (n_tokens - len(read)) + read

    def in_one_order(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row pos"]:
        return tokens

    def untraceable(self, n_tokens: int) -> str:
        return (
            "questions whose names have several tokens: a bridge is several states at once, and"
            " tracing moves one"
        )

    def steps(self, n_tokens: int) -> tuple[()]:
        return ()

    def candidates(self, facts: Facts, n_tokens: int) -> tuple[Int[ndarray, " _"], ...]:
        some = [np.empty(0, np.int64)] * n_tokens
        for at, column in zip(self.name_at(n_tokens), self.known.table.T, strict=True):
            some[at] = np.unique(column)
        for at in self.relations_at(n_tokens):
            some[at] = np.unique(facts.relation)
        return tuple(some)

    def check(self, tokens: Sequence[int], facts: Facts, vocabulary: Vocabulary) -> None:
        n_tokens, n = len(tokens), self.known.n_places
        asked = " ".join(self.layout.spread("NAME", ["RELATION", "RELATION"]))
        if n_tokens < 2 * n + 2 or n_tokens % 2:
            raise LatebloomError(
                f"a question is a name of at most {n} words and one relation or more: {asked}"
            )
        spelled = [tokens[i] for i in self.name_at(n_tokens)]
        if self.known.read(np.array([spelled]))[0] == NO_ENTITY:
            said = " ".join(vocabulary.decode(t for t in spelled if t != self.known.blank))
            every = vocabulary.decode(range(len(self.known.words)))
            raise LatebloomError(
                f"{said!r} is no entity's name: {likest(said, every)}; this run is asked {asked}"
            )
        for i in self.relations_at(n_tokens):
            if len(facts) and tokens[i] not in facts.relation:
                relations = vocabulary.decode(np.unique(facts.relation).tolist())
                name = vocabulary.words[tokens[i]]
                raise LatebloomError(
                    f"{name!r} is no relation: {likest(name, relations)}; this run is asked {asked}"
                )
