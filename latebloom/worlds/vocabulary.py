"""The vocabulary: one whole token for each name in a world.

Enters: names. Leaves: ids from 0, in the order given. Ids are stable: a world writes its
entities first, then its relations, then whatever else its questions are made of.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import SupportsIndex

from latebloom.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """An immutable two-way table between names and token ids.

    Raises: ValueError if a name stands twice.
    """

    words: tuple[str, ...]
    ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ids = {word: i for i, word in enumerate(self.words)}
        if len(ids) != len(self.words):
            seen: set[str] = set()
            twice = next(w for w in self.words if w in seen or seen.add(w))
            raise ValueError(f"the name {twice!r} stands twice in the vocabulary")
        object.__setattr__(self, "ids", ids)

    def __len__(self) -> int:
        return len(self.words)

    def id(self, word: str) -> int:
        """The id of a name; letter case is forgiven where that leaves one name.

        Raises: UnknownNameError, with the nearest known names.
        """
        if word in self.ids:
            return self.ids[word]
        folded = [w for w in self.words if w.casefold() == word.casefold()]
        if len(folded) == 1:
            return self.ids[folded[0]]
        raise UnknownNameError(word, self.nearest(word))

    def encode(self, words: Iterable[str]) -> list[int]:
        return [self.id(word) for word in words]

    def decode(self, ids: Iterable[SupportsIndex]) -> list[str]:
        return [self.words[i] for i in ids]

    def nearest(self, word: str, n: int = 3) -> list[str]:
        """Known names most like `word`, best first: those that begin with it, then by spelling."""
        begin = [w for w in self.words if w.casefold().startswith(word.casefold())][:n]
        alike = difflib.get_close_matches(word, self.words, n=n, cutoff=0.4)
        return list(dict.fromkeys(begin + alike))[:n]
