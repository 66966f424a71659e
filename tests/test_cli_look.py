"""`latebloom lens` and `latebloom trace`, as a user types them."""

import json
import re
import shutil

import pytest

TINY = [
    *("--world.entities", "12", "--world.relations", "4", "--world.out-degree", "4"),
    *("--world.phi", "2", "--world.test-id-frac", "0.1", "--world.ood-frac", "0.2"),
    *("--model.d-model", "16", "--train.batch-size", "16", "--threads", "1", "--until", ""),
    *("--train.steps", "20", "--train.eval-every", "10", "--train.checkpoint-every", "10"),
]
PLAIN = ["--model.n-loops", "1", "--model.feedback", "none", "--model.positions", "learned"]
PLAIN += ["--model.n-layers", "2", "--model.window", "0"]


@pytest.fixture
def run_folder(grok):
    return grok("composition", *TINY)[0]


@pytest.fixture
def plain_run(grok):
    """A plain GPT-2's, which can be exported; its tests are whole, as published files have them."""
    return grok("composition", *TINY, *PLAIN, "--world.valid-frac", "0")[0]


def test_the_lens_ends_in_the_answer_that_the_run_gives(latebloom, run_folder):
    question = ["e1", "r2", "r3"]
    code, out, _ = latebloom("ask", run_folder, *question, "--json")
    asked = json.loads(out)
    code, out, _ = latebloom("lens", run_folder, *question, "--json")
    assert code == 0
    states = json.loads(out)["states"]
    assert [(s["loop"], s["layer"]) for s in states] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    best = asked["answers"][0]
    last = states[-1]["guesses"][-1]
    assert last["name"] == best["name"]
    assert last["probability"] == pytest.approx(best["probability"], abs=1e-5)


def test_the_lens_on_named_tokens(latebloom, run_folder):
    code, out, _ = latebloom("lens", run_folder, "e1", "r2", "r3", "--json", "--token", "e4")
    assert code == 0
    states = json.loads(out)["states"]
    winners = [
        (s["guesses"][p]["name"], s["tokens"]["e4"][p]["rank"]) for s in states for p in (2,)
    ]
    assert all((name == "e4") == (rank == 0) for name, rank in winners)
    code, out, _ = latebloom("lens", run_folder, "e1", "r2", "r3", "--token", "e4", "--token", "e5")
    assert code == 0
    assert out.count(", e4") == out.count(", e5") == 4
    code, _, err = latebloom("lens", run_folder, "e1", "r2", "r3", "--token", "e99")
    assert code == 2
    assert "e99" in err


def test_trace_goes_on_where_it_was_and_draws(latebloom, run_folder):
    steps = sorted(int(p.name.split("_")[1]) for p in (run_folder / "checkpoints").iterdir())
    words = ["trace", run_folder, "--examples", "20", "--json", "--quiet"]
    code, out, err = latebloom(*words)
    assert (code, err) == (0, "")
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["step"] for record in records] == steps
    figures = {path.name for path in (run_folder / "figures").iterdir()}
    drawn = ("circuit", "bridge", "heat-maps", "ranks", "progress")
    numbers = {f"{name}.csv" for name in drawn}
    assert figures == {*(f"{name}.svg" for name in drawn), "bridge.png", *numbers}
    kept = {path.name: path.stat().st_mtime_ns for path in (run_folder / "circuits").iterdir()}
    assert len(kept) == len(steps)
    first = next(iter(kept))
    (run_folder / "circuits" / first).write_text('{"cut')
    assert latebloom(*words)[1] == out
    again = {path.name: path.stat().st_mtime_ns for path in (run_folder / "circuits").iterdir()}
    assert {name for name in kept if kept[name] != again[name]} == {first}
    latebloom("report", run_folder)
    assert "<svg" in (run_folder / "report.html").read_text()


def test_trace_of_one_step_shows_its_verdict(latebloom, run_folder):
    code, out, _ = latebloom("trace", run_folder, "--step", "20", "--examples", "20")
    assert code == 0
    head, row, *rest = out.splitlines()
    assert head.split() == ["training", "step", "right", "held", "out", "restored", "circuit"]
    assert row.split()[0] == "20"
    assert [word for word in row.split() if word == "%"] == ["%"] * 3
    assert "right: of 20 questions of train_inferred" in rest
    assert any(re.fullmatch(r"held out: of \d+ questions of valid_id, not .*", one) for one in rest)
    assert sum(line.startswith("control: ") for line in rest) == 1
    assert not (run_folder / "figures").exists()


def test_trace_says_each_circuit_once(latebloom, run_folder):
    """Checkpoints in a row without a circuit are one line; with --all each has its own."""
    words = ["trace", run_folder, "--examples", "20"]
    code, out, _ = latebloom(*words)
    assert code == 0
    rows = [line for line in out.splitlines() if "not learned" in line]
    assert [row.split()[:3] for row in rows[:-1]] == [["0", "to", "20"]]
    assert rows[-1].startswith("not learned: ")
    steps = sorted(int(p.name.split("_")[1]) for p in (run_folder / "checkpoints").iterdir())
    _, out, _ = latebloom(*words, "--all")
    rows = [line for line in out.splitlines() if "not learned" in line]
    assert [int(row.split()[0]) for row in rows[:-1]] == steps
    assert sum("test_ood: " in line for line in out.splitlines()) == len(steps)


def test_trace_renews_the_report(latebloom, run_folder):
    code, out, _ = latebloom("trace", run_folder, "--examples", "20", "--device", "cpu")
    assert code == 0
    assert "run/report.html" in out
    page = (run_folder / "report.html").read_text()
    assert page.count("data:image/svg+xml") == page.count("<figcaption") == 5
    code, _, err = latebloom("trace", run_folder, "--device", "tpu")
    assert (code, err) == (2, "error: --device tpu: use auto, cpu, cuda or mps\n")


def test_a_model_and_data_from_elsewhere(latebloom, plain_run, tmp_path):
    """The same model on the same questions, both read back from files: the same record."""
    assert latebloom("export", plain_run, "--to", "hf", "theirs")[0] == 0
    assert latebloom("data", "composition", *TINY[:12], "--to", "data")[0] == 0
    words = ["--examples", "20", "--json", "--quiet"]
    code, out, err = latebloom("trace", "--hf", "theirs", "--data", "data", *words)
    assert code == 0, err
    theirs = json.loads(out)
    code, out, _ = latebloom("trace", plain_run, "--step", "20", *words)
    ours = json.loads(out)
    assert ours.pop("step") == 20
    assert theirs == ours


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "name a RUN, or both"),
        (["--hf", "theirs"], "name a RUN, or both"),
        (["run", "--split", "test_x"], "test_x"),
        (["run", "--examples", "0"], "examples"),
        (["run", "--step", "7"], "no checkpoint of step 7"),
        (["--hf", "run", "--data", "run"], "run"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(latebloom, run_folder, words, named):
    code, out, err = latebloom("trace", *words)
    assert (code, out) == (2, "")
    assert named in err
    assert len(err.splitlines()) == 1


def test_a_model_of_another_family_is_refused(latebloom, plain_run, tmp_path):
    latebloom("export", plain_run, "--to", "hf", "theirs")
    latebloom("data", "composition", *TINY[:10], "--to", "data")
    config = json.loads((tmp_path / "theirs" / "config.json").read_text())
    (tmp_path / "theirs" / "config.json").write_text(json.dumps(config | {"model_type": "llama"}))
    code, _, err = latebloom("trace", "--hf", "theirs", "--data", "data")
    assert code == 2
    assert "llama" in err
    shutil.rmtree(tmp_path / "theirs")
