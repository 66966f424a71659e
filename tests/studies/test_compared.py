"""Tables over seeds in every format, runs beside each other, and their figures."""

import csv
import json

import numpy as np
import pytest

from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import make_recipe
from latebloom.reports.compared import on_common_steps
from latebloom.studies.compared import names_of
from latebloom.studies.grow import grow
from latebloom.studies.table import SweepTable, over_runs

ROWS = [
    {"run": "a", "recipe": "x", "world.phi": 2.0, "seed": 0, "n.test_id": 10},
    {"run": "b", "recipe": "x", "world.phi": 2.0, "seed": 1, "n.test_id": 10},
    {"run": "c", "recipe": "x", "world.phi": 2.0, "seed": 2, "n.test_id": 10},
]
USUAL = {"steps": 50, "stopped_by": "steps", "seconds": 1.0, "device": "cpu", "parameters": 9}


def rows(*kept):
    """Three seeds that kept .99 from these steps on."""
    return [
        row
        | USUAL
        | {"accuracy.test_id": 0.5, "first_step.test_id": 10, "sustained_step.test_id": step}
        | {"error": None}
        for row, step in zip(ROWS, kept, strict=True)
    ]


def test_a_seed_that_never_grokked_counts_as_the_latest():
    told = over_runs(rows(20, None, 40))
    assert (told["grokked.test_id"], told["sustained_step.test_id"]) == (2, 40)
    told = over_runs(rows(20, None, None))
    assert (told["grokked.test_id"], told["sustained_step.test_id"]) == (1, None)
    assert told["first_step.test_id"] == 10


def test_the_table_is_the_same_in_every_format(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    failed = {**ROWS[0], **dict.fromkeys(USUAL), "run": "d", "error": "not finite"}
    table = SweepTable(fields=("world.phi",), rows=(failed, *rows(20, None, 40)))
    for name in ("sweep.jsonl", "t.csv", "t.parquet"):
        table.write(tmp_path / name)
    assert SweepTable.read(tmp_path) == table
    found = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    names = dict.fromkeys(name for row in table.rows for name in row)
    assert found == [{name: row.get(name) for name in names} for row in table.rows]
    with (tmp_path / "t.csv").open() as file:
        read = list(csv.DictReader(file))
    assert [row["sustained_step.test_id"] for row in read] == ["", "20", "", "40"]
    with pytest.raises(LatebloomError, match="tables are written as jsonl, csv, parquet"):
        table.write(tmp_path / "t.xls")


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no run has ended yet"), ("[1]\n", "no row of a sweep"), ("{\n", "cannot be read")],
)
def test_a_damaged_table_is_one_line(latebloom, tmp_path, text, said):
    (tmp_path / "sweep.jsonl").write_text(text)
    code, _, complaint = latebloom("sweep", "show", ".")
    assert (code, complaint.count("\n")) == (2, 1)
    assert said in complaint
    code, _, complaint = latebloom("sweep", "show", "nowhere")
    assert code == 2
    assert "nowhere holds no sweep.jsonl" in complaint


def test_sweep_show(latebloom, tmp_path):
    SweepTable(fields=("world.phi",), rows=tuple(rows(20, None, 40))).write(
        tmp_path / "sweep.jsonl"
    )
    code, text, _ = latebloom("sweep", "show", ".", "--to", "t.csv")
    assert code == 0
    assert "2 of 3" in text
    assert "10, 40" in text
    assert "0.500 (0.50-0.50)" in text
    assert {"sweep.svg", "t.csv"} <= {path.name for path in tmp_path.iterdir()}
    code, text, _ = latebloom("sweep", "show", ".", "--json", "--figure", "f.png")
    assert json.loads(text)["settings"][0]["grokked.test_id"] == 2
    assert (tmp_path / "f.png").stat().st_size > 1000


def test_runs_that_stopped_keep_their_last_value():
    def record(step, share):
        return {"step": step, "accuracy": {"test_id": share}}

    runs = [[record(10, 0.1), record(20, 1.0)], [record(10, 0.3), record(30, 0.5)]]
    steps, values = on_common_steps(runs, "test_id")
    assert steps.tolist() == [10, 20, 30]
    np.testing.assert_array_equal(values, [[0.1, 1, 1], [0.3, 0.3, 0.5]])


def test_compare_groups_runs_by_all_but_their_seeds(latebloom, small_config, tmp_path):
    for phi, seed in ((1.0, 0), (1.0, 1), (2.0, 0)):
        config = small_config.with_seed(seed).replace("world", phi=phi)
        grow(config, tmp_path / f"phi{phi:g}-{seed}")
    names = ("phi1-0", "phi1-1", "phi2-0")
    code, text, _ = latebloom("compare", *names, "--to", "runs.csv", "--json")
    assert code == 0
    told = json.loads(text)
    assert [(row["setting"], row["seeds"]) for row in told["settings"]] == [
        ("phi=1", 2),
        ("phi=2", 1),
    ]
    assert (tmp_path / "compare.svg").read_text().count("phi=1 (2)") >= 1
    assert len((tmp_path / "runs.csv").read_text().splitlines()) == 4
    code, text, _ = latebloom("compare", *names)
    assert code == 0
    assert "0 of 2" in text
    for words, said in (
        ([], "name at least one run"),
        (["phi1-0", "phi1-0"], "named twice"),
        (["nothing"], "no run folder"),
        (["phi1-0", "--figure", "f.bmp"], "figures are written as"),
    ):
        code, _, complaint = latebloom("compare", *words)
        assert (code, complaint.count("\n")) == (2, 1)
        assert said in complaint
    (tmp_path / "phi1-0" / "summary.json").unlink()
    code, _, complaint = latebloom("compare", "phi1-0")
    assert code == 2
    assert "not finished" in complaint


def test_runs_of_several_recipes_are_told_apart_by_these():
    plain, looped = make_recipe("bloom"), make_recipe("bloom-looped")
    slower = looped.replace("train", lr=0.001)
    assert names_of([plain.with_seed(1), plain.with_seed(2)]) == ["bloom", "bloom"]
    assert names_of([plain, looped]) == ["bloom", "bloom-looped"]
    assert names_of([looped, slower]) == [f"lr={looped.train.lr:g}", "lr=0.001"]
    both = names_of([plain, looped, slower])
    assert both == ["bloom", f"bloom-looped lr={looped.train.lr:g}", "bloom-looped lr=0.001"]
