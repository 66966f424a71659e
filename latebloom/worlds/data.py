"""What a run is trained and tested on: a world of facts and questions, or a corpus of sentences.

Both have a vocabulary, splits, the names of those that are trained on, and a task that says what
is asked and judged; both are saved into a run folder and read back from it. What needs more than
that says which of the two it takes, and `as_world` and `as_corpus` say it to the user.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latebloom.errors import RunFolderError
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.tasks import SentenceTask
from latebloom.worlds.splits import SplitMeaning
from latebloom.worlds.tasks.task import Task
from latebloom.worlds.world import World
from latebloom.worlds.written import JSON_FILE, read_written

Data = World | Corpus
"""What a run is trained and tested on."""


def load_data(folder: Path, tasks: Sequence[Task | SentenceTask] = ()) -> Data:
    """Reads what `Data.save` wrote into a folder.

    tasks: tasks of one's own, for data that asks such a task.
    Raises: RunFolderError if a file is missing or damaged, or the task is not known.
    """

    def make(table: Any, arrays: Any) -> Data:
        if reads(table) == Corpus.reads:
            return Corpus.of(table, arrays, [t for t in tasks if isinstance(t, SentenceTask)])
        return World.of(table, arrays, [t for t in tasks if isinstance(t, Task)])

    return read_written(folder, make)


def reads(table: Any) -> str:
    """What `vocabulary.json` holds: `questions` or `sentences`; format 1 tells by its task."""
    if "reads" in table:
        return str(table["reads"])
    sentence_tasks = ("question", "tense", "dyck", "sentences")
    return Corpus.reads if table["task"] in sentence_tasks else World.reads


def read_meanings(folder: Path) -> tuple[str, dict[str, SplitMeaning]]:
    """What a run folder's model reads, and the meaning of each split, without loading the data.

    Reads `vocabulary.json` alone. Of a folder of format 1 the known tasks tell the meanings.
    Raises: RunFolderError if the file is missing or damaged.
    """
    try:
        table = json.loads((folder / JSON_FILE).read_text())
        if isinstance(table["splits"], dict):
            splits = table["splits"].items()
            return reads(table), {name: SplitMeaning.from_dict(one) for name, one in splits}
        old = load_data(folder)
        return old.reads, {split: old.meaning(split) for split in old.splits}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunFolderError(f"{folder / JSON_FILE} cannot be read ({error})") from error


def as_world(data: Data, path: Path | str) -> World:
    """A run's data where an instrument asks facts.

    Raises: RunFolderError if it is sentences.
    """
    if isinstance(data, Corpus):
        raise RunFolderError(
            f"{path} was grown on sentences ({data.task.name}) and holds no facts to ask; what"
            f" looks into it is `latebloom trees {path}`"
        )
    return data


def as_corpus(data: Data, path: Path | str) -> Corpus:
    """A run's data where an instrument reads sentences.

    Raises: RunFolderError if it is facts.
    """
    if isinstance(data, World):
        raise RunFolderError(
            f"{path} was grown on facts ({data.task.name}) and holds no sentences; grow a run that"
            " does, such as `latebloom grok question`"
        )
    return data
