"""The contests of grown runs, side by side, kept with the results.

`python -m benchmarks.contests RUN ...` reads `rivals.json` of each run folder, which `latebloom
rivals RUN` left there, and writes `results/rivals.md`: a row for each kind of question, a column
for each rival.
"""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS, in_words, provenance

GROWN = "grown model"


def cell(row: dict[str, Any]) -> str:
    """Percent right with its interval; wrong answers and useless ones where there are any."""
    low, high = (100 * bound for bound in row["ci95"])
    words = f"{100 * row['accuracy']:.1f} ({low:.1f} to {high:.1f})"
    for kind in ("wrong", "invalid"):
        if row[kind]:
            words += f"; {100 * row[kind] / row['n']:.1f} {kind}"
    return words


def table(contest: dict[str, Any]) -> list[str]:
    """One run's contest in Markdown."""
    cells: dict[tuple[str, str], str] = {}
    for row in contest["rows"]:
        rival = GROWN if row["rival"].startswith(GROWN) else row["rival"]
        cells[f"{row['split']}, {row['n']}", rival] = cell(row)
    questions = list(dict.fromkeys(question for question, _ in cells))
    rivals = list(dict.fromkeys(rival for _, rival in cells))
    return [
        f"## {contest['recipe']}, seed {contest['seed']}, step {contest['step']}",
        "",
        f"| questions | {' | '.join(rivals)} |",
        "|---" * (len(rivals) + 1) + "|",
        *(
            f"| {question} | {' | '.join(cells.get((question, r), '-') for r in rivals)} |"
            for question in questions
        ),
        "",
    ]


def main() -> None:
    runs = [Path(word) for word in sys.argv[1:]]
    if not runs:
        raise SystemExit(__doc__)
    lines = [
        "# Parametric memory and its rivals",
        "",
        "Percent right, with 95 % intervals. Where no wrong or invalid share stands, the other",
        "answers were `cannot decide`. Each run went through `latebloom rivals RUN --limit 300`,",
        "with `--dense` where that has columns; `python -m benchmarks.contests RUN ...` made this",
        f"page of what it left. {in_words(provenance())}",
        "",
    ]
    for run in runs:
        lines += table(json.loads((run / "rivals.json").read_text(encoding="utf-8")))
    (RESULTS / "rivals.md").write_text("\n".join(lines), encoding="utf-8")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
