"""The ground floor: what an instrument finds, as JSON and back.

Enters: a dataclass of plain values, arrays and further dataclasses. Leaves: what `json` can write,
and from that the dataclass again, with equal values.

JSON knows no NaN. A number that cannot be told is nan in a record and `null` in its file; the type
of the field says which of the two a reader gets back: a `float` or an array nan, a `float | None`
None. Arrays become nested lists and come back as float64. A class that wants another shape in JSON
brings `as_dict()` and a class method `from_dict(table)`; both are used wherever it stands, so a
record may be built of such parts.

Covers: bool, int, float, str, `Literal`, tuples, lists, mappings, named tuples, dataclasses, numpy
arrays (also with jaxtyping's shapes) and unions of one of these with None.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar

import cattrs
import numpy as np
from jaxtyping import AbstractArray
from numpy import ndarray

R = TypeVar("R")


def to_json(value: Any) -> Any:
    """A record, or a part of one, as what `json` can write."""
    if hasattr(value, "as_dict"):
        return to_json(value.as_dict())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return fields_to_json(value)
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, ndarray | np.generic):
        return to_json(value.tolist())
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def fields_to_json(record: Any) -> dict[str, Any]:
    """The fields of a dataclass, by their names: what `as_dict` of a record may begin with."""
    return {one.name: to_json(getattr(record, one.name)) for one in dataclasses.fields(record)}


def from_json(table: Any, kind: type[R]) -> R:
    """The record that a table was made from.

    kind: a dataclass, or `dict`, which takes the table as it is. Entries of the table that are no
    fields are passed over.

    Raises: ValueError if a field is missing or holds something else.
    """
    if dataclasses.is_dataclass(kind) and not isinstance(table, Mapping):
        raise ValueError("it is no object")
    try:
        return CONVERTER.structure(table, kind)
    except cattrs.BaseValidationError as error:
        raise ValueError("; ".join(cattrs.transform_error(error))) from error
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def is_array(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, ndarray | AbstractArray)


def has_shape_of_its_own(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "from_dict")


def number(value: Any, _: Any) -> float:
    """A number, nan where JSON has null."""
    if isinstance(value, str | bool):
        raise ValueError(f"{value!r} is no number")
    return math.nan if value is None else float(value)


def array(value: Any, _: Any) -> ndarray:
    """An array of float64, nan where JSON has null."""
    return np.array(value, dtype=float)


def exact(value: Any, kind: type) -> Any:
    """A value that must be of this type already: a text is no number, and a list no text."""
    if type(value) is not kind:
        raise ValueError(f"{value!r} is no {kind.__name__}")
    return value


CONVERTER = cattrs.Converter()
CONVERTER.register_structure_hook(float, number)
for _kind in (int, str, bool):
    CONVERTER.register_structure_hook(_kind, exact)
CONVERTER.register_structure_hook_func(is_array, array)
CONVERTER.register_structure_hook_func(
    has_shape_of_its_own, lambda table, kind: kind.from_dict(table)
)


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record in JSON whose inner tables are spread over dotted columns."""
    row: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            row |= {f"{key}.{name}": inner for name, inner in flat(value).items()}
        else:
            row[key] = value
    return row
