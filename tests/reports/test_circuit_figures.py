"""Figures of circuits: they show the numbers of the record, the same bytes each time."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from latebloom.circuits.record import CircuitRecord
from latebloom.errors import LatebloomError
from latebloom.reports.circuit_figures import (
    depth_names,
    plot_circuit,
    plot_heat_maps,
    plot_progress,
    plot_ranks,
)
from latebloom.reports.figure import SMALLEST, with_dark_rules, write_figure


def texts(axes) -> set[str]:
    return {text.get_text() for text in axes.texts}


def test_depth_is_told_by_loop(record: CircuitRecord) -> None:
    names = ["loop 1, embedding", "loop 1, layer 1", "loop 2, in", "loop 2, layer 1"]
    assert depth_names(record) == names
    assert depth_names(replace(record, n_loops=1)) == ["embedding", "layer 1"]


def test_the_circuit_shows_steps_and_strong_arrows_only(record: CircuitRecord) -> None:
    axes = plot_circuit(record).axes[0]
    assert {"subject", "relation 1", "relation 2", "bridge 1", "answer"} <= texts(axes)
    assert {"0.75", "0.50"} <= texts(axes)
    assert "0.05" not in texts(axes)


def test_heat_maps_show_the_change(record: CircuitRecord) -> None:
    nothing = {n: replace(one, strength=0 * one.strength) for n, one in record.trace.items()}
    onset = replace(record, step=0, trace=nothing)
    figure = plot_heat_maps(onset, record)
    assert len(figure.axes) == 9
    wanted = record.trace["subject"].strength.reshape(-1, 3)
    axes = figure.axes[2]
    assert [text.get_text() for text in axes.texts] == [f"{v:+.2f}" for v in wanted.ravel()]
    assert np.allclose([cell.get_alpha() for cell in axes.patches], wanted.ravel())


def test_curves_follow_one_state(record: CircuitRecord) -> None:
    later = replace(record, step=200, accuracy=0.5)
    axes = plot_ranks([record, later]).axes[0]
    labels = [line.get_label() for line in axes.lines]
    assert labels[0] == "bridge 1, loop 1, layer 1: reciprocal rank"
    assert axes.lines[-1].get_ydata()[-1] == 0.5
    value = record.lens["bridge 1"].reciprocal_rank[0, 1, 1]
    assert axes.lines[0].get_ydata()[0] == value


def test_progress_stands_over_the_accuracy(record: CircuitRecord) -> None:
    metrics = [{"step": 0, "accuracy": {"test_id": 0.0}}, {"step": 100, "accuracy": {"test_id": 1}}]
    figure = plot_progress([record], metrics)
    assert [line.get_label() for line in figure.axes[0].lines] == ["test_id"]
    assert len(figure.axes) == 4


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_same_bytes_again(record: CircuitRecord, tmp_path: Path, ending: str) -> None:
    paths = [write_figure(plot_circuit(record), tmp_path / f"{i}.{ending}") for i in (0, 1)]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_every_colour_has_a_partner_on_dark_pages(record: CircuitRecord, tmp_path: Path) -> None:
    path = write_figure(plot_circuit(record), tmp_path / "c.svg")
    text = path.read_text()
    sheet, drawing = re.fullmatch(r".*?(<style>@media .*?</style>)(.*)", text, re.DOTALL).groups()
    used = set(re.findall(r"(?:fill|stroke): (#\w{6})", drawing))
    assert used <= set(re.findall(r": (#\w{6})\"", sheet)) | {"#9a9a9a"}  # axes: fit for both
    assert with_dark_rules('<svg a="1">x</svg>').endswith("x</svg>")


def test_no_text_is_too_small_for_a_phone(record: CircuitRecord) -> None:
    metrics = [{"step": 0, "accuracy": {"test_id": 0.0}}, {"step": 100, "accuracy": {"test_id": 1}}]
    figures = [plot_circuit(record), plot_ranks([record]), plot_heat_maps(record, record)]
    for figure in [*figures, plot_progress([record], metrics)]:
        texts = figure.findobj(lambda one: hasattr(one, "get_fontsize") and one.get_text())
        assert min(text.get_fontsize() for text in texts) >= SMALLEST


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    with pytest.raises(LatebloomError, match="nothing to draw"):
        plot_ranks([])
    with pytest.raises(LatebloomError, match="svg"):
        write_figure(plot_ranks_of_nothing(), tmp_path / "x.gif")


def plot_ranks_of_nothing():
    from matplotlib.figure import Figure

    return Figure()
