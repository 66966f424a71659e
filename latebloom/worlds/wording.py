"""How people call the names of a world: other names for them, and questions in words.

Enters: two files that its owner gives. Leaves: a `Wording`, which is kept in the run folder with
the names.

- *Synonyms*: a row `name, synonym` (`paracetamol, acetaminophen`), for entities and for relations.
- *Phrases*: a row `relations, phrase`, the relations in their order with slashes between them, and
  `{}` in the phrase where the subject stands: `targets / pathway, which pathways does {} act on`.

A name of the world is never a synonym of another: what the table says goes first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from latebloom.errors import FactsError, UnknownNameError
from latebloom.worlds.spelling import skeleton
from latebloom.worlds.vocabulary import Vocabulary

INVERSE = "^"
"""How the name of a relation begins that is another one read backwards, as in SPARQL's paths."""
HOLE = "{}"
"""Where the subject stands in a phrase."""
MOST = 100_000
"""Synonyms, and phrases, at most."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Other names, and phrases.

    synonyms: by the other name, the name. phrases: each with the relations that it asks for.
    """

    synonyms: Mapping[str, str] = field(default_factory=dict)
    phrases: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.synonyms or self.phrases)

    def name(self, word: str, vocabulary: Vocabulary) -> str:
        """The name of the world that a word stands for: itself, then whatever letter case and
        Unicode, then a synonym; of `^word` the same of its word.

        Raises: UnknownNameError with the nearest names.
        """
        try:
            return vocabulary.words[vocabulary.id(word)]
        except UnknownNameError:
            found = self.of_synonym(word)
            if found is None and word.startswith(INVERSE):
                turned = self.of_synonym(word.removeprefix(INVERSE))
                found = None if turned is None else INVERSE + turned
            if found is None or found not in vocabulary.ids:
                raise
            return found

    def of_synonym(self, word: str) -> str | None:
        """The name that a synonym stands for; spelling is forgiven where that leaves one name."""
        if word in self.synonyms:
            return self.synonyms[word]
        key = skeleton(word)
        found = {name for other, name in self.synonyms.items() if skeleton(other) == key}
        return found.pop() if len(found) == 1 else None

    def as_dict(self) -> dict[str, object]:
        """What JSON holds of it; nothing where there is nothing."""
        if not self:
            return {}
        phrases = [[phrase, *relations] for phrase, relations in self.phrases]
        return {"synonyms": dict(self.synonyms), "phrases": phrases}

    @classmethod
    def of(cls, table: Mapping[str, object], vocabulary: Vocabulary) -> "Wording":
        """What `as_dict` gave, in a table whose types were checked.

        Raises: ValueError for a synonym or a phrase of names that the world does not have.
        """
        synonyms: Mapping[str, str] = table.get("synonyms") or {}  # pyright: ignore[reportAssignmentType]
        rows: Sequence[Sequence[str]] = table.get("phrases") or ()  # pyright: ignore[reportAssignmentType]
        for other, name in synonyms.items():
            if name not in vocabulary.ids or other in vocabulary.ids:
                raise ValueError(f"{other!r} is no synonym of a name that there is")
        if any(len(row) < 2 or HOLE not in row[0] for row in rows):
            raise ValueError("a phrase lacks its relations, or the place of its subject")
        if any(name not in vocabulary.ids for row in rows for name in row[1:]):
            raise ValueError("a phrase asks for a relation that there is not")
        return cls(dict(synonyms), tuple((row[0], tuple(row[1:])) for row in rows))


NOTHING_SAID = Wording()
"""Names as they stand in the table."""


def synonyms_of(
    rows: Iterable[tuple[int, list[str]]], source: str, vocabulary: Vocabulary
) -> tuple[dict[str, str], list[str]]:
    """The synonyms in the rows of a table, and remarks on rows that are passed over.

    rows: two cells, the name and the other one, with the number of the row.
    Raises: FactsError for a row that has not two cells, or one synonym of two names.
    """
    synonyms: dict[str, str] = {}
    unknown, taken = list[tuple[int, str]](), list[tuple[int, str]]()
    for number, (name, other) in of_two(rows, source, ("name", "synonym")):
        try:
            name = vocabulary.words[vocabulary.id(name)]
        except UnknownNameError:
            unknown.append((number, name))
            continue
        if other in vocabulary.ids:
            taken.append((number, other))
            continue
        if synonyms.setdefault(other, name) != name:
            raise FactsError(
                f"{source}, row {number}: {other!r} is a synonym of {synonyms[other]!r} and of"
                f" {name!r}; give it once"
            )
    remarks = [f"{source}: {len(synonyms):,} synonyms"]
    for rows_, why in ((unknown, "is no name of the table"), (taken, "is a name of the table")):
        if rows_:
            number, what = rows_[0]
            more = f" and {len(rows_) - 1:,} more" if len(rows_) > 1 else ""
            remarks.append(f"{source}, row {number}: {what!r} {why}{more}; passed over")
    return synonyms, remarks


def phrases_of(
    rows: Iterable[tuple[int, list[str]]], source: str, wording: Wording, vocabulary: Vocabulary
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The phrases in the rows of a table.

    rows: two cells, the relations and the phrase, with the number of the row.
    wording: with the synonyms that relations may be called by.
    Raises: FactsError naming the row for a phrase without a place for the subject, or a relation
    that there is not.
    """
    phrases = []
    for number, (cell, phrase) in of_two(rows, source, ("relations", "phrase")):
        if phrase.count(HOLE) != 1 or not phrase.replace(HOLE, "").strip("?.! "):
            raise FactsError(
                f"{source}, row {number}: write {HOLE} once in {phrase!r}, where the name stands"
            )
        try:
            relations = tuple(wording.name(one, vocabulary) for one in split_relations(cell))
        except UnknownNameError as error:
            raise FactsError(f"{source}, row {number}: {error}") from error
        phrases.append((phrase, relations))
    return tuple(phrases)


def split_relations(cell: str) -> list[str]:
    """The relations of a phrase, parted by slashes, as in SPARQL's paths: `^treats / targets`."""
    return [part.strip() for part in cell.split("/")]


def of_two(
    rows: Iterable[tuple[int, list[str]]], source: str, header: tuple[str, str]
) -> Iterable[tuple[int, tuple[str, str]]]:
    """The rows of a table of two columns, without its header if it has one.

    Raises: FactsError naming the row that has other cells, or if there are too many.
    """
    for count, (number, cells) in enumerate(rows):
        if len(cells) != 2 or not all(cell.strip() for cell in cells):
            raise FactsError(f"{source}, row {number}: give {header[0]} and {header[1]}, two cells")
        if count == MOST:
            raise FactsError(f"{source} has more than {MOST:,} rows")
        one, other = (cell.strip() for cell in cells)
        if count or (one.casefold(), other.casefold()) != header:
            yield number, (one, other)
