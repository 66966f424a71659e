"""Whatever is not ours ends in one line and exit code 2."""

import shutil
from pathlib import Path

import pytest

OLD = Path(__file__).parent / "old_runs"


@pytest.fixture
def run(tmp_path):
    shutil.copytree(OLD / "composition", tmp_path / "run")
    return tmp_path / "run"


def one_line(code, err):
    return code == 2 and err.startswith("error: ") and err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--seed", "-1"),
        ("--seed", "9" * 30),
        ("--seed", "9" * 5000),
        ("--world-seed", "-1"),
        ("--threads", "-1"),
        ("--threads", "99999999999"),
        ("--train.lr", "nan"),
        ("--train.lr", "1e300"),
        ("--train.weight-decay", "nan"),
        ("--train.weight-decay", "inf"),
        ("--train.steps", "9" * 5000),
        ("--world.phi", "1e308"),
        ("--world.phi", "nan"),
        ("--world.phi", "-1"),
        ("--world.entities", "-4"),
        ("--model.max-distance", "-5"),
        ("--model.n-layers", "0"),
        ("--keep", "-1"),
        ("--until", "\x1b[31m>=1"),
        ("--from-scratch",),
        ("--config", "/dev/zero"),
    ],
)
def test_a_setting_that_cannot_be(latebloom, tmp_path, words):
    code, out, err = latebloom("grok", "composition", "--out", "run", *words)
    assert one_line(code, err), (code, out, err)
    assert len(err) < 1000
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("top", ["-1", "0", "x", "9" * 5000])
def test_a_number_of_answers_that_cannot_be(latebloom, run, top):
    code, _, err = latebloom("ask", run, "e1", "r1", "r2", "--top", top)
    assert one_line(code, err), err


DAMAGE = {
    "not UTF-8": b'{"a": "\xff"}',
    "a number": b"5",
    "a list": b"[]",
    "an object": b"{}",
    "nested deep": b"[" * 100_000 + b"]" * 100_000,
    "a long number": b'{"step": ' + b"9" * 5000 + b', "format": 2}',
    "half a surrogate": b'{"words": ["\\ud800"], "latebloom": "\\ud800", "format": 2}',
    "nothing": b"",
    "zeros": b"\x00" * 100,
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize(
    "name",
    [
        *("config.toml", "environment.json", "vocabulary.json", "world.safetensors"),
        *("checkpoints/step_0000030/state.json", "checkpoints/step_0000030/model.safetensors"),
    ],
)
def test_a_file_of_a_run_that_is_something_else(latebloom, run, name, content):
    (run / name).write_bytes(content)
    code, _, err = latebloom("ask", run, "e1", "r1", "r2")
    assert one_line(code, err), err
    # An empty config is one of defaults alone, an empty environment that of no version.
    told = (Path(name).name, "was grown on", "weights of another model", "run-folder format 0")
    assert any(words in err for words in told), err


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("name", ["summary.json", "metrics.jsonl"])
def test_a_result_that_is_something_else(latebloom, run, name, content):
    good = (run / name).read_bytes()
    (run / name).write_bytes(content + b"\n" + (good if name == "metrics.jsonl" else b""))
    code, _, err = latebloom("report", run)
    assert code == 0 if name == "metrics.jsonl" or content == b"{}" else one_line(code, err), err


@pytest.mark.parametrize(
    "name", ["config.toml", "world.safetensors", "metrics.jsonl", "checkpoints"]
)
def test_a_link_in_a_run_is_not_followed(latebloom, run, tmp_path, name):
    (run / name).rename(tmp_path / "elsewhere")
    (run / name).symlink_to(tmp_path / "elsewhere")
    code, _, err = latebloom("report" if name == "metrics.jsonl" else "ask", run, "e1", "r1", "r2")
    assert one_line(code, err), err
