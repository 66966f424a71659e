"""Files of facts: every format, every way to name columns, and every way to be wrong."""

import json
import sys
from itertools import repeat
from pathlib import Path

import pytest

from latebloom.errors import FactsError, MissingExtraError
from latebloom.worlds.chains.files import FactTable, make_table, read_facts

FACTS = [("Bern", "country", "Switzerland"), ("Switzerland", "currency", "CHF")]


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def rows(table: FactTable) -> list[tuple[str, str, str]]:
    return [table.names(i) for i in range(len(table))]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain.csv", "Bern,country,Switzerland\nSwitzerland,currency,CHF\n"),
        ("dos.csv", "\ufeffBern,country,Switzerland\r\nSwitzerland,currency,CHF\r\n"),
        (
            "header.csv",
            "object,subject,relation\nSwitzerland,Bern,country\nCHF,Switzerland,currency",
        ),
        (
            "kg.tsv",
            "Head\tRelation\tTail\nBern\tcountry\tSwitzerland\nSwitzerland\tcurrency\tCHF\n",
        ),
        ("space.csv", " Bern , country , Switzerland\n\nSwitzerland,currency,CHF\n\n"),
        ("extra.csv", "Bern,country,Switzerland,0.9\nSwitzerland,currency,CHF,0.8\n"),
        (
            "keys.jsonl",
            '{"subject": "Bern", "relation": "country", "object": "Switzerland"}\n\n'
            '{"object": "CHF", "subject": "Switzerland", "relation": "currency", "more": [1]}\n',
        ),
        (
            "arrays.jsonl",
            '["Bern", "country", "Switzerland"]\n["Switzerland", "currency", "CHF"]\n',
        ),
    ],
)
def test_each_format_gives_the_same_facts(tmp_path, name, text):
    assert rows(read_facts(write(tmp_path, name, text))) == FACTS


def test_columns_by_name_and_by_position(tmp_path):
    text = "who,what,which\nBern,country,Switzerland\n"
    path = write(tmp_path, "named.csv", text)
    assert rows(read_facts(path, columns=("who", "what", "which"))) == FACTS[:1]
    assert rows(read_facts(path, columns=("which", "2", "who"))) == [
        ("Switzerland", "country", "Bern")
    ]
    bare = write(tmp_path, "bare.csv", "1,Switzerland,country,Bern\n")
    assert rows(read_facts(bare, columns=("4", "3", "2"))) == FACTS[:1]
    usual = write(tmp_path, "usual.csv", "h,r,t\nBern,country,Switzerland\n")
    assert rows(read_facts(usual, columns=("1", "2", "3"))) == FACTS[:1]


def test_quotes_in_csv_and_none_in_tsv(tmp_path):
    csv = write(tmp_path, "q.csv", '"Washington, D.C.",country,"the ""US"""\n')
    assert rows(read_facts(csv)) == [("Washington, D.C.", "country", 'the "US"')]
    tsv = write(tmp_path, "q.tsv", '6" pipe\tmaterial\tsteel\n')
    assert rows(read_facts(tsv)) == [('6" pipe', "material", "steel")]


def test_numbers_in_json_are_names_and_null_is_a_missing_one(tmp_path):
    text = '{"s": 7, "p": "next", "o": 8}\n{"s": 8, "p": "next", "o": null}\n{"s": 8, "p": "next"}'
    table = read_facts(write(tmp_path, "n.jsonl", text))
    assert rows(table) == [("7", "next", "8")]
    assert table.incomplete == 2


def test_rows_without_a_name_are_counted_and_left_out():
    table = make_table([*FACTS, ("x", " ", "y"), ("", "r", "y")], "here")
    assert rows(table) == FACTS
    assert table.incomplete == 2
    assert "x" not in table.entities


def test_ntriples(tmp_path):
    pytest.importorskip("pyoxigraph")
    place = "http://example.org/place"
    text = f"""<{place}/Bern> <{place}#country> <{place}/Switzerland> .
<{place}/Switzerland> <{place}#currency> "CHF"@en .
<{place}/Paris> <{place}#country> <{place}/France> .
<http://other.org/Paris> <{place}#country> _:x .
<{place}/Q1/> <{place}#label> "Q2" .
<{place}/Q2> <{place}#label> "Q1" .
"""
    assert rows(read_facts(write(tmp_path, "w.nt", text))) == [
        *FACTS,
        # two terms end in Paris, and the literals Q1 and Q2 have these names: the IRIs stay whole
        (f"{place}/Paris", "country", "France"),
        ("http://other.org/Paris", "country", "_:x"),
        (f"{place}/Q1/", "label", "Q2"),
        (f"{place}/Q2", "label", "Q1"),
    ]


def test_ntriples_that_are_wrong(tmp_path):
    pytest.importorskip("pyoxigraph")
    with pytest.raises(FactsError, match=r"bad\.nt: not N-Triples"):
        read_facts(write(tmp_path, "bad.nt", "<a> <b> nothing\n"))
    two = "<http://a/1> <http://a/r> <http://a/2> .\n" * 2
    with pytest.raises(FactsError, match=r"more than 1 facts.*world\.max_facts"):
        read_facts(write(tmp_path, "long.nt", two), max_facts=1)


def test_without_pyoxigraph_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyoxigraph", None)
    with pytest.raises(MissingExtraError, match=r"pyoxigraph: pip install 'latebloom\[rdf\]'"):
        read_facts(write(tmp_path, "w.nt", ""))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("empty.csv", "", r"empty\.csv holds no facts: it is empty"),
        ("empty.jsonl", "\n", "it is empty"),
        ("empty.nt", "", "it is empty"),
        ("header.csv", "subject,relation,object\n", "it is empty"),
        ("blank.csv", "a,,b\n", "its 1 rows all lack a name"),
        ("two.csv", "a,b\nc,d\n", "no column 3 for the object, the first row has 2"),
        ("colon.csv", "a:r:b\n", "no column 2 for the relation.*check the separator"),
        ("short.csv", "a,r,b\nb,r\n", "line 2: 2 columns where the first row has 3"),
        ("comma.csv", "a,r,b\nWashington, D.C.,r,b\n", "line 2: 4 columns.*quote names"),
        ("quote.csv", 'a,r,b\n"c,r,d\n', "line 2: unexpected end of data; look for a quote"),
        ("keys.jsonl", '{"subject": "a", "relation": "r"}', "no 'object' for the object; it has"),
        ("text.jsonl", '["a", "r", "b"]\n"c"\n', "line 2: .* neither an object nor an array"),
        ("bad.jsonl", '["a", "r", "b"]\n["a",\n', "line 2: not JSON"),
        ("nested.jsonl", '["a", "r", ["b"]]', r"line 1: \['b'\] is not a name"),
        ("facts.ods", "", r"unknown ending '\.ods'; facts are read from \.csv"),
    ],
)
def test_a_file_that_is_wrong_is_told_where(tmp_path, name, text, message):
    with pytest.raises(FactsError, match=message) as refusal:
        read_facts(write(tmp_path, name, text))
    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_columns_that_are_not_there(tmp_path):
    path = write(tmp_path, "named.csv", "who,what,which\nBern,country,Switzerland\n")
    with pytest.raises(FactsError, match=r"no column 'whom'.*who, what, which; set world\.subject"):
        read_facts(path, columns=("whom", "what", "which"))
    with pytest.raises(FactsError, match="no column 4 for the object"):
        read_facts(path, columns=("1", "2", "4"))
    with pytest.raises(FactsError, match="no column 0 for the subject"):
        read_facts(path, columns=("0", "1", "2"))
    with pytest.raises(FactsError, match="three different columns"):
        read_facts(path, columns=("1", "2", "2"))


TEXT = "Bern,Land,Schweiz\nZürich,Land,Schweiz\n"


@pytest.mark.parametrize(
    ("name", "encoding", "told"),
    [("latin.csv", "latin-1", "cp1252"), ("wide.csv", "utf-16", "utf-16")],
)
def test_another_encoding_is_found_and_told(tmp_path, name, encoding, told):
    table = read_facts(write(tmp_path, name, TEXT, encoding=encoding))
    assert "Zürich" in table.entities
    assert f"read as {told}" in table.notes[0]


def test_a_mixed_encoding_is_refused_by_line_and_byte(tmp_path):
    path = tmp_path / "mixed.csv"
    path.write_bytes(TEXT.encode() + "Genève,Land,Schweiz\n".encode("latin-1"))
    with pytest.raises(FactsError, match=r"mixed\.csv, line 3: byte 43 of the file is not UTF-8"):
        read_facts(path)
    path.write_bytes(b"a,r,b\nc,r,\0\n")
    with pytest.raises(FactsError, match="zero bytes"):
        read_facts(path)


@pytest.mark.parametrize("mark", [";", "|", "\t"])
def test_another_separator_is_found(tmp_path, mark):
    text = f"subject{mark}relation{mark}object\nBern, BE{mark}country{mark}Switzerland\n"
    table = read_facts(write(tmp_path, "other.csv", text))
    assert rows(table) == [("Bern, BE", "country", "Switzerland")]
    assert table.line.tolist() == [2]


def test_rows_keep_their_numbers(tmp_path):
    text = 'subject,relation,object\n"two\nlines",r,b\n\nc,,b\nd,r,b\n'
    table = read_facts(write(tmp_path, "n.csv", text))
    assert table.line.tolist() == [3, 6]
    assert table.lacking.tolist() == [5]
    table = read_facts(write(tmp_path, "n.jsonl", '["a","r","b"]\n\n["a","r","c"]\n'))
    assert table.line.tolist() == [1, 3]


def test_excel_and_parquet(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    book = openpyxl.Workbook()
    for row in [("subject", "relation", "object"), ("Bern", "founded", 1191.0), (), ("a", "r")]:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    table = read_facts(tmp_path / "t.xlsx")
    assert rows(table) == [("Bern", "founded", "1191")]
    assert (table.line.tolist(), table.lacking.tolist()) == ([2], [4])
    columns = {"object": ["b", None], "subject": ["a", "a"], "relation": ["r", "r"]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    table = read_facts(tmp_path / "t.parquet")
    assert (rows(table), table.lacking.tolist()) == ([("a", "r", "b")], [2])
    for name in ("bad.xlsx", "bad.parquet"):
        with pytest.raises(FactsError, match=f"{name} is no"):
            read_facts(write(tmp_path, name, "nothing of the kind"))


def test_no_file_and_no_right_to_read(tmp_path):
    with pytest.raises(FactsError, match="there is no such file"):
        read_facts(tmp_path / "none.csv")
    with pytest.raises(FactsError, match="there is no such file"):
        (tmp_path / "folder.csv").mkdir()
        read_facts(tmp_path / "folder.csv")


def test_a_file_that_is_too_long_is_refused_before_its_end(tmp_path):
    good = "a,r,b\n" * 100_000
    path = write(tmp_path, "long.csv", good)
    with path.open("ab") as file:
        file.write(b"\xff\xff\xff")  # never reached: no complaint about the encoding
    with pytest.raises(FactsError, match=r"more than 1,000 facts; .* raise world\.max_facts"):
        read_facts(path, max_facts=1000)
    with pytest.raises(FactsError, match="more than 5 facts"):
        make_table(repeat(("a", "r", "b")), "endless", max_facts=5)


def test_a_file_of_just_the_limit_is_read(tmp_path):
    path = write(tmp_path, "just.csv", "a,r,b\n" * 5)
    assert len(read_facts(path, max_facts=5)) == 5


def test_names_are_numbered_as_they_appear(tmp_path):
    path = write(tmp_path, "w.jsonl", "\n".join(json.dumps(row) for row in FACTS))
    table = read_facts(path)
    assert table.entities == ("Bern", "Switzerland", "CHF")
    assert table.relations == ("country", "currency")
    assert table.subject.tolist() == [0, 1]
    assert table.object.tolist() == [1, 2]
