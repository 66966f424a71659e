"""The runs of a folder: what is found, what is not reached, and what is read again."""

import json
import os
import shutil
import threading

import pytest
from starlette.testclient import TestClient

from latebloom.errors import LatebloomError
from latebloom.explorer import folder as explored
from latebloom.explorer.app import make_app
from latebloom.explorer.folder import DEEPEST, Folder
from latebloom.studies.table import KEYS


def by_name(folder):
    return {row.name: row for row in folder.rows()}


def test_every_run_has_a_row_and_says_how_far_it_is(folder):
    rows = by_name(folder)
    assert list(rows) == sorted(rows)
    assert {name: row.status for name, row in rows.items()} == {
        "damaged": "damaged",
        "growing": "growing",
        "seed0": "finished",
        "seed1": "finished",
        "study/phi1": "finished",
    }
    assert rows["seed1"].seed == 1
    assert (rows["seed0"].step, rows["seed0"].steps) == (12, 12)
    assert 0 <= rows["seed0"].accuracy["test_id"] <= 1
    assert "config.toml" in rows["damaged"].trouble


def test_runs_of_a_setting_share_its_name_and_others_say_how_they_differ(folder):
    rows = by_name(folder)
    assert rows["seed0"].setting == rows["seed1"].setting == "world.phi 2"
    assert rows["study/phi1"].setting == "world.phi 1"


def test_a_link_is_not_followed(folder, root):
    assert "link" not in by_name(folder)
    with pytest.raises(LatebloomError, match="no run 'link'"):
        folder.path_of("link")


@pytest.mark.parametrize(
    "name", ["../outside", "seed0/../seed1", "/etc", "", ".", "seed0/", "seed0\0"]
)
def test_only_names_of_the_list_are_runs(folder, name):
    with pytest.raises(LatebloomError, match="no run"):
        folder.path_of(name)
    with pytest.raises(LatebloomError, match="no run"):
        folder.page(name)


@pytest.mark.parametrize("file", ["config.toml", "reproduce.json"])
def test_a_name_that_is_not_utf8_is_passed_over(folder, root, file):
    """Such a name can stand in no answer: neither the list nor the studies fail for it."""
    before = [row.name for row in folder.rows()]
    odd = root / os.fsdecode(b"\xff")
    try:
        odd.mkdir()
    except OSError:
        pytest.skip("this system has no such names")
    for place in (odd, odd / "inner"):
        place.mkdir(exist_ok=True)
        (place / file).write_text("{}")
    asked = TestClient(make_app(Folder(root)), base_url="http://127.0.0.1")
    assert [row["name"] for row in asked.get("/api/runs").json()] == before
    assert asked.get("/api/studies").json() == []
    assert asked.get("/api/events?once=true").status_code == 200
    alone = TestClient(make_app(Folder(odd)), base_url="http://127.0.0.1")
    shown = {
        one["name"] for kind in ("runs", "studies") for one in alone.get(f"/api/{kind}").json()
    }
    assert shown <= {"?", "inner"} and "?" in shown
    assert alone.get("/api/records?name=?").status_code == 404


def test_a_run_alone_is_its_own_folder(root):
    alone = Folder(root / "seed0")
    assert [row.name for row in alone.rows()] == ["seed0"]
    assert alone.path_of("seed0") == (root / "seed0").resolve()


def test_runs_that_are_too_deep_are_not_looked_for(root, grown):
    deep = root.joinpath(*"abcd"[:DEEPEST])
    shutil.copytree(grown / "seed0", deep / "run")
    shutil.copytree(grown / "seed0", deep.parent / "run")
    names = by_name(Folder(root))
    assert (deep.parent / "run").relative_to(root).as_posix() in names
    assert (deep / "run").relative_to(root).as_posix() not in names


def test_evaluations_behind_a_step(folder):
    assert [record["step"] for record in folder.records("seed0")] == [4, 8, 12]
    assert [record["step"] for record in folder.records("seed0", after=4)] == [8, 12]


def test_what_changed_is_read_again_and_nothing_else(folder, root, monkeypatch):
    looked = []
    real = explored.look_at
    monkeypatch.setattr(explored, "FRESH", 0.0)
    monkeypatch.setattr(
        explored, "look_at", lambda name, path: looked.append(name) or real(name, path)
    )
    folder.rows()
    assert len(looked) == 5
    looked.clear()
    with (root / "growing" / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": 16, "accuracy": {"test_id": 0.5}}) + "\n")
    assert by_name(folder)["growing"].step == 16
    assert looked == ["growing"]
    shutil.rmtree(root / "growing")
    assert "growing" not in by_name(folder)


def test_a_run_that_was_silent_for_long_has_stopped(folder, root):
    for name in explored.WATCHED:
        if (root / "growing" / name).exists():
            os.utime(root / "growing" / name, (0, 0))
    assert by_name(folder)["growing"].status == "stopped"


def test_many_readers_share_one_reading(folder, monkeypatch):
    read = []
    real = Folder._read
    monkeypatch.setattr(Folder, "_read", lambda self: read.append(1) or real(self))
    readers = [threading.Thread(target=folder.rows) for _ in range(50)]
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    assert len(read) <= 2  # a second one if the machine was so slow that a second had passed


def test_no_folder_is_told(tmp_path):
    with pytest.raises(LatebloomError, match="is no folder"):
        Folder(tmp_path / "none")


def test_a_study_is_one_row_with_its_runs_counted_and_its_verdict(folder, root):
    assert folder.studies() == ()
    shutil.copytree(root / "growing", root / "study" / "growing")
    claims = {"phi": {"verdict": "held"}, "wait": {"verdict": "weaker"}}
    (root / "study" / "reproduce.json").write_text(json.dumps({"claims": claims}))
    (root / "sweep.jsonl").write_text("no JSON\n")
    later = Folder(root)
    rows = {row.name: row for row in later.studies()}
    assert list(rows) == ["runs", "study"]
    study, whole = rows["study"], rows["runs"]
    assert (study.home, whole.home) == ("study/", "")
    assert (study.kind, study.finished, study.runs) == ("reproduction", 1, 2)
    assert study.verdict == "phi: held, wait: weaker"
    assert (whole.kind, whole.finished, whole.runs) == ("sweep", 3, 6)
    assert whole.verdict == "sweep.jsonl cannot be read"
    (root / "study" / "reproduce.json").write_text(json.dumps({"claims": {"phi": claims["wait"]}}))
    assert later.studies()[1].verdict == "weaker"
    told = {**dict.fromkeys(KEYS), "run": "a", "recipe": "small", "seed": 0}
    rows = [told | {"error": "no memory"}, told]
    (root / "sweep.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert later.studies()[0].verdict == "1 failed"
