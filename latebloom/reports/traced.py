"""The figures of a traced run, where its report finds them.

Enters: a run folder and the records of its checkpoints. Leaves: `RUN/figures/*.svg`: the circuit of
the last checkpoint, its heat maps against the onset, ranks and progress measures over training.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from latebloom.reports.circuit_figures import (
    plot_circuit,
    plot_heat_maps,
    plot_progress,
    plot_ranks,
    write_figure,
)
from latebloom.training.milestones import LEVEL
from latebloom.training.run_folder import RunFolder


def write_circuit_figures(run: Path, records: Sequence[Mapping[str, Any]]) -> list[Path]:
    """Draws what the records hold; returns the files.

    The onset is the first checkpoint that fits half of its questions: there grokking begins, and
    the paper compares it with the end.
    """
    folder = run / "figures"
    folder.mkdir(exist_ok=True)
    final = records[-1]
    onset = next((r for r in records if r["accuracy"] >= LEVEL / 2), records[0])
    metrics = list(RunFolder(run).metrics())
    drawings = {
        "circuit": plot_circuit(dict(final)),
        "heat-maps": plot_heat_maps(dict(onset), dict(final)),
        "ranks": plot_ranks([dict(r) for r in records]),
        "progress": plot_progress([dict(r) for r in records], metrics),
    }
    return [write_figure(figure, folder / f"{name}.svg") for name, figure in drawings.items()]
