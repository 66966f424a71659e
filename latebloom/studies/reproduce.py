"""A paper's claim put to the test: its runs grown over seeds, judged, and written down.

Enters: a `Reproduction`, seeds and a folder. Leaves: a run folder for each seed in it, and
`reproduce.json`: what every claim about these runs found, seed by seed and together, and their
curves. What is finished is kept, what was stopped is resumed, and the file is written anew after
every run, so that a series of hours shows what it has.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError, RunFolderError
from latebloom.files import write_json
from latebloom.recipes.catalogue import FRESH
from latebloom.studies.cells import (
    Cell,
    State,
    check_folders,
    grow_cells,
    grower_here,
    state_of,
)
from latebloom.studies.claims import Reproduction
from latebloom.studies.judges import FITTED, Finding, Watched, together
from latebloom.studies.reproductions import claims_about
from latebloom.training.listener import Listener
from latebloom.training.milestones import LEVEL
from latebloom.training.run_folder import RunFolder, environment
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World

RECORD = "reproduce.json"
"""The file with the findings, in the folder of a series."""
SETTING = "setting"
"""Under this name a cell, or a curve, says of which setting it is."""
PANEL = "panel"
"""Under this name a curve says in which panel of the figure it is drawn."""
MILESTONES = {FITTED: LEVEL, str(Split.TEST_ID): 0.95, str(Split.TEST_OOD): 0.95}
"""The splits whose curves are kept, and the levels whose steps are marked in them."""


def reproduce(
    reproduction: Reproduction,
    out: Path,
    *,
    seeds: int = 3,
    first: int = FRESH,
    listener: Listener | None = None,
    device: str = "auto",
    threads: int = 0,
    grow: bool = True,
    on_cell: Callable[[int, int, str], None] = lambda done, total, name: None,
    on_record: Callable[[dict[str, Any]], None] = lambda record: None,
) -> dict[str, Any]:
    """Grows what is not there yet, judges, writes and returns `reproduce.json`.

    Judged are all claims about these runs, since that costs nothing. A run that fails is told under
    `failed`, and the claims are judged by the others; so is a run that started from another one
    which was not at its end then.

    seeds: how many, from `first` on. grow: whether to grow what is not finished; else the finished
    runs are judged, and the others are told under `failed`.
    on_cell: is told how many runs were begun before, of how many, and the name of the next.
    on_record: is given the record so far, after every run.
    Raises: LatebloomError for a folder that holds something else, or if no run ends well;
    KeyboardInterrupt when a run is interrupted.
    """
    cells = cells_of(reproduction, seeds, first, out)
    claims = claims_about(reproduction)
    runs: dict[int, dict[str, Watched]] = {}
    grower = grower_here(listener=listener, device=device, threads=threads) if grow else left_out
    failed: list[dict[str, str]] = []
    record: dict[str, Any] = {}
    for grown in grow_cells(cells, out, grower, on_cell=on_cell):
        if grown.run is None:
            failed.append({"run": grown.cell.name, "reason": grown.error})
            continue
        try:
            grown.run.check_start()
        except RunFolderError as error:
            failed.append({"run": grown.cell.name, "reason": str(error)})
            continue
        of_seed = runs.setdefault(grown.cell.seed, {})
        of_seed[grown.cell.values[SETTING]] = watch(grown.run)
        told = {one.name: seen_by(one, runs) for one in claims}
        if not told[reproduction.name]:
            continue
        record = record_of(claims, told, runs, failed)
        write_json(out / RECORD, record)
        on_record(record)
    if not record:
        raise LatebloomError(f"every run failed; {failed[0]['run']}: {failed[0]['reason']}")
    return record | {"failed": failed}


def left_out(cell: Cell, path: Path) -> None:
    """Grows nothing.

    Raises: LatebloomError saying so.
    """
    raise LatebloomError(f"{path} is not finished")


def cells_of(reproduction: Reproduction, seeds: int, first: int, out: Path) -> list[Cell]:
    """A run for each seed, or, where a claim compares several, one of each setting or rung.

    out: the folder in which they are grown.
    Raises: LatebloomError for no seed at all.
    """
    if seeds < 1:
        raise LatebloomError(f"--seeds is {seeds}; it must be at least 1")
    return [
        Cell(name=reproduction.runs.run_name(name, seed), config=config, values={SETTING: name})
        for seed in range(first, first + seeds)
        for name, config in reproduction.runs.configs(seed, out).items()
    ]


def states_of(
    reproduction: Reproduction, seeds: int, first: int, out: Path
) -> list[tuple[Cell, State]]:
    """The same with how far each is.

    Raises: LatebloomError if something else is in its place.
    """
    cells = cells_of(reproduction, seeds, first, out)
    check_folders(cells, out)
    return [(cell, state_of(cell, out / cell.name)) for cell in cells]


def seen_by(claim: Reproduction, runs: Mapping[int, Mapping[str, Watched]]) -> list[Watched]:
    """The seeds that have all runs that a claim is about, as its judge sees them.

    A seed is its run, or the first of several with all of them in `varied`.
    """
    found: list[Watched] = []
    for some in runs.values():
        if all(name in some for name in claim.judged_by):
            varied = {name: some[name] for name in claim.judged_by}
            first = next(iter(varied.values()))
            found.append(replace(first, varied=varied) if claim.runs.compares else first)
    return found


def watch(run: RunFolder) -> Watched:
    """What a judge needs of a finished run."""
    summary, train = run.summary(), run.config().train
    return Watched(
        seed=summary["seed"],
        records=list(run.metrics()),
        final={split: row["accuracy"] for split, row in summary["splits"].items()},
        world=run.world(),
        tokens_a_step=tokens_of(train.batch_size, run.world()),
        pull=2 * train.lr * train.weight_decay,
    )


def tokens_of(batch_size: int, world: World) -> float:
    """Tokens of questions that a step reads in the mean, the training set taken as it lies."""
    rows = [world.examples(split).shape for split in world.trained]
    tokens = sum(count * (width - 1) for count, width in rows)
    return batch_size * tokens / sum(count for count, _ in rows)


def record_of(
    claims: Sequence[Reproduction],
    told: Mapping[str, Sequence[Watched]],
    runs: Mapping[int, Mapping[str, Watched]],
    failed: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """What stands in `reproduce.json`.

    told: the seeds that each claim is judged by, by its name; a claim without any is left out.
    runs: every run, by seed and setting.
    """
    return {
        "series": claims[0].runs.series,
        "size": claims[0].size,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": environment(),
        "seeds": sorted({run.seed for some in told.values() for run in some}),
        "failed": list(failed),
        "claims": {one.name: judged(one, told[one.name]) for one in claims if told[one.name]},
        "curves": [
            curves_of(one) | told_of(claims[0], name)
            for some in runs.values()
            for name, one in some.items()
        ],
    }


def told_of(claim: Reproduction, name: str) -> dict[str, str]:
    """Which setting or rung a curve is of, and where it is drawn."""
    if not claim.runs.compares:
        return {}
    rung = claim.runs.rungs.get(name)
    return {SETTING: name} | ({PANEL: rung.panel} if rung else {})


def judged(one: Reproduction, watched: Sequence[Watched]) -> dict[str, Any]:
    """A claim, with what each seed shows and what they say together.

    `mean` is over the seeds in which the figure is defined, `ci95_over_seeds` its interval (None
    for fewer than two), and `here` both in words.
    """
    findings = [one.judge.of_seed(run) for run in watched]
    figures = [finding.figure for finding in findings if finding.figure is not None]
    mean, ends = one.judge.mean(figures) if figures else (None, None)
    return one.as_dict() | {
        "verdict": together([finding.verdict for finding in findings]),
        "mean": mean,
        "ci95_over_seeds": ends if len(figures) > 1 else None,
        "here": in_words(one, findings),
        "by_seed": [
            {
                "seed": finding.seed,
                "figure": finding.figure,
                "verdict": finding.verdict,
                "said": finding.said,
            }
            for finding in findings
        ],
    }


def in_words(one: Reproduction, findings: Sequence[Finding]) -> str:
    """The mean of the figures with its interval: `0.012 (0.004 to 0.020), 3 seeds`."""
    figures = [finding.figure for finding in findings if finding.figure is not None]
    if not figures:
        return f"in none of {len(findings)} seeds"
    mean, ends = one.judge.mean(figures)
    low, high = map(one.judge.in_words, ends)
    there = f"{len(figures)} of " if len(figures) < len(findings) else ""
    count = f"{there}{len(findings)} seed{'s' * (len(findings) > 1)}"
    interval = f" ({low} to {high})" if len(figures) > 1 else ""
    return f"{one.judge.in_words(mean)}{interval}, {count}"


def curves_of(run: Watched) -> dict[str, Any]:
    """One seed's curves, and the steps from which it kept the levels of `MILESTONES`."""
    return {
        "seed": run.seed,
        "steps": [record["step"] for record in run.records],
        "tokens_a_step": round(run.tokens_a_step, 1),
        "accuracy": {
            split: [round(record["accuracy"][split], 4) for record in run.records]
            for split in MILESTONES
            if split in run.records[0]["accuracy"]
        },
        "kept": {split: run.kept(split, level) for split, level in MILESTONES.items()},
    }
