"""What the page says of questions that it cannot ask, or asks otherwise than the command."""

from pathlib import Path

import pytest

from latebloom.recipes.catalogue import make_recipe
from latebloom.reports.asked_apart import asked_apart, asks
from latebloom.reports.page import write_report
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.build import build_world

TABLE = Path(__file__).parents[2] / "examples" / "pharmacology" / "table.csv"
PARTS = {"choices": {"1p": {"way": "at once"}, "2p": {"way": "hop by hop"}}}


@pytest.fixture(scope="module")
def table():
    config = make_recipe("table").replace("world", facts=str(TABLE))
    return build_world(config.world, 0, lambda text: None)


def test_questions_that_name_something_twice_are_told(table):
    (said,) = asked_apart(table, {})
    assert "train_compared, test_compared_id and test_compared_ood cannot be asked here" in said
    assert asks(table, "test_id")
    assert not asks(table, "test_compared_id")


def test_questions_that_the_command_takes_apart_are_told(small_world):
    assert asked_apart(small_world, {}) == []
    (said,) = asked_apart(small_world, PARTS)
    assert said.startswith("Questions of the kind 2p are asked at once here.")


def test_the_page_says_it(small_run):
    RunFolder.open(small_run).keep_asked(PARTS)
    page = write_report(small_run).read_text()
    assert "Questions of the kind 2p are asked at once here." in page
