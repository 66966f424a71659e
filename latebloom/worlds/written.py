"""The two files of a world in a run folder: `vocabulary.json` and `world.safetensors`.

Enters: a world or a corpus and its arrays. Leaves: the files, and back. The JSON says what every
split holds and whether a run is judged by it, so that a report can be made from the folder alone:

    {"reads": "questions", "task": {"name": "composition"}, "trained": ["atomic_id", ...],
     "phases": [["systematic", "valid_ood"], ["generalising", "valid_id"]],
     "splits": {"test_ood": {"holds": "new questions over OOD facts", "ood": true, "judged": true}},
     "words": ["e0", "e1", ...]}

Run folders of format 1 have the task's name alone, and a list of splits; both are read.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import numpy as np
import safetensors.numpy
from numpy import ndarray
from safetensors import SafetensorError

from latebloom.errors import LatebloomError, RunFolderError
from latebloom.worlds.splits import SplitMeaning
from latebloom.worlds.vocabulary import Vocabulary

JSON_FILE = "vocabulary.json"
ARRAYS_FILE = "world.safetensors"
Made = TypeVar("Made")


@runtime_checkable
class Written(Protocol):
    """What can be written: a world, a corpus."""

    reads: ClassVar[str]

    @property
    def task(self) -> Any: ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def splits(self) -> Mapping[str, Any]: ...

    @property
    def trained(self) -> tuple[str, ...]: ...

    @property
    def phases(self) -> tuple[tuple[str, str], ...]: ...

    def meaning(self, split: str) -> SplitMeaning: ...


def write_written(data: Written, arrays: Mapping[str, ndarray], folder: Path) -> None:
    """Writes both files into an existing folder."""
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    safetensors.numpy.save_file(whole, folder / ARRAYS_FILE)
    table = {
        "reads": data.reads,
        "task": {"name": data.task.name, **data.task.fields()},
        "trained": list(data.trained),
        "phases": [list(pair) for pair in data.phases],
        "splits": {split: data.meaning(split).as_dict() for split in data.splits},
        "words": list(data.vocabulary.words),
    }
    (folder / JSON_FILE).write_text(json.dumps(table, ensure_ascii=False) + "\n")


def read_written(
    folder: Path, make: Callable[[Mapping[str, Any], Mapping[str, ndarray]], Made]
) -> Made:
    """What `make` makes of the table and the arrays in a folder.

    Raises: RunFolderError if a file is missing or damaged.
    """
    try:
        table = json.loads((folder / JSON_FILE).read_text())
        arrays = safetensors.numpy.load_file(folder / ARRAYS_FILE)
        return make(table, arrays)
    except RunFolderError as error:
        raise RunFolderError(f"{folder}: {error}") from error
    except LatebloomError:
        raise
    except (OSError, KeyError, ValueError, TypeError, SafetensorError) as error:
        raise RunFolderError(
            f"what {folder} was grown on cannot be read ({error}); grow the run again"
        ) from error
