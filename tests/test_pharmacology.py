"""The example of a lab's table: what its page shows is so, as far as the table decides it."""

import csv
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from latebloom.asking.joining import Joined
from latebloom.asking.reading import read_questions
from latebloom.cli.app import app
from latebloom.worlds.answers import FactSets, follow_sets
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.checking.check import check_file
from latebloom.worlds.chains.own import FactsConfig
from latebloom.worlds.data import as_world

ROOT = Path(__file__).parents[1]
HERE = ROOT / "examples" / "pharmacology"
SOURCES = {"label", "GtoPdb", "KEGG", "FDA table", "textbook"}
BLOCKS = re.findall(
    r"^```\n(.*?)^```", (HERE / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)
ASKED = [block.splitlines() for block in BLOCKS if block.startswith("$ latebloom ask ")]
GROWN = next(block.strip() for block in BLOCKS if block.startswith("latebloom grok "))


def rows(name):
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def world():
    """The world of the command on the page."""
    paths = {name: str(HERE / f"{name}.csv") for name in ("facts", "synonyms", "phrases")}
    config = FactsConfig(**paths, inverse=True, missing_frac=0.05)
    return as_world(build_world(config, 0), HERE)


def test_every_fact_has_a_source_and_no_trouble():
    facts = rows("facts.csv")
    assert {row["source"] for row in facts} == SOURCES
    found = check_file(HERE / "facts.csv", FactsConfig(facts="x", single=("class",), inverse=True))
    assert found.troubles == ()
    assert found.judging.line() in (HERE / "README.md").read_text(encoding="utf-8")


def test_numbers_and_synonyms_are_of_names_in_the_facts():
    facts = rows("facts.csv")
    names = {row[part] for row in facts for part in ("subject", "relation", "object")}
    assert {row["name"] for row in rows("synonyms.csv")} <= names
    assert not {row["synonym"] for row in rows("synonyms.csv")} & names
    assert {row["drug"] for row in rows("numbers.csv")} <= names
    assert any(not row["half-life (h)"] for row in rows("numbers.csv"))


def test_the_one_table_holds_the_facts_and_the_numbers():
    facts = rows("facts.csv")
    numbers = [
        (row["drug"], name, cell)
        for row in rows("numbers.csv")
        for name, cell in row.items()
        if name != "drug" and cell
    ]
    table = [(row["subject"], row["relation"], row["object"]) for row in rows("table.csv")]
    assert table == [(f["subject"], f["relation"], f["object"]) for f in facts] + numbers
    measured = check_file(HERE / "table.csv", FactsConfig(facts="x", numbers=("auto",)))
    assert [one["relation"] for one in measured.as_dict()["numbers"] if one["measured"]] == list(
        dict.fromkeys(name for _, name, _ in numbers)
    )


def test_the_commands_on_the_page_are_commands():
    shown = [block.splitlines()[0].removeprefix("$ ") for block in BLOCKS]
    assert len(shown) >= 9
    for line in shown:
        app.parse_args(shlex.split(line)[1:], exit_on_error=False, print_error=False)


def question_of(line):
    words = shlex.split(line)[4:]
    return words[: words.index("--top")]


@pytest.mark.parametrize("lines", ASKED, ids=lambda lines: " ".join(question_of(lines[0])))
def test_what_is_shown_as_known_is_what_the_facts_give(world, lines):
    read = read_questions(world, question_of(lines[0]))
    parts = read.branches if isinstance(read, Joined) else [read]
    facts = FactSets(world.facts)
    known = set.intersection(
        *(
            set(follow_sets(world.task.names(np.array([tokens])), [facts])[-1].member.tolist())
            for tokens in parts
        )
    )
    text = "\n".join(lines[1:])
    shown = re.search(r"^(?:told|follows): .*?(\d+) answers?;.*\n((?:  .*\n)*)", text, re.MULTILINE)
    named = [] if shown is None else [line.strip() for line in shown[2].splitlines()]
    assert {line.split("  ")[0] for line in named} == set(world.vocabulary.decode(known))
    assert (shown is None) == (not known)
    if "never told" in text or text.startswith("inferred"):
        assert shown is None


def test_the_fact_that_was_kept_back_is_nowhere_told(world):
    """What the page says of clarithromycin."""
    ids = world.vocabulary.ids
    told = world.facts.rows().tolist()
    assert [ids["clarithromycin"], ids["metabolised by"], ids["CYP3A4"]] not in told
    assert {"clarithromycin", "metabolised by", "CYP3A4"} <= {
        word for row in rows("facts.csv") for word in row.values()
    }


@pytest.mark.slow
def test_one_command_grows_it_and_answers_as_shown(tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")

    def run(line, status=0):
        done = subprocess.run(
            [sys.executable, "-m", "latebloom", *shlex.split(line)[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stdout.splitlines()

    begun = time.perf_counter()
    run(GROWN)
    assert time.perf_counter() - begun < 600  # a wide limit: machines differ
    for lines in ASKED:
        refused = any(line.startswith("never told") for line in lines)
        printed = run(lines[0].removeprefix("$ "), status=3 if refused else 0)
        status = next(
            i for i, line in enumerate(lines) if re.match(r"\w[\w ]*: (the|told|no)", line)
        )
        assert printed[status - 1].split(";")[0] == lines[status].split(";")[0]
