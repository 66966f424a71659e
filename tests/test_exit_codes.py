"""The exit codes that `--help` promises are those with which the command ends.

Codes 1 and 130 need a series and a signal: tests/studies/test_sweep.py, tests/test_cli_settings.py.
Code 3 of `learn` is in tests/studies/test_learn.py.
"""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

import latebloom as package
from latebloom.cli.examples import EXIT_CODES
from latebloom.worlds.chains.own import FactsConfig


@pytest.fixture
def drugs(small_config, tmp_path):
    """A run over facts of which some have several objects: its answers are sets."""
    told = [("a", "treats", "x"), ("a", "treats", "y"), ("b", "treats", "x"), ("c", "treats", "y")]
    told += [("x", "runs-in", "a"), ("y", "runs-in", "b"), ("y", "runs-in", "c")]
    (tmp_path / "facts.csv").write_text("".join(",".join(row) + "\n" for row in told))
    world = FactsConfig(facts=str(tmp_path / "facts.csv"), ood_frac=0)
    config = replace(small_config, recipe="facts", world=world)
    return package.grow(config, tmp_path / "drugs", threads=1).folder.path


def test_the_codes_are_these():
    assert set(EXIT_CODES) == {0, 1, 2, 3, 130}


def test_what_a_told_fact_supports_ends_with_0_and_a_mere_guess_with_3(latebloom, drugs):
    for question, code, status in (
        (("a", "treats"), 0, "told"),
        (("b", "runs-in"), 3, "never told"),
    ):
        ended, text, err = latebloom("ask", drugs, *question, "--json")
        told = json.loads(text)
        assert (ended, told["status"], err) == (code, status, ""), told
        shown = latebloom("ask", drugs, *question)
        assert shown[0] == code and told["status"] in shown[1]


def test_a_process_ends_with_that_code(drugs):
    command = [sys.executable, "-m", "latebloom", "ask", drugs, "b", "runs-in", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (3, "")
    assert json.loads(ended.stdout)["status"] == "never told"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["grow"], "grok"),
        (["ask", "nowhere", "e1"], "nowhere"),
        (["ask", "drugs", "nobody", "treats"], "nobody"),
        (["ask", "drugs", "a", "treats", "--step", "late"], "--step"),
        (["ask", "drugs", "a", "treats", "--tip", "3"], "--tip"),
        (["ask", "drugs", "--json"], "needs a question"),
        (["eval", "drugs", "--device", "nowhere"], "nowhere"),
        (["grok", "facts", "--facts", "nothing.csv"], "nothing.csv"),
        (["sweep", "composition"], "--vary"),
        (["export", "drugs", "facts.csv"], "facts.csv"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_ends_with_2_and_a_line_that_names_it(latebloom, drugs, words, said):
    code, text, err = latebloom(*words)
    assert code == 2, text
    assert err.startswith("error: ") and err.count("\n") == 1 and said in err, err
    assert text == ""
