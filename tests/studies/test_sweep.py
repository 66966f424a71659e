"""Sweeps: the grid and its names, going on, failures, what is refused, the table."""

import json
import signal
from dataclasses import replace

import numpy as np
import pytest

from latebloom.errors import LatebloomError, RunFolderError, TrainingError
from latebloom.recipes.catalogue import make_recipe
from latebloom.studies.executors import Here
from latebloom.studies.fields import axes_from_words
from latebloom.studies.grow import grow
from latebloom.studies.sweep import Sweep, sweep
from latebloom.studies.table import SweepTable
from latebloom.training.listener import Silence

GRID = {"world.phi": (1, 2.0), "train.weight_decay": (0.0, 0.1)}


class Begun(Silence):
    """Keeps the step that each training begins after; may die at a step of one of them."""

    def __init__(self, dies_in: int = 0, at: int = 0):
        self.begun, self.dies_in, self.at = [], dies_in, at

    def start(self, total_steps, first_step, title, judged=()):
        self.begun.append(first_step)

    def step(self, step, loss, steps_per_second):
        if len(self.begun) == self.dies_in and step == self.at:
            raise KeyboardInterrupt


def weights(folder):
    found = sorted(folder.rglob("model.safetensors"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def without_seconds(rows):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def nothing_in(folder):
    return not folder.exists() or not list(folder.iterdir())


def test_the_grid_has_seeds_outermost_and_its_last_field_fastest(small_config):
    cells = Sweep(base=small_config, vary=GRID, seeds=2).cells()
    assert [cell.name for cell in cells[:4]] == [
        "composition-phi=1-weight_decay=0-seed0",
        "composition-phi=1-weight_decay=0.1-seed0",
        "composition-phi=2-weight_decay=0-seed0",
        "composition-phi=2-weight_decay=0.1-seed0",
    ]
    assert [cell.seed for cell in cells] == [0, 0, 0, 0, 1, 1, 1, 1]
    told = cells[6].config
    assert (told.world.phi, told.train.weight_decay, told.seed, told.world_seed) == (2, 0, 1, 1)
    assert told == small_config.with_seed(1).replace("world", phi=2.0).replace(
        "train", weight_decay=0.0
    )
    assert cells[6].values == {"world.phi": 2, "train.weight_decay": 0}


def test_fields_that_only_fit_together_are_set_together(small_config):
    # The base's width, 16, does not fit three heads, nor these widths its two.
    vary = {"model.n_heads": (3,), "model.d_model": (18, 30)}
    cells = Sweep(base=small_config, vary=vary, seeds=1).cells()
    assert [(cell.config.model.n_heads, cell.config.model.d_model) for cell in cells] == [
        (3, 18),
        (3, 30),
    ]


def test_one_world_for_all_seeds_of_the_weights(small_config):
    cells = Sweep(base=small_config, vary={"world-seed": (5,)}, seeds=2).cells()
    assert [(cell.seed, cell.config.world_seed) for cell in cells] == [(0, 5), (1, 5)]


def test_a_name_that_a_folder_cannot_have_gets_a_hash(small_config):
    cells = Sweep(base=small_config, vary={"train.until": ("", "test_id>=0.5")}, seeds=2).cells()
    names = [cell.name for cell in cells]
    assert names[0] == "composition-until=-seed0"
    assert names[1].startswith("composition-until=test_id_=0.5-")
    assert names[3] == names[1].replace("seed0", "seed1")
    # Alike but for what a name leaves out.
    folders = [
        Sweep(base=replace(small_config, recipe=recipe), vary={"world.phi": (1,)}).cells()[0].name
        for recipe in ("a/b", "a:b", "a_b")
    ]
    assert len(set(folders)) == 3
    assert all(name.startswith("a_b-phi=1-") for name in folders)


def test_numbers_of_numpy_are_numbers(small_config, tmp_path):
    vary = {"train.lr": np.linspace(0.01, 0.02, 2), "model.n_layers": np.arange(1, 2)}
    cells = Sweep(base=small_config, vary=vary, seeds=1).cells()
    assert [type(value) for value in cells[0].values.values()] == [float, int]
    assert "lr = 0.02" in cells[1].config.to_toml()


def test_a_sweep_that_was_stopped_equals_one_that_was_not(small_config, tmp_path):
    grid = Sweep(base=small_config, vary={"world.phi": (1.0, 2.0)}, seeds=2)
    whole = grid.run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        grid.run(tmp_path / "stopped", Here(listener=Begun(dies_in=2, at=13)))
    lines = (tmp_path / "stopped" / "sweep.jsonl").read_text().splitlines()
    assert [json.loads(line)["run"] for line in lines] == ["composition-phi=1-seed0"]
    begun = Begun()
    again = grid.run(tmp_path / "stopped", Here(listener=begun))
    # The first is kept, the second goes on from its last checkpoint before step 13.
    assert begun.begun == [12, 0, 0]
    assert without_seconds(again.rows) == without_seconds(whole.rows)
    assert weights(tmp_path / "stopped") == weights(tmp_path / "whole")
    begun = Begun()
    assert grid.run(tmp_path / "stopped", Here(listener=begun)) == again
    assert begun.begun == []


def test_control_c_ends_the_sweep_and_not_just_the_run(small_config, tmp_path):
    class ControlC(Begun):
        def step(self, step, loss, steps_per_second):
            if step == 13:
                signal.raise_signal(signal.SIGINT)

    grid = Sweep(base=small_config, vary={"world.phi": (1.0, 2.0)}, seeds=1)
    with pytest.raises(KeyboardInterrupt):
        grid.run(tmp_path, Here(listener=ControlC()))
    assert [state for _, state in grid.states(tmp_path)] == ["stopped", "absent"]
    assert not (tmp_path / "sweep.jsonl").exists()
    begun = Begun()
    assert [row["stopped_by"] for row in grid.run(tmp_path, Here(listener=begun)).rows] == [
        "steps"
    ] * 2
    assert begun.begun == [13, 0]


def test_the_rows_are_tidy_and_stand_in_the_file(small_config, tmp_path):
    table = sweep(small_config, vary={"world.phi": (1.0, 2.0)}, seeds=2, out=tmp_path)
    lines = (tmp_path / "sweep.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == list(table.rows)
    row = table.rows[1]
    summary = json.loads((tmp_path / row["run"] / "summary.json").read_text())
    assert row["run"] == "composition-phi=2-seed0"
    assert (row["world.phi"], row["seed"], row["steps"], row["stopped_by"]) == (2, 0, 24, "steps")
    assert row["error"] is None
    for name in ("seconds", "parameters", "device", "recipe"):
        assert row[name] == summary[name]
    for split, told in summary["splits"].items():
        assert row[f"accuracy.{split}"] == told["accuracy"]
        assert row[f"first_step.{split}"] == told["first_step"]
        assert row[f"sustained_step.{split}"] == told["sustained_step"]


def test_more_values_and_seeds_join_the_sweep_in_its_folder(small_config, tmp_path):
    sweep(small_config, vary={"world.phi": (1.0,)}, seeds=1, out=tmp_path)
    begun = Begun()
    table = sweep(small_config, vary={"world.phi": (2.0,)}, seeds=2, out=tmp_path, listener=begun)
    assert begun.begun == [0, 0]
    assert [row["run"] for row in table.rows] == [
        "composition-phi=2-seed0",
        "composition-phi=2-seed1",
        "composition-phi=1-seed0",
    ]
    assert [(row["world.phi"], row["seeds"]) for row in table.over_seeds()] == [(2, 2), (1, 1)]


def test_a_run_that_fails_is_a_row_and_the_sweep_goes_on(small_config, tmp_path, monkeypatch):
    def breaks(config, *rest, **more):
        if config.world.phi == 1:
            raise TrainingError("not finite\nat step 3")
        return grow(config, *rest, **more)

    monkeypatch.setattr("latebloom.studies.cells.grow", breaks)
    table = sweep(small_config, vary={"world.phi": (1.0, 2.0)}, seeds=1, out=tmp_path)
    bad, good = table.rows
    assert bad["error"] == "not finite at step 3"
    assert bad["steps"] is None
    assert table.failed == [bad]
    assert good["steps"] == 24
    told = table.over_seeds()
    assert (told[0]["seeds"], told[0]["failed"]) == (0, 1)
    assert "accuracy.test_id" not in told[0]
    assert (told[1]["seeds"], told[1]["failed"]) == (1, 0)


def test_a_world_that_cannot_be_made_fails_alone(small_config, tmp_path):
    table = sweep(small_config, vary={"world.phi": (1.0, 900.0)}, seeds=1, out=tmp_path)
    assert [row["error"] is None for row in table.rows] == [True, False]
    assert "phi" in table.rows[1]["error"]


def test_a_full_disk_ends_the_sweep(small_config, tmp_path, monkeypatch):
    def breaks(*rest, **more):
        raise RunFolderError("no space left")

    monkeypatch.setattr("latebloom.studies.cells.grow", breaks)
    with pytest.raises(RunFolderError, match="no space left"):
        sweep(small_config, vary=GRID, seeds=1, out=tmp_path)


def test_means_and_intervals_over_seeds_by_hand():
    def row(phi, accuracy, steps, error=None):
        figures = {} if error else {"steps": steps, "accuracy.test_id": accuracy, "n.test_id": 50}
        return {"run": "", "world.phi": phi, **figures, "error": error}

    rows = (row(1, 0.4, 100), row(2, 0.9, 300), row(1, 0.6, 100), row(2, 0, 0, "not finite"))
    one, two = SweepTable(fields=("world.phi",), rows=rows).over_seeds()
    # Two values, .1 from their mean: 12.71 times the standard error, which is .1, cut to [0, 1].
    assert one == {
        "world.phi": 1,
        "seeds": 2,
        "failed": 0,
        "steps": 100,
        "steps.low": 100,
        "steps.high": 100,
        "accuracy.test_id": 0.5,
        "accuracy.test_id.low": 0,
        "accuracy.test_id.high": 1,
        # A variance of .02 over the seeds; of 50 questions at a half chance makes .005.
        "overdispersion.test_id": pytest.approx(4),
    }
    assert (two["seeds"], two["failed"], two["accuracy.test_id"]) == (1, 1, 0.9)
    assert two["accuracy.test_id.low"] is None


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ({}, "nothing to vary"),
        ({"world.phi": ()}, "world.phi has no values"),
        ({"world.phi": "12"}, "as a list"),
        ({"world.phy": (1,)}, "nearest: world.phi"),
        ({"phi": (1,)}, "nearest: world.phi"),
        ({"model.lr": (1,)}, "nearest: train.lr"),
        ({"qqq": (1,)}, "SECTION.FIELD"),
        ({"world.kind": ("atlas",)}, "no such field"),
        ({"seed": (1, 2)}, "--seeds"),
        ({"world.phi": (1, "two")}, "world.phi is 'two'; it must be a number"),
        ({"train.steps": (8, 0)}, "train.steps is 0"),
        ({"world.phi": (2, 2.0)}, "names one value twice: 2"),
        ({"train.muon_lr": (1,), "train.muon-lr": (2,)}, "varied twice"),
    ],
)
def test_what_cannot_be_swept_is_told(small_config, tmp_path, vary, said):
    with pytest.raises(LatebloomError, match=said):
        sweep(small_config, vary=vary, out=tmp_path)
    assert nothing_in(tmp_path)


@pytest.mark.parametrize("seeds", [0, -1, 1.5, True])
def test_seeds_are_a_whole_number_from_one(small_config, seeds):
    with pytest.raises(LatebloomError, match="--seeds"):
        Sweep(base=small_config, vary=GRID, seeds=seeds)


def test_the_folder_of_something_else_is_refused_before_anything_is_grown(small_config, tmp_path):
    grid = Sweep(base=small_config, vary={"world.phi": (1.0, 2.0)}, seeds=1)
    other = small_config.with_seed(0).replace("world", phi=2.0).replace("train", steps=12)
    grow(other, tmp_path / "composition-phi=2-seed0")
    with pytest.raises(
        LatebloomError, match=r"composition-phi=2-seed0: train\.steps is 12, not 24"
    ):
        grid.run(tmp_path)
    bigger = small_config.replace("model", d_model=32)
    with pytest.raises(LatebloomError, match="of another sweep"):
        Sweep(base=bigger, vary=GRID).run(tmp_path)
    sentences = replace(make_recipe("question"), seed=0)
    with pytest.raises(LatebloomError, match="recipe is 'composition', not 'question'"):
        Sweep(base=sentences, vary={"world.train": (10,)}).run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["composition-phi=2-seed0"]
    (tmp_path / "free" / "composition-phi=1-seed0").mkdir(parents=True)
    (tmp_path / "free" / "composition-phi=1-seed0" / "letter.txt").write_text("mine")
    with pytest.raises(LatebloomError, match="holds no run"):
        grid.run(tmp_path / "free")
    with pytest.raises(LatebloomError, match="--threads is -1"):
        grid.run(tmp_path / "new", Here(threads=-1))
    assert nothing_in(tmp_path / "new")


def test_the_words_of_a_grid(small_config):
    words = ["world.phi=3.6, 7.2", "train.weight-decay=.03", "world.test-hops=4+5,6"]
    words += ["train.until=,test_id>=0.5", "model.tied=true,false"]
    assert axes_from_words(small_config, words) == {
        "world.phi": [3.6, 7.2],
        "train.weight_decay": [0.03],
        "world.test_hops": [(4, 5), (6,)],
        "train.until": ["", "test_id>=0.5"],
        "model.tied": [True, False],
    }
    for word, said in (("world.phi", "write FIELD=VALUE"), ("world.fi=1", "no such field")):
        with pytest.raises(LatebloomError, match=said):
            axes_from_words(small_config, [word])
    with pytest.raises(LatebloomError, match=r"names world\.phi twice"):
        axes_from_words(small_config, ["world.phi=1", "world.phi=2"])


TINY = ["--world.entities", "12", "--world.relations", "4", "--world.out-degree", "4"]
TINY += ["--world.ood-frac", "0.2", "--model.d-model", "16", "--model.n-heads", "2"]
TINY += ["--train.steps", "6", "--train.eval-every", "3", "--train.batch-size", "8"]
TINY += ["--train.until", "", "--seeds", "2"]


def test_the_command(latebloom, tmp_path):
    words = ["sweep", "composition", *TINY, "--vary", "world.phi=1,2", "--vary", "train.lr=.01"]
    code, text, _ = latebloom(*words, "--dry-run")
    assert code == 0
    assert "composition-phi=2-lr=0.01-seed1" in text
    assert text.count("absent") == 4
    assert "4 runs in runs/composition-by-phi-lr, 4 of them to grow" in text
    assert "of processor time by this machine's speed now" in text
    assert "422 MiB each" in text
    assert nothing_in(tmp_path)
    code, text, told = latebloom(*words)
    assert code == 0
    assert "run 4 of 4: composition-phi=2-lr=0.01-seed1" in told
    place = tmp_path / "runs" / "composition-by-phi-lr"
    assert len((place / "sweep.jsonl").read_text().splitlines()) == 4
    assert "test_ood" in text
    code, text, _ = latebloom(*words, "--quiet", "--json")
    found = json.loads(text)
    assert [row["world.phi"] for row in found["rows"]] == [1, 2, 1, 2]
    assert [row["seeds"] for row in found["settings"]] == [2, 2]
    code, text, _ = latebloom(*words, "--dry-run", "--json")
    assert {cell["state"] for cell in json.loads(text)["cells"]} == {"finished"}
    assert json.loads(text)["estimate"]["cells"] == 0
    code, _, complaint = latebloom(*words, "--train.probe", "9")
    assert code == 2
    assert "train.probe is 500, not 9" in complaint
    assert complaint.count("\n") == 1


def test_the_command_says_which_runs_failed(latebloom):
    some = ["sweep", "composition", *TINY, "--quiet", "--workers", "1", "--out", "some"]
    code, text, complaint = latebloom(*some, "--vary", "world.phi=1,900")
    assert code == 1
    assert "means over seeds" in text
    assert "composition-phi=900-seed0 failed: " in complaint
    code, _, complaint = latebloom(*some, "--vary", "world.phi=900")
    assert code == 1  # the runs of phi 1 are in the same table
    code, _, complaint = latebloom(*some[:-1], "none", "--vary", "world.phi=900")
    assert code == 2
    assert "every run failed" in complaint


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing to vary"),
        (["--vary", "world.phi="], "world.phi has no values"),
        (["--vary", "world.phy=1"], "nearest: world.phi"),
        (["--vary", "world.phi=two"], "world.phi is 'two'"),
        (["--vary", "world.phi=2,2.0"], "twice"),
        (["--vary", "world.phi=1", "--seeds", "0"], "--seeds is 0"),
        (["--vary", "world.phi=1", "--world.phi", "2"], "--world.phi has no effect"),
        (["--vary", "world.phi=1", "--device", "abacus"], "--device abacus"),
        (["--vary", "world.phi=1", "--workers", "-1"], "--workers is -1"),
        (["--vary", "world.phi=1", "--workers", "2", "--threads", "0"], "one run at a time"),
        (["--vary", "world.phi=1", "--threads", "-1"], "--threads"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(latebloom, tmp_path, words, said):
    code, _, complaint = latebloom("sweep", "composition", *words)
    assert code == 2
    assert said in complaint
    assert complaint.count("\n") == 1
    assert nothing_in(tmp_path)


def test_what_failed_is_tried_again_only_when_asked_for(latebloom, monkeypatch):
    words = ["sweep", "composition", *TINY, "--quiet", "--workers", "1", "--vary", "world.phi=1,2"]
    tried = []

    def breaks(config, *rest, **more):
        tried.append(config.world.phi)
        if config.world.phi == 2 and len(tried) < 5:
            raise MemoryError
        return grow(config, *rest, **more)

    monkeypatch.setattr("latebloom.studies.cells.grow", breaks)
    code, _, told = latebloom(*words)
    assert (code, tried) == (1, [1, 2, 1, 2])
    assert "composition-phi=2-seed0 failed: the memory is not enough" in told
    assert "--only-failed tries these again" in told
    code, _, told = latebloom(*words)  # nothing is repeated, and it still says so
    assert (code, tried) == (1, [1, 2, 1, 2])
    assert "composition-phi=2-seed1 failed" in told
    code, text, _ = latebloom(*words, "--only-failed", "--json")
    assert (code, tried) == (0, [1, 2, 1, 2, 2, 2])
    assert [row["error"] for row in json.loads(text)["rows"]] == [None] * 4


def test_a_stopped_command_says_how_to_go_on(latebloom, monkeypatch):
    def stop(*rest, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("latebloom.studies.cells.grow", stop)
    code, _, told = latebloom(
        "sweep", "composition", "--vary", "world.phi=1", "--quiet", "--workers", "1"
    )
    assert code == 130
    assert "the same command goes on" in told


@pytest.mark.parametrize(("values", "seeds"), [(2, 2**31), (10_001, 1), (101, 100)])
def test_a_grid_beyond_the_limit_is_refused_before_it_is_made(small_config, values, seeds):
    vary = {"train.lr": [0.001 * (i + 1) for i in range(values)]}
    with pytest.raises(LatebloomError, match="runs; 10,000 are the limit"):
        Sweep(base=small_config, vary=vary, seeds=seeds)
