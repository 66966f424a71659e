"""The ground floor: text from data, shown so that it cannot act.

A name in a file of facts may hold a terminal's escape sequence, which recolours, overwrites or
types; or a character that turns the direction of writing round, so that what one reads is not what
stands there. Whatever shows text (the terminal, the page, a figure) shows it through `neutral`.

Covers: control characters (shown as their pictures, ESC as \u241b), the controls of direction,
invisible spaces, separators of lines, halves of surrogate pairs (shown as \ufffd). Does not cover:
letters that look alike; the joiners that Persian, Hindi and emoji are written with.
"""

import re
from typing import Any

TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Controls of the direction of writing."""
UNSEEN = "\u200b\u2060\ufeff\u2028\u2029\ufff9-\ufffb"
"""Spaces without width, separators, marks of annotation."""
ACTS = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{TURNS}{UNSEEN}\ud800-\udfff]")
"""Everything that is not shown as it is. Tabs and ends of lines are; a text may have several."""


def neutral(text: str) -> str:
    """A text without characters that act."""
    return ACTS.sub(picture, text)


def picture(found: re.Match[str]) -> str:
    """What is shown in place of a character that acts: one character as well."""
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"


def in_json(text: str) -> str:
    """A JSON text of the same value, with every character that acts escaped."""
    return ACTS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def neutral_value(value: Any) -> Any:
    """What a template prints: text without characters that act, anything else as it is."""
    return type(value)(neutral(value)) if isinstance(value, str) else value
