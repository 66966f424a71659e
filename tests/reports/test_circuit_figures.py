"""Figures of circuits: they show the numbers of the record, the same bytes each time."""

from pathlib import Path

import numpy as np
import pytest
import torch

from latebloom.circuits.examination import ExaminationConfig, Subject, examine
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.reports.circuit_figures import (
    depth_names,
    plot_circuit,
    plot_heat_maps,
    plot_progress,
    plot_ranks,
    write_figure,
)
from latebloom.worlds.chains.made import CompositionConfig, make_composition


@pytest.fixture(scope="module")
def record() -> dict:
    world = make_composition(CompositionConfig(entities=20, relations=6, out_degree=4, phi=1), 0)
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_layers=1), len(world.vocabulary)).eval()
    found = examine(model, Subject.of_world(world, ExaminationConfig(examples=10)))
    step = found["verdict"]["steps"][0]
    step |= {"place": [0, 1, 1], "used_at": [0, 1, 1], "strength": 0.75}
    found["inputs"] = {"subject": {"bridge 1": 0.5}, "relation 1": {"bridge 1": 0.05}}
    return {"step": 100} | found


def texts(axes) -> set[str]:
    return {text.get_text() for text in axes.texts}


def test_depth_is_told_by_loop(record: dict) -> None:
    names = ["loop 1, embedding", "loop 1, layer 1", "loop 2, in", "loop 2, layer 1"]
    assert depth_names(record) == names
    assert depth_names(record | {"n_loops": 1}) == ["embedding", "layer 1"]


def test_the_circuit_shows_steps_and_strong_arrows_only(record: dict) -> None:
    axes = plot_circuit(record).axes[0]
    assert {"subject", "relation 1", "relation 2", "bridge 1", "answer"} <= texts(axes)
    assert {"0.75", "0.50"} <= texts(axes)
    assert "0.05" not in texts(axes)


def test_heat_maps_show_the_change(record: dict) -> None:
    onset = record | {"step": 0, "trace": {}}
    for name, effect in record["trace"].items():
        onset["trace"][name] = effect | {"strength": (0 * np.array(effect["strength"])).tolist()}
    figure = plot_heat_maps(onset, record)
    assert len(figure.axes) == 9
    wanted = np.array(record["trace"]["subject"]["strength"]).reshape(-1, 3)
    assert np.allclose(figure.axes[2].images[0].get_array(), wanted)


def test_curves_follow_one_state(record: dict) -> None:
    later = record | {"step": 200, "accuracy": 0.5}
    axes = plot_ranks([record, later]).axes[0]
    labels = [line.get_label() for line in axes.lines]
    assert labels[0] == "bridge 1, loop 1, layer 1: reciprocal rank"
    assert axes.lines[-1].get_ydata()[-1] == 0.5
    value = record["lens"]["bridge 1"]["reciprocal_rank"][0][1][1]
    assert axes.lines[0].get_ydata()[0] == value


def test_progress_stands_over_the_accuracy(record: dict) -> None:
    metrics = [{"step": 0, "accuracy": {"test_id": 0.0}}, {"step": 100, "accuracy": {"test_id": 1}}]
    figure = plot_progress([record], metrics)
    assert [line.get_label() for line in figure.axes[0].lines] == ["test_id"]
    assert len(figure.axes) == 4


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_same_bytes_again(record: dict, tmp_path: Path, ending: str) -> None:
    paths = [write_figure(plot_circuit(record), tmp_path / f"{i}.{ending}") for i in (0, 1)]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    with pytest.raises(LatebloomError, match="nothing to draw"):
        plot_ranks([])
    with pytest.raises(LatebloomError, match="svg"):
        write_figure(plot_ranks_of_nothing(), tmp_path / "x.gif")


def plot_ranks_of_nothing():
    from matplotlib.figure import Figure

    return Figure()
