"""The circuits of grown runs, kept with the results.

`python -m benchmarks.circuits NAME=RUN ...` traces every checkpoint of each run folder and writes
`results/circuits.md` (what the lens and the trace say, step by step) with the figures beside it:
`circuit-NAME.svg`, `circuit-NAME-heat-maps.svg`, `circuit-NAME-ranks.svg` and
`circuit-NAME-progress.svg`. What was traced before is not traced again.
"""

import shutil
import sys
from pathlib import Path

from benchmarks.record import RESULTS, in_words, provenance
from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.record import CircuitRecord, ExaminationConfig
from latebloom.reports.traced import write_circuit_figures
from latebloom.studies.checkpoints import walk
from latebloom.training.run_folder import RunFolder


def row_of(record: CircuitRecord) -> str:
    """One checkpoint as a Markdown row."""
    failed = "; ".join(why.words() for why in record.failures.values())
    return f"| {record.step} | {record.accuracy:.0%} | {record.verdict.words()} | {failed} |"


def section(name: str, run: Path) -> list[str]:
    """Traces a run, keeps its figures, and tells what was found."""
    folder = RunFolder.open(run)
    told = folder.config()
    instrument = CircuitInstrument.of_world(folder.world(), ExaminationConfig())
    records = list(walk(folder, instrument))
    for drawn in write_circuit_figures(run, records):
        suffix = "" if drawn.stem == "circuit" else f"-{drawn.stem}"
        shutil.copy(drawn, RESULTS / f"circuit-{name}{suffix}.svg")
    # About ten checkpoints tell the story; the last is always among them.
    shown = records[:: max(1, len(records) // 10)]
    if shown[-1] is not records[-1]:
        shown.append(records[-1])
    return [
        f"## {name}",
        "",
        f"`latebloom grok {told.recipe} --seed {told.seed}`, then `latebloom trace RUN`:"
        f" {len(records)} checkpoints.",
        "",
        f"![the circuit](circuit-{name}.svg)",
        f"![its strengths, onset and end](circuit-{name}-heat-maps.svg)",
        "",
        "| step | right | circuit | why OOD fails |",
        "|---|---|---|---|",
        *map(row_of, shown),
        "",
    ]


def main() -> None:
    named = [word.partition("=") for word in sys.argv[1:]]
    if not named or not all(sign for _, sign, _ in named):
        raise SystemExit(__doc__)
    made = in_words(provenance())
    lines = [
        "# Circuits that were found",
        "",
        "300 training questions of each run; `right`: of these. A strength is the share of them",
        "whose answer changes when the state is replaced. Made by `python -m benchmarks.circuits`.",
        made,
        "",
    ]
    for name, _, run in named:
        lines += section(name, Path(run))
    (RESULTS / "circuits.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
