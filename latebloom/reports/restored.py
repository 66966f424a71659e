"""What a trace found over training, for the page: how much of the answers goes through the bridge.

Enters: a run folder in which `latebloom trace` kept its records. Leaves: a pair for each traced
checkpoint, its step and the share of answers that come back when the state of the weakest bridge is
moved from a question with the same one (`latebloom.circuits.verdict`). Nothing is traced here.

Covers: records of this version, whole. Does not cover: damaged ones and those of another version,
which are passed over; the next trace makes them again.
"""

import math
from collections.abc import Iterator
from pathlib import Path

from latebloom.circuits.record import FORMAT, CircuitRecord
from latebloom.reading import parse_json, read_text, unseal
from latebloom.records import from_json

HOME = "circuits"
"""The folder of a run in which `latebloom.circuits.examination.CircuitInstrument` keeps records."""


def restored_over_training(run_dir: Path) -> list[tuple[int, float]]:
    """The traced steps, ascending, with the restored share in [0, 1]; empty without a trace."""
    return sorted(
        found for path in (run_dir / HOME).glob("step_*.json") for found in read_share(path)
    )


def read_share(path: Path) -> Iterator[tuple[int, float]]:
    """The step of one record and its share; nothing where it tells none."""
    try:
        table = unseal(parse_json(read_text(path)))
        if table["format"] != FORMAT:
            return
        record = from_json(table, CircuitRecord)
    except (OSError, ValueError, KeyError, TypeError):
        return
    share = record.verdict.restored
    if record.step is not None and math.isfinite(share):
        yield record.step, share
