"""Records to JSON and back: equal values, nan as null, and no silent change of type."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pytest

from latebloom.records import from_json, to_json


class Place(NamedTuple):
    loop: int
    boundary: int


@dataclass(frozen=True)
class Part:
    share: float
    place: Place | None
    form: Literal["serial", "none"]


@dataclass(frozen=True)
class Whole:
    parts: Mapping[str, Part]
    grid: np.ndarray
    pairs: tuple[tuple[int, int], ...]
    known: float | None = None


class Celsius:
    """Has a shape of its own in JSON."""

    def __init__(self, degrees: float) -> None:
        self.degrees = degrees

    def as_dict(self) -> dict:
        return {"kelvin": self.degrees + 273}

    @classmethod
    def from_dict(cls, table: dict) -> "Celsius":
        return cls(table["kelvin"] - 273)


@dataclass(frozen=True)
class Weather:
    days: tuple[Celsius, ...]


WHOLE = Whole(
    parts={"a": Part(math.nan, Place(0, 1), "serial"), "b": Part(0.1, None, "none")},
    grid=np.array([[0.1, math.nan], [1.0, -0.0]]),
    pairs=((0, 1), (2, 3)),
)


def test_there_and_back():
    table = json.loads(json.dumps(to_json(WHOLE), allow_nan=False))
    assert table["parts"]["a"] == {"share": None, "place": [0, 1], "form": "serial"}
    assert table["grid"] == [[0.1, None], [1.0, -0.0]]
    back = from_json(table, Whole)
    assert math.isnan(back.parts["a"].share)
    assert back.parts["a"].place == Place(0, 1)
    assert back.parts["b"] == WHOLE.parts["b"]
    assert np.array_equal(back.grid, WHOLE.grid, equal_nan=True)
    assert back.pairs == WHOLE.pairs
    assert back.known is None
    assert to_json(back) == table


def test_numbers_keep_their_last_digit():
    values = np.random.default_rng(0).normal(size=100)
    table = json.loads(json.dumps(to_json({"a": values, "b": values.astype(np.float32)})))
    assert table["a"] == values.tolist()
    assert np.array_equal(np.array(table["b"], np.float32), values.astype(np.float32))


def test_a_class_may_bring_its_own_shape():
    table = to_json(Weather((Celsius(20.0),)))
    assert table == {"days": [{"kelvin": 293.0}]}
    assert from_json(table, Weather).days[0].degrees == 20.0


def test_what_is_no_field_is_passed_over():
    assert from_json(to_json(WHOLE) | {"words": "more"}, Whole).pairs == WHOLE.pairs


@pytest.mark.parametrize(
    "change",
    [
        {"grid": "none"},
        {"pairs": 3},
        {"parts": {"a": {"share": "0.5", "place": None, "form": "none"}}},
        {"parts": {"a": {"share": 0.5, "place": [0], "form": "none"}}},
        {"parts": {"a": {"share": 0.5, "place": None, "form": "other"}}},
        {"parts": {"a": {"share": 0.5, "place": ["0", 1], "form": "none"}}},
        {"parts": {"a": {"share": 0.5, "place": None}}},
    ],
)
def test_what_does_not_fit_is_refused(change):
    with pytest.raises(ValueError):
        from_json(to_json(WHOLE) | change, Whole)


@pytest.mark.parametrize("table", [None, [], 3, "text", {}])
def test_no_record_at_all(table):
    with pytest.raises(ValueError):
        from_json(table, Whole)
