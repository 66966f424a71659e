"""Guesses: what a lesson asks before it shows what happens.

Enters: fields of marimo that have no value yet. Leaves: the guess in words, once there is one;
until then the cell that asks for it waits. With `-- --answers true` behind the notebook's name
nothing waits, so that a lesson can be rendered, or tested, without a reader.
"""

from typing import Any


def guessed(*fields: Any, words: str = "You said: {}.") -> str:
    """Waits for the guesses, and repeats them; empty where there are none and nothing waits.

    words: how they are repeated, with `{}` for each.
    """
    import marimo as mo

    values = [field.value for field in fields]
    if all(value not in (None, "") for value in values):
        return words.format(*values) + " "
    answers = bool(mo.cli_args().get("answers"))
    mo.stop(not answers, mo.md("*Guess above, and the answer comes.*"))
    return ""
