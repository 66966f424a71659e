"""One's own numbers: places on the scale by hand, and what is wrong with a file."""

import math

import numpy as np
import pytest

from latebloom.errors import FactsError, WorldError
from latebloom.worlds.comparisons.own import (
    NumericTableConfig,
    check_header,
    make_numeric_table,
    place_numbers,
    read_numbers,
)

RANK = NumericTableConfig()
ROWS = "river,length,flow\nRhine,1233,2900\nElbe,1094,860\nOder,840,\nWeser,451,327\nMain,527,na\n"


def write(folder, text, name="rivers.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_equal_numbers_share_a_rank():
    number = np.array([3.5, -1.0, math.nan, 3.5, 10.0])
    assert place_numbers(number, RANK).tolist() == [1, 0, -1, 1, 2]


def test_bins_are_equally_filled_and_tear_no_tie():
    bins = NumericTableConfig(scale="bins", bins=3)
    assert place_numbers(np.arange(6.0), bins).tolist() == [0, 0, 1, 1, 2, 2]
    assert place_numbers(np.array([1.0, 1, 1, 1, 5, 9]), bins).tolist() == [0, 0, 0, 0, 2, 2]
    assert place_numbers(np.array([math.nan, 1.0]), bins).tolist() == [-1, 0]


def test_a_table_is_read_as_it_stands(tmp_path):
    table = read_numbers(write(tmp_path, ROWS))
    assert table.entities == ("Rhine", "Elbe", "Oder", "Weser", "Main")
    assert table.attributes == ("length", "flow")
    assert table.number[0].tolist() == [1233, 2900]
    assert np.isnan(table.number[[2, 4], 1]).all()
    assert "5 entities, 2 attributes, 8 numbers (2 missing)" in table.lines()[0]


def test_the_column_of_names_may_stand_anywhere(tmp_path):
    path = write(tmp_path, "size\tthing\n1\tmouse\n2\tcat\n3\tcow\n", "things.tsv")
    table = read_numbers(path, "thing")
    assert table.entities == ("mouse", "cat", "cow") and table.attributes == ("size",)


def test_the_world_compares_what_is_there(tmp_path):
    path = write(tmp_path, ROWS)
    config = NumericTableConfig(facts=str(path), ood_frac=0, test_id_frac=0)
    world = make_numeric_table(config, seed=0)
    asked = {" ".join(world.vocabulary.decode(row)) for row in world.splits["train_inferred"]}
    assert "length Weser Main <" in asked and "flow Elbe Weser >" in asked
    assert len(asked) == 5 * 4 + 3 * 2
    assert not any(
        name in question for question in asked if "flow" in question for name in ("Oder", "Main")
    )
    assert world.task.name == "comparison"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (
            "river,length\nRhine,1233\nElbe,long\nOder,840\n",
            "line 3, column 'length': 'long' is not",
        ),
        ("river,length\nRhine,inf\n", "line 2, column 'length': 'inf' is not a number"),
        ("river,length\nRhine,1233,5\n", "line 2: 3 cells, but the header has 2"),
        ("river,length\nRhine,1\nRhine,2\n", "line 3: 'Rhine' stands on line 2 already"),
        ("river,length\n ,1\n", "line 2: the entity has no name in 'river'"),
        ("river,length,length\n", "two columns are named 'length'"),
        ("river,\n", "column 2 has no name"),
        ("river,length\nRhine,1\nElbe,2\n", "holds 2 entities; comparing takes at least 3"),
        ("river\nRhine\nElbe\nOder\n", "has no column of numbers"),
        ("river,length\nRhine,1\nElbe,1\nOder,1\n", "'length' has one value for all entities"),
        ("river,length\nRhine,\nElbe,-\nOder,NA\n", "'length' has no value for all entities"),
        ('river,length\n"Rhine,1\n', "check its quotes"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(FactsError, match=message):
        make_numeric_table(NumericTableConfig(facts=str(path)), seed=0)


def test_a_file_that_is_none(tmp_path):
    for facts, message in (
        ("", "world.facts is empty"),
        (str(tmp_path / "none.csv"), "no such file"),
        (str(write(tmp_path, ROWS, "rivers.xls")), "unknown ending '.xls'"),
    ):
        with pytest.raises(FactsError, match=message):
            make_numeric_table(NumericTableConfig(facts=facts), seed=0)
    with pytest.raises(FactsError, match="there is no column 'lake'; it has river, length, flow"):
        make_numeric_table(NumericTableConfig(facts=str(write(tmp_path, ROWS)), entity="lake"), 0)
    latin = tmp_path / "latin.csv"
    latin.write_bytes("river,length\nGöta,1\n".encode("latin-1"))
    with pytest.raises(FactsError, match="line 2: byte 15 of the file is not UTF-8"):
        make_numeric_table(NumericTableConfig(facts=str(latin)), seed=0)


def test_one_bin_is_refused():
    with pytest.raises(WorldError, match=r"world\.bins is 1"):
        NumericTableConfig(bins=1)


def test_each_name_of_a_header_is_compared_with_few_others(tmp_path):
    compared = []

    class Counted(str):
        __slots__ = ()

        def __eq__(self, other):
            compared.append(other)
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    header = [Counted(f"c{i}") for i in range(2000)]
    check_header(tmp_path, header)
    assert len(compared) <= 2 * len(header)
    with pytest.raises(FactsError, match="two columns are named 'c7'"):
        check_header(tmp_path, [*header, Counted("c7")])
    assert compared
