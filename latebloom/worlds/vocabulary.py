"""The vocabulary: one whole token for each name in a world.

Enters: names. Leaves: ids from 0, in the order given. Ids are stable: a world writes its
entities first, then its relations, then whatever else its questions are made of.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import SupportsIndex

from latebloom.errors import UnknownNameError
from latebloom.worlds.spelling import folded, nearest_of, skeleton


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
        """The id of a name; letter case and Unicode are forgiven where that leaves one name, then
        spaces and hyphens (`latebloom.worlds.spelling`).

        Raises: UnknownNameError, with the nearest known names.
        """
        if word in self.ids:
            return self.ids[word]
        for key in (folded, skeleton):
            wanted = key(word)
            same = [w for w in self.words if key(w) == wanted] if wanted else []
            if len(same) == 1:
                return self.ids[same[0]]
            if same:
                break
        raise UnknownNameError(word, self.nearest(word))

    def encode(self, words: Iterable[str]) -> list[int]:
        return [self.id(word) for word in words]

    def decode(self, ids: Iterable[SupportsIndex]) -> list[str]:
        return [self.words[i] for i in ids]

    def nearest(self, word: str, n: int = 3) -> list[str]:
        """Known names most like `word`, best first: those that begin with it, then by spelling."""
        return nearest_of(word, self.words, n)
