"""The ladder: what its rungs are, its control, and its table and figure; nothing is grown long."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from benchmarks import ladder
from latebloom.errors import LatebloomError
from latebloom.recipes.chains import composition
from latebloom.recipes.readers import reader
from latebloom.worlds.chains.made import CompositionConfig, make_composition


def changes(one, other):
    """The fields of model and feed in which two configs differ."""
    return {
        field.name
        for section in ("model", "feed")
        for field in dataclasses.fields(getattr(one, section))
        if getattr(getattr(one, section), field.name)
        != getattr(getattr(other, section), field.name)
    }


def test_each_rung_changes_one_thing_and_the_last_is_the_default():
    configs = [config for rung, config in ladder.configs() if rung.name != ladder.APART]
    assert configs[-1].model == composition().model
    assert configs[-1].feed == composition().feed
    steps = [changes(one, other) for one, other in pairwise(configs)]
    # To run one layer twice instead of two layers once is one thing and takes two fields.
    assert steps[0] == {"n_layers", "n_loops"}
    assert all(len(step) == 1 for step in steps[1:])
    assert len({config.train for config in configs}) == 1
    assert configs[0].train.until == ""


def test_the_reader_stands_apart_in_the_same_worlds():
    rows = {rung.name: config for rung, config in ladder.configs()}
    own, last = rows[ladder.APART], rows[ladder.RUNGS[-1].name]
    assert own.model == reader().model
    assert own.world == last.world
    assert own.train.until == ""


def test_a_cell_for_each_row_column_and_seed():
    cells = ladder.cells(2)
    assert len(cells) == 2 * len(ladder.ROWS) * len(ladder.COLUMNS)
    assert {cell.values["rung"] for cell in ladder.cells(1, ["gate"])} == {"gate"}
    assert len({cell.name for cell in cells}) == len(cells)
    assert {cell.seed for cell in cells} == {100, 101}


def test_shuffled_answers_follow_from_nothing_and_are_the_same_answers():
    world = make_composition(CompositionConfig(phi=2.0), 5)
    mixed = ladder.shuffled(world, 5)
    for split, rows in world.splits.items():
        other = mixed.splits[split]
        np.testing.assert_array_equal(other[:, :-1], rows[:, :-1])
        assert sorted(other[:, -1]) == sorted(rows[:, -1])
        right = (world.task.solve(world.facts, other[:, :-1]) == other[:, -1]).mean()
        assert right == 1 if split.startswith("atomic") else right < 0.05


@pytest.fixture
def record():
    """A record as `measure` leaves it, the figures made up."""
    rng = np.random.default_rng(0)
    cells = []
    for rung in ladder.ROWS:
        for column in ladder.COLUMNS:
            splits = [
                "test_id",
                "test_ood",
                *(["train_inferred"] if column.name != "phi 0" else []),
            ]
            runs = [dict.fromkeys(splits, float(share)) for share in rng.random(3)]
            cells.append(
                {"rung": rung.name, "column": column.name, "splits": ladder.over_seeds(runs)}
            )
    return {
        "command": "python -m benchmarks.ladder --seeds 3",
        "commit": "0" * 40,
        "date": "2026-01-01",
        "machine": {"processor": "a processor"},
        "seeds": [100, 101, 102],
        "steps": 400,
        "rungs": [
            {"name": rung.name, "adds": rung.adds, "commit": "0" * 40, "date": "2026-01-01"}
            for rung in ladder.ROWS
        ],
        "columns": [{"name": column.name, "says": column.says} for column in ladder.COLUMNS],
        "cells": cells,
    }


def test_the_table_and_the_figure_show_every_cell(record):
    page = ladder.table(record)
    rows = [line for line in page.splitlines() if line.startswith(("| plain", "| + ", "| reader"))]
    assert len(rows) == len(ladder.ROWS)
    assert all(row.count("|") == len(ladder.COLUMNS) + 2 for row in rows)
    first = record["cells"][0]["splits"]["test_id"]
    low, high = (ladder.short(bound) for bound in first["ci95"])
    assert f"{ladder.short(first['mean'])} ({low}-{high})" in rows[0]
    assert rows[0].split("|")[4].startswith(" -;")  # phi 0 trains on no composed question
    figure = ladder.draw(record)
    written = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert len(written) == 2 * len(record["cells"])
    assert written[0] == ladder.short(first["mean"])


def test_rows_measured_anew_take_the_place_of_the_old_ones_and_say_when(record):
    new = {
        **record,
        "rungs": [{"name": "gate", "adds": "anew", "commit": "1" * 40, "date": "2026-02-02"}],
        "cells": [
            {**cell, "splits": {"anew": True}} for cell in record["cells"] if cell["rung"] == "gate"
        ],
    }
    found = ladder.joined(record, new)
    assert [rung["name"] for rung in found["rungs"]] == [rung.name for rung in ladder.ROWS]
    assert len(found["cells"]) == len(record["cells"])
    anew = {cell["rung"] for cell in found["cells"] if "anew" in cell["splits"]}
    assert anew == {"gate"}
    assert ladder.made_at(found)["1" * 40, "2026-02-02"] == ["gate"]
    with pytest.raises(LatebloomError, match="seeds"):
        ladder.joined(record, {**new, "seeds": [1]})


def test_a_mean_over_seeds_has_students_interval():
    told = ladder.over_seeds([{"test_id": 0.4}, {"test_id": 0.5}, {"test_id": 0.6}])["test_id"]
    assert told["mean"] == pytest.approx(0.5)
    assert told["ci95"] == pytest.approx(
        [0.5 - 4.3027 * 0.1 / 3**0.5, 0.5 + 4.3027 * 0.1 / 3**0.5], rel=1e-4
    )
