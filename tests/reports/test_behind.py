"""The numbers behind a figure are those that are drawn, and lie where the page finds them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from latebloom.circuits.record import CircuitRecord
from latebloom.reports.behind import (
    circuit_behind,
    curves_behind,
    heat_maps_behind,
    read_behind,
    trees_behind,
    write_behind,
)
from latebloom.reports.circuit_figures import plot_circuit, plot_heat_maps, plot_progress
from latebloom.reports.figure import empty_figure
from latebloom.reports.page import write_report
from latebloom.trees.record import ParsedSentence


def test_curves_by_hand() -> None:
    figure = empty_figure(3, 3)
    upper, lower = figure.subplots(2, 1)
    upper.plot([0, 10], [0.25, np.nan], label="right")
    upper.axhline(0.5, label="chance")
    upper.set_ylabel("accuracy")
    lower.plot([1, 2], [3, 4])
    lower.set_ylabel("class ratio")
    lower.set_xlabel("accuracy, test_ood")
    rows = [tuple(row.values()) for row in curves_behind(figure)]
    assert rows == [
        ("accuracy", "right", "training step", 0, 0.25),
        ("accuracy", "right", "training step", 10, None),
        ("accuracy", "chance", "training step", None, 0.5),
        ("class ratio", "class ratio", "accuracy, test_ood", 1, 3),
        ("class ratio", "class ratio", "accuracy, test_ood", 2, 4),
    ]


def test_every_curve_of_a_drawn_figure_is_there(record: CircuitRecord) -> None:
    metrics = [{"step": 0, "accuracy": {"test_id": 0.0}}, {"step": 100, "accuracy": {"test_id": 1}}]
    figure = plot_progress([record, replace(record, step=200)], metrics)
    rows = curves_behind(figure)
    assert len(rows) == sum(len(line.get_xdata()) for axes in figure.axes for line in axes.lines)
    assert {row["panel"] for row in rows} == {axes.get_ylabel() for axes in figure.axes}
    assert {row["over"] for row in rows} == {"training step"}


def test_the_arrows_of_a_circuit_are_those_that_are_drawn(record: CircuitRecord) -> None:
    rows = circuit_behind(record)
    drawn = {f"{row['strength']:.2f}" for row in rows if row["drawn"] == "yes"}
    texts = {text.get_text() for text in plot_circuit(record).axes[0].texts}
    assert {"0.75", "0.50"} <= drawn <= texts
    weak = next(row for row in rows if row["from"] == "relation 1")
    assert weak["strength"] == 0.05 and weak["drawn"] == "no, below 0.1"
    first = rows[0]
    assert (first["from token"], first["from depth"]) == ("subject", "loop 1, embedding")
    assert (first["to"], first["to depth"]) == ("bridge 1", "loop 1, layer 1")


def test_the_cells_of_a_heat_map_are_those_that_are_drawn(record: CircuitRecord) -> None:
    nothing = {n: replace(one, strength=0 * one.strength) for n, one in record.trace.items()}
    onset = replace(record, step=0, trace=nothing)
    rows = heat_maps_behind(onset, record)
    figure = plot_heat_maps(onset, record)
    for column, name in enumerate(("strength before", "strength after", "change")):
        written = [
            text.get_text() for row in range(3) for text in figure.axes[3 * row + column].texts
        ]
        form = "{:+.2f}" if name == "change" else "{:.2f}"
        assert written == [form.format(row[name]) for row in rows if row[name] is not None]
    assert {row["step after"] for row in rows} == {100}
    for row in rows:
        assert row["low after"] - 1e-9 <= row["strength after"] <= row["high after"] + 1e-9


def test_brackets_by_hand() -> None:
    sentence = ParsedSentence(("my", "yak", "does", "sleep"), ((0, 3), (0, 2), (1, 1)), ((0, 3),))
    assert [tuple(row.values()) for row in trees_behind(sentence)] == [
        ("predicted", 1, 3, "my yak does", "no"),
        ("predicted", 1, 4, "my yak does sleep", "yes"),
        ("gold", 1, 4, "my yak does sleep", "yes"),
    ]


def test_what_is_written_is_read_and_what_is_no_table_is_none(tmp_path: Path) -> None:
    drawing = tmp_path / "f.svg"
    assert read_behind(drawing) == []
    rows = [{"curve": 'a, "b"\nc', "x": 1, "y": None}]
    path = write_behind(drawing, rows)
    assert read_behind(drawing) == [["curve", "x", "y"], ['a, "b"\nc', "1", ""]]
    assert path.read_text(encoding="utf-8").startswith("curve,x,y\n")
    for content in (b"\xff\xfe", b'"open', b"x," * 600_000):
        path.write_bytes(content)
        assert read_behind(drawing) == []


def test_the_page_holds_them_with_the_figure(run_dir: Path) -> None:
    folder = run_dir / "figures"
    folder.mkdir()
    (folder / "mine.svg").write_text("<svg/>")
    (folder / "mine.csv").write_text("a,b\n</script><b>,2\n")
    text = write_report(run_dir).read_text(encoding="utf-8")
    held = text.split('class="behind">')
    assert len(held) == 2
    assert held[1].startswith(
        '[["a", "b"], ["\\u003c/script\\u003e\\u003cb\\u003e", "2"]]</script>'
    )
