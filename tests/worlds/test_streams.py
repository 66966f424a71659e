"""The numbers of the random streams: as they always were, and nowhere else."""

import re
from pathlib import Path

import numpy as np
import pytest

import latebloom
from latebloom.errors import LatebloomError
from latebloom.worlds.streams import MOST, Draw, check_seed


def test_the_numbers_are_those_that_every_figure_was_measured_with():
    assert {name: int(draw) for name, draw in Draw.__members__.items()} == {
        **{"COMPOSITION": 1, "OWN_FACTS": 1},
        **{"BATCHES": 2, "LINES": 2, "PROBE": 2},
        **{"COMPARISON": 3, "OWN_NUMBERS": 3, "DEALING": 3, "OPERANDS": 3},
        **{"HIDDEN_ATTRIBUTES": 4, "BRIDGES": 4},
        **{"QUESTION": 11, "TENSE": 12, "DYCK": 13, "TREES": 14},
        **{"PROJECTED": 15, "RANDOM_TREES": 16, "VALIDATION": 17},
        **{"QUESTION_APART": 18, "TENSE_APART": 19, "OTHER_BRIDGE": 20},
        **{"NOISE": 21, "SETS": 22, "MIXED": 23, "NAMES": 24, "LATER": 25, "NEW_NAMES": 26},
        **{"CARRIED": 27, "TABLE": 28, "JOINED": 29},
        **{"MODULAR": 30, "PERMUTATIONS": 31, "PARITY": 32, "LOGIC": 33, "FREQUENCIES": 34},
        **{"DISTRACTORS": 35},
    }


def test_a_name_draws_what_its_number_draws():
    one, other = (np.random.default_rng([7, stream]) for stream in (Draw.TENSE, 12))
    assert one.integers(2**60) == other.integers(2**60)


def test_no_file_has_a_number_of_its_own():
    files = sorted(Path(latebloom.__file__).parent.rglob("*.py"))
    assert len(files) > 100
    for path in files:
        bare = re.search(r"\[(?:\w+\.)?seed, *\d+", path.read_text())
        assert not bare, f"{path}: {bare[0]} ...: name the stream in worlds/streams.py"


def test_every_stream_is_drawn_from():
    package = Path(latebloom.__file__).parent
    text = "".join(path.read_text() for path in package.rglob("*.py"))
    assert set(re.findall(r"Draw\.([A-Z_]+)", text)) == set(Draw.__members__)


@pytest.mark.parametrize("seed", [-1, MOST + 1])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(LatebloomError, match=f"seed is {seed}; it must lie in"):
        check_seed(seed)


def test_the_largest_seed_seeds_the_last_dropout():
    import torch

    check_seed(MOST)
    largest = MOST * 1_000_003 + 10**15
    torch.manual_seed(largest)
    assert torch.initial_seed() == largest
