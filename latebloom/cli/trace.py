"""Following the circuit over a training: `latebloom trace`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from latebloom.cli.app import Flag, Json, app, err, out
from latebloom.errors import LatebloomError

if TYPE_CHECKING:
    from latebloom.circuits.record import CircuitRecord, ExaminationConfig


@app.command
def trace(
    run: Path | None = None,
    *,
    step: int | None = None,
    split: str = "train_inferred",
    examples: int = 300,
    noise: Flag = False,
    hf: Path | None = None,
    data: Path | None = None,
    device: str = "cpu",
    all_: Annotated[bool, Parameter(name="--all", negative=())] = False,
    quiet: Flag = False,
    json_: Json = False,
) -> None:
    """Find the circuit of a run at every checkpoint, and show when it formed.

    Causal tracing and the logit lens tell which states hold the steps on the way to an answer, and
    whether the answer depends on them. Results are kept in RUN/circuits: the same command again
    continues where it was stopped. Figures are drawn and report.html is written anew.

    Parameters
    ----------
    run
        The run folder.
    step
        Only the checkpoint of this step; figures and report stay as they are.
    split
        The questions that are traced.
    examples
        How many of them, at most.
    noise
        Also trace with noise on the first token instead of another token (as ROME does).
    hf
        A Hugging Face GPT-2 folder instead of a run.
    data
        Its data, in the published format.
    device
        Where to compute: cpu, cuda, mps or auto.
    all_
        A line for every checkpoint, not only where the circuit changes.
    quiet
        Show no progress.
    json_
        Print the records as JSON, one line per checkpoint.
    """
    from latebloom.circuits.record import ExaminationConfig

    config = ExaminationConfig(split=split, examples=examples, noise=noise)
    if (run is None) == (hf is None) or (hf is None) != (data is None):
        raise LatebloomError("name a RUN, or both --hf DIR and --data DIR")
    if hf is not None and data is not None:
        from latebloom.studies.traced import trace_hf

        record = trace_hf(hf, data, config, device=device)
        print(json.dumps(record.as_dict())) if json_ else show_circuits([record], each=True)
        return
    assert run is not None
    records = trace_run(run, config, step, device, quiet, json_)
    written = [] if step is not None else draw(run, records)
    if json_:
        return
    show_circuits(records, each=all_)
    for path in written:
        out.print(str(path), markup=False)


def trace_run(
    run: Path,
    config: "ExaminationConfig",
    step: int | None,
    device: str,
    quiet: bool,
    as_json: bool,
) -> "list[CircuitRecord]":
    """The records of a run, with a progress bar; printed as they come if they are wanted as JSON.

    Raises: LatebloomError if there is no checkpoint.
    """
    from latebloom.circuits.examination import CircuitInstrument
    from latebloom.studies.checkpoints import walk
    from latebloom.training.run_folder import RunFolder

    folder = RunFolder.open(run)
    instrument = CircuitInstrument.of_world(folder.world(), config)
    records = []
    with Progress(console=err, disable=quiet or not err.is_terminal) as bar:
        total = 1 if step is not None else len(folder.checkpoints())
        task = bar.add_task("checkpoints", total=total)

        def advance(step: int, done_before: bool) -> None:
            bar.advance(task)

        for record in walk(folder, instrument, step=step, device=device, on_step=advance):
            records.append(record)
            if as_json:
                print(json.dumps(record.as_dict()), flush=True)
    if not records:
        raise LatebloomError(f"{run} holds no checkpoint yet")
    return records


def draw(run: Path, records: "Sequence[CircuitRecord]") -> list[Path]:
    """The figures, and the report with them in it if the run holds an evaluation."""
    from latebloom.reports.page import write_report
    from latebloom.reports.traced import write_circuit_figures
    from latebloom.training.run_folder import RunFolder

    drawn = write_circuit_figures(run, records)
    return [*drawn, write_report(run)] if any(RunFolder(run).metrics()) else drawn


def show_circuits(records: "Sequence[CircuitRecord]", *, each: bool) -> None:
    """A line for each change of the circuit (each: for every record), then what the words mean."""
    from latebloom.reports.traced import KINDS, STRENGTH, blame, explain, stretches, tell_restored

    found, newest = stretches(records, each=each), records[-1]
    table = Table(box=None)
    of_run = newest.step is not None
    steps = ("training step",) if of_run else ()
    for name in (*steps, "right", "held out", "restored", "circuit"):
        table.add_column(name, justify="left" if name == "circuit" else "right")
    for one in found:
        told = [f"[bold]{one.kind}[/bold]{': ' if one.found else ''}{escape(one.found)}"]
        told += [f"[dim]{escape(blame(why))}[/dim]" for why in one.failures] if each else []
        shares = (one.right, one.held_out, one.restored)
        table.add_row(*((one.steps,) if of_run else ()), *shares, "\n".join(told))
    out.print(table)
    if not each:
        for why in found[-1].failures:
            out.print(f"\nAt the last checkpoint, {escape(explain(why))}")
    show_left_out(newest)
    out.print(f"\nright: of {newest.n} questions of {escape(newest.config.split)}")
    if newest.held_out is not None:
        tested = newest.held_out
        out.print(
            f"held out: of {tested.score.n:,} questions of {escape(tested.split)}, not trained on"
        )
    for line in tell_restored(newest):
        out.print(escape(line))
    for kind, meaning in KINDS.items():
        if any(one.kind == kind for one in found):
            out.print(f"{kind}: {meaning}")
    effect = newest.leading_effect
    if any(one.found for one in found) and effect is not None:
        out.print(f"strength: {STRENGTH.format(origin=effect.name)}")


def show_left_out(record: "CircuitRecord") -> None:
    """The tokens that could not be replaced in some questions."""
    for name, effect in record.trace.items():
        if effect.n_left_out:
            out.print(
                f"\n{effect.n_left_out} of {record.n} questions are left out of the trace of"
                f" {escape(name)}: no other one changes their answer."
            )
