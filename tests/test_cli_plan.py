"""`latebloom plan`: what it says of a table, and what it refuses."""

import csv
import json
from pathlib import Path

import pytest

from latebloom.foresight.plan import plan
from latebloom.worlds.chains.own import FactsConfig

DRUGS = Path(__file__).parents[1] / "examples" / "pharmacology" / "facts.csv"


def table(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    """A file of facts."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("subject", "relation", "object"), *rows])
    return path


def test_a_plan_says_what_to_do_and_what_to_expect(latebloom):
    code, out, _ = latebloom("plan", "--facts", DRUGS)
    assert code == 0
    assert f"latebloom grok facts --facts {DRUGS} --inverse --world.missing-frac 0.1" in out
    assert "facts that were kept back, the first guess:" in out
    assert "SQL is exact" in out


def test_json_says_the_same(latebloom):
    _, out, _ = latebloom("plan", "--facts", DRUGS, "--json")
    told = json.loads(out)
    assert told == json.loads(json.dumps(plan(FactsConfig(facts=str(DRUGS))).as_dict()))
    for one in told["expected"].values():
        assert one["low"] <= one["value"] <= one["high"]
    assert 0 < told["expected"]["one_hop"]["high"] <= 1


def test_numbers_are_not_planned_and_no_names(latebloom):
    _, names, _ = latebloom("plan", "--facts", DRUGS)
    code, out, _ = latebloom("plan", "--facts", DRUGS.with_name("table.csv"))
    assert code == 0
    assert "not planned: numbers, which are trained besides (half-life (h)" in out
    assert out.splitlines()[3] == names.splitlines()[3]  # steps, seconds, memory


def test_where_nothing_can_be_guessed_it_says_so(latebloom, tmp_path):
    import random

    draw = random.Random(0)
    rows = [
        (f"n{s}", f"r{r}", f"n{draw.randrange(90)}")
        for s in range(90)
        for r in range(6)
        for _ in range(2)
    ]
    _, random_table, _ = latebloom("plan", "--facts", table(tmp_path / "random.csv", rows))
    assert "guesses will rarely be right" in random_table
    regular = [(f"n{s}", f"r{r}", f"n{10 * r + s % 9}") for s in range(90) for r in range(6)]
    _, regular_table, _ = latebloom("plan", "--facts", table(tmp_path / "regular.csv", regular))
    assert "can be guessed from this table" in regular_table


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("a", "r", "b"), ("b", "r", "c")], "holds 2 facts between names"),
        ([(f"s{i}", f"r{i}", f"o{i}") for i in range(60)], "only 0 can be spared"),
    ],
)
def test_a_table_that_gives_nothing_to_plan_is_refused(latebloom, tmp_path, rows, said):
    code, _, err = latebloom("plan", "--facts", table(tmp_path / "t.csv", rows))
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_table_that_is_too_large_is_refused(latebloom, tmp_path, monkeypatch):
    monkeypatch.setattr("latebloom.foresight.plan.LARGEST", 40)
    rows = [(f"n{i}", "r", f"n{i + 1}") for i in range(41)]
    code, _, err = latebloom("plan", "--facts", table(tmp_path / "t.csv", rows))
    assert (code, "holds 41 facts" in err, "40 at most" in err) == (2, True, True)


def test_what_is_no_table_of_facts_is_refused(latebloom, tmp_path):
    for words in ((), ("--facts", DRUGS, "--numeric"), ("--graph", tmp_path)):
        code, _, err = latebloom("plan", *words)
        assert code == 2
        assert "latebloom plan --facts FILE" in err
