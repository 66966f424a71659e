"""Files that somebody else may have written: their content, or a reason of one line."""

import json
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latebloom.errors import LatebloomError, RunFolderError, UnknownNameError
from latebloom.files import read_json
from latebloom.reading import parse_json, parse_toml, read_bytes, read_lines, seal, unseal
from latebloom.training.written import Evaluation, evaluation, read_machine, read_summary

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["step", "accuracy", "loss", "rules", "phase", "format", "latebloom"])


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_one_reason(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "a.json"
    path.write_bytes(content)
    for read in (lambda: read_json(path, RunFolderError), lambda: read_machine(path)):
        try:
            read()
        except RunFolderError as error:
            assert "\n" not in str(error)
    for line in read_lines(path):
        try:
            evaluation(line.table())
        except ValueError:
            continue


@given(st.dictionaries(KEYS | st.text(), PLAIN, max_size=5))
def test_any_object_is_an_evaluation_or_a_reason(table):
    try:
        record = evaluation(table)
    except ValueError:
        return
    assert isinstance(record["step"], int)
    assert all(isinstance(share, float) for share in record["accuracy"].values())


@given(PLAIN)
def test_any_value_is_a_summary_or_one_line(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("any") / "summary.json"
    path.write_text(json.dumps(value))
    try:
        assert isinstance(read_summary(path, whole=False), dict)
    except RunFolderError as error:
        assert "\n" not in str(error).strip()


@given(st.dictionaries(st.text(), PLAIN, max_size=4).filter(lambda table: "crc32" not in table))
def test_a_seal_comes_off_and_a_broken_one_does_not(table):
    sealed = json.loads(json.dumps(seal(table)))
    assert unseal(sealed) == table
    with pytest.raises(ValueError, match="checksum"):
        unseal(sealed | {"one more": 1})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5000, "thousands of digits"),
        ('"\\ud800"', "surrogate"),
        ("NaN", "NaN is not JSON"),
        ("[-Infinity]", "-Infinity is not JSON"),
    ],
)
def test_what_python_would_read_or_die_of(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_json(text)
    assert parse_json('"\\ud83d\\ude80"') == "\U0001f680"


def test_links_pipes_and_giants_are_not_read(tmp_path):
    (tmp_path / "secret").write_text("1")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="symbolic link"):
        read_bytes(tmp_path / "link")
    with pytest.raises(OSError, match="no regular file"):
        read_bytes(tmp_path / "pipe")
    with (tmp_path / "giant").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ValueError, match="at most"):
        read_bytes(tmp_path / "giant")


def test_what_is_not_known_is_nan():
    record = evaluation({"step": 5, "accuracy": {"test_ood": None}})
    assert math.isnan(record["accuracy"]["test_ood"])
    assert math.isnan(Evaluation(step=1, accuracy={}).loss)


def test_toml_beyond_all_measure_is_refused():
    assert parse_toml("a = [1, 2]") == {"a": [1, 2]}
    for text, why in (
        (f"a = {'[' * 100_000}", "nested too deeply"),
        (f"a = {'1' * 5000}", "digits"),
    ):
        with pytest.raises(ValueError, match=why):
            parse_toml(text)


def test_a_complaint_that_quotes_several_lines_has_one():
    error = LatebloomError("a.nt: expected `>`\n  found\u2028a tab")
    assert str(error) == "a.nt: expected `>` found a tab"
    assert str(UnknownNameError("a\nb", ["a b"])).count("\n") == 0
