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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import numpy as np
import safetensors.numpy
from numpy import ndarray
from safetensors import SafetensorError

from latebloom.errors import LatebloomError, RunFolderError
from latebloom.reading import parse_json, read_bytes, read_text
from latebloom.records import from_json
from latebloom.worlds.splits import SplitMeaning
from latebloom.worlds.vocabulary import Vocabulary

JSON_FILE = "vocabulary.json"
ARRAYS_FILE = "world.safetensors"
LARGEST = 2**36
"""Bytes of the largest world that is read."""
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


def write_written(
    data: Written,
    arrays: Mapping[str, ndarray],
    folder: Path,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Writes both files into an existing folder. more: further entries of the table."""
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    safetensors.numpy.save_file(whole, folder / ARRAYS_FILE)
    table = {
        "reads": data.reads,
        "task": {"name": data.task.name, **data.task.fields()},
        "trained": list(data.trained),
        "phases": [list(pair) for pair in data.phases],
        "splits": {split: data.meaning(split).as_dict() for split in data.splits},
        "words": list(data.vocabulary.words),
        **(more or {}),
    }
    (folder / JSON_FILE).write_text(json.dumps(table, ensure_ascii=False) + "\n")


def read_written(
    folder: Path, make: Callable[[Mapping[str, Any], Mapping[str, ndarray]], Made]
) -> Made:
    """What `make` makes of the table and the arrays in a folder.

    Raises: RunFolderError if a file is missing or damaged.
    """
    try:
        table = read_table(folder)
        arrays = safetensors.numpy.load(read_bytes(folder / ARRAYS_FILE, LARGEST))
        check_arrays(arrays, len(table["words"]))
        return make(table, arrays)
    except RunFolderError as error:
        raise RunFolderError(f"{folder}: {error}") from error
    except LatebloomError:
        raise
    except (OSError, KeyError, ValueError, TypeError, IndexError, SafetensorError) as error:
        raise RunFolderError(
            f"what {folder} was grown on cannot be read ({error}); grow the run again"
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The types in `vocabulary.json`; format 1 has a list of splits and the task's name alone."""

    task: Any
    trained: list[str]
    splits: Any
    words: list[str]
    reads: str = ""
    phases: list[tuple[str, str]] = field(default_factory=list)
    synonyms: dict[str, str] = field(default_factory=dict)
    phrases: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not isinstance(self.task, str):
            from_json(self.task, Named)
        from_json(
            self.splits, list[str] if isinstance(self.splits, list) else dict[str, SplitMeaning]
        )
        lacks = [split for split in self.trained if split not in self.splits]
        if lacks or not self.trained:
            raise ValueError(f"it is trained on {lacks or 'nothing'}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A task that was written with its fields."""

    name: str


def read_table(folder: Path) -> dict[str, Any]:
    """The table in `vocabulary.json`, of this version or an earlier one.

    Raises: OSError if there is none; ValueError if it is not JSON, or of another shape.
    """
    table = parse_json(read_text(folder / JSON_FILE))
    from_json(table, Table)
    return table


def check_arrays(arrays: Mapping[str, ndarray], words: int) -> None:
    """Whether all that names a word names one of the vocabulary, and what belongs together fits.

    words: how many there are.
    Raises: ValueError naming the array.
    """
    for name, array in arrays.items():
        of_questions, of_lines = name.startswith("splits/"), name.endswith("/tokens")
        if of_questions or of_lines:
            if array.ndim != 2 or not np.issubdtype(array.dtype, np.integer):
                raise ValueError(f"{name} is no matrix of tokens")
        elif name not in ("facts/subject", "facts/relation", "facts/object"):
            continue
        if array.size and not (array.min() >= 0 and array.max() < words):
            raise ValueError(f"{name} names words beyond the {words:,} of the vocabulary")
        if of_lines:
            lengths = arrays[f"{name.removesuffix('tokens')}lengths"]
            fits = lengths.shape == array.shape[:1] and np.all(
                (lengths > 0) & (lengths <= array.shape[1])
            )
            if not fits:
                raise ValueError(f"{name} and its lengths do not fit together")
