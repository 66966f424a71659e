"""Accelerators compared, with the same tuning budget for each.

`python -m benchmarks.accelerators` grows what `latebloom reproduce accelerators` does, and writes
`results/accelerators.json` and `.md`; `--world bloom-looped` does so on another ground, and writes
`results/accelerators-bloom-looped.json` and `.md`. Options: `--runs DIR` (the run folders, so that
the same command goes on where it was stopped), `--seeds 5`, `--only NAME,...` (some contenders, the
baseline among them).
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS, in_words, provenance
from benchmarks.result_tables import table
from latebloom.errors import LatebloomError
from latebloom.files import read_json, write_json, write_text
from latebloom.studies.accelerators import CONTENDERS, compare, find_contenders
from latebloom.studies.grounds import GROUNDS, USUAL, Ground, find_ground

HEAD = (
    *("contender", "chosen rate, decay", "tuning runs that grokked", "fresh seeds that grokked"),
    *("step from which it was kept (median; each)", "CPU s to there (median)", "times faster", "p"),
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


def keep(record: Mapping[str, Any], made: Mapping[str, Any], ground: Ground) -> None:
    """Writes the record and its table; `made` says by which code."""
    path = RESULTS / f"{ground.common().recipe}.json"
    whole = with_rows_of(read_json(path, LatebloomError), record) if path.exists() else record
    write_json(path, {**whole, **made})
    write_text(path.with_suffix(".md"), page(whole, made))


def with_rows_of(before: Mapping[str, Any], record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record with the rows of an earlier one of the same config that it lacks itself."""
    if before.get("config") != record["config"]:
        return record
    rows = {row["name"]: row for row in (*before["contenders"], *record["contenders"])}
    names = [one.name for one in CONTENDERS]
    return {
        **record,
        "contenders": [rows[name] for name in names if name in rows],
        "not_grown": [name for name in names if name not in rows],
    }


def page(record: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    """The table with what has to be said about it."""
    rows = record["contenders"]
    seeds = rows[0]["seeds"]
    title = f"Accelerators on `{record['world']}`"
    about = (
        f"{record['about']} Rate and decay chosen on seed {record['tuned_on']} by the validation"
        f" split, {rows[0]['tuning_runs']} cells for each; steps are those from which"
        f" `{record['split']}` kept {record['level']:g} on seeds {seeds[0]} to {seeds[-1]}, where"
        " it chooses nothing and only says when to stop. Processor time of one core. p: exact"
        f" one-sided rank-sum test against `{rows[0]['name']}`, runs that did not grok last."
        f" Made by `python -m benchmarks.accelerators`. {in_words(made)}"
    )
    lines = table(HEAD, [cells(row) for row in rows])
    lacking = ", ".join(f"`{name}`" for name in record["not_grown"])
    left = [f"Not grown: {lacking}.", ""] if lacking else []
    return "\n".join([f"# {title}", "", about, "", *lines, "", *left])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", default=USUAL.name, help=", ".join(GROUNDS))
    parser.add_argument("--runs", type=Path, help="their folder; without it one under runs/")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="", help="names, by commas")
    told = parser.parse_args()
    made = provenance()
    try:
        ground = find_ground(told.world)
        some = find_contenders([name for name in told.only.split(",") if name])
        compare(
            told.runs or ground.folder,
            ground=ground,
            seeds=told.seeds,
            contenders=some,
            on_cell=lambda done, total, name: print(f"{done + 1}/{total} {name}", flush=True),
            on_record=lambda record: keep(record, made, ground),
        )
    except LatebloomError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
