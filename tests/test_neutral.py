"""Text from data is shown and never acts."""

import io
import json

from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from latebloom.neutral import ACTS, in_json, neutral
from latebloom.reports.terminal import SafeConsole
from latebloom.reports.tree_drawing import draw_tree

HOSTILE = "\x1b]0;owned\x07\x1b[2Jadmin\u202enimda\u200b\x9b31m\ud800"


def test_what_acts_is_a_picture():
    assert neutral("\x1b[31m\x7f\u202e") == "\u241b[31m\u2421\ufffd"
    assert neutral("Zürich 東京 שלום \U0001f469\u200d\U0001f680\t\n") == (
        "Zürich 東京 שלום \U0001f469\u200d\U0001f680\t\n"
    )


@given(st.text())
def test_nothing_that_acts_is_left_and_lengths_stay(text):
    shown = neutral(text)
    assert not ACTS.search(shown)
    assert len(shown) == len(text)
    assert neutral(shown) == shown


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_means_the_same(text):
    shown = in_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(shown) == text
    assert not ACTS.search(shown)


def test_the_terminal_gets_richs_sequences_and_no_others():
    file = io.StringIO()
    console = SafeConsole(file=file, force_terminal=True, color_system="standard", width=200)
    console.print(f"[red]{HOSTILE}[/red]")
    table = Table("name")
    table.add_row(Text(HOSTILE))
    console.print(table)
    shown = file.getvalue()
    assert "\x1b[31m" in shown
    assert "\x1b]0;" not in shown
    assert "\x1b[2J" not in shown
    assert not {"\u202e", "\x9b", "\ud800", "\x07"} & set(shown)


def test_a_figure_of_a_tree_can_be_read_as_xml():
    from xml.dom.minidom import parseString

    figure = parseString(draw_tree([HOSTILE, "b"], [(0, 1)]))
    assert figure.documentElement.tagName == "svg"
    assert figure.getElementsByTagName("text")
