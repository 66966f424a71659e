"""Splits: the parts that a world's examples are divided into, and what each of them means.

Enters: nothing. Leaves: the names of the splits, the same everywhere, and `SplitMeaning`, by which
a task says what one of its splits holds and whether a run is judged by it. Progress, phases and
reports show a split by its meaning; none of them knows which kind of question it holds.

Beside a test split, `test_ood`, may stand its *validation* split, `valid_ood`: questions of the
same kind, set aside for whatever is decided during a training (when to stop, what to change). What
is reported is read from the test split, which no decision has looked at.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Literal


class Split(StrEnum):
    """Names of the splits, the same everywhere (arXiv:2405.15071, section 2).

    The letters of `test_oi` and `test_io` tell which hop is OOD: `oi` the first, `io` the second
    (arXiv:2505.23653). Longer chains have the names that `hops_split` gives.
    """

    TRAIN = "train"
    """Lines of sentences that are trained on."""
    ATOMIC_ID = "atomic_id"
    ATOMIC_OOD = "atomic_ood"
    ATOMIC_LATER = "atomic_later"
    """Facts that a run learned later, with all others of the same subject and relation."""
    TRAIN_INFERRED = "train_inferred"
    TRAIN_CROSS = "train_cross"
    """Comparisons of an entity whose value is told with one whose value is hidden."""
    IDENTITY = "train_identity"
    AUGMENTED = "train_augmented"
    TRAIN_COMPARED = "train_compared"
    """Comparisons of a world that asks chains as well."""
    TEST_ID = "test_id"
    TEST_OI = "test_oi"
    TEST_IO = "test_io"
    TEST_OOD = "test_ood"
    TEST_COMPARED_ID = "test_compared_id"
    TEST_COMPARED_OOD = "test_compared_ood"
    TEST_MISSING = "test_missing"
    """Two-hop answers that need a fact which was never told."""
    TEST_MISSING_3 = "test_missing_3"
    """Three-hop answers that need a fact which was never told."""
    TEST_LINKS = "test_links"
    """Facts that were never told, asked alone."""
    TEST_LATER = "test_later"
    """Two-hop answers that need a fact which a run learned later."""
    TEST_APART = "test_apart"
    """Sentences on which the structural rule is apart from every linear one that is scored."""
    TEST_HARD = "test_hard"
    """Comparisons of hidden values that follow only from comparisons and told values together."""
    TEST_EASY = "test_easy"
    """Comparisons of hidden values that follow from the trained comparisons alone."""
    TEST_UNDECIDABLE = "test_undecidable"
    """Comparisons of hidden values that no chain of trained facts decides."""
    TEST_VALUES = "test_values"
    """The hidden values themselves, all of them: atomic facts that nobody told."""


ENOUGH = 30
"""Held-out questions from which on a share of right answers says something: of 30, right in all,
the true share lies above 88 % (95 % interval of Wilson)."""

ATOMIC = (Split.ATOMIC_ID, Split.ATOMIC_OOD, Split.ATOMIC_LATER)
"""The splits of atomic facts; looped models are supervised on them after every loop."""

HOPS = re.compile(r"(train|test)_hops_(\d+)(_ood)?")
"""The names that `hops_split` gives."""


def hops_split(hops: int, *, train: bool = False, ood: bool = False) -> str:
    """The name of a split of longer chains: `train_hops_3`, `test_hops_5`, `test_hops_5_ood`."""
    return f"{'train' if train else 'test'}_hops_{hops}{'_ood' if ood else ''}"


SHAPED = re.compile(r"(train|test)_(?:(missing|ood)_)?(\d?[ip]+n?[ip]*)")
"""The names that `shape_split` gives."""


ShapedKind = Literal["train", "test", "test_missing", "test_ood"]
"""What is asked in a split of questions that join branches."""


def shape_split(shape: str, kind: ShapedKind) -> str:
    """The name of a split of questions that join branches: `train_2i`, `test_2i`,
    `test_missing_2i`, `test_ood_2i`."""
    return f"{kind}_{shape}"


TEST, VALID = "test_", "valid_"
"""How the names of test splits and of validation splits begin."""


def is_test(split: str) -> bool:
    """Whether this is the name of a test split."""
    return split.startswith(TEST)


def is_validation(split: str) -> bool:
    """Whether this is the name of a validation split."""
    return split.startswith(VALID)


def as_valid(split: str) -> str:
    """The validation split of a test split: `valid_ood` of `test_ood`; other names stay."""
    return VALID + split.removeprefix(TEST) if is_test(split) else split


def as_test(split: str) -> str:
    """The test split of a validation split: `test_ood` of `valid_ood`; other names stay."""
    return TEST + split.removeprefix(VALID) if is_validation(split) else split


def chosen_by(split: str, splits: Iterable[str]) -> str:
    """The split by which something is decided: the validation split where there is one."""
    return as_valid(split) if as_valid(split) in splits else split


def for_choosing(accuracy: Mapping[str, float]) -> dict[str, float]:
    """An evaluation as whoever decides sees it: under each test's name its validation figure,
    where there is one."""
    return {split: accuracy[chosen_by(split, accuracy)] for split in accuracy}


@dataclass(frozen=True, slots=True)
class SplitMeaning:
    """What one split of a task holds.

    holds: in a few words, for people. ood: whether its questions rest on what training never
    composed or showed; such splits are drawn dashed. judged: whether a run is judged by it.
    """

    holds: str = ""
    ood: bool = False
    judged: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The meaning for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> "SplitMeaning":
        """What `as_dict` gave."""
        return cls(str(table["holds"]), bool(table["ood"]), bool(table["judged"]))


def meaning_of(split: str, meaning: Callable[[str], SplitMeaning]) -> SplitMeaning:
    """The meaning of any split; a validation split means what its test split does.

    meaning: that of the splits which a task knows.
    """
    known = meaning(split)
    if known.holds or not is_validation(split):
        return known
    tested = meaning(as_test(split))
    return replace(tested, holds=f"{tested.holds} (validation)".strip(), judged=False)
