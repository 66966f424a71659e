"""What the pages show: every line of every code block is a command that parses, or an output."""

import ast
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
OTHER = ("git clone ", "source .venv", "printf ", "pip install ", "#")
"""How lines begin that are commands of others, or remarks."""
LANGUAGES = ("", "console", "js", "python", "text")
"""Of the blocks on pages; one in another language would go by unseen."""


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


@pytest.mark.slow
def test_the_outputs_shown_are_those_that_are_printed(tmp_path):
    """The run of `latebloom grok composition`, asked as the pages ask it."""

    def run(line):
        words = shlex.split(line)[1:]
        done = subprocess.run(
            [sys.executable, "-m", "latebloom", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    run("latebloom grok composition --quiet")
    seen = 0
    for page in ("README.md", "docs/getting-started.md"):
        for _, text in blocks_of(page):
            command, *shown = text.splitlines()
            if not command.startswith("$ latebloom ask runs/composition-seed0"):
                continue
            seen += 1
            printed = run(command.removeprefix("$ "))
            # What it rests on, the likeliest answer, and what is said of the question; runners-up
            # may change places.
            keep = [0, 1, *range(6, len(shown))]
            assert len(printed) == len(shown)
            for i in keep:
                assert masked([printed[i]]) == masked([shown[i]]), command
    assert seen >= 2
