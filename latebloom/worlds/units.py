"""Units of the numbers in a table: an attribute says its own in brackets, `half-life (h)`."""

import re

from latebloom.errors import LatebloomError

UNIT = re.compile(r"(?P<name>.*\S)\s*\((?P<unit>[^()]+)\)")
"""An attribute that says its unit: `half-life (h)`."""
MARK = re.compile(r"(?P<number>[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*(?P<unit>\D.*)?", re.IGNORECASE)
"""A number, perhaps with a unit: `24`, `24h`, `1.5e3 g/mol`."""


def without_unit(attribute: str) -> str:
    """`half-life` of `half-life (h)`."""
    found = UNIT.fullmatch(attribute)
    return attribute if found is None else found["name"]


def unit_of(attribute: str) -> str:
    """`h` of `half-life (h)`; empty where none is said."""
    found = UNIT.fullmatch(attribute)
    return "" if found is None else found["unit"].strip()


def in_unit(number: float, unit: str) -> str:
    """A number as it is said: `18 h`."""
    return f"{number:.12g}{' ' if unit else ''}{unit}"


def number_of(text: str, unit: str, attribute: str) -> float:
    """The mark that a question names.

    Raises: LatebloomError for what is no number, or one in another unit than the table's.
    """
    found = MARK.fullmatch(text.strip())
    if found is None:
        raise LatebloomError(f"{text!r} is no number; ask, for example: {attribute!r} above 10")
    said = (found["unit"] or "").strip()
    if said and said != unit:
        told = f"is told in {unit}" if unit else "has no unit in the table"
        raise LatebloomError(f"{text!r}: {attribute!r} {told}; give the number in that, alone")
    return float(found["number"])
