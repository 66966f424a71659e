"""The command, as a user types it: what it prints, where, and with which exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TINY = [
    *("--world.entities", "12", "--world.relations", "4", "--world.out-degree", "4"),
    *("--world.phi", "2", "--world.test-id-frac", "0.1", "--world.ood-frac", "0.2"),
    *("--model.d-model", "16", "--train.batch-size", "16", "--threads", "1"),
]
SHORT = ["--train.steps", "20", "--train.eval-every", "10", "--until", ""]


@pytest.fixture
def run_folder(grok):
    return grok("composition", *TINY, *SHORT)[0]


def test_grok_leaves_a_complete_run_and_says_what_came_of_it(latebloom, tmp_path):
    code, out, err = latebloom("grok", "composition", *TINY, *SHORT)
    folder = tmp_path / "runs" / "composition-seed0"
    assert code == 0
    assert "test_ood" in out
    assert f"latebloom ask {folder.relative_to(tmp_path)}" in out
    assert "test_ood" in err  # progress, in plain lines
    names = {path.name for path in folder.iterdir()}
    assert names == {
        ".lock",
        "checkpoints",
        "config.toml",
        "curves.png",
        "curves.svg",
        "environment.json",
        "manifest.json",
        "metrics.jsonl",
        "report.html",
        "summary.json",
        "vocabulary.json",
        "world.safetensors",
    }
    latebloom("grok", "composition", *TINY, *SHORT, "--quiet")
    assert (tmp_path / "runs" / "composition-seed0-2").is_dir()


def test_json_goes_alone_to_standard_output(latebloom):
    code, out, _ = latebloom("grok", "composition", *TINY, *SHORT, "--json", "--seed", "3")
    assert code == 0
    assert json.loads(out)["seed"] == 3


def test_quiet_is_quiet(latebloom):
    assert latebloom("grok", "composition", *TINY, *SHORT, "--quiet") == (0, "", "")


def test_ask(latebloom, run_folder):
    code, out, _ = latebloom("ask", run_folder, "e1", "r2", "r3", "--top", "3")
    assert code == 0
    assert out.count("%  ") == 3
    assert "e1 -r2-> " in out
    assert "its hops: " in out
    code, out, _ = latebloom("ask", run_folder, "e1", "r2", "--json")
    answer = json.loads(out)
    assert answer["question"] == ["e1", "r2"]
    assert answer["hops"] in (["id"], ["ood"])
    assert answer["shown"] is True


def test_ask_at_a_prompt(latebloom, run_folder, monkeypatch):
    lines = iter(["e1 r2", "nobody r2", ""])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    code, out, err = latebloom("ask", run_folder)
    assert code == 0
    assert out.count("this question was") == 1
    assert "unknown name 'nobody'" in err
    assert (run_folder / ".ask_history").is_file()


def test_eval_counts_every_example(latebloom, run_folder):
    code, out, _ = latebloom("eval", run_folder, "--json")
    assert code == 0
    summary = json.loads((run_folder / "summary.json").read_text())
    for split, row in json.loads(out)["splits"].items():
        assert row["correct"] == summary["splits"][split]["correct"]
    code, out, _ = latebloom("eval", run_folder, "--all")
    n_checkpoints = len(list((run_folder / "checkpoints").glob("step_*")))
    assert len(out.splitlines()) == n_checkpoints


def test_report(latebloom, run_folder):
    (run_folder / "report.html").unlink()
    code, _, _ = latebloom("report", run_folder)
    assert code == 0
    assert "<html" in (run_folder / "report.html").read_text()


def test_data_out_and_in(latebloom, tmp_path):
    code, out, _ = latebloom("data", "composition", *TINY[:12], "--to", "published", "--json")
    assert code == 0
    sizes = json.loads(out)["splits"]
    assert sizes["valid_id"] > 0
    assert {p.name for p in (tmp_path / "published").iterdir()} >= {"train.json", "vocab.json"}
    code, out, _ = latebloom("data", "--from", "published", "--json")
    assert code == 0
    # The published files have one test of each kind: whole.
    read = json.loads(out)["splits"]
    assert set(read) == {name for name in sizes if not name.startswith("valid_")}
    assert all(
        n == sizes[k] + sizes.get(k.replace("test_", "valid_"), 0) * ("test_" in k)
        for k, n in read.items()
    )
    code, out, _ = latebloom("data", "--from", "published")
    assert "validation" not in out
    code, out, _ = latebloom("data", "composition", *TINY[:12])
    assert [line.split()[0] for line in out.splitlines() if line.endswith("validation")] == (
        ["valid_id", "valid_oi", "valid_io", "valid_ood"]
    )


def test_resume_takes_no_other_settings(latebloom, run_folder):
    code, _, err = latebloom("grok", "--resume", run_folder, "--seed", "3")
    assert code == 2
    assert "--seed has no effect with --resume" in err


def test_a_world_without_ood_facts_stops_by_what_it_has(latebloom):
    words = [*TINY[:10], "--world.ood-frac", "0", *TINY[12:], *SHORT[:4]]
    code, out, err = latebloom("grok", "composition", *words)
    assert code == 0, err
    assert "this world holds out no valid_ood" in err
    assert "test_id" in out and "test_ood" not in out


def test_own_facts_are_diagnosed_first(latebloom, tmp_path):
    rows = [f"p{i},boss,p{(i * 7 + 3) % 40}\np{i},friend,p{(i * 11 + 5) % 40}" for i in range(40)]
    (tmp_path / "mine.csv").write_text("subject,relation,object\n" + "\n".join(rows) + "\n")
    words = ["--facts", "mine.csv", *TINY[12:], *SHORT, "--world.test-id-frac", "0.1"]
    code, out, err = latebloom("grok", "facts", *words, "--out", "run")
    assert code == 0, err
    assert "80 facts" in err
    assert "test_id" in out
    code, out, _ = latebloom("ask", "run", "p3", "boss", "friend")
    assert code == 0
    assert "the facts say p" in out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["grok", "nonsense"], "there is no recipe 'nonsense'"),
        (["grok", "composition", "--world.phi", "99"], "world.phi"),
        (["grok", "composition", "--world.nothing", "1"], "--world.nothing"),
        (["grok", "composition", "--nothing"], "--nothing"),
        (["grok", "comparison", "--train.both-orders", "true"], "say --feed.both-orders"),
        (["grok", "composition", "--device", "abacus"], "--device abacus"),
        (["grok", "composition", "--threads", "-1"], "--threads is -1"),
        (["grok", "composition", "--seed", "-1"], "seed is -1"),
        (["grok", "composition", "--seed", str(2**44)], f"seed is {2**44}"),
        (["grok", "composition", "--train.lr", "nan"], "train.lr is nan; it must be a number"),
        (["grok", "composition", "--train.lr", "inf"], "train.lr is inf"),
        (["grok", "composition", "--model.temperature", "nan"], "model.temperature is nan"),
        (["grok", "composition", "--world.phi", "nan"], "world.phi is nan"),
        (["data", "composition", "--seed", "-1"], "seed is -1"),
        (["grok", "composition", "--until", "test_x>=0.5"], "test_x"),
        (["grok", "facts"], "facts"),
        (["grok", "facts", "--facts", "missing.csv"], "missing.csv"),
        (["grok", "facts", "--facts", "empty.csv"], "empty.csv"),
        (["grok", "facts", "--facts", "bytes.csv"], "UTF-8"),
        (["grok", "facts", "--facts", "columns.csv"], "columns.csv"),
        (["grok", "facts", "--facts", "nohops.csv"], "two-hop"),
        (["grok", "--resume", "nowhere"], "nowhere is no run folder"),
        (["grok", "composition", "--out", "thesis"], "thesis exists"),
        (["grok", "composition", "--out", "thesis", "--overwrite"], "thesis is no run folder"),
        (["grok", "composition", "--out", "empty.csv/run"], "empty.csv/run"),
        (["ask", "nowhere", "a", "b"], "nowhere is no run folder"),
        (["data", "--from", "nowhere"], "nowhere"),
        (["nothing"], "nothing"),
    ],
)
def test_a_users_mistake_is_one_line_and_code_2(latebloom, tmp_path, words, named):
    (tmp_path / "empty.csv").write_text("")
    # No code page of one byte a letter has this byte.
    (tmp_path / "bytes.csv").write_bytes(b"subject,relation,object\nM\x81ller,is,x\n")
    (tmp_path / "columns.csv").write_text("a,b\n1,2\n")
    (tmp_path / "nohops.csv").write_text("subject,relation,object\na,r,b\nc,r,d\n")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("years of work")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    code, out, err = latebloom(*words, *([] if words[0] != "grok" else ["--quiet"]))
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert named in err
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_the_nearest_run_is_named(latebloom, run_folder):
    misspelled = run_folder.with_name(f"{run_folder.name}x")
    code, _, err = latebloom("ask", misspelled, "e1", "r1")
    assert (code, f"nearest: {run_folder})" in err) == (2, True)
    code, _, err = latebloom("ask", run_folder.with_name("quite another"), "e1", "r1")
    assert (code, "; nearest: " in err) == (2, False)


def test_an_option_that_is_none_leads_to_the_help(latebloom):
    code, _, err = latebloom("--hlp")
    assert (code, "unknown option --hlp; see latebloom --help" in err) == (2, True)


def test_asking_a_run_badly(latebloom, run_folder):
    for words, named in (
        (["nobody", "r1"], "unknown name 'nobody'"),
        (["e1"], "one relation or more"),
        (["e1x", "r1"], "nearest: e1"),
        (["e1", "r1", "--top", "0"], "--top is 0; ask for 1 answer or more"),
        (["e1", "r1", "--top", "-1"], "--top is -1"),
    ):
        code, out, err = latebloom("ask", run_folder, *words)
        assert (code, out) == (2, "")
        assert named in err
    code, _, err = latebloom("ask", run_folder, "e1", "r1", "--step", "13579")
    assert code == 2
    assert "no checkpoint of step 13579" in err


def test_killed_at_any_moment_the_run_goes_on(latebloom, tmp_path):
    """kill -9 a real process, twice, then resume to the end: as if nothing had happened."""
    words = ["composition", *TINY, "--train.steps", "300", "--train.eval-every", "20"]
    words += ["--until", "", "--quiet", "--out"]
    assert latebloom("grok", *words, "whole")[0] == 0
    checkpoints = tmp_path / "run" / "checkpoints"
    arguments = [*words, str(tmp_path / "run")]
    for wait_for in (40, 120):
        command = [str(Path(sys.executable).parent / "latebloom"), "grok", *arguments]
        process = subprocess.Popen(command, env=os.environ)
        deadline = time.monotonic() + 300
        while process.poll() is None and time.monotonic() < deadline:
            steps = [int(p.name[5:]) for p in checkpoints.glob("step_*")]
            if max(steps, default=0) >= wait_for:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.01)
        assert process.wait() == -signal.SIGKILL
        arguments = ["--resume", str(tmp_path / "run"), "--quiet"]
    assert latebloom("grok", *arguments)[0] == 0
    one, two = (json.loads((tmp_path / n / "summary.json").read_text()) for n in ("run", "whole"))
    assert one["splits"] == two["splits"]
    newest = sorted((tmp_path / "whole" / "checkpoints").iterdir())[-1].name
    model = Path("checkpoints", newest, "model.safetensors")
    assert (tmp_path / "run" / model).read_bytes() == (tmp_path / "whole" / model).read_bytes()
