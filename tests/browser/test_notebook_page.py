"""The page of a run as a notebook shows it: in a frame, sandboxed, without an address."""

import pytest
from small_reports import set_question

from latebloom.run import load

FIRST = ["e1", "r0", "r1"]
SHELL = (
    '<!doctype html><script>window.latebloom = 0; window.secret = 1</script><div id="cell">%s</div>'
)


@pytest.fixture
def framed(visit, plain, tmp_path):
    """The frame in which the laboratory runs."""
    shown = load(plain.parent).show(height=700)
    notebook = tmp_path / "notebook.html"
    notebook.write_text(SHELL % shown._repr_html_(), encoding="utf-8")
    page = visit(notebook)
    frame = page.locator("iframe").element_handle().content_frame()
    frame.locator("#lab [data-place]").first.wait_for()
    return frame


def test_the_laboratory_runs_in_the_cell(framed):
    set_question(framed, "a", FIRST)
    wanted = framed.evaluate("q => latebloom.ask(q)", FIRST)["answers"][0]["name"]
    shown = framed.locator('[aria-labelledby="title-a"] .answers li').first
    assert wanted in shown.text_content()
    box = framed.frame_element().bounding_box()
    assert box["height"] == 700
    assert framed.evaluate("document.documentElement.scrollWidth") <= box["width"]


def test_a_state_is_moved_and_no_link_is_offered(framed):
    framed.locator('[data-side="b"] [data-place="1.1.2"]').click()
    framed.locator('[data-side="a"] [data-place="1.1.2"]').click()
    assert framed.locator('[data-side="c"]').count() == 1
    assert framed.get_by_role("button", name="Undo").count() == 1
    assert framed.get_by_role("button", name="Copy link").count() == 0


def test_two_runs_are_compared_in_the_cell(framed, rival):
    framed.locator(".comparing summary").click()
    framed.locator(".comparing input[type=file]").set_input_files(rival)
    framed.locator('[aria-labelledby="title-o"] [data-place]').first.wait_for()
    assert framed.evaluate("latebloom.other.checkpoints.length") > 1


def test_the_page_cannot_reach_the_notebook(framed):
    reached = framed.evaluate(
        "() => { try { return parent.secret; } catch (error) { return error.name; } }"
    )
    assert reached == "SecurityError"
