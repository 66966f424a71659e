"""A lesson's answer waits for the guess, unless nobody is there to guess."""

from types import SimpleNamespace

import pytest

marimo = pytest.importorskip("marimo", reason="the extra lessons brings it")

from latebloom.lessons.guessing import guessed  # noqa: E402


def field(value):
    return SimpleNamespace(value=value)


def test_a_guess_is_repeated():
    assert guessed(field("first")) == "You said: first. "
    assert guessed(field("40"), words="You guessed {} %.") == "You guessed 40 %. "
    assert guessed(field("a"), field("b"), words="{}, {}.") == "a, b. "


@pytest.mark.parametrize("value", [None, ""])
def test_without_one_the_cell_stops(monkeypatch, value):
    monkeypatch.setattr(marimo, "cli_args", lambda: {})
    with pytest.raises(BaseException, match="") as stopped:
        guessed(field(value))
    assert "Stop" in type(stopped.value).__name__
    with pytest.raises(BaseException, match="") as stopped:
        guessed(field("one"), field(value), words="{} {}")
    assert "Stop" in type(stopped.value).__name__


def test_where_nobody_guesses_nothing_waits(monkeypatch):
    monkeypatch.setattr(marimo, "cli_args", lambda: {"answers": "true"})
    assert guessed(field(None)) == ""
