"""The page and the figure of `benchmarks.growth`, from costs worked out by hand."""

import math

import pytest

from benchmarks.growth_page import draw, page, slope
from latebloom.reports.figure import write_figure

POINTS = [
    {
        "size": size,
        "names": size + 5,
        "facts": 20 * size,
        "trained_questions": 180 * size,
        "data": {"seconds": 0.01 * size, "mib": 300.0},
        "step": {"seconds": 1e-6 * size**2, "mib": 300.0},
        "evaluation": {"seconds": 1.0 if size < 1000 else 2.0, "mib": 300.0},
    }
    for size in (10, 100, 1000)
]
RECORD = {
    "facts": {
        "says": "entities",
        "points": POINTS,
        "commit": "0123456789abcdef",
        "date": "2026-11-27",
        "machine": {"cores": 2, "processor": "a processor", "system": "a system"},
    }
}


def test_a_slope_is_the_power_with_which_cost_grows():
    assert slope([1, 10, 100], [3, 30, 300]) == pytest.approx(1)
    assert slope([1, 10, 100], [3, 300, 30000]) == pytest.approx(2)
    assert slope([1, 10], [5, 5]) == pytest.approx(0)
    assert math.isnan(slope([1], [5]))


def test_the_page_tells_costs_and_slopes():
    """Costs that are proportional, squared, constant; and one that doubles in the last decade."""
    lines = page(RECORD).splitlines()
    assert "| 100 | 105 | 18,000 | 1 | 300 | 0.01 | 300 | 1 | 300 |" in lines
    [last] = [line for line in lines if line.startswith("| slope, last")]
    assert last == "| slope, last | | | 1.00 | 0.00 | 2.00 | 0.00 | 0.30 | 0.00 |"
    [whole] = [line for line in lines if line.startswith("| slope, all")]
    assert whole == "| slope, all | | | 1.00 | 0.00 | 2.00 | 0.00 | 0.15 | 0.00 |"


def test_the_figure_has_a_curve_for_each_cost(tmp_path):
    figure = draw(RECORD)
    assert [len(axes.lines) for axes in figure.axes] == [3, 3]
    assert write_figure(figure, tmp_path / "growth.svg").stat().st_size > 1000
