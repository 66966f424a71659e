"""How a chain is laid out: the order of its names, and the words between them.

Enters: names in the order in which they are followed, `subject r_1 ... r_k`. Leaves: the tokens
that are asked, and back. The answer is always read at the last token.

| `order`          | without fillers | with fillers           |
|------------------|-----------------|------------------------|
| `subject-first`  | `h r1 r2`       | `h of r1 of r2 ?`      |
| `relation-first` | `r2 r1 h`       | `r2 of r1 of h ?`      |

`mixed` holds both: every atomic fact is told in either order, and of the longer questions half
stand in one and half in the other. Which it is one tells from the first name, a relation or not.
Instruments, which look at one place of many questions, have them all subject first.

Atomic facts, which are chains of one hop, and rows that ask a bare name are laid out likewise. All
else works on the names in their order, and asks a `Layout` for it.

Facts may stand before a question that have nothing to do with it: `e5 r2 e9 . r2 of r1 of h ?`.
Which ones is drawn elsewhere (`latebloom.worlds.tasks.before`), since a layout knows no facts: what
it lays out has `. . . .` in their place.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

Order = Literal["subject-first", "relation-first", "mixed"]
FILLERS = ("of", "?")
"""The words between two names, and at the end of a question."""
SAY_NOTHING = frozenset(("what", "who", "is", "the"))
"""Words that may stand in a question with fillers and say nothing, as in "what is the r of the s of
h?"; unless they are names."""
STOP = "."
"""The word after each fact that stands before a question."""
TOLD = ("told subject", "told relation", "told object", STOP)
"""What stands at the places of such a fact."""
NO_FILLER = -1
"""Stands for the token of a filler that there is not."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the subject and the relations stand in a question of any length.

    of: the token between two names. end: the token after the last. Either both are there or none.
    relations: where orders are mixed, the first token that is a relation, and the one after the
        last.
    facts: how many facts stand before the question. stop: the token after each of them.
    salt: a number of the world by which they are drawn.
    """

    order: Order = "subject-first"
    of: int = NO_FILLER
    end: int = NO_FILLER
    relations: tuple[int, int] = (0, 0)
    facts: int = 0
    stop: int = NO_FILLER
    salt: int = 0

    usual: ClassVar["Layout"]
    """The subject, then its relations, and nothing between them."""

    @property
    def has_fillers(self) -> bool:
        return self.of != NO_FILLER

    @property
    def stride(self) -> int:
        """How far apart two neighbouring names stand."""
        return 2 if self.has_fillers else 1

    @property
    def begins(self) -> int:
        """Where the question itself begins, behind the facts before it."""
        return self.facts * len(TOLD)

    def n_names(self, n_tokens: int) -> int:
        """How many names a question of so many tokens has, the subject among them."""
        return (n_tokens - self.begins) // self.stride

    def n_tokens(self, n_names: int) -> int:
        """How many tokens a question of so many names has."""
        return self.begins + n_names * self.stride

    @property
    def mixed(self) -> bool:
        """Whether questions stand in either order."""
        return self.order == "mixed"

    @property
    def one(self) -> "Layout":
        """The layout itself; of mixed ones the one with the subject first."""
        return replace(self, order="subject-first", relations=(0, 0)) if self.mixed else self

    @property
    def other(self) -> "Layout":
        """Of mixed layouts the one with the relations first."""
        return replace(self.one, order="relation-first")

    @property
    def each(self) -> tuple["Layout", ...]:
        """Every order that there is: itself, or of mixed ones both, the subject first and last."""
        return (self.one, self.other) if self.mixed else (self,)

    def positions(self, n_tokens: int) -> tuple[int, ...]:
        """Where the subject stands, then where each relation stands, as they are followed; of
        mixed layouts those of `one`."""
        forward = range(
            self.begins, self.begins + self.n_names(n_tokens) * self.stride, self.stride
        )
        return tuple(reversed(forward) if self.order == "relation-first" else forward)

    def lay(self, names: Int[ndarray, "row name"]) -> Int[ndarray, "row pos"]:
        """Questions as they are asked, from their names in the order in which they are followed.

        Mixed: the relation stands first where the sum of a row's tokens is odd.
        """
        if self.mixed:
            odd = (names.sum(axis=1) % 2 == 1)[:, None]
            return np.where(odd, self.other.lay(names), self.one.lay(names))
        ordered = names[:, ::-1] if self.order == "relation-first" else names
        return self.filled(ordered)

    def lay_both(self, names: Int[ndarray, "row name"]) -> Int[ndarray, "row_of_each pos"]:
        """The questions in every order that there is."""
        return np.concatenate([layout.lay(names) for layout in self.each])

    def filled(self, ordered: Int[ndarray, "row name"]) -> Int[ndarray, "row pos"]:
        """Names as they stand, with the fillers put between and after them."""
        tokens = np.full((len(ordered), self.n_tokens(ordered.shape[1])), self.of, ordered.dtype)
        tokens[:, : self.begins] = self.stop
        tokens[:, self.begins :: self.stride] = ordered
        if self.has_fillers:
            tokens[:, -1] = self.end
        return tokens

    def turned(self, tokens: Int[ndarray, "row pos"]) -> Bool[ndarray, " row"]:
        """Which questions stand with their relations first."""
        if self.mixed:
            first, stop = self.relations
            return (tokens[:, self.begins] >= first) & (tokens[:, self.begins] < stop)
        return np.full(len(tokens), self.order == "relation-first")

    def names(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row name"]:
        """The names of questions as they are asked, in the order in which they are followed."""
        bare = tokens[:, self.begins :: self.stride]
        if not self.mixed:
            return bare[:, ::-1] if self.order == "relation-first" else bare
        return np.where(self.turned(tokens)[:, None], bare[:, ::-1], bare)

    def in_one_order(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row pos"]:
        """The same questions, all laid out as `positions` says."""
        if not self.mixed:
            return tokens
        return self.behind(tokens, self.one.lay(self.names(tokens)))

    def itself(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row bare"]:
        """Questions without the facts before them."""
        return tokens[:, self.begins :]

    def behind(
        self, tokens: Int[ndarray, "row pos"], others: Int[ndarray, "row other"]
    ) -> Int[ndarray, "row other"]:
        """Other questions, behind the facts that stand before these."""
        return np.concatenate((tokens[:, : self.begins], self.itself(others)), axis=1)

    def written(self, tokens: Sequence[int]) -> list[int]:
        """A question as it is asked, from one in which some or all fillers may be left out, and all
        facts before it."""
        after = max((i + 1 for i, token in enumerate(tokens) if token == self.stop), default=0)
        bare = [token for token in tokens[after:] if token not in (self.of, self.end)]
        asked = self.filled(np.array([bare], np.int64))[0].tolist()
        return [*tokens[:after], *asked[self.begins :]] if after else asked

    def spoken(self, words: Sequence[str], names: Container[str]) -> list[str]:
        """The words of a question without those that say nothing, and without a `?` at a name."""
        words = [part for word in words for part in self.stopped(word, names)]
        if not self.has_fillers:
            return words
        end = FILLERS[-1]
        kept = (word for word in words if word in names or word.casefold() not in SAY_NOTHING)
        return [word if word in names else word.removesuffix(end) or word for word in kept]

    def stopped(self, word: str, names: Container[str]) -> list[str]:
        """A word of a question; of a last word of a fact that is written `e9.` the two words."""
        name = word.removesuffix(STOP)
        return [name, STOP] if self.facts and word not in names and name in names else [word]

    def spread(self, subject: str, relations: Sequence[str]) -> tuple[str, ...]:
        """Words for the places of a question: what is given for its names, and the fillers."""
        n_tokens = self.n_tokens(1 + len(relations))
        words = dict(zip(self.positions(n_tokens), (subject, *relations), strict=True))
        words |= dict(enumerate(TOLD * self.facts))
        between, end = FILLERS
        return tuple(words.get(i, end if i == n_tokens - 1 else between) for i in range(n_tokens))

    def asked(self, subject: str, relations: Sequence[str]) -> str:
        """For messages: a question, before which facts may stand that need not be written."""
        asked = " ".join(self.spread(subject, relations)[self.begins :])
        if not self.facts:
            return asked
        return f"{asked}, with nothing before it or {self.facts} times `SUBJECT RELATION OBJECT .`"

    def fields(self) -> dict[str, Any]:
        """What JSON must hold to make the same layout again; nothing for the usual one."""
        fillers = {"of": self.of, "end": self.end} if self.has_fillers else {}
        mixed = {"relations": list(self.relations)} if self.mixed else {}
        told = {"facts": self.facts, "stop": self.stop, "salt": self.salt} if self.facts else {}
        return {} if self == Layout.usual else {"order": self.order, **fillers, **mixed, **told}

    @classmethod
    def of_fields(cls, table: Mapping[str, Any]) -> "Layout":
        """The layout that `fields` wrote."""
        others = {name: value for name, value in table.items() if name != "relations"}
        first, stop = table.get("relations", (0, 0))
        return cls(**others, relations=(first, stop))


Layout.usual = Layout()
