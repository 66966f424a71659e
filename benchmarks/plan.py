"""What `latebloom plan` is fitted on, and how well it does on tables from elsewhere.

    python -m benchmarks.plan --data DIR --runs DIR     say it again to go on
    --fit-only: from the runs that are finished, and grow no others

DIR of the data holds umls, kinships and nations as `benchmarks.graphs` takes them. Grows the
command that a plan proposes on every table of `benchmarks.plan_tables`, one thread each: those to
fit on with seed 0, those to test on with seeds 100 and 101. Writes the fitted planner to
`latebloom/foresight/planned.json`, and `results/plan.json` and `results/plan.md`: what was planned
and what came, beside two rivals: the median of the fitting tables, and for guesses what counting
finds as it is. And of every table how the run ranks the facts kept back, how counting does, and how
both do together (the geometric mean of their probabilities, nothing chosen).
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import numpy as np
import torch

import latebloom
from benchmarks.plan_tables import FIT, TEST, Table, tables
from benchmarks.record import RESULTS, in_words, provenance
from benchmarks.result_tables import table as in_rows
from latebloom.asking.calibration import scored
from latebloom.asking.ranks import ranks_of
from latebloom.errors import LatebloomError
from latebloom.evaluation.ranking import Ranking
from latebloom.files import read_json, write_json
from latebloom.foresight.plan import FITTED, HELD_OUT, as_planned
from latebloom.foresight.planned import FIGURES, Expected, Grown, Planner, fit_planner
from latebloom.foresight.tables import TableSigns
from latebloom.intervals import wilson
from latebloom.records import to_json
from latebloom.rivals.counting import Counting
from latebloom.worlds.chains.own import FactsConfig, make_facts_world
from latebloom.worlds.splits import Split

SEEDS: Mapping[str, tuple[int, ...]] = {FIT: (0,), TEST: (100, 101)}
SHARES = {"follows": ("2p", "known"), "one_hop": ("1p", "missing"), "two_hops": ("2p", "missing")}
"""Where a summary tells of the shares."""
MOST = 2000
"""Questions that are ranked of a run."""
LEAST = 1e-6
"""What is added to a probability before its logarithm is taken."""
COST = "cost.json"
"""What a run took, beside its summary."""
NAMES = {
    "steps": "steps",
    "seconds": "seconds of one core",
    "mebibytes": "memory (MiB)",
    "follows": "two hops that follow, right",
    "one_hop": "facts kept back, right",
    "two_hops": "two hops through one, right",
}
INTRODUCTION = """What `latebloom plan` says of a table before anything is trained, and what its
run then came to. Made by `python -m benchmarks.plan`; its docstring says how. Fitted on parts of
three graphs of the field and made tables, tested on tables from elsewhere and other made ones.
*Right* is the share of answers that the run puts first (filtered Hits@1).
"""


def grow(path: Path, seed: int, folder: Path) -> None:
    """Trains on a table as a plan proposes, in a process of its own, and notes what it took."""
    words = [sys.executable, "-m", "latebloom", "grok", "facts", "--facts", str(path), "--inverse"]
    words += ["--world.missing-frac", str(HELD_OUT), "--seed", str(seed), "--threads", "1"]
    child = Popen([*words, "--out", str(folder), "--overwrite"], stdout=DEVNULL, stderr=DEVNULL)
    memory = 0.0
    while True:
        memory = max(memory, peak_of(child.pid))
        ended, status, used = os.wait4(child.pid, os.WNOHANG)
        if ended:
            break
        time.sleep(0.05)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise LatebloomError(f"latebloom {' '.join(words[3:])} ended with {child.returncode}")
    seconds = used.ru_utime + used.ru_stime
    write_json(folder / COST, {"seconds": seconds, "mebibytes": memory})


def peak_of(process: int) -> float:
    """The most memory that a process has held so far, in MiB; 0 once it has ended.

    What `wait4` tells of it begins with the memory of the process that started it.
    """
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(one.split()[1]) / 1024 for one in lines if one.startswith("VmHWM:")), 0.0)


def grown(table: Table, seed: int, path: Path, folder: Path) -> Grown:
    """What a finished run came to, beside the signs of its table."""
    summary = read_json(folder / "summary.json", LatebloomError)
    cost = read_json(folder / COST, LatebloomError)
    came: dict[str, Any] = {"steps": summary["steps"], **cost}
    for figure, (query, kind) in SHARES.items():
        told = summary["ranking"].get(query, {}).get(kind)
        came[figure] = (told["hits1"] * told["n"], told["n"]) if told else (0.0, 0)
    world = make_facts_world(as_planned(FactsConfig(facts=str(path))), seed)
    return Grown(f"{table.name}, seed {seed}", table.source, TableSigns.of(world), came)


@dataclass(frozen=True, slots=True)
class Judged:
    """One figure of one test run: what was planned, what came, and what the median had said."""

    run: str
    expected: Expected
    came: float
    median: float
    counted: float | None

    @property
    def inside(self) -> bool:
        """Whether the interval holds what came."""
        return self.expected.low <= self.came <= self.expected.high


def judge(
    planner: Planner, fitted: Sequence[Grown], tested: Sequence[Grown]
) -> dict[str, list[Judged]]:
    """Every figure of every test run."""
    found: dict[str, list[Judged]] = {name: [] for name in FIGURES}
    for name, some in found.items():
        median = float(
            np.median([value for one in fitted if (value := came(one, name)) is not None])
        )
        for one in tested:
            value = came(one, name)
            if value is not None:
                counted = one.signs.counted if name == "one_hop" else None
                expected = planner.figures[name](one.signs)
                some.append(Judged(one.name, expected, value, median, counted))
    return found


@dataclass(frozen=True, slots=True)
class Beside:
    """The MRR of one run on the facts kept back, of counting, and of both together."""

    run: str
    ours: float
    counting: float
    both: float


def beside(name: str, folder: Path) -> Beside:
    """Three ways to rank the answers to a run's one-hop questions."""
    run = latebloom.load(folder)
    scores, sets = scored(run.model, run.world, Split.TEST_LINKS, MOST)
    questions = run.world.task.names(run.world.examples(Split.TEST_LINKS)[:MOST, :-1])
    counts = torch.from_numpy(Counting(run.world.facts, scores.shape[1])(questions))
    shares = counts / counts.sum(-1, keepdim=True).clamp(min=LEAST)
    both = (scores.softmax(-1) + LEAST).log() + (shares + LEAST).log()
    ranked = (Ranking.of(ranks_of(some, sets)).mrr for some in (scores, counts, both))
    return Beside(name, *ranked)


def came(one: Grown, name: str) -> float | None:
    """What a figure came to; None where nothing was asked."""
    if FIGURES[name][0] == "log":
        return float(one.came[name])
    right, asked = one.came[name]
    return right / asked if asked else None


def error(name: str, said: float, true: float) -> float:
    """How far apart: |said / true - 1|, of a share |said - true|."""
    return abs(said - true) if FIGURES[name][0] == "odds" else abs(said / true - 1)


def summed(judged: Mapping[str, Sequence[Judged]]) -> dict[str, Any]:
    """The errors and the coverage of each figure."""
    told = {}
    for name, some in judged.items():
        inside = sum(one.inside for one in some)
        counted = [abs(one.counted - one.came) for one in some if one.counted is not None]
        told[name] = {
            "runs": len(some),
            "mean_error": float(np.mean([error(name, j.expected.value, j.came) for j in some])),
            "mean_error_of_median": float(np.mean([error(name, j.median, j.came) for j in some])),
            "mean_error_of_counting": float(np.mean(counted)) if counted else None,
            "inside": inside,
            "ci95": list(wilson(inside, len(some))),
        }
    return told


def rankings(some: Sequence[Beside]) -> Iterator[str]:
    """The section of results/plan.md about counting."""
    ahead = sum(one.ours > one.counting for one in some)
    best = sum(one.both >= max(one.ours, one.counting) for one in some)
    means = np.mean([(one.ours, one.counting, one.both) for one in some], axis=0)
    ours, counting, both = means.tolist()
    yield from ("", "## The run and counting", "")
    yield (
        f"Facts kept back, filtered MRR: the mean of {len(some)} runs is {ours:.3f}, that of"
        f" counting {counting:.3f}, of both together {both:.3f}. The run is ahead of counting in"
        f" {ahead} of them; both together are no worse than either in {best}."
    )
    yield ""
    yield from in_rows(
        ("run", "the run", "counting", "both"),
        [(b.run, f"{b.ours:.3f}", f"{b.counting:.3f}", f"{b.both:.3f}") for b in some],
    )


def said(name: str, value: float) -> str:
    """A figure in words."""
    return f"{value:.0%}" if FIGURES[name][0] == "odds" else f"{value:,.0f}"


def page(told: Mapping[str, Any], judged: Mapping[str, Sequence[Judged]]) -> Iterator[str]:
    """The lines of results/plan.md."""
    yield from ("# Plans", "", INTRODUCTION, in_words(told), "")
    rows = []
    for name, one in told["figures"].items():
        counting = one["mean_error_of_counting"]
        rows.append(
            (
                NAMES[name],
                f"{one['mean_error']:.3f}",
                f"{one['mean_error_of_median']:.3f}",
                "" if counting is None else f"{counting:.3f}",
                f"{one['inside']} of {one['runs']}",
            )
        )
    yield "Mean errors: of shares the difference, of the rest |planned / true - 1|."
    yield ""
    yield from in_rows(
        ("figure", "planned", "the median", "counting as it is", "inside the 90 % interval"), rows
    )
    runs = list(dict.fromkeys(one.run for some in judged.values() for one in some))
    by_run = {name: {one.run: one for one in some} for name, some in judged.items()}
    yield from ("", "Each test run: planned (interval), and what came.", "")
    yield from in_rows(
        ("run", *NAMES.values()),
        [(run, *(cell(name, by_run[name].get(run)) for name in NAMES)) for run in runs],
    )


def cell(name: str, one: Judged | None) -> str:
    """A figure of a run, planned and come."""
    if one is None:
        return ""
    e = one.expected
    low, value, high = (said(name, x) for x in (e.low, e.value, e.high))
    return f"{value} ({low} to {high}): {said(name, one.came)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--fit-only", action="store_true")
    asked = parser.parse_args()
    made = provenance()
    ranked: list[Beside] = []
    found: dict[str, list[Grown]] = {FIT: [], TEST: []}
    for part, some in tables(asked.data).items():
        for table in some:
            path = table.write(asked.runs / "tables")
            for seed in SEEDS[part]:
                folder = asked.runs / f"{table.name}-seed{seed}"
                if not (folder / COST).exists():
                    if asked.fit_only:
                        continue
                    grow(path, seed, folder)
                found[part].append(grown(table, seed, path, folder))
                ranked.append(beside(found[part][-1].name, folder))
                print(json.dumps(to_json(found[part][-1])), flush=True)
    study = {**made, "command": f"facts --inverse --world.missing-frac {HELD_OUT}"}
    planner = fit_planner(found[FIT], study)
    judged = judge(planner, found[FIT], found[TEST])
    told = {**made, "figures": summed(judged)}
    write_json(FITTED, to_json(planner))
    runs = {part: [to_json(one) for one in some] for part, some in found.items()}
    write_json(RESULTS / "plan.json", {**told, "runs": runs, "beside": to_json(ranked)})
    lines = [*page(told, judged), *rankings(ranked)]
    (RESULTS / "plan.md").write_text("\n".join(lines) + "\n")
    print((RESULTS / "plan.md").read_text())


if __name__ == "__main__":
    main()
