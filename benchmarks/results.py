"""The figures that docs/results.md quotes: every claim grown over its seeds, as whole processes.

`python -m benchmarks.results` grows all of them; `... results composition atlas` some. Options:
`--seeds 3`, `--first 100` (the first seed; none of them was used in choosing settings), `--jobs 2`
(runs side by side, the cores shared out), `--threads 1` (of each run), `--runs DIR` (keep the run
folders, so that the same command goes on where it was stopped), `--table` (only write the tables
anew). A claim leaves `results/NAME.json`, with the command, the commit of the code, the machine,
the date, every seed's outcome and what they say together; `results/README.md` shows all that are
there. A claim of which a run fails leaves nothing; the others go on.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from operator import itemgetter
from pathlib import Path
from typing import Any

from benchmarks.claims import CLAIMS, Claim
from benchmarks.record import RESULTS, provenance
from benchmarks.result_tables import measured_in, note_on_seeds, page, splits_over_seeds, what_held
from latebloom.errors import LatebloomError
from latebloom.files import read_json, write_json
from latebloom.recipes.catalogue import FRESH, make_recipe
from latebloom.records import to_json
from latebloom.studies.cells import Cell, Grower, grow_cells
from latebloom.training.run_folder import RunFolder

LATEBLOOM = str(Path(sys.executable).parent / "latebloom")
CURVES = ("train_inferred", "test_id", "test_ood", "test_hard")
"""The splits whose curves are kept."""


def cells_of(claim: Claim, seeds: range) -> list[Cell]:
    """A run for each seed."""
    config = make_recipe(claim.recipe)
    told: dict[str, dict[str, str]] = {}
    for option, value in zip(claim.options[::2], claim.options[1::2], strict=True):
        section, _, field = option.removeprefix("--").partition(".")
        told.setdefault(section, {})[field] = value
    for section, values in told.items():
        config = config.with_overrides(section, values)
    return [Cell(name=f"{claim.name}-seed{seed}", config=config.with_seed(seed)) for seed in seeds]


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


def outcome_of(claim: Claim, run: RunFolder, picture: Path | None) -> dict[str, Any]:
    """One seed: its summary, curve, wall and CPU seconds, peak memory, and whether it holds.

    picture: where the learning curves are copied to; None: nowhere.
    """
    summary = run.summary()
    summary["curve"] = [
        {"step": r["step"], "seconds": r["seconds"], "lr": r["lr"]}
        | {s: round(r["accuracy"][s], 4) for s in CURVES if s in r["accuracy"]}
        for r in run.metrics()
    ]
    summary["peak_lr"] = run.config().train.lr
    summary["process"] = read_json(run.path / "process.json", LatebloomError)
    if picture is not None:
        shutil.copy(run.path / "curves.png", picture)
    summary["holds"] = claim.rule.holds(summary)
    return summary


def measure(claim: Claim, seeds: range, jobs: int, threads: int, runs_folder: Path) -> bool:
    """Grows a claim over its seeds and writes `results/NAME.json`; whether every run ended well.

    runs_folder: keeps the run folders; `Path()` keeps none.
    """
    made, kept = provenance(), bool(runs_folder.name)
    shown = seeds[0] if claim.name == claim.recipe else None
    runs = []
    with nullcontext(runs_folder) if kept else tempfile.TemporaryDirectory() as folder:
        cells = cells_of(claim, seeds)
        grower = process_grower(claim, threads)
        for grown in grow_cells(cells, Path(folder), grower, jobs=jobs):
            if grown.run is None:
                print(f"{grown.cell.name} failed: {grown.error}", file=sys.stderr, flush=True)
                continue
            picture = RESULTS / f"{claim.name}.png" if grown.cell.seed == shown else None
            runs.append(outcome_of(claim, grown.run, picture))
            if not kept:
                shutil.rmtree(grown.run.path)
    runs.sort(key=itemgetter("seed"))  # they come as they end
    if len(runs) < len(seeds):
        failed = len(seeds) - len(runs)
        print(f"{claim.name}: {failed} of {len(seeds)} runs failed; nothing written")
        return False
    together = {split: one.as_dict() for split, one in splits_over_seeds(runs).items()}
    outcome = {
        "claim": claim.words,
        "command": " ".join(["latebloom grok", claim.recipe, *claim.options, "--seed N"]),
        **made,
        "runs_side_by_side": jobs,
        "seeds": len(seeds),
        "few": claim.few,
        "holds": sum(run["holds"] for run in runs),
        "over_seeds": together,
        "runs": runs,
    }
    # What no question was asked of has no accuracy, which JSON can only call null.
    told = json.dumps(to_json(outcome), allow_nan=False)
    (RESULTS / f"{claim.name}.json").write_text(told + "\n")
    print(f"{claim.name}: holds in {outcome['holds']} of {len(seeds)} seeds", flush=True)
    return True


def write_tables() -> None:
    """`results/README.md` from the files beside it, and what held in docs/results.md."""
    measured = measured_in(RESULTS)
    (RESULTS / "README.md").write_text(page(measured))
    doc = RESULTS.parent / "docs" / "results.md"
    before, rest = doc.read_text().split("<!-- results -->")
    after = rest.split("<!-- end of results -->")[1]
    shown = "\n".join([*what_held(measured), "", note_on_seeds(measured)])
    doc.write_text(f"{before}<!-- results -->\n{shown}\n<!-- end of results -->{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [claim.name for claim in CLAIMS]
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=", ".join(names))
    parser.add_argument("--seeds", type=int, default=0, help="instead of each claim's own number")
    parser.add_argument("--first", type=int, default=FRESH, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side")
    parser.add_argument("--runs", type=Path, default=Path(), help="keep the run folders here")
    parser.add_argument("--table", action="store_true", help="only write the tables anew")
    parser.add_argument("--threads", type=int, default=0, help="of a run; default: all cores used")
    told = parser.parse_args()
    unknown = set(told.claims) - set(names)
    if unknown:
        parser.error(f"no claim {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    RESULTS.mkdir(exist_ok=True)
    threads = told.threads or max(1, (os.cpu_count() or 1) // told.jobs)
    wanted = [claim for claim in CLAIMS if not told.claims or claim.name in told.claims]
    try:
        ended_well = [
            measure(
                claim,
                range(told.first, told.first + (told.seeds or claim.seeds)),
                told.jobs,
                threads,
                told.runs,
            )
            for claim in ([] if told.table else wanted)
        ]
    except LatebloomError as error:
        sys.exit(f"error: {error}")
    write_tables()
    sys.exit(0 if all(ended_well) else 1)


if __name__ == "__main__":
    main()
