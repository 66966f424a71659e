"""The machine: `latebloom doctor`."""

import json
from typing import TYPE_CHECKING

from latebloom.cli.app import Json, app, out
from latebloom.cli.tables import aligned

if TYPE_CHECKING:
    from latebloom.studies.machine import Machine


@app.command
def doctor(*, device: str = "auto", json_: Json = False) -> None:
    """Show what this machine can do: versions, threads, load, speed, and what is not installed.

    It multiplies matrices and trains a few steps, which takes some seconds.

    Parameters
    ----------
    device
        auto, cpu, cuda or mps.
    json_
        Print the figures as JSON.
    """
    from latebloom.records import to_json
    from latebloom.studies.machine import examine_machine

    found = examine_machine(device)
    if json_:
        print(json.dumps(to_json(found) | {"share": found.share}, indent=2))
        return
    for line in aligned(rows_of(found)):
        out.print(line, markup=False)
    for remark in remarks_on(found):
        out.print(remark, markup=False)


def rows_of(found: "Machine") -> list[tuple[str, str]]:
    """What was found, a row each."""
    speeds = ", ".join(f"{name} {speed:,.3g}" for name, speed in found.products.items())
    load = "not known" if found.load is None else f"{found.load:.1f} on {found.cores} cores"
    rows = [
        ("versions", ", ".join(f"{name} {number}" for name, number in found.versions.items())),
        ("system", found.platform),
        ("device", f"{found.device}, {found.threads} of {found.cores} threads"),
        ("waiting", found.spinning),
        ("load", load),
        ("matrix product", f"{speeds} GFLOP/s"),
        (
            "training step",
            f"{found.recipe}: {1000 * found.step_seconds:.0f} ms in {found.step_dtype},"
            f" {found.share:.0%} of the product's speed",
        ),
    ]
    for extra, packages in sorted(found.missing.items()):
        lacks = f"lacks {', '.join(packages)}" if packages else "installed"
        rows.append((f"extra {extra}", lacks))
    return rows


def remarks_on(found: "Machine") -> list[str]:
    """What to do about it, if anything."""
    remarks: list[str] = []
    if found.load is not None and found.load > found.cores:
        remarks.append(
            "More processes want a core than there are: the speeds above are lower than the"
            " machine's, and --threads 1 may be faster."
        )
    lacking = [extra for extra, packages in sorted(found.missing.items()) if packages]
    if lacking:
        remarks.append(f"To install what an extra lacks: pip install 'latebloom[{lacking[0]}]'")
    return remarks
