"""How a chain is laid out: the order of its names, and the words between them.

Enters: names in the order in which they are followed, `subject r_1 ... r_k`. Leaves: the tokens
that are asked, and back. The answer is always read at the last token.

| `order`          | without fillers | with fillers           |
|------------------|-----------------|------------------------|
| `subject-first`  | `h r1 r2`       | `h of r1 of r2 ?`      |
| `relation-first` | `r2 r1 h`       | `r2 of r1 of h ?`      |

Atomic facts, which are chains of one hop, and rows that ask a bare name are laid out likewise. All
else works on the names in their order, and asks a `Layout` for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from jaxtyping import Int
from numpy import ndarray

Order = Literal["subject-first", "relation-first"]
FILLERS = ("of", "?")
"""The words between two names, and at the end of a question."""
NO_FILLER = -1
"""Stands for the token of a filler that there is not."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the subject and the relations stand in a question of any length.

    of: the token between two names. end: the token after the last. Either both are there or none.
    """

    order: Order = "subject-first"
    of: int = NO_FILLER
    end: int = NO_FILLER

    usual: ClassVar["Layout"]
    """The subject, then its relations, and nothing between them."""

    @property
    def has_fillers(self) -> bool:
        return self.of != NO_FILLER

    @property
    def stride(self) -> int:
        """How far apart two neighbouring names stand."""
        return 2 if self.has_fillers else 1

    def n_names(self, n_tokens: int) -> int:
        """How many names a question of so many tokens has, the subject among them."""
        return n_tokens // self.stride

    def n_tokens(self, n_names: int) -> int:
        """How many tokens a question of so many names has."""
        return n_names * self.stride

    def positions(self, n_tokens: int) -> tuple[int, ...]:
        """Where the subject stands, then where each relation stands, as they are followed."""
        forward = range(0, self.n_names(n_tokens) * self.stride, self.stride)
        return tuple(forward if self.order == "subject-first" else reversed(forward))

    def lay(self, names: Int[ndarray, "row name"]) -> Int[ndarray, "row pos"]:
        """Questions as they are asked, from their names in the order in which they are followed."""
        n_tokens = self.n_tokens(names.shape[1])
        tokens = np.full((len(names), n_tokens), self.of, names.dtype)
        tokens[:, self.positions(n_tokens)] = names
        if self.has_fillers:
            tokens[:, -1] = self.end
        return tokens

    def names(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row name"]:
        """The names of questions as they are asked, in the order in which they are followed."""
        return tokens[:, self.positions(tokens.shape[1])]

    def written(self, tokens: Sequence[int]) -> list[int]:
        """A question as it is asked, from one in which some or all fillers may be left out."""
        bare = [token for token in tokens if token not in (self.of, self.end)]
        unlaid = Layout(self.order).names(np.array([bare], np.int64))
        return self.lay(unlaid)[0].tolist()

    def spread(self, subject: str, relations: Sequence[str]) -> tuple[str, ...]:
        """Words for the places of a question: what is given for its names, and the fillers."""
        n_tokens = self.n_tokens(1 + len(relations))
        words = dict(zip(self.positions(n_tokens), (subject, *relations), strict=True))
        between, end = FILLERS
        return tuple(words.get(i, end if i == n_tokens - 1 else between) for i in range(n_tokens))

    def fields(self) -> dict[str, Any]:
        """What JSON must hold to make the same layout again; nothing for the usual one."""
        fillers = {"of": self.of, "end": self.end} if self.has_fillers else {}
        return {} if self == Layout.usual else {"order": self.order, **fillers}

    @classmethod
    def of_fields(cls, table: Mapping[str, Any]) -> "Layout":
        """The layout that `fields` wrote."""
        return cls(**table)


Layout.usual = Layout()
