"""The check of a table: a trouble of each kind, written by hand, and the row it is told with."""

import json

import pytest

from latebloom.errors import FactsError
from latebloom.worlds.chains.checking import names
from latebloom.worlds.chains.checking.check import check_file
from latebloom.worlds.chains.own import FactsConfig
from latebloom.worlds.splits import ENOUGH

MESSY = """subject,relation,object
aspirin,targets,COX-1
Aspirin,targets,COX-2
ibuprofen,targets,COX 1
imatinib,targets,BCR-ABL; KIT
imatinib,class,TKI
imatinib,class,kinase inhibitor
morphine,class,n/a
morphine,targets,\u00b5-opioid receptor
codeine,targets,\u03bc-opioid receptor
codeine,targets,
ibuprofen,class,NSAID
aspirin,class,NSAID
aspirin,class,NSAID
aspirin,half-life,0.3 h
ibuprofen,half-life,120 min
hand,part of,arm
arm,part of,body
body,part of,hand
body,part of,body
diclofenac,class,NSAID
diclofenc,class,NSAID
JAK1,binds,JAK2
JAK2,binds,JAK1
codeine,cures,pain
"""


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    path = tmp_path_factory.mktemp("check") / "messy.csv"
    path.write_text(MESSY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(messy):
    return check_file(messy, FactsConfig(facts=str(messy), single=("class",)))


@pytest.mark.parametrize(
    ("kind", "row", "what"),
    [
        ("empty", 11, "empty"),
        ("missing", 8, "morphine -class-> n/a"),
        ("list", 5, "BCR-ABL; KIT"),
        ("entity-case", 3, "'aspirin' (row 2), 'Aspirin' (row 3)"),
        (
            "entity-unicode",
            10,
            r"'\xb5-opioid receptor' (row 9), '\u03bc-opioid receptor' (row 10)",
        ),
        ("entity-spacing", 4, "'COX-1' (row 2), 'COX 1' (row 4)"),
        ("entity-near", 22, "'diclofenac' (row 21), 'diclofenc' (row 22)"),
        ("number", 15, "aspirin -half-life-> 0.3 h (2 of 2 objects)"),
        ("unit", 15, "half-life: h (row 15), min (row 16)"),
        ("contradiction", 7, "imatinib -class-> TKI (row 6), kinase inhibitor (row 7)"),
        ("repeat", 14, "aspirin -class-> NSAID (first in row 13)"),
        ("self", 20, "body -part of-> body"),
        ("circle", 17, "part of: hand -> arm -> body -> hand"),
        ("lonely", 25, "codeine -cures-> pain"),
    ],
)
def test_each_trouble_is_told_with_its_row(found, kind, row, what):
    one = next(one for one in found.troubles if one.kind == kind)
    assert one.count == 1
    assert one.findings[0].row == row
    assert what in one.findings[0].what
    assert f"row {row}: " in one.line() and "\n" not in one.line()


def test_nothing_else_is_a_trouble(found):
    """Numbered names are two; a relation that holds both ways is no circle."""
    assert len(found.troubles) == 14
    text = "\n".join(found.lines())
    assert "JAK" not in text
    assert "SQL is exact" in text


def test_what_stays_and_goes_by_relation(messy):
    counts = {one.name: one for one in check_file(messy).relations}
    targets = counts["targets"]
    assert (targets.facts, targets.kept, targets.one, targets.several) == (6, 6, 6, 0)
    dropped = check_file(messy, FactsConfig(facts=str(messy), many_valued="drop"))
    of_class = {one.name: one for one in dropped.relations}["class"]
    assert (of_class.facts, of_class.kept, of_class.several, of_class.most) == (7, 5, 1, 2)
    assert any("class: 5 facts stay, 2 go" in line for line in dropped.lines())


def test_an_undeclared_contradiction_is_told_as_odd(tmp_path):
    path = tmp_path / "t.csv"
    rows = [f"d{i},class,c{i % 3}" for i in range(20)] + ["d4,class,c9"]
    path.write_text("\n".join(rows))
    (odd,) = (one for one in check_file(path).troubles if one.kind == "odd")
    assert odd.findings[0].row == 21
    with pytest.raises(FactsError, match="'kind' is no relation"):
        check_file(path, FactsConfig(facts=str(path), single=("kind",)))


def test_wide_tables_are_found_and_examined_as_if_long(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("drug;class;half-life (h)\na;x;1,5\nb;x;\nc;y;2\n")
    found = check_file(path)
    assert found.shape.wide and found.shape.numeric == ("half-life (h)",)
    assert "semicolons" in found.shape.saved
    assert [one.name for one in found.relations] == ["class", "half-life (h)"]
    (empty,) = (one for one in found.troubles if one.kind == "empty")
    assert empty.findings[0].row == 3
    long = tmp_path / "long.csv"
    long.write_text("\n".join(f"s{i},r{i % 2},o{i}" for i in range(9)))
    assert not check_file(long).shape.wide


def test_whether_there_is_enough_to_judge_by(tmp_path):
    path = tmp_path / "ring.csv"
    path.write_text("\n".join(f"n{i},r{r},n{(i + r + 1) % 40}" for i in range(40) for r in (0, 1)))
    few = check_file(path).judging
    assert (few.questions, few.enough) == (160, False)
    told = FactsConfig(facts=str(path), test_id_frac=few.share)
    assert check_file(path, told).judging.held_out >= ENOUGH
    assert "--world.test-id-frac" in few.line()
    both = FactsConfig(facts=str(path), inverse=True)
    assert check_file(path, both).judging.questions > few.questions


def test_of_very_many_names_neighbours_are_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(names, "ALL_PAIRS", 10)
    path = tmp_path / "many.csv"
    animals = ("badger", "beaver", "walrus", "ferret", "jackal", "marten", "weasel", "donkey")
    pairs = [f"{one} {two}" for one in animals for two in animals]
    rows = [f"{name},likes,{name[::-1]}" for name in pairs] + ["xadger walrus,likes,weasel martex"]
    path.write_text("\n".join(rows))
    (near,) = (one for one in check_file(path).troubles if one.kind == "entity-near")
    told = " ".join(one.what for one in near.findings)
    assert near.count == 2 and "xadger walrus" in told and "weasel martex" in told


def test_the_command_tells_people_and_scripts(messy, capsys):
    from latebloom.cli.app import app

    app(["check", str(messy), "--single", "class", "--rows", "1"], result_action="return_value")
    assert "row 7: imatinib" in capsys.readouterr().out
    app(["check", str(messy), "--json"], result_action="return_value")
    table = json.loads(capsys.readouterr().out)
    assert {one["kind"] for one in table["troubles"]} >= {"list", "circle", "unit"}
    assert table["judging"]["needed"] == ENOUGH
