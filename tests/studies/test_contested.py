"""A whole contest over an untrained run: the rows, the files, the endpoint and its cost."""

import json

import pytest

from latebloom.errors import RivalError, WorldError
from latebloom.evaluation.accuracy import score_splits
from latebloom.model.transformer import Transformer
from latebloom.rivals.contest import asked
from latebloom.studies.contested import ContestConfig, estimate_contest, hold_contest
from latebloom.training.config import RunConfig
from latebloom.training.opened import OpenedRun
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison

pytest.importorskip("httpx")

QUIET = {"splits": ("test_ood",), "limit": 3}
BM25 = [
    "bm25, k 20",
    "bm25, k 20, asked twice",
    *(f"bm25, k {k}, to closure" for k in (20, 100, 200)),
]


@pytest.fixture
def run(tmp_path, small_world, small_config):
    folder = RunFolder(tmp_path)
    model = Transformer(small_config.model, len(small_world.vocabulary)).eval()
    return OpenedRun(folder, small_config, small_world, model, 24)


def told(run, name="rivals.json"):
    return json.loads((run.folder.path / name).read_text())


def test_the_models_own_rows_come_first_and_are_those_of_its_evaluation(run):
    table = hold_contest(run, ContestConfig())
    n_splits = len(run.world.tested)
    own = table["rows"][:n_splits]
    scores = score_splits(run.model, run.world, splits=run.world.tested)
    assert {row["rival"] for row in own} == {"grown model, step 24"}
    assert {row["split"]: (row["correct"], row["n"]) for row in own} == {
        split: (score.correct, score.n) for split, score in scores.items()
    }
    assert all(row["seconds"] > 0 for row in own)
    rivals = [row["rival"] for row in table["rows"][n_splits::n_splits]]
    assert rivals == [*BM25, "graph query", "symbolic"]
    assert all(row["accuracy"] == 1 for row in table["rows"][-n_splits:])


def test_the_table_is_kept_beside_the_run(run):
    table = hold_contest(run, ContestConfig(k=3, closure=(2,), **QUIET))
    assert told(run) == table
    assert (table["recipe"], table["step"], table["limit"], table["k"]) == ("composition", 24, 3, 3)
    lines = (run.folder.path / "rivals.md").read_text().splitlines()
    assert len(lines) == 2 + len(table["rows"]) == 2 + 6
    assert lines[2].startswith("| grown model, step 24 | two-hop, test_ood | 3 |")
    assert not list(run.folder.path.glob(".*.part"))


def test_who_is_next_and_what_it_costs_is_told_before(run, chat_server):
    heard = []
    config = ContestConfig(endpoint=chat_server.address, model="m", price_in=1e6, **QUIET)

    def cost(line):
        assert not chat_server.requests
        heard.append("cost")
        assert line.startswith("m, direct: 3 requests (0 answered before)")

    hold_contest(run, config, tell=heard.append, tell_cost=cost)
    assert heard == ["cost", "grown model", *BM25, "graph query", "symbolic", "m, direct"]


def test_all_cells_of_the_papers_table(run, chat_server):
    config = ContestConfig(
        endpoint=chat_server.address,
        model="m",
        styles=("direct", "cot"),
        finders=("none", "bm25"),
        **QUIET,
    )
    cells = {"m, direct", "m, cot", "m, direct + bm25, k 20", "m, cot + bm25, k 20"}
    costs = estimate_contest(run, config)
    assert set(costs) == cells
    assert not chat_server.requests
    rows = hold_contest(run, config)["rows"]
    assert {row["rival"] for row in rows} >= cells
    # "equal to" is no name of this world.
    assert all(row["invalid"] == 3 for row in rows if row["rival"] in cells)
    assert len(chat_server.requests) == 12


def test_a_contest_that_stopped_goes_on_where_it_was(run, chat_server):
    config = ContestConfig(
        endpoint=chat_server.address, model="m", at_once=1, splits=("test_ood",), limit=3
    )
    chat_server.script.extend(["e1", "e2", 400])
    with pytest.raises(RivalError, match=r"400.*the 2 answers so far"):
        hold_contest(run, config)
    assert not (run.folder.path / "rivals.json").exists()
    assert estimate_contest(run, config)["m, direct"].cached == 2
    asked_before = len(chat_server.requests)
    hold_contest(run, config)
    assert len(chat_server.requests) == asked_before + 1


def test_a_language_model_that_knows_a_comparison(tmp_path, chat_server, small_config):
    world = make_comparison(
        ComparisonConfig(entities=12, attributes=2, values=4, ood_frac=0.25, phi=2), 0
    )
    model = Transformer(small_config.model, len(world.vocabulary)).eval()
    run = OpenedRun(RunFolder(tmp_path), RunConfig(), world, model, 1)
    rows = asked(world, "test_ood", 4)
    said = {token: words for words, token in world.task.answers_in_words().items()}
    chat_server.script.extend(said[label] for label in rows[:, -1].tolist())
    config = ContestConfig(
        endpoint=chat_server.address, model="m", at_once=1, splits=("test_ood",), limit=4
    )
    last = hold_contest(run, config)["rows"][-1]
    assert (last["rival"], last["correct"], last["question_type"]) == ("m, direct", 4, "comparison")


def test_where_values_are_hidden_the_rivals_that_guess_and_bound_them_take_part(
    tmp_path, small_config
):
    pytest.importorskip("choix")
    world = make_hidden_attributes(
        HiddenAttributesConfig(entities=60, attributes=2, across_frac=0.1), 0
    )
    model = Transformer(small_config.model, len(world.vocabulary)).eval()
    run = OpenedRun(RunFolder(tmp_path), RunConfig(), world, model, 1)
    config = ContestConfig(splits=("test_hard",), limit=9, closure=(), bradley_terry=True)
    rows = hold_contest(run, config)["rows"]
    expected = ["bounds rule", "majority rule", "Bradley-Terry", "symbolic, scale known"]
    assert [row["rival"] for row in rows[3:]] == [*expected, "graph query", "symbolic"]
    right = {row["rival"]: row["accuracy"] for row in rows}
    assert right["symbolic, scale known"] == right["symbolic"] == 1 > right["graph query"] == 0


def test_without_a_key_no_work_is_begun(run, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    config = ContestConfig(endpoint="https://far.example/v1", model="m", **QUIET)
    heard = []
    with pytest.raises(RivalError, match="OPENAI_API_KEY"):
        hold_contest(run, config, tell=heard.append, tell_cost=heard.append)
    assert heard == []
    assert estimate_contest(run, config)["m, direct"].requests == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 0}, "--k is 0"),
        ({"closure": (20, 0)}, "--closure has 0"),
        ({"styles": ("fast",)}, "--style 'fast': there are direct, cot"),
        ({"styles": ()}, "--style ''"),
        ({"finders": ("web",)}, "--retrieval 'web': there are none, bm25, dense"),
        ({"endpoint": "http://127.0.0.1:1/v1"}, "both --endpoint URL and --model NAME"),
        ({"model": "m"}, "both --endpoint URL and --model NAME"),
    ],
)
def test_bad_wishes_are_refused(settings, message):
    with pytest.raises(RivalError, match=message):
        ContestConfig(**settings)


def test_what_cannot_be_asked_is_refused_before_any_work(run):
    with pytest.raises(WorldError, match="no split 'test_x'"):
        hold_contest(run, ContestConfig(splits=("test_x",)))
    with pytest.raises(RivalError, match="--limit is -1"):
        hold_contest(run, ContestConfig(limit=-1))
