"""The figure: what is drawn, where labels go, the same bytes for the same run."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from latebloom.errors import LatebloomError
from latebloom.reports.curves import (
    place_names,
    plot_curves,
    spread_labels,
    subtitle,
    uses_log_steps,
    write_curves,
)


def texts(axes) -> dict[str, object]:
    return {text.get_text(): text for text in axes.texts if text.get_text()}


def test_the_lines_are_the_records(records: list[dict], summary: dict) -> None:
    main, below = plot_curves(records, summary).axes
    lines = {line.get_label(): line for line in main.lines}
    for split in ("test_id", "test_ood", "atomic_id"):
        assert list(lines[split].get_xdata()) == [10, 20, 30, 40, 50]
        assert list(lines[split].get_ydata()) == [r["accuracy"][split] for r in records]
    assert lines["test_ood"].is_dashed()
    assert not lines["test_id"].is_dashed()
    assert list(below.lines[-1].get_ydata()) == [4, 2, 1, 0.5, 0.25]


def test_title_size_and_ends_are_told(records: list[dict], summary: dict) -> None:
    figure = plot_curves(records, summary)
    told = [text.get_text() for text in figure.texts]
    assert told[:2] == ["composition, seed 3", "50 steps · 8 s on cpu · 1,234 parameters · phi 9"]
    assert {"memorising", "generalising", "systematic"} <= set(texts(figure.axes[0]))
    assert "test_ood  100 %" in texts(figure.axes[0])


def test_a_dot_marks_the_sustained_step_of_the_main_splits(
    records: list[dict], summary: dict
) -> None:
    """test_id is sustained from 30 at .99; test_ood never is, and atomic_id is not judged by."""
    main = plot_curves(records, summary).axes[0]
    dots = [line for line in main.lines if line.get_marker() == "o"]
    assert [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots] == [(30, 0.99)]


def test_labels_do_not_overlap_and_lie_on_the_figure(records: list[dict], summary: dict) -> None:
    for record in records:
        record["accuracy"] |= {f"test_hops_{k}_ood": 1 - k / 1000 for k in range(3, 20)}
    figure = plot_curves(records, summary)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    boxes = [
        text.get_window_extent(renderer)
        for label, text in texts(figure.axes[0]).items()
        if label.endswith("%")
    ]
    assert len(boxes) == 20
    assert max(box.x1 for box in boxes) <= figure.bbox.x1
    boxes.sort(key=lambda box: box.y0)
    # A box is as high as the font's tallest letters; names without them may touch by a hair.
    overlaps = [low.y1 - high.y0 for low, high in itertools.pairwise(boxes)]
    assert max(overlaps) <= 1


def test_log_steps_only_for_a_long_run(records: list[dict], summary: dict) -> None:
    assert not uses_log_steps([50, 1000])
    assert uses_log_steps([0, 50, 1001])
    assert not uses_log_steps([0, 500])
    assert plot_curves(records, summary).axes[0].get_xscale() == "linear"
    long = [r | {"step": r["step"] ** 3} for r in records]
    main = plot_curves(long, summary).axes[0]
    assert main.get_xscale() == "log"
    assert main.get_xlim() == (1000, 125000)


@pytest.mark.parametrize("steps", [[0], [7], [0, 5, 1000]])
def test_runs_that_have_hardly_begun(records: list[dict], steps: list[int]) -> None:
    few = [r | {"step": s, "loss": None} for r, s in zip(records, steps, strict=False)]
    few[0]["accuracy"] = {"test_id": float("nan"), "test_ood": 0.5}
    figure = plot_curves(few, {})
    FigureCanvasAgg(figure).draw()
    assert "test_ood  " in "".join(texts(figure.axes[0]))


def test_nothing_to_draw() -> None:
    with pytest.raises(LatebloomError, match="no evaluation"):
        plot_curves([], {})


def test_unknown_parts_are_left_out_of_the_subtitle(records: list[dict]) -> None:
    assert subtitle(records, {}) == "50 steps · 8 s"


def test_the_same_run_gives_the_same_bytes(run_dir: Path) -> None:
    png, svg = write_curves(run_dir)
    first = png.read_bytes(), svg.read_bytes()
    assert first[0].startswith(b"\x89PNG")
    assert b"<dc:date>" not in first[1]
    assert b"tEXt" not in first[0]
    assert [path.read_bytes() for path in write_curves(run_dir)] == list(first)
    metrics = run_dir / "metrics.jsonl"
    lines = metrics.read_text().splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | {"loss": 3.0})
    metrics.write_text("\n".join(lines))
    assert write_curves(run_dir)[1].read_bytes() != first[1]


def test_names_keep_off_each_other() -> None:
    """The first has the choice; the third would cover it; the last is moved in from the edge."""
    assert place_names([0.5, 0.2, 0.45, 0.99], [0.2, 0.2, 0.1, 0.1]) == [0.5, 0.2, None, 0.95]


def test_spread_by_hand() -> None:
    """Three that want 1.0 hang from the top; one that is far away stays."""
    assert spread_labels([1.0, 0.2, 1.0, 1.0], 0.1, 0, 1) == pytest.approx([0.8, 0.2, 0.9, 1.0])
    # Two at the same height away from the ends share the way: least squares.
    assert spread_labels([0.5, 0.5], 0.1, 0, 1) == pytest.approx([0.45, 0.55])
    # More than there is room for: packed closer.
    assert spread_labels([0, 0, 0], 10, 0, 1) == pytest.approx([0, 0.5, 1])
    assert len(spread_labels([], 0.1, 0, 1)) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(deadline=None)
def test_spread_keeps_gap_bounds_and_order(wanted: list[float]) -> None:
    heights = spread_labels(wanted, 0.05, 0, 1)
    order = np.argsort(wanted, kind="stable")
    assert np.all(np.diff(heights[order]) >= 0.05 - 1e-9)
    assert heights.min() >= -1e-9
    assert heights.max() <= 1 + 1e-9
    if np.all(np.diff(np.sort(wanted)) >= 0.05):
        assert heights == pytest.approx(wanted)


def test_validation_splits_are_not_drawn(records: list[dict], summary: dict) -> None:
    for record in records:
        record["accuracy"]["valid_ood"] = record["accuracy"]["test_ood"]
    summary["splits"]["valid_ood"] = summary["splits"]["test_id"]
    main = plot_curves(records, summary).axes[0]
    assert "test_ood" in {line.get_label() for line in main.lines}
    assert "valid_ood" not in {line.get_label() for line in main.lines}
    assert not any("valid" in text for text in texts(main))
