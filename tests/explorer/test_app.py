"""The served explorer: its pages, its API, and whom it refuses."""

import json

import pytest
from starlette.testclient import TestClient

from latebloom.circuits.moving import OfQuestion
from latebloom.circuits.verdict import Place
from latebloom.explorer.app import known, make_app
from latebloom.explorer.safety import LONGEST
from latebloom.model.config import ModelConfig
from latebloom.run import load
from latebloom.studies.grow import grow
from latebloom.training.config import ComparisonFeedConfig, RunConfig, TrainConfig
from latebloom.worlds.comparisons.own import NumericTableConfig

HOME = "http://127.0.0.1:8321"
PLACE = {"name": "seed0", "loop": 1, "layer": 1, "position": 1}
"""A state of a run."""


@pytest.fixture
def client(folder):
    return TestClient(make_app(folder), base_url=HOME)


def test_the_list_loads_only_what_is_its_own(client):
    page = client.get("/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name in ("explore.js", "explore.css", "page.css"):
        assert name in page.text
        assert client.get(f"/{name}").status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")


def test_every_answer_tells_the_browser_to_be_careful(client):
    for path in ("/", "/api/runs", "/run?name=seed0", "/run?name=none"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_the_runs_and_their_evaluations(client):
    runs = {row["name"]: row for row in client.get("/api/runs").json()}
    assert runs["seed0"]["status"] == "finished"
    assert runs["damaged"]["trouble"]
    records = client.get("/api/records", params={"name": "seed0", "after": 4}).json()
    assert [record["step"] for record in records] == [8, 12]
    assert client.get("/api/steps", params={"name": "seed0"}).json()[-1] == 12


def test_the_report_of_a_run_is_its_page(client):
    page = client.get("/run", params={"name": "study/phi1"})
    assert page.status_code == 200
    assert "small, seed 0" in page.text


def test_an_answer_is_that_of_the_run(client, root):
    run = load(root / "seed0")
    words = run.world.example()
    told = client.get("/api/ask", params={"name": "seed0", "q": words, "top": 3}).json()
    assert told == json.loads(json.dumps(run.ask(*words, top=3).as_dict()))
    early = client.get("/api/ask", params={"name": "seed0", "q": words, "step": 4}).json()
    assert early["answers"] != told["answers"]
    lens = client.get("/api/lens", params={"name": "seed0", "q": words}).json()
    assert lens["question"] == words
    assert len(lens["states"]) == len(run.lens(*words))
    assert client.get("/api/lens", params={"name": "seed0"}).json()["question"] == words
    other = run.world.vocabulary.decode(run.world.examples("atomic_id")[0, :-1].tolist())
    told = client.get("/api/lens", params={"name": "seed0", "q": other}).json()
    assert told["question"] == other, "not the one that is asked where none is named"


def test_a_moved_state_is_that_of_the_run(client, root):
    run = load(root / "seed0")
    rows = run.world.examples("train_inferred")[:2, :-1].tolist()
    words, other = (run.world.vocabulary.decode(row) for row in rows)
    told = client.get("/api/patch", params=PLACE | {"q": words, "from": other, "top": 3}).json()
    wanted = run.patch(*words, loop=1, layer=1, position=1, by=OfQuestion(other), top=3)
    assert told == json.loads(json.dumps(wanted.as_dict()))
    assert told["states"][0]["same"] == [True] * 3 and told["states"][1]["same"][0]
    elsewhere = PLACE | {"q": words, "from": other, "from_loop": 2, "step": 4}
    by = OfQuestion(other, Place(1, 1, 1))
    wanted = load(root / "seed0", step=4).patch(*words, loop=1, layer=1, position=1, by=by)
    told = client.get("/api/patch", params=elsewhere).json()
    assert told == json.loads(json.dumps(wanted.as_dict()))


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        ("/run", {"name": "../outside"}, "no run"),
        ("/api/records", {"name": "link"}, "no run"),
        ("/api/ask", {"name": "seed0", "q": ["nobody", "r1"]}, "nobody"),
        ("/api/ask", {"name": "seed0", "q": ["e1"], "step": 99}, "no checkpoint of step 99"),
        ("/run", {"name": "damaged"}, "config.toml"),
        ("/api/patch", PLACE | {"q": ["e1", "r1"]}, "say one thing to put there"),
        ("/api/patch", PLACE | {"q": ["e1", "r1"], "noise": 1, "mean": True}, "say one thing"),
        ("/api/patch", PLACE | {"q": ["nobody", "r1"], "mean": True}, "nobody"),
        ("/api/patch", PLACE | {"q": ["e1", "r1"], "embedding": "nobody"}, "nobody"),
        ("/api/patch", PLACE | {"q": ["e1", "r1"], "noise": 1, "layer": 9}, "there is no layer 9"),
    ],
)
def test_what_cannot_be_answered_is_told_in_a_line(client, path, query, said):
    told = client.get(path, params=query)
    assert told.status_code == 404
    assert said in told.json()["detail"]
    assert "\n" not in told.json()["detail"]


@pytest.mark.parametrize(
    "query",
    [
        {"name": "seed0", "q": ["e1"] * 65},
        {"name": "seed0", "q": "e1", "top": 0},
        {"name": "seed0", "q": "e1", "step": -1},
        {"name": "x" * 1001, "q": "e1"},
        {"name": "seed0"},
    ],
)
def test_questions_have_bounds(client, query):
    assert client.get("/api/ask", params=query).status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:8321"},
        {"host": "[::1"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"origin": "http://[::1"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_other_sites_are_refused(client, headers):
    refused = client.get("/api/runs", headers=headers)
    assert refused.status_code == 403
    assert "seed0" not in refused.text


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost:8321"},
        {"host": "[::1]:8321"},
        {"origin": HOME},
        {"sec-fetch-site": "same-origin"},
    ],
)
def test_its_own_pages_are_answered(client, headers):
    assert client.get("/api/runs", headers=headers).status_code == 200


def test_a_very_long_query_is_refused(client):
    assert client.get("/api/runs", params={"x": "y" * (LONGEST + 1)}).status_code == 403


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_changed(client, method):
    for path in ("/api/runs", "/run", "/api/ask"):
        assert getattr(client, method)(path).status_code == 405


def test_events_begin_with_every_run(client):
    told = client.get("/api/events", params={"once": True})
    assert told.headers["content-type"].startswith("text/event-stream")
    assert told.text.startswith("data: ")
    first = json.loads(told.text.removeprefix("data: "))
    assert {run["name"] for run in first["runs"]} >= {"seed0", "growing"}
    assert first["gone"] == []
    assert first["studies"] == []


def test_the_schema_names_every_question(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        "/run",
        *(
            f"/api/{name}"
            for name in ("runs", "studies", "records", "steps", "ask", "lens", "patch")
        ),
        "/api/events",
    }
    assert all(set(one) == {"get"} for one in paths.values())


def test_what_is_not_finite_is_not_known():
    record = {"loss": float("nan"), "accuracy": {"test_id": float("inf")}, "rules": [0.5]}
    assert known(record) == {"loss": None, "accuracy": {"test_id": None}, "rules": [0.5]}


def test_a_table_of_numbers_is_asked_for_all_above_a_mark(client, root, tmp_path):
    table = tmp_path / "drugs.csv"
    table.write_text("drug,half-life (h)\na,18\nb,4\nc,17\nd,\n")
    train = TrainConfig(steps=2, batch_size=8, eval_every=2, warmup_steps=1, until="")
    world = NumericTableConfig(facts=str(table), ood_frac=0, test_id_frac=0)
    feed = ComparisonFeedConfig()
    model = ModelConfig(d_model=16, n_heads=2, feedback="replace", max_distance=1)
    config = RunConfig(recipe="numbers", world=world, model=model, feed=feed, train=train)
    grow(config, root / "numbers", device="cpu", threads=1)
    query = {"name": "numbers", "q": ["half-life", "above", "10"]}
    told = client.get("/api/ask", params=query).json()
    assert [one["name"] for one in told["told"]] == ["a", "c"] and told["untold"] == ["d"]
    assert told == json.loads(json.dumps(load(root / "numbers").ask(*query["q"]).as_dict()))
