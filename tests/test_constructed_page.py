"""The page of `benchmarks.construct`: its figures, from records worked out by hand."""

from benchmarks import constructed_page as page
from benchmarks.construct import STARTS


def start(name, against, kept, steps=300):
    return {
        "start": name,
        "against": against,
        "first": {"test_id": 0.5},
        "kept": {"test_id": kept, "test_ood": None},
        "steps": steps,
    }


def test_a_start_is_held_against_the_random_one_of_its_shape():
    found = [start("random", "", kept) for kept in (100, 100)]
    found += [start("constructed", "random", kept) for kept in (50, 200)]
    lines = page.starts({"starts": found})
    # Twice as soon in one seed and half as soon in the other: alike in the geometric mean.
    assert lines[-1].startswith(
        "| constructed | 0.500 | 125 (50, 200) | never (never, never) | 1.00"
    )
    assert lines[-2].endswith("never (never, never) |  |")


def test_a_run_that_never_got_there_counts_with_all_its_steps():
    alone, found = [start("", "", 100)] * 2, [start("", "", None)] * 2
    assert page.sooner(alone, found) == "0.33 (0.33 to 0.33)"


def test_every_start_is_held_against_one_of_its_own_width():
    for one in STARTS.values():
        if one.against:
            other = STARTS[one.against]
            assert (other.noise, other.ratio) == (None, one.ratio)


def test_the_facts_that_are_held_are_told_for_each_parameter():
    share = {"test_id": 0.5, "test_ood": 0.25}
    one = {
        "way": "constructed",
        "units": 128,
        "seeds": 2,
        "parameters": 1000,
        "facts": [1000, 1000],
        "facts_a_parameter": [1.0, 1.0],
        "accuracy": [share, share],
    }
    line = page.capacity({"capacity": [one]})[-1]
    assert "| 1,000 of 2,000 | 1.0000 (1.0000 to 1.0000) | 0.500 (0.500 to 0.500) |" in line


def test_sets_are_told_by_data_and_weights_and_what_was_not_measured_is_a_dash():
    def one(seed, mrr):
        ranks = {"mrr": mrr, "set_f1": None}
        return {
            "data": "umls",
            "way": "random codes",
            "seed": seed,
            "parameters": 1000,
            "seconds": 2.0 * seed,
            "first": {"atomic_id": 1.0},
            "ranking": {"1p missing": ranks, "2p known": ranks, "2p missing": None},
            "coverage": {"empirical": 0.9, "mean_size": 3.0},
        }

    line = page.sets({"sets": [one(1, 0.5), one(2, 0.5)]})[-1]
    told = "| umls | random codes | 2 | 1,000 | 1.000 | 0.500 | – | 0.500 | – | 0.900 | 3.0 | 3.0 |"
    assert line == told


def test_comparisons_are_told_by_split():
    rows = [
        {
            "recipe": "comparison",
            "seed": seed,
            "parameters": 10,
            "seconds": 1.0,
            "splits": {"test_ood": {"n": 5, "accuracy": share}},
        }
        for seed, share in ((1, 0.75), (2, 0.75))
    ]
    lines = page.comparisons({"comparisons": rows})
    assert lines[-1] == "| comparison | 2 | 10 | 0.750 | 1.0 |" and "test_ood" in lines[-3]


def test_training_on_is_told_by_decay_and_drawn(tmp_path):
    told = [
        {"seed": seed, "decay": decay, "step": step, "accuracy": dict.fromkeys(page.DRAWN, share)}
        for seed in (100, 101)
        for decay in (0.0, 0.3)
        for step, share in ((25, 1.0), (50, 1.0 - decay))
    ]
    lines = page.going_on({"going_on": told})
    assert lines[-1].startswith("| 0.3 | 50 | 0.700 (0.700 to 0.700) |")
    page.draw({"going_on": told}, tmp_path / "drawn.png")
    assert (tmp_path / "drawn.png").stat().st_size > 1000
