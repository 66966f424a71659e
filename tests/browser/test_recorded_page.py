"""The page of a model too large for it, in a real browser: one recorded picture at a time."""

import csv
import shutil
from pathlib import Path

import pytest

from latebloom.reports.page import write_report
from latebloom.reports.recorded import record_questions
from latebloom.run import load


@pytest.fixture(scope="module", params=["plain", "hostile"])
def large(request, tmp_path_factory):
    """The page of a run whose model has no room in it, over plain names and evil ones."""
    report = request.getfixturevalue(request.param)
    run = shutil.copytree(report.parent, tmp_path_factory.mktemp("large") / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("latebloom.reports.laboratory.how_many", lambda parameters: 0)
        return write_report(run)


@pytest.fixture
def opened(chromium):
    """Opens such a page, which has no model to wait for; fails if it complained."""
    contexts, complaints = [], []

    def open_page(path: Path, width: int = 1200, **context):
        made = chromium.new_context(
            viewport={"width": width, "height": 900}, offline=True, **context
        )
        contexts.append(made)
        page = made.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_page
    for made in contexts:
        made.close()
    assert complaints == []


def shown(page):
    return page.locator("#recorded figure:visible")


def test_a_question_and_a_checkpoint_are_chosen(opened, large):
    page, run = opened(large), load(large.parent)
    question, at = (
        page.get_by_label(f"{name} of the picture") for name in ("Question", "Checkpoint")
    )
    steps = [
        one.step for one in record_questions(large.parent, list(run.folder.metrics()))[0].pictures
    ]
    assert at.locator("option").count() == len(steps)
    assert page.evaluate("window.hurt") is None
    for i in range(question.locator("option").count()):
        question.select_option(index=i)
        split = question.input_value().partition(":")[0]
        row = run.world.vocabulary.decode(run.world.examples(split)[0].tolist())
        for j, step in enumerate(steps):
            at.select_option(index=j)
            assert shown(page).count() == 1
            says = shown(page).locator("td .share").all_text_contents()
            states = run.at(step).lens(*row[:-1])
            wanted = [guess.probability for state in states for guess in state.guesses]
            assert len(says) == len(wanted)
            for text, share in zip(says, wanted, strict=True):
                assert abs(float(text.rstrip(" %")) - 100 * share) <= 0.1
    with page.expect_download() as waiting:
        shown(page).get_by_role("button").click()
    table = list(csv.reader(Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()))
    assert len(table) == 1 + len(states)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(opened, large, scheme, width, faults):
    page = opened(large, width, color_scheme=scheme, bypass_csp=True)
    assert shown(page).count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert faults(page) == []


def test_without_a_script_all_of_them_stand_there(opened, large):
    page = opened(large, java_script_enabled=False)
    assert shown(page).count() == page.locator("#recorded figure").count() > 3
