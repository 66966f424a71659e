"""The lessons in the documentation: there, of the present notebooks, and converted as meant."""

import sys
from pathlib import Path

import pytest

from latebloom.cli.lessons import SHIPPED, all_lessons, tables_of

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "lessons"


@pytest.fixture(scope="module")
def renderer():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import render_lessons
    finally:
        sys.path.pop(0)
    return render_lessons


@pytest.mark.parametrize("number", all_lessons())
def test_each_is_rendered_as_it_is_now(renderer, number):
    """If this fails: python docs/render_lessons.py NUMBER"""
    text = (PAGES / f"{number}.md").read_text(encoding="utf-8")
    assert renderer.fingerprint(all_lessons()[number]) in text.splitlines()[0]
    assert f"\n# {number} · " in text
    assert "What came of it" in text
    assert str(ROOT) not in text
    assert "/runs/" not in text.replace("runs/lessons/", "")


def test_they_are_small():
    assert sum(path.stat().st_size for path in PAGES.iterdir()) < 1_000_000


def test_what_marimo_made_becomes_markdown(renderer):
    page = renderer.Page(1)
    radio = (
        "<marimo-radio data-label='&quot;Which &#92;u003cb&#92;u003eone"
        "&#92;u003c/b&#92;u003e?&quot;'"
        " data-options='[&quot;this&quot;,&quot;that&quot;]'></marimo-radio>"
    )
    page.add(
        {
            "code": "x = mo.ui.radio([])",
            "hidden": True,
            "printed": "",
            "outputs": {
                "text/html": '<span class="markdown"><h2 id="a">A <em>b</em></h2>'
                f'<span class="paragraph">c</span></span>{radio}'
            },
        },
        answers=False,
    )
    assert "## A *b*\n\nc\n\n**Which one?**\n\n- this\n- that\n\n" in page.text
    page.add(
        {
            "code": "x.value",
            "hidden": False,
            "printed": "said\n",
            "outputs": {"application/json": '[{"a": "text/plain+float:0.12345"}, {"a": 2}]'},
        },
        answers=True,
    )
    answer = page.text.split('<details class="what">')[1]
    assert "```python\nx.value\n```" in answer
    assert "```text\nsaid\n```" in answer
    assert "| a |\n| --- |\n| 0.123 |\n| 2 |" in answer


def test_a_line_with_an_example_and_a_drawing_of_boxes_stay_what_they_are(renderer):
    page = renderer.Page(1)
    line = (
        "<marimo-text data-initial-value='&quot;{}&quot;' data-placeholder='&quot;{}&quot;'"
        " data-label='&quot;a share&quot;'></marimo-text>"
    )
    reader = renderer.Reader(page)
    reader.feed(line.format("", "0 to 1") + line.format("my yak", ""))
    reader.feed('<p>so <samp style="border: 1px solid">my <samp>yak</samp></samp></p>')
    text = reader.text()
    assert "**Your guess, 0 to 1: a share.**" in text
    assert "a share, with* `my yak`." in text
    assert 'so <samp style="border: 1px solid">my <samp>yak</samp></samp>' in text


def test_a_table_goes_with_the_notebook_that_reads_it():
    of = {number: [one.name for one in tables_of(path)] for number, path in all_lessons().items()}
    assert of[7] == ["pharmacology.csv"]
    assert of[1] == []
    example = ROOT / "examples" / "pharmacology" / "facts.csv"
    assert (SHIPPED / "pharmacology.csv").read_bytes() == example.read_bytes()
