"""Pictures of a model that its page cannot hold: what they show is what Python finds."""

import re
import shutil
from pathlib import Path

import pytest

from latebloom.reports.page import write_report
from latebloom.reports.recorded import LONGEST_NAME, cut, record_questions
from latebloom.run import load

OLD_RUNS = Path(__file__).parents[1] / "old_runs"


@pytest.fixture
def too_large(monkeypatch):
    """No model has room in a page."""
    monkeypatch.setattr("latebloom.reports.laboratory.how_many", lambda parameters: 0)


def test_every_picture_is_what_the_lens_says_at_that_checkpoint(tmp_path):
    run = load(shutil.copytree(OLD_RUNS / "composition", tmp_path / "run"))
    questions = record_questions(run.folder.path, list(run.folder.metrics()))
    splits = [one.split for one in questions]
    assert "test_ood" in splits and "test_id" in splits
    assert [one.trained for one in questions] == [False] * (len(splits) - 1) + [True]
    steps = [one.step for one in questions[0].pictures]
    assert steps[-1] == run.step and len(steps) > 1
    for question in questions:
        row = run.world.vocabulary.decode(run.world.examples(question.split)[0].tolist())
        assert (question.tokens, question.answers) == (row[:-1], row[-1:])
        for picture in question.pictures:
            states = run.at(picture.step).lens(*row[:-1])
            assert len(picture.rows) == len(states)
            for (_, cells), state in zip(picture.rows, states, strict=True):
                assert [(one.name, one.probability) for one in cells] == [
                    (guess.name, guess.probability) for guess in state.guesses
                ]
                assert [one.role for one in cells] == [
                    "answer" if guess.name == row[-1] else "" for guess in state.guesses
                ]


def test_the_page_of_a_model_too_large_says_so_and_shows_them(tmp_path, too_large):
    run = shutil.copytree(OLD_RUNS / "composition", tmp_path / "run")
    path = write_report(run)
    text = path.read_text(encoding="utf-8")
    assert "The model is not inside this page: its " in text and 'id="lab"' not in text
    assert "<code>latebloom explore RUN</code>" in text
    questions = record_questions(run, list(load(run).folder.metrics()))
    tables = re.findall(r'<table class="grid">(.*?)</table>', text, re.DOTALL)
    assert len(tables) == sum(len(one.pictures) for one in questions) > 3
    cells = sum(
        len(row) for one in questions for picture in one.pictures for _, row in picture.rows
    )
    assert sum(table.count('class="share"') for table in tables) == cells
    assert write_report(run).read_text(encoding="utf-8") == text


def test_of_sentences_nothing_is_recorded_and_nothing_promised(tmp_path, too_large):
    run = shutil.copytree(OLD_RUNS / "question", tmp_path / "run")
    text = write_report(run).read_text(encoding="utf-8")
    assert "The model is not inside this page" in text
    assert "recorded in Python" not in text and 'id="recorded"' not in text


def test_a_model_that_fits_has_its_laboratory_and_no_pictures(tmp_path):
    run = shutil.copytree(OLD_RUNS / "composition", tmp_path / "run")
    text = write_report(run).read_text(encoding="utf-8")
    assert 'id="lab"' in text and 'id="recorded"' not in text


def test_very_long_names_are_cut():
    assert cut("x" * LONGEST_NAME) == "x" * LONGEST_NAME
    assert cut("x" * 10_000) == "x" * (LONGEST_NAME - 1) + "…"
