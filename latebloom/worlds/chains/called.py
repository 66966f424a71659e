"""The files that say how people call the names of a table: synonyms and phrases.

Enters: a world and the two files. Leaves: the world with its `Wording`.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from latebloom.errors import FactsError
from latebloom.worlds.chains.delimited import Cells
from latebloom.worlds.chains.files import open_cells, readable
from latebloom.worlds.wording import Wording, phrases_of, synonyms_of
from latebloom.worlds.world import World

ENDINGS = (".csv", ".tsv", ".xlsx", ".parquet")


def with_wording(
    world: World, synonyms: str, phrases: str, tell: Callable[[str], None] = lambda line: None
) -> World:
    """The world with the synonyms and phrases of two files; an empty path is no file.

    tell: is told how many there are, and which rows were passed over.
    Raises: FactsError naming file, row and way out.
    """
    wording = world.wording
    if synonyms:
        with table_of_two(Path(synonyms)) as rows:
            found, remarks = synonyms_of(rows, synonyms, world.vocabulary)
        for line in remarks:
            tell(line)
        wording = Wording({**wording.synonyms, **found}, wording.phrases)
    if phrases:
        with table_of_two(Path(phrases)) as rows:
            said = phrases_of(rows, phrases, wording, world.vocabulary)
        tell(f"{phrases}: {len(said):,} phrases")
        wording = Wording(wording.synonyms, said)
    return replace(world, wording=wording)


@contextmanager
def table_of_two(path: Path) -> Generator[Generator[Cells, None, None], None, None]:
    """The rows of such a file.

    Raises: FactsError if it is not there, or of another kind.
    """
    if path.suffix.lower() not in ENDINGS:
        raise FactsError(f"{path}: unknown ending; such a file is one of {', '.join(ENDINGS)}")
    if not path.is_file():
        raise FactsError(f"{path}: there is no such file")
    with readable(path), open_cells(path) as (cells, _):
        yield (row for row in cells)
