"""What the pages show: every line of every code block is a command that parses, or an output."""

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from latebloom.cli.app import app
from latebloom.recipes.catalogue import RECIPES

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
OTHER = ("git clone ", "source .venv", "printf ", "cat ", "pip install ", "#")
"""How lines begin that are commands of others, or remarks."""
LANGUAGES = ("", "console", "js", "python", "text")
"""Of the blocks on pages; one in another language would go by unseen."""
READING = ("check", "plan")
"""Commands that only read a table: without training they print what a page shows."""
EXAMPLE = "examples/pharmacology/README.md"


def blocks_of(page):
    """Language and text of every code block."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def targets():
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def check_command(line):
    """A line that would be typed: parsed by the command's own parser, or looked up."""
    words = shlex.split(line, comments=True)
    if words[0] == "latebloom":
        app.parse_args(words[1:], exit_on_error=False, print_error=False)
        if words[1:2] == ["grok"] and words[2:] and not words[2].startswith("-"):
            assert words[2] in RECIPES, line
    elif words[0] == "torchrun":
        check_command(shlex.join(words[words.index("-m") + 1 :]))
    elif words[0] == "make":
        assert set(words[1:]) <= targets(), line
    elif words[0] == "python":
        path = words[2].replace(".", "/") if words[1] == "-m" else words[1].removesuffix(".py")
        assert (ROOT / f"{path}.py").exists() or (ROOT / path / "__main__.py").exists(), line
    else:
        raise AssertionError(f"{line!r}: is it a command, or an output whose command lacks a $ ?")


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_python_or_commands_with_their_outputs(page):
    for language, text in blocks_of(page):
        assert language in LANGUAGES, f"{language!r} is no language that is looked at"
        if language in ("text", "js"):  # what was printed or drawn; the page's own console
            continue
        if language == "python":
            ast.parse(text)
            continue
        if language == "console" and page == "docs/command.md":
            continue  # forms of commands, made from the command itself
        shows_output = text.startswith("$ ")
        for line in text.splitlines():
            typed = line.removeprefix("$ ") if shows_output else line
            if (shows_output and typed == line) or not typed or typed.startswith(OTHER):
                continue
            check_command(typed)


def test_the_check_notices(tmp_path):
    for line in ("latebloom grok compositon", "latebloom ask", "make nothing", "pythn x"):
        with pytest.raises(Exception):  # noqa: B017 (the parser's, or ours)
            check_command(line)


def test_the_reference_of_the_command_is_up_to_date():
    """If this fails: python docs/command_reference.py"""
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import command_reference
    finally:
        sys.path.pop(0)
    assert command_reference.PAGE.read_text(encoding="utf-8") == command_reference.page()


@pytest.mark.parametrize("page", PAGES)
def test_links_within_the_project_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, _ = target.partition("#")
        if path and "://" not in path:
            assert ((ROOT / page).parent / path).exists(), f"{page}: {target}"


def names_in_code(page):
    """Words in backquotes that look like a path into the package or one of its names."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"`latebloom\.([\w.]+)`", text)


def test_the_names_on_the_papers_page_are_there():
    import importlib

    found = names_in_code("docs/papers.md")
    assert len(found) > 10
    for name in found:
        room, _, attribute = name.rpartition(".")
        try:
            importlib.import_module(f"latebloom.{name}")
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(f"latebloom.{room}"), attribute), name


def masked(lines):
    """Lines without what another machine may round otherwise: shares, seconds."""
    return [re.sub(r"[\d.]+\s?%|[\d.]+ s\b", "*", line).split() for line in lines]


def in_words(line):
    """A line without any number, of what counts and measures."""
    return re.sub(r"\d[\d.,]*", "#", line).split()


def compare(command, shown, printed, of_line=lambda line: masked([line])):
    """Every line shown was printed, in this order; `...` stands for any number of others."""
    left, gap = list(printed), False
    for line in shown:
        if line == "...":
            gap = True
            continue
        here = [of_line(one) for one in left]
        assert of_line(line) in (here if gap else here[:1]), f"{command}: {line!r} is not printed"
        left = left[here.index(of_line(line)) + 1 :]
        gap = False
    assert gap or not left, f"{command}: {left[0]!r} is not shown"


def test_the_comparison_notices():
    printed = ["right   1800  99 %", "stopped", "the run is there"]
    compare("x", ["right 1800  98 %", "...", "the run is there"], printed)
    compare("x", ["right 1799  98 %", "..."], printed, of_line=in_words)
    for shown in (["right 1799 99 %", "..."], ["stopped", "..."], ["...", "stopped"], printed[:2]):
        with pytest.raises(AssertionError):
            compare("x", shown, printed)


def tables_on(page):
    """The small files that a page writes out, by their names: `$ cat FILE`, and what is in it."""
    shown = [text.split("\n", 1) for _, text in blocks_of(page) if text.startswith("$ cat ")]
    return {command.removeprefix("$ cat "): text for command, text in shown}


def outputs_on(page):
    """The commands on a page that show what they print, with it."""
    blocks = [text.splitlines() for _, text in blocks_of(page) if text.startswith("$ latebloom ")]
    return [(command.removeprefix("$ "), shown) for command, *shown in blocks if shown]


@pytest.fixture(scope="module")
def run_in(tmp_path_factory):
    """Runs a command line in an empty folder that has the examples; gives the lines that a reader
    sees, progress among them."""
    home = tmp_path_factory.mktemp("pages")
    (home / "examples").symlink_to(ROOT / "examples")

    def run(line):
        done = subprocess.run(
            [sys.executable, "-m", "latebloom", *shlex.split(line)[1:]],
            cwd=home,
            env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    run.home = home
    return run


READ = [
    pytest.param(page, command, shown, id=f"{page}: {command}")
    for page in (*PAGES, EXAMPLE)
    for command, shown in outputs_on(page)
    if command.split()[1] in READING
]


@pytest.mark.parametrize(("page", "command", "shown"), READ)
def test_what_is_read_of_a_table_is_as_shown(latebloom, tmp_path, page, command, shown):
    """In this process, and with the small tables that the page writes out."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for name, text in tables_on(page).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    code, printed, complaint = latebloom(*shlex.split(command)[1:])
    assert code == 0, complaint
    compare(command, shown, printed.splitlines())


def test_every_page_that_shows_a_table_is_looked_at():
    """An output that stood apart from its command would be compared with nothing."""
    pages = {one.values[0] for one in READ}
    assert pages == {"docs/getting-started.md", "docs/own-facts.md", EXAMPLE}
    assert list(tables_on("docs/own-facts.md")) == ["drugs.csv", "numbers.csv", "more.csv"]


@pytest.mark.slow
def test_a_table_of_ones_own_is_read_asked_and_added_to_as_shown(run_in):
    """What is read is the same to the digit; what is measured may be rounded otherwise."""
    page = "docs/own-facts.md"
    ask, learn = [one for one in outputs_on(page) if one[0].split()[1] not in READING]
    typed = [line for _, text in blocks_of(page) for line in text.splitlines()]
    run_in(next(line for line in typed if re.match("latebloom grok .*/facts.csv .*--out", line)))
    (read,) = [text for kind, text in blocks_of(page) if kind == "text" and " facts read, " in text]
    diagnosis = run_in.home / "runs" / "drugs" / "diagnosis.txt"
    assert diagnosis.read_text(encoding="utf-8").startswith(read)
    compare(*ask, run_in(ask[0]), of_line=in_words)
    for name, text in tables_on(page).items():
        (run_in.home / name).write_text(text, encoding="utf-8")
    printed = run_in(learn[0])
    compare(*learn, printed, of_line=in_words)
    # How many facts are new is the table's to say, and that they are learned is the page's claim.
    assert masked(learn[1][1:3]) == masked(printed[-6:-4])


@pytest.mark.slow
def test_the_outputs_shown_are_those_that_are_printed(run_in):
    """The run of `latebloom grok composition`, asked and looked into as the pages do it."""
    shown = [
        (command, lines)
        for page in ("README.md", "docs/getting-started.md")
        for command, lines in outputs_on(page)
        if "composition" in command
    ]
    trained = [(command, lines) for command, lines in shown if " grok " in command]
    assert len(trained) == 1
    for command, lines in trained:
        compare(command, lines, run_in(command), of_line=in_words)
    kinds = {command.split()[1] for command, _ in shown}
    assert kinds == {"grok", "ask", "lens", "trace", "report"}
    for command, lines in shown:
        kind = command.split()[1]
        if kind == "ask":
            printed = run_in(command)
            # What it rests on, the likeliest answer, and what is said of the question; runners-up
            # may change places.
            assert len(printed) == len(lines)
            for i in (0, 1, *range(6, len(lines))):
                assert masked([printed[i]]) == masked([lines[i]]), command
        elif kind == "lens":
            compare_lens(command, lines, run_in(command))
        elif kind == "trace":
            compare(command, lines, run_in(command), of_line=in_words)
        elif kind == "report":
            compare(command, lines, run_in(command))


def compare_lens(command, shown, printed):
    """Names that are sure are as shown; what is unsure may come out otherwise elsewhere, and then
    a state's second name, in a line of its own, may come or go."""
    shown, printed = rows_of_lens(shown), rows_of_lens(printed)
    assert list(shown) == list(printed), command
    for row, cells in shown.items():
        sure = [name for name, share in re.findall(r"(\S+) (\d+)%", cells) if int(share) >= 90]
        assert all(f" {name} " in printed[row] for name in sure), f"{command}: {row}: {cells!r}"


def rows_of_lens(lines):
    """The first line of every loop and layer, by its name, which takes 18 places."""
    return {line[:18].strip(): f" {line[18:]} " for line in lines if line.startswith(" loop ")}


@pytest.mark.slow
def test_the_reader_says_inside_what_is_shown(run_in):
    (told,) = outputs_on("docs/results.md")
    command, shown = told
    assert "lens runs/reader-seed100 " in command
    run_in("latebloom grok reader --seed 100 --quiet")
    compare_lens(command, shown, run_in(command))
