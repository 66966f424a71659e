"""The command's manners: help that teaches, completion, JSON, exit codes, no colours."""

import json
import os
import shlex
import threading
import time
from pathlib import Path

import pytest

from latebloom.cli.app import app
from latebloom.cli.examples import EXAMPLES, EXIT_CODES, block
from latebloom.errors import LatebloomError
from latebloom.training.run_folder import RunFolder


def parts_of(told, before=()):
    """Every command and part of one, as words."""
    for name in told.resolved_commands():
        if not name.startswith("-"):
            yield " ".join((*before, name))
            yield from parts_of(told[name], (*before, name))


def test_every_command_has_examples():
    assert set(parts_of(app)) | {""} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_commands(name):
    for words, why in EXAMPLES[name]:
        assert words.startswith(name) and why
        app.parse_args(shlex.split(words), exit_on_error=False, print_error=False)
    assert max(map(len, block(name).splitlines())) <= 78  # fits 80 columns


def test_help_shows_examples_and_exit_codes(latebloom):
    code, out, _ = latebloom("ask", "--help")
    assert code == 0
    assert "latebloom ask runs/composition-seed0 e17 r3 r11" in out
    out = " ".join(latebloom("--help")[1].split())  # lines are broken anywhere
    assert "latebloom grok composition" in out
    assert all(f"{code}, {means.partition(',')[0]}" in out for code, means in EXIT_CODES.items())


def test_wherever_a_script_may_read_there_is_json():
    for name in parts_of(app):
        part = app
        for word in name.split():
            part = part[word]
        options = {
            one for argument in part.assemble_argument_collection() for one in argument.names
        }
        assert "--json" in options, name


def test_no_color(monkeypatch, latebloom):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    for words in (["--help"], ["recipes"]):
        assert "\x1b[3" not in latebloom(*words)[1]  # no foreground colour


def test_doctor_tells_what_the_machine_can_do(latebloom):
    code, out, _ = latebloom("doctor", "--device", "cpu", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["versions"].keys() == {"python", "latebloom", "torch", "numpy"}
    assert found["cores"] >= found["threads"] >= 1
    assert found["products"]["float32"] > 0 and found["products"]["bf16"] > 0
    speed = found["step_gflop"] / found["step_seconds"]
    assert found["share"] == pytest.approx(speed / found["products"][found["step_dtype"]])
    assert {"llm", "rdf", "dev"} <= set(found["missing"])
    assert found["missing"]["dev"] == []


def test_what_is_missing_is_named_by_extra(monkeypatch):
    from latebloom.studies import machine

    lines = ["numpy>=1", "surely-not-there>=2; extra == 'a'", "numpy>=1; extra == 'a'"]
    monkeypatch.setattr(machine.metadata, "requires", lambda _: [*lines, "numpy; extra == 'b'"])
    assert machine.missing_extras() == {"a": ("surely-not-there",), "b": ()}


@pytest.fixture
def run(small_run):
    return RunFolder.open(small_run)


def test_report_and_export_for_scripts(latebloom, run, tmp_path):
    written = json.loads(latebloom("report", run.path, "--json")[1])
    assert all(Path(path).exists() for path in (written["page"], *written["curves"]))
    written = json.loads(latebloom("export", run.path, tmp_path / "hf", "--json")[1])
    assert (Path(written["folder"]) / written["module"]).exists()


def test_watch_a_run_that_is_over(latebloom, run):
    code, out, err = latebloom("watch", run.path)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["8", "16", "24"]
    assert err.startswith("ended at step 24, stopped by steps")
    told = json.loads(latebloom("watch", run.path, "--once", "--json")[1])
    assert told["over"] and told["last"]["step"] == told["total_steps"] == 24


def test_watch_follows_what_is_still_written(monkeypatch, latebloom, run):
    """The summary goes, a line comes while one watches, then the summary again."""
    from latebloom.reports import following

    monkeypatch.setattr(following, "POLL_SECONDS", 0.01)
    summary = run.summary()
    (run.path / "summary.json").unlink()
    last = [*run.metrics()][-1]

    def go_on():
        run.append_metrics(last | {"step": 32})
        time.sleep(0.05)
        run.write_summary(summary)

    writer = threading.Timer(0.1, go_on)
    writer.start()
    out = latebloom("watch", run.path, "--json")[1]
    writer.join()
    assert [json.loads(line)["step"] for line in out.splitlines()] == [8, 16, 24, 32]


def test_a_silent_run_is_told_with_the_way_on(latebloom, run):
    (run.path / "summary.json").unlink()
    for name in ("metrics.jsonl", "config.toml"):
        os.utime(run.path / name, (1, 1))
    code, _, err = latebloom("watch", run.path, "--once")
    assert code == 0
    assert f"latebloom grok --resume {run.path}" in err
    assert "nothing new for" in err


def test_watch_needs_a_run(latebloom, tmp_path):
    assert latebloom("watch", tmp_path)[0] == 2
    with pytest.raises(LatebloomError):
        RunFolder.open(tmp_path)
