"""A folder in the published format: which of the formats it has, in and out.

Enters: a folder that the notebooks of arXiv:2405.15071 wrote (`train.json`, `test.json`,
`vocab.json`), or one with the files of arXiv:2305.18741 (`question.train`, ...). Leaves: the world
or the corpus in it; and the other way round.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from latebloom.errors import FactsError, WorldError
from latebloom.files import whole_folder
from latebloom.worlds.config import WorldSettings
from latebloom.worlds.data import Data
from latebloom.worlds.published.chains import read_chain_files, write_chain_files
from latebloom.worlds.published.comparisons import (
    is_comparison_vocabulary,
    read_comparison_dataset,
    write_comparison_files,
)
from latebloom.worlds.published.items import FILES
from latebloom.worlds.published.sentences import read_published, task_of_files, write_published
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.comparison import ComparisonTask, HiddenValuesTask
from latebloom.worlds.validation import undivided
from latebloom.worlds.world import World

WRITERS: Mapping[str, Callable[[World, Path], None]] = {
    ChainTask.name: write_chain_files,
    ComparisonTask.name: write_comparison_files,
    HiddenValuesTask.name: write_comparison_files,
}
"""What writes the questions of each task that has a published format."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetConfig(WorldSettings):
    """A world that was written down before, with its splits; of the seed depends only which of its
    questions are set aside for validation."""

    asks: ClassVar[str] = ""
    """What it asks stands in its files."""
    kind: Literal["dataset"] = "dataset"
    """Which world this is."""
    folder: str = ""
    """The folder that holds the files, as `--data DIR` names it."""
    valid_frac: float = 0.0
    """Share of every test split that is set aside as its validation split (`valid_id` of
    `test_id`); by default the published tests stay whole, and all steps are run."""


def make_dataset_world(config: DatasetConfig) -> Data:
    """Reads the folder that the config names.

    Raises: FactsError or CorpusError as `read_folder`.
    """
    if not config.folder:
        raise FactsError(
            f"world.folder is empty; name a folder with {', '.join(FILES)}, or with the published"
            " files of sentences: --data DIR"
        )
    return read_folder(Path(config.folder))


def read_folder(folder: Path) -> Data:
    """Reads a folder in any of the published formats.

    Raises: FactsError or CorpusError naming the file, the item or line, and what is wrong with it;
    FactsError for a folder that is none.
    """
    if not folder.is_dir():
        raise FactsError(f"{folder} is no folder; name one with {', '.join(FILES)}")
    task = task_of_files(folder)
    if task is not None:
        return read_published(folder, task)
    if not any((folder / name).is_file() for name in FILES):
        raise FactsError(
            f"{folder} holds no data set in a published format: neither {', '.join(FILES)}, nor"
            " question.train, tense.train or k-KINDS_d-DEPTH_train.txt with their test files"
        )
    return read_dataset(folder)


def read_dataset(folder: Path) -> World:
    """Reads a folder of questions: composition, comparison or complex reasoning.

    Raises: FactsError naming the file, the item, and what is wrong with it.
    """
    if is_comparison_vocabulary(folder / "vocab.json"):
        return read_comparison_dataset(folder)
    return read_chain_files(folder)


def write_folder(data: Data, folder: Path) -> None:
    """Writes a world or a corpus in its published format; the folder appears when it is complete.

    The formats have no place for validation splits: their questions are written with the tests.
    Raises: FactsError or CorpusError if the folder exists or cannot be written, or the task has no
    published format.
    """
    whole = undivided(data)
    if isinstance(whole, Corpus):
        write_published(whole, folder)
    else:
        write_dataset(whole, folder)


def write_dataset(world: World, folder: Path) -> None:
    """Writes a world of questions; the folder appears only when it is complete.

    Raises: FactsError if the folder exists or cannot be written; WorldError for a task without a
    published format.
    """
    if world.task.name not in WRITERS:
        raise WorldError(
            f"a world of the task {world.task.name!r} has no published format here; those that have"
            f" one: {', '.join(WRITERS)}"
        )
    if folder.exists():
        raise FactsError(f"{folder} exists; give a new folder")
    try:
        with whole_folder(folder) as aside:
            WRITERS[world.task.name](world, aside)
    except OSError as error:
        raise FactsError(f"{folder} cannot be written: {error.strerror or error}") from error
