"""The figures that docs/results.md quotes: every claim grown over its seeds, as whole processes.

`python -m benchmarks.results` grows all of them; `... results composition atlas` some. Options:
`--seeds 3`, `--jobs 2` (runs side by side, the cores shared out), `--threads 1` (of each run),
`--runs DIR` (keep the run folders, so that the same command goes on where it was stopped),
`--table` (only write the table anew). A claim leaves `results/NAME.json`, with the command, the
commit of the code, the machine, the date and every seed's outcome, and `results/README.md` shows
all that are there. A claim of which a run fails leaves nothing; the others go on.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.record import HERE, provenance
from latebloom.errors import LatebloomError
from latebloom.files import read_json, write_json
from latebloom.recipes.catalogue import make_recipe
from latebloom.studies.cells import Cell, Grower, grow_cells
from latebloom.training.run_folder import RunFolder
from latebloom.training.until import IN_A_ROW

LATEBLOOM = str(Path(sys.executable).parent / "latebloom")

Splits = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Claim:
    """What is grown, how often, and what each seed must show."""

    name: str
    says: str
    recipe: str
    options: tuple[str, ...]
    seeds: int
    holds: Callable[[dict[str, Any]], bool]
    shows: tuple[str, ...]


def at_least(**levels: float) -> Callable[[dict[str, Any]], bool]:
    """Whether every named split of a summary has at least this accuracy."""
    return lambda summary: all(
        summary["splits"][split]["accuracy"] >= level for split, level in levels.items()
    )


def held(level: float) -> Callable[[dict[str, Any]], bool]:
    """Whether generalisation has this accuracy in the last evaluations and over all its lines."""

    def holds(summary: dict[str, Any]) -> bool:
        late = [record["test_ood"] for record in summary["curve"][-IN_A_ROW:]]
        return min([*late, summary["splits"]["test_ood"]["accuracy"]]) >= level

    return holds


def late_bloom(summary: dict[str, Any]) -> bool:
    """ID still below 85 % when training first reaches 99 %; 95 % at last; OOD never learnt."""
    fitted = next((r for r in summary["curve"] if r["train_inferred"] >= 0.99), None)
    splits = summary["splits"]
    return (
        fitted is not None
        and fitted["test_id"] < 0.85
        and splits["test_id"]["accuracy"] >= 0.95
        and splits["test_ood"]["accuracy"] <= 0.1
    )


def far_hops(summary: dict[str, Any]) -> bool:
    """Chains of 4 to 10 hops at 99 %, of 20 hops at 95 %, over ID facts and over OOD facts."""
    splits = summary["splits"]
    near = [splits[f"test_hops_{k}{ood}"]["accuracy"] for k in range(4, 11) for ood in ("", "_ood")]
    far = [splits[f"test_hops_20{ood}"]["accuracy"] for ood in ("", "_ood")]
    return min(near) >= 0.99 and min(far) >= 0.95


BOTH = ("test_id", "test_ood")
CLAIMS = (
    Claim(
        "composition",
        "ID and OOD >= .99",
        "composition",
        (),
        10,
        at_least(test_id=0.99, test_ood=0.99),
        BOTH,
    ),
    Claim(
        "composition-phi2",
        "the same at phi 2",
        "composition",
        ("--world.phi", "2"),
        10,
        at_least(test_id=0.99, test_ood=0.99),
        BOTH,
    ),
    Claim(
        "composition-hops",
        "trained on 1-3 hops: 4-10 hops >= .99, 20 hops >= .95, ID and OOD",
        "composition-hops",
        (),
        5,
        far_hops,
        ("test_hops_4", "test_hops_10", "test_hops_20", "test_hops_10_ood", "test_hops_20_ood"),
    ),
    Claim(
        "composition-vanilla",
        "ID < .85 when training first reaches .99; ID >= .95 at last; OOD <= .1",
        "composition-vanilla",
        (),
        5,
        late_bloom,
        ("train_inferred", *BOTH),
    ),
    Claim(
        "composition-shared",
        "the paper's sharing scheme, as it is (ID >= .95)",
        "composition-shared",
        (),
        3,
        at_least(test_id=0.95),
        BOTH,
    ),
    Claim(
        "composition-paper",
        "the paper's world: ID and OOD >= .99",
        "composition-paper",
        (),
        1,
        at_least(test_id=0.99, test_ood=0.99),
        ("atomic_ood", *BOTH),
    ),
    Claim(
        "atlas",
        "real facts: ID >= .98, OOD >= .95",
        "atlas",
        (),
        3,
        at_least(test_id=0.98, test_ood=0.95),
        BOTH,
    ),
    Claim(
        "comparison",
        "made attributes, compared: ID and OOD >= .99",
        "comparison",
        (),
        5,
        at_least(test_id=0.99, test_ood=0.99),
        BOTH,
    ),
    Claim(
        "comparison-vanilla",
        "a plain GPT-2: ID >= .99, OOD >= .95",
        "comparison-vanilla",
        (),
        5,
        at_least(test_id=0.99, test_ood=0.95),
        BOTH,
    ),
    Claim(
        "comparison-paper",
        "the paper's comparison world: ID and OOD >= .99",
        "comparison-paper",
        (),
        1,
        at_least(test_id=0.99, test_ood=0.99),
        BOTH,
    ),
    Claim(
        "elements",
        "chemical elements: held-out pairs >= .97, elements never compared >= .90",
        "elements",
        (),
        5,
        at_least(test_id=0.97, test_ood=0.9),
        BOTH,
    ),
    Claim(
        "hidden-attributes",
        "values never told: hard questions >= .99",
        "hidden-attributes",
        (),
        5,
        at_least(test_hard=0.99),
        ("test_id", "test_easy", "test_hard"),
    ),
    Claim(
        "hidden-attributes-paper",
        "the same at the paper's size: hard questions >= .99",
        "hidden-attributes-paper",
        (),
        1,
        at_least(test_hard=0.99),
        ("test_id", "test_easy", "test_hard"),
    ),
    Claim(
        "question",
        "the main auxiliary: generalisation held at >= .95",
        "question",
        (),
        10,
        held(0.95),
        BOTH,
    ),
    Claim(
        "tense",
        "agreement with the subject: generalisation held at >= .90",
        "tense",
        (),
        5,
        held(0.9),
        BOTH,
    ),
    Claim(
        "dyck",
        "far closing brackets in shapes never trained: >= .99",
        "dyck",
        (),
        5,
        at_least(test_ood=0.99),
        BOTH,
    ),
)

CURVES = ("train_inferred", "test_id", "test_ood", "test_hard")
"""The splits whose curves are kept."""


def cells_of(claim: Claim, seeds: int) -> list[Cell]:
    """A run for each seed."""
    config = make_recipe(claim.recipe)
    told: dict[str, dict[str, str]] = {}
    for option, value in zip(claim.options[::2], claim.options[1::2], strict=True):
        section, _, field = option.removeprefix("--").partition(".")
        told.setdefault(section, {})[field] = value
    for section, values in told.items():
        config = config.with_overrides(section, values)
    return [
        Cell(name=f"{claim.name}-seed{seed}", config=config.with_seed(seed))
        for seed in range(seeds)
    ]


def process_grower(claim: Claim, threads: int) -> Grower:
    """Grows a run as a whole process, so that its memory can be measured.

    Wall and CPU seconds and the peak of memory stand in `process.json` in the run folder. A run
    that was stopped begins anew: half of one would be measured.
    """

    def grow(cell: Cell, path: Path) -> None:
        command = [LATEBLOOM, "grok", claim.recipe, *claim.options, "--seed", str(cell.seed)]
        command += ["--out", str(path), "--quiet", "--threads", str(threads), "--overwrite"]
        began = time.perf_counter()
        with tempfile.TemporaryFile() as complaint:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=complaint)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            wall = time.perf_counter() - began
            if process.returncode == 130:
                raise KeyboardInterrupt
            if process.returncode:
                complaint.seek(0)
                said = complaint.read().decode() or f"ended with {process.returncode}"
                raise LatebloomError(f"{' '.join(command)}: {said}")
        measured = {
            "wall_seconds": round(wall, 2),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
            "peak_mib": round(usage.ru_maxrss / 1024, 1),
            "threads": threads,
        }
        write_json(path / "process.json", measured)

    return grow


def outcome_of(claim: Claim, seed: int, run: RunFolder) -> dict[str, Any]:
    """One seed: its summary, curve, wall and CPU seconds, peak memory, and whether it holds."""
    summary = run.summary()
    summary["curve"] = [
        {"step": r["step"], "seconds": r["seconds"]}
        | {s: round(r["accuracy"][s], 4) for s in CURVES if s in r["accuracy"]}
        for r in run.metrics()
    ]
    summary["process"] = read_json(run.path / "process.json", LatebloomError)
    if claim.name == claim.recipe and seed == 0:
        shutil.copy(run.path / "curves.png", HERE / f"{claim.name}.png")
    summary["holds"] = claim.holds(summary)
    return summary


def measure(claim: Claim, seeds: int, jobs: int, threads: int, runs_folder: Path) -> bool:
    """Grows a claim over its seeds and writes `results/NAME.json`; whether every run ended well.

    runs_folder: keeps the run folders; `Path()` keeps none.
    """
    told, kept = provenance(jobs), bool(runs_folder.name)
    runs = []
    with nullcontext(runs_folder) if kept else tempfile.TemporaryDirectory() as folder:
        cells = cells_of(claim, seeds)
        grower = process_grower(claim, threads)
        for grown in grow_cells(cells, Path(folder), grower, jobs=jobs):
            if grown.run is None:
                print(f"{grown.cell.name} failed: {grown.error}", file=sys.stderr, flush=True)
                continue
            runs.append(outcome_of(claim, grown.cell.seed, grown.run))
            if not kept:
                shutil.rmtree(grown.run.path)
    if len(runs) < seeds:
        print(f"{claim.name}: {seeds - len(runs)} of {seeds} runs failed; nothing written")
        return False
    outcome = {
        "claim": claim.says,
        "command": " ".join(["latebloom grok", claim.recipe, *claim.options, "--seed N"]),
        **told,
        "seeds": seeds,
        "holds": sum(run["holds"] for run in runs),
        "runs": runs,
    }
    (HERE / f"{claim.name}.json").write_text(json.dumps(outcome) + "\n")
    print(f"{claim.name}: holds in {outcome['holds']} of {seeds} seeds", flush=True)
    return True


def spread(values: list[float], form: str) -> str:
    """Median, and the range where there is one."""
    middle = format(statistics.median(values), form)
    low, high = format(min(values), form), format(max(values), form)
    return middle if low == high else f"{middle} ({low} - {high})"


def table_rows() -> list[str]:
    """The Markdown rows of all claims whose file is there."""
    rows = [
        "| `latebloom grok` | claim | holds | accuracy | steps"
        " | wall s | CPU s | peak MiB | threads |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for claim in CLAIMS:
        path = HERE / f"{claim.name}.json"
        if not path.exists():
            continue
        outcome = json.loads(path.read_text())
        runs = outcome["runs"]
        shown = "; ".join(
            f"{split} {spread([run['splits'][split]['accuracy'] for run in runs], '.3f')}"
            for split in claim.shows
        )
        used = [run["process"] for run in runs]
        rows.append(
            f"| `{outcome['command'].removeprefix('latebloom grok ').removesuffix(' --seed N')}`"
            f" | {outcome['claim']} | {outcome['holds']} of {outcome['seeds']} | {shown}"
            f" | {spread([run['steps'] for run in runs], '.0f')}"
            f" | {spread([u['wall_seconds'] for u in used], '.0f')}"
            f" | {spread([u['cpu_seconds'] for u in used], '.0f')}"
            f" | {spread([u['peak_mib'] for u in used], '.0f')} | {used[0]['threads']} |"
        )
    return rows


def write_table() -> None:
    """`results/README.md` from the files beside it, and the same table in docs/results.md."""
    rows = table_rows()
    machines = {
        (o["machine"]["processor"], o["machine"]["cores"], o["date"])
        for o in (json.loads(path.read_text()) for path in HERE.glob("*.json"))
        if "machine" in o
    }
    said = "; ".join(f"{name}, {cores} cores ({date})" for name, cores, date in sorted(machines))
    lines = [
        "# Measured results",
        "",
        "Made by `make results`; a figure is the median over the seeds, with its range. `holds`",
        "says in how many seeds the claim held. Seconds and memory are those of the whole process,",
        "with the threads that stand beside them; intervals for every split and seed stand in the",
        "JSON files.",
        "",
        *rows,
        "",
        f"Machine: {said}. Other work ran beside some of these; CPU seconds tell more than wall",
        "seconds.",
    ]
    (HERE / "README.md").write_text("\n".join(lines) + "\n")
    readme = HERE.parent / "docs" / "results.md"
    before, rest = readme.read_text().split("<!-- results -->")
    after = rest.split("<!-- end of results -->")[1]
    table = "\n".join(rows)
    readme.write_text(f"{before}<!-- results -->\n{table}\n<!-- end of results -->{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [claim.name for claim in CLAIMS]
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=", ".join(names))
    parser.add_argument("--seeds", type=int, default=0, help="instead of each claim's own number")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side")
    parser.add_argument("--runs", type=Path, default=Path(), help="keep the run folders here")
    parser.add_argument("--table", action="store_true", help="only write the table anew")
    parser.add_argument("--threads", type=int, default=0, help="of a run; default: all cores used")
    told = parser.parse_args()
    unknown = set(told.claims) - set(names)
    if unknown:
        parser.error(f"no claim {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    HERE.mkdir(exist_ok=True)
    threads = told.threads or max(1, (os.cpu_count() or 1) // told.jobs)
    wanted = [claim for claim in CLAIMS if not told.claims or claim.name in told.claims]
    try:
        ended_well = [
            measure(claim, told.seeds or claim.seeds, told.jobs, threads, told.runs)
            for claim in ([] if told.table else wanted)
        ]
    except LatebloomError as error:
        sys.exit(f"error: {error}")
    write_table()
    sys.exit(0 if all(ended_well) else 1)


if __name__ == "__main__":
    main()
