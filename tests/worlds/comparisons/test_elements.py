"""The elements: what everybody knows of them, and what is left out."""

import sys

import numpy as np
import pytest

from latebloom.errors import MissingExtraError, WorldError
from latebloom.worlds.comparisons.elements import (
    MIN_VALUES,
    NOT_MEASURED,
    ElementsConfig,
    load_element_table,
    make_elements,
)

pytest.importorskip("mendeleev")


@pytest.fixture(scope="module")
def table():
    return load_element_table(ElementsConfig())


def test_the_elements_are_all_there_in_order(table):
    assert len(table.entities) == 118
    assert table.entities[:4] == ("H", "He", "Li", "Be") and table.entities[-1] == "Og"


def test_known_numbers(table):
    def number(attribute, entity):
        return table.number[table.entities.index(entity), table.attributes.index(attribute)]

    assert number("melting_point", "Fe") == pytest.approx(1811, abs=1)
    # Tin melts as white tin at 505 K; grey tin turns into it at 286 K.
    assert number("melting_point", "Sn") == pytest.approx(505, abs=1)
    # Arsenic sublimes.
    assert np.isnan(number("melting_point", "As"))
    assert number("first_ionization_energy", "H") == pytest.approx(13.6, abs=0.01)
    assert number("third_ionization_energy", "Li") == pytest.approx(122.45, abs=0.01)


def test_only_filled_and_varied_properties_are_asked(table):
    filled = np.isfinite(table.number).mean(axis=0)
    assert filled.min() >= 0.75
    assert min(len(np.unique(c[np.isfinite(c)])) for c in table.number.T) >= MIN_VALUES
    assert not set(table.attributes) & {*NOT_MEASURED, "is_radioactive"}
    assert len(load_element_table(ElementsConfig(min_filled=0.99)).attributes) < len(filled)


def test_the_world_knows_which_melts_later():
    world = make_elements(ElementsConfig(ood_frac=0, test_id_frac=0), seed=0)
    question = world.vocabulary.encode(["melting_point", "Fe", "Cu"])
    rows = world.splits["train_inferred"]
    found = rows[(rows[:, :3] == question).all(axis=1)]
    assert world.vocabulary.decode(found[:, 3]) == [">"]


def test_what_cannot_be_is_said(monkeypatch):
    with pytest.raises(WorldError, match=r"world\.min_filled is 0"):
        ElementsConfig(min_filled=0)
    monkeypatch.setitem(sys.modules, "mendeleev.fetch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'latebloom\[elements\]'"):
        make_elements(ElementsConfig(), seed=0)
