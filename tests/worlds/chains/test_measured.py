"""Which relations of a table hold numbers, and what stands in the way of the others."""

import numpy as np
import pytest

from latebloom.errors import FactsError
from latebloom.worlds.chains.checking.check import check_file
from latebloom.worlds.chains.files import make_table
from latebloom.worlds.chains.measured import PLAIN, set_apart
from latebloom.worlds.chains.own import FactsConfig, make_facts_world

NAMED = [(f"d{i}", "class", f"c{i % 2}") for i in range(6)]
HOURS = [(f"d{i}", "half-life", f"{10 - i} h") for i in range(5)]


def apart(*rows, wanted=("auto",), named=NAMED):
    return set_apart(make_table([*named, *rows], "drugs.csv"), wanted)


def test_numbers_stand_apart_from_names_with_their_unit():
    found = apart(*HOURS, ("d5", "half-life", "n/a"))
    assert found.numbers is not None
    assert found.numbers.attributes == ("half-life (h)",)
    assert found.numbers.entities == ("d0", "d1", "d2", "d3", "d4")
    assert found.numbers.number[:, 0].tolist() == [10, 9, 8, 7, 6]
    assert found.named.relations == ("class",) and len(found.named) == 6
    assert "10 h" not in found.named.entities and "n/a" not in found.named.entities
    assert found.lines() == [
        "numbers: half-life is measured: 5 numbers, in h (1 cells say that there is none)"
    ]
    assert found.n_comparisons == 20


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("d5", "half-life", "about 3"), r"'about 3' \(row 12\) is no plain number"),
        (("d5", "half-life", "<5 h"), r"'<5 h' \(row 12\) is no plain number"),
        (("d5", "half-life", "2,5 h"), r"'2,5 h' \(row 12\) is no plain number"),
        (("d5", "half-life", "30 min"), r"several units: h \(row 7\), min \(row 12\)"),
        (("d5", "half-life", "30"), r"several units: .*none \(row 12\)"),
        (("d0", "half-life", "11 h"), r"d0 has 10 h \(row 7\) and 11 h \(row 12\)"),
        (("10 h", "class", "c0"), r"'10 h' \(row 7\) is a subject as well"),
    ],
)
def test_one_row_that_does_not_fit_is_named_and_all_stay_names(row, why):
    found = apart(*HOURS, row)
    assert found.numbers is None and "10 h" in found.named.entities
    (line,) = found.lines()
    assert line.startswith("numbers: half-life is not compared")
    with pytest.raises(FactsError, match=why):
        apart(*HOURS, row, wanted=("half-life",))


def test_a_unit_in_the_name_and_another_in_a_cell_are_two():
    rows = [(d, "half-life (h)", number) for d, _, number in HOURS]
    assert apart(*rows).numbers is not None
    with pytest.raises(FactsError, match=r"several units: min .*h \(in its name\)"):
        apart(*[(d, r, n.replace("h", "min")) for d, r, n in rows], wanted=("half-life (h)",))


def test_the_same_number_written_twice_is_one():
    found = apart(*HOURS, ("d0", "half-life", "10.0 h"))
    assert found.numbers is not None and found.numbers.number[0, 0] == 10


@pytest.mark.parametrize("rows", [HOURS[:2], [(f"d{i}", "half-life", "4 h") for i in range(5)]])
def test_too_few_or_all_alike_compare_nothing(rows):
    assert apart(*rows).numbers is None


def test_only_what_is_asked_for():
    mass = [(f"d{i}", "mass", f"{i}.5") for i in range(5)]
    found = apart(*HOURS, *mass, wanted=("mass",))
    assert found.numbers is not None and found.numbers.attributes == ("mass",)
    assert "half-life" in found.named.relations
    assert "half-life could be compared" in found.lines()[0]
    assert apart(*HOURS, wanted=()).numbers is None
    assert apart(*HOURS, wanted=("none",)).numbers is None
    with pytest.raises(FactsError, match="'weight' is no relation"):
        apart(*HOURS, wanted=("weight",))
    with pytest.raises(FactsError, match="none of its objects is a number"):
        apart(*HOURS, wanted=("class",))


def test_check_tells_it_and_a_wide_table_is_read(tmp_path):
    path = tmp_path / "wide.csv"
    lines = [f"d{i},c{i % 2},{'' if i == 3 else 10 + i},{i * 1.5}" for i in range(8)]
    path.write_text("drug,class,half-life (h),mass\n" + "\n".join(lines))
    config = FactsConfig(facts=str(path), numbers=("auto",), ood_frac=0)
    found = check_file(path, config)
    told = list(found.lines())
    assert found.shape.wide and "numbers: half-life (h) is measured: 7 numbers, in h" in told
    assert any(line.startswith(f"comparisons: {7 * 6 + 8 * 7}") for line in told)
    (hours,) = (one for one in found.as_dict()["numbers"] if one["unit"] == "h")
    assert hours["measured"] and hours["numbers"] == 7
    world = make_facts_world(config, 0)
    assert {"d0", "c1", "half-life (h)"} <= set(world.vocabulary.words)
    assert not np.isin("drug", world.vocabulary.words)


def test_a_cell_of_very_many_digits_is_read_in_one_go():
    # With two ways to part the digits this would take minutes.
    assert PLAIN.fullmatch("1" * 100_000 + "!!") is None
    for plain in ("18", "18.", ".5", "0.5", "3e-4", "-2.5E+3 mg/l"):
        assert PLAIN.fullmatch(plain)
    for other in (".", "1.2.3", "e5", "1,5", "--1"):
        assert PLAIN.fullmatch(other) is None
