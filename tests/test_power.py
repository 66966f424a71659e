"""What a loss of power may leave: the simulation by hand, and that whole files survive it."""

import random

import pytest

from benchmarks.power import recorded, states, write_tree
from latebloom.files import make_folder, whole_folder, write_text


def left(root, act):
    """Every state in which a loss of power may leave a folder, and those at the very end."""
    with recorded(root) as recorder:
        act()
    last = len(recorder.moments) - 1
    at = [list(states(recorder, n, random.Random(0))) for n in range(last + 1)]
    return [state for some in at for state in some], at[last]


def test_what_is_not_flushed_may_be_lost_in_every_way(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    every, end = left(tmp_path, lambda: (tmp_path / "b").write_bytes(b"new"))
    assert all(state["a"] == b"old" for state in every)
    assert {"a": b"old"} in end  # the name was lost
    assert {"a": b"old", "b": b""} in end  # the content was lost


def test_a_renamed_file_may_be_empty_where_it_was_not_flushed(tmp_path):
    (tmp_path / "a").write_bytes(b"old")

    def act():
        (tmp_path / "aside").write_bytes(b"new")
        (tmp_path / "aside").replace(tmp_path / "a")

    assert {"a": b""} in left(tmp_path, act)[1]


def test_a_file_that_is_written_whole_is_the_old_or_the_new(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    every, end = left(tmp_path, lambda: write_text(tmp_path / "a", "new"))
    assert {state["a"] for state in every} == {b"old", b"new"}
    assert all(state == {"a": b"new"} for state in end)


def test_a_folder_that_is_written_whole_is_there_or_not(tmp_path):
    def act():
        with whole_folder(tmp_path / "made") as aside:
            (aside / "one").write_bytes(b"1")
            (aside / "inner").mkdir()
            (aside / "inner" / "two").write_bytes(b"2")

    every, end = left(tmp_path, act)
    whole = {"one": b"1", "inner": {"two": b"2"}}
    assert all(state.get("made") in (None, whole) for state in every)
    assert all(state == {"made": whole} for state in end)


def test_the_folders_above_a_new_folder_are_on_the_disk_with_it(tmp_path):
    _, end = left(tmp_path, lambda: (tmp_path / "a" / "b").mkdir(parents=True))
    assert {} in end
    _, end = left(tmp_path, lambda: make_folder(tmp_path / "c" / "d"))
    assert all(state["c"] == {"d": {}} for state in end)


def test_a_file_that_moves_is_in_one_of_the_folders(tmp_path):
    for name in ("from", "to"):
        (tmp_path / name).mkdir()
    (tmp_path / "from" / "a").write_bytes(b"1")
    every, _ = left(tmp_path, lambda: (tmp_path / "from" / "a").rename(tmp_path / "to" / "a"))
    places = {tuple(name for name in ("from", "to") if state[name]) for state in every}
    assert places == {("from",), ("to",)}


def test_a_state_can_be_written(tmp_path):
    write_tree({"a": b"1", "b": {"c": b""}}, tmp_path / "left")
    assert (tmp_path / "left" / "a").read_bytes() == b"1"
    assert (tmp_path / "left" / "b" / "c").read_bytes() == b""
    with pytest.raises(FileExistsError):
        write_tree({}, tmp_path / "left")
