"""What is written stands whole or not at all; what is not installed is named with its extra."""

import json

import pytest

from latebloom.errors import LatebloomError, MissingExtraError, RunFolderError
from latebloom.files import (
    import_extra,
    read_json,
    whole_file,
    whole_folder,
    write_json,
    write_text,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_new_content_comes_at_once(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with whole_file(path) as aside:
        aside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("death", [OSError, KeyboardInterrupt])
def test_after_a_failure_the_old_file_is_there_and_nothing_else(tmp_path, death):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(death), whole_file(path) as aside:
        aside.write_text("half of")
        raise death
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_appears_when_it_is_complete(tmp_path):
    folder = tmp_path / "deep" / "data"
    with whole_folder(folder) as aside:
        (aside / "a").write_text("1")
        assert not folder.exists()
        (aside / "b").write_text("2")
    assert names(folder) == ["a", "b"]
    assert names(folder.parent) == ["data"]


@pytest.mark.parametrize("death", [OSError, KeyboardInterrupt])
def test_a_folder_that_failed_leaves_nothing(tmp_path, death):
    with pytest.raises(death), whole_folder(tmp_path / "data") as aside:
        (aside / "a").write_text("1")
        raise death
    assert names(tmp_path) == []


def test_a_folder_with_something_in_it_is_not_replaced(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine").write_text("years of work")
    with pytest.raises(OSError), whole_folder(tmp_path / "data") as aside:
        (aside / "a").write_text("1")
    assert names(tmp_path / "data") == ["mine"]
    assert names(tmp_path) == ["data"]


def test_json_out_and_in_again_and_in_utf_8(tmp_path):
    value = {"name": "Zürich", "n": [1, 2.5, None]}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json", RunFolderError) == value
    write_text(tmp_path / "b.json", '"Zürich"')
    assert (tmp_path / "b.json").read_bytes() == '"Zürich"'.encode()


@pytest.mark.parametrize("content", [None, b"", b"{", b'"\xff"'])
def test_json_that_cannot_be_read_is_the_callers_error_and_names_the_file(tmp_path, content):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunFolderError, match=r"a\.json cannot be read") as raised:
        read_json(path, RunFolderError)
    assert "\n" not in str(raised.value)


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(MissingExtraError) as raised:
        import_extra("no_such_package.part", "rdf", "reading N-Triples")
    told = "reading N-Triples needs no_such_package: pip install 'latebloom[rdf]'"
    assert str(raised.value) == told
    assert type(raised.value).__mro__[1] is LatebloomError
    assert import_extra("json.decoder", "rdf", "nothing").JSONDecodeError is json.JSONDecodeError


def test_an_extra_that_lacks_something_says_what(tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtraError, match=r"needs half_there, .*No module named 'no_such_p"):
        import_extra("half_there", "rdf", "reading N-Triples")
