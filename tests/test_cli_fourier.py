"""`latebloom fourier` on a tiny run, and sums asked and reported like all other questions."""

import json
from dataclasses import replace

import pytest

import latebloom
from latebloom.cli.fourier import HEAD, fourier
from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import make_recipe
from latebloom.worlds.classic.parity import ParityConfig
from latebloom.worlds.classic.table import ModularConfig


def grown(path, world):
    usual = make_recipe("modular")
    config = replace(
        usual,
        world=world,
        model=replace(usual.model, d_model=16, n_heads=2),
        train=replace(usual.train, steps=20, batch_size=32, checkpoint_every=20, until=""),
    )
    return latebloom.grow(config, path, device="cpu", threads=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return grown(tmp_path_factory.mktemp("sums") / "run", ModularConfig(p=11, trained_frac=0.5))


def test_a_line_for_each_checkpoint(run, capsys):
    fourier(run.folder.path, json_=True)
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["step"] for record in records] == run.steps
    assert records[-1]["accuracy"] == run.score("test_id")["test_id"].accuracy
    for record in records:
        assert sum(record["power"]) == pytest.approx(1)
        assert all(record["power"][k - 1] >= 2 / 5 for k in record["key"])
    fourier(run.folder.path)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[0] == HEAD[0]
    assert len(lines) == len(records)


def test_a_run_on_something_else_is_refused(tmp_path):
    other = grown(tmp_path / "bits", ParityConfig(bits=6, k=2, trained=30, tested=20))
    with pytest.raises(LatebloomError, match="this one is on parity"):
        fourier(other.folder.path)


def test_a_sum_is_asked_traced_and_reported(run):
    answer = run.ask("3 + 5")
    assert answer.truth == "8"
    assert answer.question == ("3", "5", "=")
    assert [record.step for record in run.trace(step=20, examples=8)] == [20]
    rows = {(row["rival"], row["split"]): row["accuracy"] for row in run.rivals()}
    assert rows["symbolic", "test_id"] == 1.0
    assert "questions held out at random" in run.report().read_text()
