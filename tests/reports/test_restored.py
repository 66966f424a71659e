"""What a trace found, beside the curves of the page: the shares of the records, of whole ones."""

import json
import shutil
from pathlib import Path

import pytest

from latebloom.reports.restored import restored_over_training
from latebloom.run import load

OLD_RUNS = Path(__file__).parents[1] / "old_runs"


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    run = load(shutil.copytree(OLD_RUNS / "composition", tmp_path_factory.mktemp("old") / "run"))
    return run.folder.path, run.trace(examples=20)


def test_the_shares_are_those_of_the_records(traced):
    path, records = traced
    wanted = [(record.step, record.verdict.restored) for record in records]
    assert restored_over_training(path) == [pair for pair in wanted if pair[1] == pair[1]]
    assert len(restored_over_training(path)) >= 2


def test_damaged_and_older_records_are_passed_over(traced, tmp_path):
    path = shutil.copytree(traced[0], tmp_path / "run")
    whole = restored_over_training(path)
    first, *rest = sorted((path / "circuits").glob("*.json"))
    first.write_text(first.read_text()[:-20])
    assert restored_over_training(path) == [
        pair for pair in whole if f"{pair[0]:07d}" not in first.name
    ]
    for other in rest:
        other.write_text(json.dumps({"format": 1, "config": {}}))
    assert restored_over_training(path) == []


def test_a_run_without_a_trace_has_none(tmp_path):
    assert restored_over_training(tmp_path) == []
