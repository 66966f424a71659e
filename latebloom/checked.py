"""Checks of a config's values by the types of its fields, wherever the values come from.

A config is a frozen dataclass. What comes from a file or from the command is text and is converted
strictly; what comes from Python was not looked at by anybody, and `TrainConfig(optimizer="sgd")`
would train something else and say so only in the run folder. So every config calls `check_fields`.

Covers: bool, int, float (a whole number will do), str, `Literal`, tuples of these, and fields that
hold another config. NaN is refused, which slips through comparisons with a bound, and infinity but
for a world's: there a phi may be infinite, which asks for all that there is.
"""

import dataclasses
import math
import types
import typing
from functools import cache
from typing import Any, Literal

from latebloom.errors import LatebloomError

PLAIN = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
"""How the plain types are called in a message."""


LARGEST = 1e30
"""The largest number that a setting may be: any larger one is a slip, and overflows somewhere."""


def check_fields(
    config: object, section: str, error: type[LatebloomError] = LatebloomError
) -> None:
    """Whether every field of a dataclass holds what its type says.

    section: stands before the field's name in the message (`train.lr`).
    Raises: `error`, naming the field, its value, and what it may be.
    """
    for name, hint in fields_of(type(config)):
        value = getattr(config, name)
        wanted = mismatch(value, hint)
        if not wanted and hint is float and math.isinf(value) and section != "world":
            wanted = "a finite number"
        elif not wanted and hint in (int, float) and LARGEST < abs(value) < math.inf:
            wanted = f"at most {LARGEST:g}"
        if wanted:
            raise error(f"{section}.{name} is {value!r}; it must be {wanted}")


@cache
def fields_of(kind: type) -> tuple[tuple[str, Any], ...]:
    """Name and type of each field of a dataclass."""
    hints = typing.get_type_hints(kind)
    return tuple((field.name, hints[field.name]) for field in dataclasses.fields(kind))


def mismatch(value: Any, hint: Any) -> str:
    """What a value should be; empty if it is."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return "" if value in args else "one of " + ", ".join(str(one) for one in args)
    if origin is tuple:
        fits = isinstance(value, (tuple, list)) and not any(mismatch(v, args[0]) for v in value)
        return "" if fits else f"a list, each {PLAIN.get(args[0], args[0])}"
    if origin in (typing.Union, types.UnionType):
        names = ", ".join(getattr(one, "__name__", str(one)) for one in args)
        return "" if any(not mismatch(value, one) for one in args) else f"one of {names}"
    if hint is float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return "" if number and not math.isnan(value) else PLAIN[float]
    if hint is int:
        return "" if isinstance(value, int) and not isinstance(value, bool) else PLAIN[int]
    if isinstance(hint, type) and not isinstance(value, hint):
        return PLAIN.get(hint, f"a {hint.__name__}")
    return ""
