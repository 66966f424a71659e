"""`latebloom grok --start-from`: the weights of another run, and what is refused."""

import json

SHORT = (
    *("--model.n-layers", "1", "--model.n-loops", "1", "--model.d-model", "16"),
    *("--model.feedback", "none", "--model.positions", "learned", "--train.steps", "4"),
    *("--train.batch-size", "8", "--train.probe", "20", "--quiet"),
)
LOGIC = ("logic", "--world.variables", "2", "--world.test-depths", "", "--world.trained", "50")


def test_a_run_starts_from_one_of_another_world(latebloom, tmp_path):
    code, _, complaint = latebloom("grok", *LOGIC, "--world.tested", "50", *SHORT, "--out", "low")
    assert code == 0, complaint
    words = ("grok", "modular", "--world.p", "7", "--model.tied", "true", *SHORT)
    words = (*words, "--model.activation", "gelu_new", "--start-from", "low")
    code, _, complaint = latebloom(*words, "--carry", "body", "--out", "high")
    assert code == 0, complaint
    told = json.loads((tmp_path / "high" / "environment.json").read_text())["started_from"]
    assert (told["run"], told["step"], told["shared_words"]) == (str(tmp_path / "low"), 4, 0)
    assert 'carry = "body"' in (tmp_path / "high" / "config.toml").read_text()
    assert (tmp_path / "high" / "start.safetensors").exists()


def test_what_has_no_effect_or_is_not_there_is_one_line(latebloom, tmp_path):
    for words, said in (
        (["--carry", "body"], "start.carry has no effect without start.run"),
        (["--start-from", "gone"], "there is no such run folder"),
        (["--start-from", "gone", "--carry", "bodies"], "must be one of all, body, shuffled"),
    ):
        code, _, complaint = latebloom("grok", "composition", *words, "--out", "run")
        assert code == 2
        assert said in complaint
        assert len(complaint.strip().splitlines()) == 1
        assert not (tmp_path / "run").exists()
