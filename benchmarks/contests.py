"""The contests of grown runs, side by side, kept with the results.

`python -m benchmarks.contests RUN ...` reads `rivals.json` of each run folder, which `latebloom
rivals RUN` left there, and writes a section for it into `results/rivals.md`: a row for each rival,
a column for each kind of question. Sections of other contests stay as they are.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS, in_words, provenance

PAGE = RESULTS / "rivals.md"
GROWN = "grown model"
HEAD = """\
# Parametric memory and its rivals

Percent right, with 95 % intervals, and how many facts retrieval read. Where no wrong or invalid
share stands, the other answers were `cannot decide`. Each run went through `latebloom rivals RUN`,
with so many questions of a split as stand in the table, with `--dense`, `--bradley-terry` or a
language model where the table has them; `python -m benchmarks.contests RUN ...` made this page of
what that left. How long a question takes: [rival_times.md](rival_times.md).

"""


def cell(row: dict[str, Any]) -> str:
    """Percent right with its interval; wrong and invalid answers and facts where there are any."""
    low, high = (100 * bound for bound in row["ci95"])
    words = f"{100 * row['accuracy']:.1f} ({low:.1f} to {high:.1f})"
    for kind in ("wrong", "invalid"):
        if row[kind]:
            words += f"; {100 * row[kind] / row['n']:.1f} {kind}"
    return words + (f"; {row['facts']:,.0f} facts" if row["facts"] else "")


def section(contest: dict[str, Any]) -> str:
    """One run's contest in Markdown."""
    cells: dict[tuple[str, str], str] = {}
    for row in contest["rows"]:
        rival = GROWN if row["rival"].startswith(GROWN) else row["rival"]
        cells[rival, f"{row['split']}, {row['n']}"] = cell(row)
    questions = list(dict.fromkeys(question for _, question in cells))
    head = ["rival", *questions]
    lines = [title(contest), "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for rival in dict.fromkeys(rival for rival, _ in cells):
        told = [cells.get((rival, question), "-") for question in questions]
        lines.append(f"| {' | '.join((rival, *told))} |")
    return "\n".join([*lines, "", in_words(provenance())]) + "\n\n"


def title(contest: dict[str, Any]) -> str:
    """The heading of a contest: one of other questions has another."""
    asked = f", {contest['limit']} questions of a split" if contest["limit"] else ""
    return f"## {contest['recipe']}, seed {contest['seed']}, step {contest['step']}{asked}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    runs: list[Path] = parser.parse_args().runs
    _, *old = PAGE.read_text(encoding="utf-8").split("\n## ")
    sections = {(words := f"## {text.strip()}\n\n").partition("\n")[0]: words for text in old}
    for run in runs:
        contest = json.loads((run / "rivals.json").read_text(encoding="utf-8"))
        sections[title(contest)] = section(contest)
    PAGE.write_text(HEAD + "".join(sections.values()).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
