"""What a run is trained and tested on: a world of facts and questions, or a corpus of sentences.

Both have a vocabulary, splits, the names of those that are trained on, and a task that says what
is asked and judged; both are saved into a run folder and read back from it. What needs more than
that says which of the two it takes, and `as_world` and `as_corpus` say it to the user.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os.path import lexists
from pathlib import Path
from typing import Any

from latebloom.errors import RunFolderError
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.tasks import SENTENCE_TASKS, SentenceTask, sentence_task_of
from latebloom.worlds.splits import SplitMeaning
from latebloom.worlds.tasks.saved import task_of
from latebloom.worlds.tasks.task import Task
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World
from latebloom.worlds.written import JSON_FILE, read_table, read_written

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
    of_sentences = {task.name for task in SENTENCE_TASKS}
    return Corpus.reads if table["task"] in of_sentences else World.reads


@dataclass(frozen=True, slots=True)
class Description:
    """What a run folder says of its data without its arrays.

    reads: `questions` or `sentences`. meanings: of each split. phases: of a training, the highest
    first, each with the split that it is told by.
    """

    reads: str = World.reads
    meanings: Mapping[str, SplitMeaning] = field(default_factory=dict)
    phases: tuple[tuple[str, str], ...] = Task.phases


def describe(folder: Path) -> Description:
    """What the data in a run folder is, told by `vocabulary.json` alone.

    Of a folder of format 1 the known tasks tell it; without such a file it is the usual.
    Raises: RunFolderError if the file is damaged.
    """
    if not lexists(folder / JSON_FILE):
        return Description()
    try:
        table = read_table(folder)
        if isinstance(table["splits"], list):
            task = task_of_table(table)
            meanings = {split: task.meaning(split) for split in table["splits"]}
            return Description(reads(table), meanings, task.phases)
        splits = table["splits"].items()
        return Description(
            reads(table),
            {name: SplitMeaning.from_dict(one) for name, one in splits},
            tuple((str(phase), str(split)) for phase, split in table["phases"]),
        )
    except RunFolderError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunFolderError(f"{folder / JSON_FILE} cannot be read ({error})") from error


def task_of_table(table: Mapping[str, Any]) -> Task | SentenceTask:
    """The task in a `vocabulary.json` of format 1, which is one of latebloom's."""
    if reads(table) == Corpus.reads:
        return sentence_task_of(table["task"])
    return task_of(table["task"], Vocabulary(tuple(table["words"])))


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
