"""Frequencies: `latebloom fourier`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from latebloom.cli.app import Json, app, out
from latebloom.cli.tables import aligned

if TYPE_CHECKING:
    from latebloom.circuits.fourier import FourierRecord

HEAD = ("step", "held out", "kept", "random", "without", "random", "key", "frequencies")
MOST = 12
"""Key frequencies shown in a line."""


@app.command
def fourier(
    run: Path,
    *,
    step: int | None = None,
    level: float = 2.0,
    draws: int = 5,
    device: str = "cpu",
    json_: Json = False,
) -> None:
    """Show with which frequencies a run on modular arithmetic computes, at every checkpoint.

    The key frequencies are those that stand out in the embedding's power. Beside the accuracy
    on held-out questions stands that with only these kept in the embedding, and without these,
    each with as many random frequencies as a control. Records are kept in RUN/fourier.

    Parameters
    ----------
    run
        The run folder, of a run on + - * or / modulo p.
    step
        Look at this checkpoint alone.
    level
        Times the power of noise that a key frequency has at least.
    draws
        Random sets of frequencies in the control.
    device
        Where to compute: cpu, cuda, mps or auto.
    json_
        Print as JSON, one line per checkpoint.
    """
    from latebloom.circuits.fourier import FourierConfig, FourierInstrument
    from latebloom.records import to_json
    from latebloom.studies.checkpoints import walk
    from latebloom.training.run_folder import RunFolder

    folder = RunFolder.open(run)
    instrument = FourierInstrument(folder.world(), FourierConfig(level=level, draws=draws))
    records = walk(folder, instrument, step=step, device=device)
    if json_:
        for record in records:
            print(json.dumps(to_json(record)))
        return
    print("\n".join(aligned([HEAD, *map(row_of, records)])), file=out.file)


def row_of(record: "FourierRecord") -> tuple[str, ...]:
    """A checkpoint in a line."""
    shares = (
        *(record.accuracy, record.by_key.kept, record.by_random.kept),
        *(record.by_key.removed, record.by_random.removed),
    )
    named = ", ".join(f"{k} ({record.power[k - 1]:.0%})" for k in record.key[:MOST])
    more = f" and {len(record.key) - MOST} more" if len(record.key) > MOST else ""
    return (
        str(record.step),
        *(f"{share:.3f}" for share in shares),
        f"{len(record.key)} of {len(record.power)}",
        f"{named}{more}",
    )
