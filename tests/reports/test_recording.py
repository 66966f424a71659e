"""Reading runs that were killed, resumed, unfinished, empty or damaged."""

import json
from pathlib import Path

import pytest

from latebloom.errors import LatebloomError
from latebloom.reports.recording import phase_spans, read_recording, write_output


def test_a_line_cut_short_is_left_out_and_counted(run_dir: Path) -> None:
    metrics = run_dir / "metrics.jsonl"
    metrics.write_text(metrics.read_text() + '{"step": 60, "accuracy": {"test_id": 0.')
    recording = read_recording(run_dir)
    assert [record["step"] for record in recording.records] == [10, 20, 30, 40, 50]
    assert recording.skipped == 1


@pytest.mark.parametrize("line", ["7", "{}", '{"step": 60}', '{"step": "x", "accuracy": {}}', "\0"])
def test_what_is_no_evaluation_is_left_out(run_dir: Path, line: str) -> None:
    with (run_dir / "metrics.jsonl").open("a") as file:
        file.write(line + "\n\n")
    recording = read_recording(run_dir)
    assert (len(recording.records), recording.skipped) == (5, 1)


def test_the_later_record_of_a_step_counts(run_dir: Path, records: list[dict]) -> None:
    """A run resumed from step 20 measures 30 again; the steps come out ascending."""
    again = records[2] | {"loss": 9.0}
    with (run_dir / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(again) + "\n")
    recording = read_recording(run_dir)
    assert [record["step"] for record in recording.records] == [10, 20, 30, 40, 50]
    assert recording.records[2]["loss"] == 9.0


def test_a_run_that_has_not_ended_takes_its_name_from_the_config(run_dir: Path) -> None:
    (run_dir / "summary.json").unlink()
    assert read_recording(run_dir).title == "composition, seed 3"
    (run_dir / "config.toml").unlink()
    assert read_recording(run_dir).title == "run"


@pytest.mark.parametrize("content", [None, "", "{\n", '{"step": 1'])
def test_a_run_without_an_evaluation_is_one_line(run_dir: Path, content: str | None) -> None:
    metrics = run_dir / "metrics.jsonl"
    metrics.unlink()
    if content is not None:
        metrics.write_text(content)
    with pytest.raises(LatebloomError, match=r"metrics\.jsonl holds no evaluation") as raised:
        read_recording(run_dir)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [("summary.json", "{"), ("config.toml", "a b"), ("environment.json", "")],
)
def test_a_damaged_file_is_named(run_dir: Path, name: str, content: str) -> None:
    (run_dir / name).write_text(content)
    with pytest.raises(LatebloomError, match=name):
        read_recording(run_dir)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(LatebloomError, match="nowhere is no folder"):
        read_recording(tmp_path / "nowhere")


def test_phases_last_until_the_next_is_seen(records: list[dict]) -> None:
    assert phase_spans(records) == [
        ("memorising", 10, 20),
        ("generalising", 20, 30),
        ("systematic", 30, 50),
    ]
    assert phase_spans([]) == []
    assert phase_spans([{"step": 5, "accuracy": {}}]) == []


def test_an_output_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LatebloomError, match="cannot be written"):
        write_output(tmp_path / "missing" / "report.html", b"")
