"""The cell of a notebook in a real browser: its own script, and Python behind its messages.

The notebook is played by a page that hands messages on to the widget and its replies back; the
script, the style and the answers are the widget's own.
"""

import json
from pathlib import Path

import pytest

pytest.importorskip("anywidget", reason="the extra notebook brings it")
pytest.importorskip("fastapi", reason="the extra explore brings it")

import latebloom
from latebloom.run import load

HOST = """<!doctype html><meta charset="utf-8"><style>%s</style><div id="cell"></div>
<script type="module">%s
let hear = () => {};
const model = {
  on: (kind, action) => { hear = action; }, off: () => {},
  send: async (message) => hear(JSON.parse(await window.toPython(JSON.stringify(message)))),
};
render({ model, el: document.getElementById("cell") });
</script>"""


@pytest.fixture
def cell(chromium, plain: Path):
    """The page of a cell that asks the run of a small report."""
    widget = latebloom.explore(plain.parent)
    sent = []
    widget.send = lambda content, buffers=None: sent.append(content)

    def to_python(text: str) -> str:
        widget._handle_custom_msg(json.loads(text), [])
        return json.dumps(sent.pop())

    context, complaints = chromium.new_context(viewport={"width": 700, "height": 800}), []
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.expose_function("toPython", to_python)
    page.set_content(HOST % (widget._css, widget._esm))
    page.locator("option").first.wait_for(state="attached")
    yield page
    context.close()
    assert complaints == []


def test_a_question_is_answered_and_looked_into_in_the_cell(cell, plain):
    run = load(plain.parent)
    steps = [one.step for one in run.folder.checkpoints()]
    shown = cell.locator("option").all_text_contents()
    assert shown == [f"step {step}" for step in reversed(steps)]
    cell.get_by_label("question", exact=True).fill("e1 r0 r1")
    cell.get_by_role("button", name="Ask").click()
    cell.locator("table").wait_for()
    wanted = run.ask("e1", "r0", "r1").answers[0].name
    assert cell.locator(".answers li bdi").first.text_content() == wanted
    assert cell.locator("tbody tr").count() == len(run.lens("e1", "r0", "r1"))


def test_an_earlier_checkpoint_and_what_cannot_be_asked(cell, plain):
    cell.get_by_label("checkpoint").select_option("0")
    cell.get_by_label("question", exact=True).fill("e1 r0 r1")
    cell.get_by_role("button", name="Ask").click()
    first = cell.locator(".answers li bdi").first
    first.wait_for()
    before = load(plain.parent, step=0).ask("e1", "r0", "r1").answers[0].name
    assert first.text_content() == before
    cell.get_by_label("question", exact=True).fill("nobody r0")
    cell.get_by_role("button", name="Ask").click()
    cell.locator(".warning", has_text="unknown name").wait_for()
