"""The reproductions of docs/reproduce.md, kept with the results.

`python -m benchmarks.reproductions` grows all of them as `latebloom reproduce NAME` does; `...
reproductions late-bloom` some. Options: `--size small`, `--seeds 3`, `--first 100`, `--threads 1`,
`--runs DIR` (the run folders, so that the same command goes on where it was stopped), `--finished`
(judge what is there, and grow nothing). Each series of runs leaves
`results/reproduce/SERIES.json`, with the commit, the machine and what every claim about it found,
and `SERIES.svg` and `.png` with its curves. The findings are also written in short to the file that
`latebloom reproduce` lists, and to the table of docs/reproduce.md.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS, provenance
from benchmarks.result_tables import table
from latebloom.errors import LatebloomError
from latebloom.files import read_json, write_json
from latebloom.recipes.catalogue import FRESH
from latebloom.reports.reproduced import write_reproduction
from latebloom.studies.claims import SIZES, SMALL
from latebloom.studies.reproduce import reproduce
from latebloom.studies.reproductions import FOUND, REPRODUCTIONS, find_reproduction

KEPT = RESULTS / "reproduce"
"""Where the findings and the figures lie."""
PAGE = RESULTS.parent / "docs" / "reproduce.md"
SHORT = ("verdict", "mean", "ci95_over_seeds", "here")
"""What the list shows of a claim's findings."""


def keep(record: Mapping[str, Any], folder: Path) -> None:
    """Writes a series' record and figures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f"{record['series']}.json", record)
    write_reproduction(record, folder, record["series"])


def in_short(folder: Path) -> dict[str, dict[str, Any]]:
    """The findings of every record in a folder, by `Reproduction.key`."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        record = read_json(path, LatebloomError)
        where = {name: record[name] for name in ("series", "seeds", "commit", "date")}
        for name, told in record["claims"].items():
            key = find_reproduction(name).at(record.get("size", SMALL)).key
            found[key] = {one: told[one] for one in SHORT} | where
    return found


def rows_of(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The table of docs/reproduce.md."""
    rows = [
        (
            f"`{one.name}`",
            one.claim,
            f"{one.judge.figure}: {one.published}",
            found[one.name]["here"] if one.name in found else "not grown yet",
            found[one.name]["verdict"] if one.name in found else "-",
        )
        for one in REPRODUCTIONS.values()
    ]
    return table(
        ("name", "claim", "figure in the paper", "here (95 % over seeds)", "verdict"), rows
    )


def write_page(found: Mapping[str, Mapping[str, Any]], page: Path) -> None:
    """Puts the table between its marks."""
    before, rest = page.read_text().split("<!-- findings -->")
    after = rest.split("<!-- end of findings -->")[1]
    rows = "\n".join(rows_of(found))
    page.write_text(f"{before}<!-- findings -->\n{rows}\n<!-- end of findings -->{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(REPRODUCTIONS))
    parser.add_argument("--size", choices=SIZES, default=SMALL)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=FRESH, help="the first seed")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--finished", action="store_true", help="judge the finished runs, grow no others"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    told = parser.parse_args()
    try:
        wanted = [find_reproduction(name).at(told.size) for name in told.names or REPRODUCTIONS]
        for one in {one.runs.series: one for one in wanted}.values():
            made = provenance()
            record = reproduce(
                one,
                told.runs / one.runs.folder.name,
                seeds=told.seeds,
                first=told.first,
                threads=told.threads,
                grow=not told.finished,
            )
            # The record names the versions of its machine, so its own entry stays.
            keep(made | record, KEPT)
    except LatebloomError as error:
        parser.error(str(error))
    found = in_short(KEPT)
    write_json(FOUND, found)
    write_page(found, PAGE)


if __name__ == "__main__":
    main()
