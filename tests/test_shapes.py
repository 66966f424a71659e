"""The checker of shapes and types itself: what it refuses, in the package and by hand."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import Float, TypeCheckError
from shapes import check
from torch import Tensor

from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer

REFUSED = (BeartypeCallHintViolation, TypeCheckError)
Row, Square = Float[Tensor, "n"], Float[Tensor, "n n"]


@check
def scaled(matrix: Square, by: Row) -> Row:
    return torch.ones(len(matrix) + int(by[0]))


@check
def half(value: float) -> float:
    return "half" if value < 0 else value / 2


@check
def rows(n: int) -> Iterator[Row]:
    yield torch.ones(n)


@check
def longer(pair: "Pair", than: "NowhereToBeFound") -> "Row":
    return pair.one if than else 0


@check
@dataclass
class Pair:
    one: Row
    other: Row

    @staticmethod
    @check
    def double(value: int) -> int:
        return 2 * value

    @property
    @check
    def length(self) -> int:
        return str(len(self.one))


@check
@dataclass
class OwnConfig:
    size: int


def test_an_axis_is_as_long_wherever_its_name_stands():
    assert scaled(torch.ones(2, 2), torch.zeros(2)).shape == (2,)
    with pytest.raises(REFUSED):
        scaled(torch.ones(2, 3), torch.zeros(2))
    with pytest.raises(REFUSED):
        scaled(torch.ones(2, 2), torch.zeros(3))
    with pytest.raises(REFUSED):
        scaled(torch.ones(2, 2), by=torch.zeros(2, dtype=torch.long))
    with pytest.raises(REFUSED, match="return"):
        scaled(torch.ones(2, 2), torch.ones(2))
    # The axes of one call are not those of the next, also after an error.
    assert scaled(torch.ones(3, 3), torch.zeros(3)).shape == (3,)


def test_plain_types_are_checked_where_no_array_is():
    assert half(3) == 1.5  # an int is a float
    with pytest.raises(REFUSED):
        half("3")
    with pytest.raises(REFUSED, match="return"):
        half(-1.0)
    assert [len(row) for row in rows(2)] == [2]
    with pytest.raises(REFUSED):
        next(rows("2"))


def test_names_in_quotes_are_looked_up_when_they_are_needed():
    pair = Pair(torch.ones(2), torch.ones(2))
    assert len(longer(pair, "anything")) == 2
    with pytest.raises(REFUSED):
        longer("pair", "anything")
    with pytest.raises(REFUSED, match="return"):
        longer(pair, "")


def test_classes_are_checked_by_what_they_are():
    assert Pair.double(2) == 4
    with pytest.raises(REFUSED):
        Pair.double("2")
    with pytest.raises(REFUSED, match="return"):
        _ = Pair(torch.ones(2), torch.ones(2)).length
    with pytest.raises(REFUSED):
        Pair(torch.ones(2), torch.ones(3))
    assert OwnConfig("it says itself what is wrong").size


def test_the_package_is_checked():
    model = Transformer(ModelConfig(d_model=16, n_layers=1, n_heads=2), 9)
    assert model(torch.zeros(2, 3, dtype=torch.long)).logits.shape[1:] == (2, 3, 9)
    with pytest.raises(REFUSED):
        model(torch.zeros(2, 3))
    with pytest.raises(REFUSED):
        model.forward(torch.zeros(2, 3, dtype=torch.long), torch.zeros(5, dtype=torch.long))
