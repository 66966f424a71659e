"""Restored answers and held-out accuracy stand on one figure, over the same steps."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.record import CircuitRecord, ExaminationConfig
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.reports.bridge_figure import plot_bridge
from latebloom.reports.figure import SMALLEST
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.world import World


def examined(world: World) -> CircuitRecord:
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_layers=1), len(world.vocabulary)).eval()
    return CircuitInstrument.of_world(world, ExaminationConfig(examples=10)).examine(model, 0)


@pytest.fixture(scope="module")
def records() -> list[CircuitRecord]:
    """Two checkpoints; at the second one bridge restores .7, another .1, and .6 is right."""
    world = make_composition(CompositionConfig(entities=20, relations=6, out_degree=4, phi=1), 0)
    first = examined(world)
    step = replace(first.verdict.steps[0], moved=0.7, other_moved=0.1)
    verdict = replace(first.verdict, steps=(step,), held_out=0.6)
    return [first, replace(first, step=100, accuracy=0.9, verdict=verdict)]


def test_each_curve_has_the_numbers_of_the_records(records: list[CircuitRecord]) -> None:
    (axes,) = plot_bridge(records).axes
    ends = {line.get_label(): line.get_ydata()[-1] for line in axes.lines}
    assert ends == {
        "accuracy, train_inferred": 0.9,
        "accuracy, test_id (held out)": 0.6,
        "restored by the same bridge 1": 0.7,
        "restored by another bridge 1": 0.1,
    }
    assert all(list(line.get_xdata()) == [0, 100] for line in axes.lines)


def test_without_held_out_questions_there_is_no_such_curve(records: list[CircuitRecord]) -> None:
    (axes,) = plot_bridge([replace(record, held_out=None) for record in records]).axes
    assert len(axes.lines) == 3


def test_of_operands_strength_is_drawn() -> None:
    world = make_comparison(ComparisonConfig(entities=20, attributes=3, values=5, phi=2), 0)
    (axes,) = plot_bridge([examined(world)]).axes
    labels = [line.get_label() for line in axes.lines]
    assert labels[2:] == ["first value: strength", "second value: strength"]
    assert all(np.isfinite(line.get_ydata()).all() for line in axes.lines)


def test_no_text_is_too_small_for_a_phone(records: list[CircuitRecord]) -> None:
    texts = plot_bridge(records).findobj(
        lambda one: hasattr(one, "get_fontsize") and one.get_text()
    )
    assert min(text.get_fontsize() for text in texts) >= SMALLEST


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(LatebloomError, match="nothing to draw"):
        plot_bridge([])
