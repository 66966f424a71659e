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
    for fields in ([field(value)], [field("one"), field(value)]):
        try:
            guessed(*fields)
        except BaseException as stopped:  # marimo's own, which no cell is to catch
            assert type(stopped).__name__ == "MarimoStopError"
        else:
            pytest.fail("it did not wait")


def test_where_nobody_guesses_nothing_waits(monkeypatch):
    monkeypatch.setattr(marimo, "cli_args", lambda: {"answers": "true"})
    assert guessed(field(None)) == ""
