"""Accelerators on `modular`, with the same tuning budget for each.

`python -m benchmarks.accelerators` grows what `latebloom reproduce accelerators` does, and writes
`results/accelerators.json` and `.md`. Options: `--runs DIR` (the run folders, so that the same
command goes on where it was stopped), `--seeds 5`, `--only NAME,...` (some contenders, the baseline
among them).
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS, in_words, provenance
from benchmarks.result_tables import table
from latebloom.files import write_json, write_text
from latebloom.studies.accelerators import CONTENDERS, compare

HEAD = (
    *("contender", "chosen rate, decay", "tuning runs that grokked", "fresh seeds that grokked"),
    *("step of .99 kept (median; each)", "CPU s to there (median)", "times faster", "p"),
)


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A contender as a line of the table."""
    seconds = sorted(s for s in row["seconds"] if s is not None)
    kept = ", ".join("never" if step is None else str(step) for step in row["sustained"])
    middle = "never" if row["median_step"] is None else f"{row['median_step']:g}"
    chosen = ", ".join(f"{value:g}" for value in row["chosen"].values())
    return (
        row["name"],
        chosen,
        f"{row['tuning_grokked']} of {row['tuning_runs']}",
        f"{row['grokked']} of {len(row['seeds'])}",
        f"{middle} ({kept})",
        f"{seconds[len(seconds) // 2]:.1f}" if seconds else "-",
        "-" if row["times_faster"] is None else f"{row['times_faster']:.2f}",
        "-" if row["p_faster"] is None else f"{row['p_faster']:.3f}",
    )


def keep(record: Mapping[str, Any], made: Mapping[str, Any]) -> None:
    """Writes the record and its table; `made` says by which code."""
    write_json(RESULTS / "accelerators.json", {**record, **made})
    lines = table(HEAD, [cells(row) for row in record["contenders"]])
    about = (
        "Sums modulo 97, 40 % of the table trained, one layer of width 64, batches of 512, at most"
        " 1,000 steps. Rate and decay chosen on seed 0 by the validation split, the same six cells"
        " for each; steps are those of the validation split on seeds 100 to 104, where it chooses"
        " nothing and only says when to stop, measured every 20. Processor time of one core. p:"
        " exact one-sided rank-sum test against `adamw`, runs that did not"
        f" grok last. Made by `python -m benchmarks.accelerators`. {in_words(made)}"
    )
    write_text(
        RESULTS / "accelerators.md", "\n".join(["# Accelerators", "", about, "", *lines, ""])
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs/accelerators"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="", help="names, by commas")
    told = parser.parse_args()
    some = [one for one in CONTENDERS if not told.only or one.name in told.only.split(",")]
    made = provenance()
    compare(
        told.runs,
        seeds=told.seeds,
        contenders=some,
        on_cell=lambda done, total, name: print(f"{done + 1}/{total} {name}", flush=True),
        on_record=lambda record: keep(record, made),
    )


if __name__ == "__main__":
    main()
