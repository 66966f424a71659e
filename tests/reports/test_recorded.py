"""Pictures of a model that its page cannot hold: what they show is what Python finds."""

import json
import re
import shutil
from pathlib import Path

import pytest

from latebloom.model.config import ModelConfig
from latebloom.reports import recorded
from latebloom.reports.page import write_report
from latebloom.reports.recorded import BYTES_OF_NAME, bytes_of, record_run, size_of, with_room
from latebloom.reports.recorded_look import LONGEST_NAME, Cell, Look, cut
from latebloom.run import grow, load
from latebloom.training.config import RunConfig, TrainConfig
from latebloom.worlds.chains.own import FactsConfig

OLD_RUNS = Path(__file__).parents[1] / "old_runs"


def recorded_of(run: Path):
    return record_run(run, list(load(run).folder.metrics()))


@pytest.fixture
def too_large(monkeypatch):
    """No model has room in a page."""
    monkeypatch.setattr("latebloom.reports.laboratory.how_many", lambda parameters: 0)


def test_every_picture_is_what_the_lens_says_at_that_checkpoint(tmp_path):
    run = load(shutil.copytree(OLD_RUNS / "composition", tmp_path / "run"))
    found = recorded_of(run.folder.path)
    splits = [one.split for one in found.questions]
    assert "test_ood" in splits and "test_id" in splits
    assert [one.shown for one in found.questions] == [
        *["Training never showed this question."] * (len(splits) - 1),
        "Training showed this question.",
    ]
    assert found.steps[-1] == run.step and len(found.steps) > 1
    for question in found.questions:
        row = run.world.vocabulary.decode(run.world.examples(question.split)[0].tolist())
        told = dict(question.told)
        assert (question.tokens, told["Right"]) == (row[:-1], row[-1:])
        bridges = list(run.ask(*row[:-1]).true_bridges)
        assert told.get("Found on the way", []) == bridges
        assert [one.step for one in question.snapshots] == found.steps
        for picture in question.snapshots:
            then = run.at(picture.step)
            states = then.lens(*row[:-1])
            assert len(picture.look.rows) == len(states)
            for (_, cells), state in zip(picture.look.rows, states, strict=True):
                assert [(one.name, one.probability) for one in cells] == [
                    (guess.name, guess.probability) for guess in state.guesses
                ]
                assert [one.role for one in cells] == [
                    "answer" if name == row[-1] else "bridge" if name in bridges else ""
                    for name in (guess.name for guess in state.guesses)
                ]
            answers = then.ask(*row[:-1]).answers
            assert [one.name for one in picture.look.says] == [
                one.name for one in answers if one.probability >= 0.001
            ]


@pytest.mark.parametrize("kind", ["composition", "comparison", "question"])
def test_the_page_of_a_model_too_large_says_so_and_shows_them(tmp_path, too_large, kind):
    run = shutil.copytree(OLD_RUNS / kind, tmp_path / "run")
    text = write_report(run).read_text(encoding="utf-8")
    assert "The model is not inside this page: its " in text and 'id="lab"' not in text
    found = recorded_of(run)
    assert f"<code>{found.wording.command}</code>" in text
    looks = [shot.look for one in found.questions for shot in one.snapshots]
    tables = re.findall(r'<table class="grid">(.*?)</table>', text, re.DOTALL)
    assert len(tables) == len(looks) > 3
    cells = sum(len(row) for look in looks for _, row in look.rows)
    assert sum(table.count('class="share"') for table in tables) == cells
    assert write_report(run).read_text(encoding="utf-8") == text


def test_a_model_that_fits_has_its_laboratory_and_no_pictures(tmp_path):
    run = shutil.copytree(OLD_RUNS / "composition", tmp_path / "run")
    text = write_report(run).read_text(encoding="utf-8")
    assert 'id="lab"' in text and 'id="recorded"' not in text


def test_of_damaged_weights_nothing_is_recorded_and_nothing_promised(tmp_path):
    run = shutil.copytree(OLD_RUNS / "question", tmp_path / "run")
    for weights in run.glob("checkpoints/*/model.safetensors"):
        weights.write_bytes(b"no weights")
    text = write_report(run).read_text(encoding="utf-8")
    assert "The model is not inside this page" in text
    assert "recorded in Python" not in text and 'id="recorded"' not in text


@pytest.fixture(scope="module")
def quoted(tmp_path_factory) -> Path:
    """A small run whose names take as many bytes of a page as names can."""
    folder = tmp_path_factory.mktemp("quoted")
    names = [chr(0x1F600 + i) + "'" * 60 for i in range(9)]
    rows = [
        {"subject": name, "relation": f"{'&' * 60}{r}", "object": names[(i + 2 * r + 1) % 9]}
        for i, name in enumerate(names)
        for r in range(4)
    ]
    (folder / "facts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = RunConfig(
        recipe="facts",
        seed=3,
        world=FactsConfig(facts=str(folder / "facts.jsonl"), ood_frac=0.2),
        model=ModelConfig(d_model=8, n_layers=1, n_heads=2, window=2),
        train=TrainConfig(
            steps=6, batch_size=16, eval_every=2, checkpoint_every=2, warmup_steps=1, until=""
        ),
    )
    return grow(config, folder / "run", threads=1).folder.path


@pytest.mark.parametrize("kind", ["quoted", "question"])
def test_no_picture_takes_more_room_than_was_reckoned(tmp_path, too_large, kind, quoted):
    run = quoted if kind == "quoted" else shutil.copytree(OLD_RUNS / kind, tmp_path / "run")
    text = write_report(run).read_text(encoding="utf-8")
    figures = re.findall(r"<figure data-number.*?</figure>", text, re.DOTALL)
    looks = [shot.look for one in recorded_of(run).questions for shot in one.snapshots]
    for figure, look in zip(figures, looks, strict=True):
        assert len(figure.encode()) <= size_of(look)


def test_no_name_takes_more_bytes_than_was_reckoned():
    for letter in ("'", '"', "&", "<", "\u202e", "\U0001f600", "\ud800"):
        assert bytes_of(cut(letter * 1_000)) <= BYTES_OF_NAME


def test_where_there_is_little_room_fewer_checkpoints_and_then_fewer_questions_are_recorded(
    tmp_path, monkeypatch
):
    run = shutil.copytree(OLD_RUNS / "question", tmp_path / "run")
    whole = recorded_of(run)
    newest = sum(size_of(one.snapshots[-1].look) for one in whole.questions)
    assert len(whole.steps) > 1
    monkeypatch.setattr(recorded, "ROOM", 2 * newest)
    some = recorded_of(run)
    assert len(some.questions) == len(whole.questions)
    assert len(some.steps) < 3 and some.steps[-1] == whole.steps[-1]
    monkeypatch.setattr(recorded, "ROOM", newest)
    few = recorded_of(run)
    assert 1 <= len(few.questions) < len(whole.questions)
    taken = sum(size_of(shot.look) for one in few.questions for shot in one.snapshots)
    assert taken <= newest
    monkeypatch.setattr(recorded, "ROOM", 1)
    assert recorded_of(run) is None


def test_of_very_many_rows_some_are_shown_the_first_and_the_last_among_them(
    tmp_path, monkeypatch, too_large
):
    rows = [(str(i), [Cell("name", 0.5, "")] * 500) for i in range(97)]
    assert [name for name, _ in with_room(Look.of(rows, [])).rows] == ["0", "32", "64", "96"]
    monkeypatch.setattr(recorded, "MOST_CELLS", 2)
    run = shutil.copytree(OLD_RUNS / "composition", tmp_path / "run")
    text = write_report(run).read_text(encoding="utf-8")
    n_rows = len(load(run).lens(*load(run).world.example()))
    assert f"2 of its {n_rows} rows are shown." in text


def test_very_long_names_are_cut():
    assert cut("x" * LONGEST_NAME) == "x" * LONGEST_NAME
    assert cut("x" * 10_000) == "x" * (LONGEST_NAME - 1) + "…"
