"""A world: what is true, what is trained on, and what is held out.

Every maker (`make_composition`, `make_facts_world`, ...) leaves one `World`; the model, the
training and the instruments know only this.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import safetensors.numpy
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import RunFolderError, WorldError
from latebloom.worlds.vocabulary import Vocabulary


class Split(StrEnum):
    """Names of the splits, the same everywhere (arXiv:2405.15071, section 2).

    The letters of `test_oi` and `test_io` tell which hop is OOD: `oi` the first, `io` the second
    (arXiv:2505.23653). Longer chains have the names that `hops_split` gives.
    """

    ATOMIC_ID = "atomic_id"
    ATOMIC_OOD = "atomic_ood"
    TRAIN_INFERRED = "train_inferred"
    IDENTITY = "train_identity"
    AUGMENTED = "train_augmented"
    TEST_ID = "test_id"
    TEST_OI = "test_oi"
    TEST_IO = "test_io"
    TEST_OOD = "test_ood"
    TEST_HARD = "test_hard"


ATOMIC = (Split.ATOMIC_ID, Split.ATOMIC_OOD)
"""The splits of atomic facts; looped models are supervised on them after every loop."""


def hops_split(hops: int, *, train: bool = False, ood: bool = False) -> str:
    """The name of a split of longer chains: `train_hops_3`, `test_hops_5`, `test_hops_5_ood`."""
    return f"{'train' if train else 'test'}_hops_{hops}{'_ood' if ood else ''}"


@dataclass(frozen=True, slots=True)
class Facts:
    """Atomic facts (subject, relation) -> object as token ids, with what is held out of inference.

    At most one object for a (subject, relation). `ood` marks the facts that are trained on their
    own but enter no inferred training fact.
    """

    subject: Int[ndarray, " fact"]
    relation: Int[ndarray, " fact"]
    object: Int[ndarray, " fact"]
    ood: Bool[ndarray, " fact"]

    def __len__(self) -> int:
        return len(self.subject)

    def find(
        self, subject: Int[ndarray, " query"], relation: Int[ndarray, " query"]
    ) -> Int[ndarray, " query"]:
        """The index of the fact that answers each (subject, relation), -1 where there is none."""
        if not len(self):
            return np.full(np.shape(subject), -1, np.int64)
        width = int(max(self.relation.max(initial=0), np.max(relation, initial=0))) + 1
        keys = self.subject.astype(np.int64) * width + self.relation
        order = np.argsort(keys, kind="stable")
        wanted = np.asarray(subject, np.int64) * width + relation
        at = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(self) - 1)
        found = order[at]
        return np.where(keys[found] == wanted, found, -1)


@dataclass(frozen=True, slots=True)
class World:
    """Facts, splits and vocabulary. All that enters a training, and all that it is tested on.

    task: which kind of question is asked (`composition`, `comparison`, ...).
    facts: the atomic facts behind the questions.
    splits: for each split one integer matrix `[example, token]`; the last column is the answer,
        those before it the question. A split holds questions of one length.
    trained: the names of the splits that are trained on, in a fixed order.
    """

    task: str
    vocabulary: Vocabulary
    facts: Facts
    splits: Mapping[str, Int[ndarray, "example token"]]
    trained: tuple[str, ...]

    def examples(self, split: str) -> Int[ndarray, "example token"]:
        """The examples of a split: question tokens, then the answer.

        Raises: WorldError, naming the splits that there are.
        """
        if split not in self.splits:
            raise WorldError(f"this world has no split {split!r}; it has {', '.join(self.splits)}")
        return self.splits[split]

    @property
    def tested(self) -> tuple[str, ...]:
        """The held-out splits, in order."""
        return tuple(name for name in self.splits if name not in self.trained)

    @property
    def phi(self) -> float:
        """Inferred training facts for each ID atomic fact (arXiv:2405.15071, section 3.1)."""
        n_id = int((~self.facts.ood).sum())
        return len(self.splits.get(Split.TRAIN_INFERRED, ())) / n_id if n_id else 0.0

    def save(self, folder: Path) -> None:
        """Writes `vocabulary.json` and `world.safetensors` into an existing folder."""
        facts = {f"facts/{name}": getattr(self.facts, name) for name in Facts.__slots__}
        splits = {f"splits/{name}": rows for name, rows in self.splits.items()}
        arrays = {k: np.ascontiguousarray(v) for k, v in (facts | splits).items()}
        safetensors.numpy.save_file(arrays, folder / "world.safetensors")
        table = {
            "task": self.task,
            "trained": list(self.trained),
            "splits": list(self.splits),
            "words": list(self.vocabulary.words),
        }
        (folder / "vocabulary.json").write_text(json.dumps(table, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "World":
        """Reads what `save` wrote.

        Raises: RunFolderError if a file is missing or damaged.
        """
        try:
            table = json.loads((folder / "vocabulary.json").read_text())
            arrays = safetensors.numpy.load_file(folder / "world.safetensors")
            return cls(
                task=table["task"],
                vocabulary=Vocabulary(tuple(table["words"])),
                facts=Facts(**{name: arrays[f"facts/{name}"] for name in Facts.__slots__}),
                splits={name: arrays[f"splits/{name}"] for name in table["splits"]},
                trained=tuple(table["trained"]),
            )
        except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
            raise RunFolderError(
                f"the world in {folder} cannot be read ({error}); grow the run again"
            ) from error
