"""What constructed weights say: how much they hold, and what training makes of them.

    python -m benchmarks.construct RUNS

makes what is missing in the folder RUNS (the same command goes on where it was stopped), then
`results/construct.json`, `.md` and `.png`; `... RUNS paper capacity` makes only these parts anew.
Seeds are 100 to 104, unless the page says otherwise.

- *The paper's world*: 40,000 facts, constructed in a process of its own; time and memory.
- *Capacity*: the looped model of `composition` at width 64 and several widths of its MLP, as it is
  (`--as-is`), beside one of the same shape that is trained.
- *A start*: the looped model trained from constructed weights, exact ones and ones with noise, at
  the usual rates and at smaller ones, against random weights of the same shape.
- *Training on*: the plain model of `bloom`, constructed, then trained without decay and with.
- *Sets*: the recipe `graph` on the data sets of `benchmarks.graphs`, which must lie in RUNS/graphs
  (`umls`, `kinships`, `nations`; links will do), and `facts` on the shipped pharmacology table;
  with codes of the facts and random ones, as wide as the facts need and as the recipe is. Trained
  beside them: pharmacology, and Nations with fewer seeds; of the others results/graphs.md tells.
- *Comparisons*: the recipes `comparison`, `elements` and `comparison-paper`.
- *The circuit*: the constructed and the trained models of *capacity*, traced on the same questions.
"""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.constructed_page import draw, page_of
from benchmarks.record import RESULTS, provenance
from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.record import CircuitRecord, ExaminationConfig
from latebloom.errors import LatebloomError
from latebloom.files import read_json, write_json, write_text
from latebloom.recipes.catalogue import FRESH, make_recipe
from latebloom.records import to_json
from latebloom.studies.cells import Cell, grow_cells, grower_here
from latebloom.studies.checkpoints import walk
from latebloom.studies.construct import construct
from latebloom.studies.grow import resume
from latebloom.training.config import RunConfig
from latebloom.training.milestones import sustained_step
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.splits import Split

SEEDS = range(FRESH, FRESH + 5)
TRAINED_SEEDS = SEEDS[:3]
"""The seeds of the trained models whose capacity is measured."""
DECAYS = (0.0, 0.3)
ON_STEPS = 50
"""Steps for which the plain model is trained on."""
RATIOS = (2, 4, 8)
"""Widths of the MLP whose capacity is measured, in multiples of the model's."""
LEVEL = 0.95
SPLITS = tuple(
    map(
        str,
        (Split.ATOMIC_ID, Split.ATOMIC_OOD, Split.TRAIN_INFERRED, Split.TEST_ID, Split.TEST_OOD),
    )
)


@dataclass(frozen=True, slots=True)
class Start:
    """How the looped model begins and goes on.

    ratio: width of its MLP, in multiples of the model's. noise: on the constructed weights, in
    multiples of their deviation; None: random weights. rate: factor of both learning rates.
    against: the start from random weights that it is held against; empty: none.
    """

    ratio: int = 4
    noise: float | None = None
    rate: float = 1.0
    against: str = "random"


STARTS: Mapping[str, Start] = {
    "random": Start(against=""),
    "constructed": Start(noise=0.0),
    "constructed, noise .03": Start(noise=0.03),
    "constructed, noise .03, a hundredth of the rates": Start(noise=0.03, rate=0.01),
}
"""The starts. The noise and the smaller rate were chosen on seed 0."""


GRAPHS = ("umls", "kinships", "nations")
DRUGS = "pharmacology"
WIDTHS: Mapping[str, tuple[bool, bool]] = {
    "codes of the facts": (True, False),
    "random codes": (True, True),
    "codes of the facts, the recipe's width": (False, False),
}
"""How the weights for sets are made: made wider where needed, and with random codes."""
ASKED = (("1p", "missing"), ("2p", "known"), ("2p", "missing"))
COMPARED = ("comparison", "elements", "comparison-paper")


def constructed(
    config: RunConfig, run: Path, *, widen: bool, random_codes: bool = False
) -> RunFolder:
    """A constructed run, made if it is not there."""
    if not (run / "summary.json").exists():
        construct(config, run, threads=1, overwrite=True, widen=widen, random_codes=random_codes)
    return RunFolder.open(run)


def grown(cells: Sequence[Cell], folder: Path) -> Iterator[tuple[Cell, RunFolder]]:
    """The finished runs of cells; whatever fails ends the measurement."""
    for one in grow_cells(cells, folder, grower_here(threads=1)):
        if one.run is None:
            raise RuntimeError(f"{one.cell.name}: {one.error}")
        yield one.cell, one.run


def shares(run: RunFolder) -> dict[str, float]:
    """The accuracy of the splits at the end."""
    splits = run.summary()["splits"]
    return {name: splits[name]["accuracy"] for name in SPLITS}


def paper(folder: Path) -> dict[str, Any]:
    """The paper's world: seconds, memory and accuracy of one construction in its own process."""
    run = folder / "paper"
    words = ("construct", "composition-paper", "--seed", str(FRESH), "--threads", "1", "--quiet")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "latebloom", *words, "--out", str(run), "--overwrite"]
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = RunFolder.open(run).summary()
    return {
        "seed": FRESH,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        # The largest child that this process had, and it had no other of any size.
        "peak_gib": after.ru_maxrss / 2**20,
        "weights_seconds": summary["seconds"],
        "parameters": summary["parameters"],
        "questions": {name: summary["splits"][name]["n"] for name in SPLITS},
        "accuracy": shares(RunFolder.open(run)),
    }


def capacity(folder: Path) -> list[dict[str, Any]]:
    """Facts that a looped model of width 64 holds, constructed and trained."""
    rows: list[dict[str, Any]] = []
    for ratio in RATIOS:
        config = make_recipe("composition").replace("model", d_model=64, mlp_ratio=ratio)
        config = config.replace("train", until="", eval_every=100, checkpoint_every=400, keep=1)
        made = [
            constructed(
                config.with_seed(seed), folder / f"capacity-{ratio}-seed{seed}", widen=False
            )
            for seed in SEEDS
        ]
        cells = [
            Cell(name=f"trained-{ratio}-seed{seed}", config=config.with_seed(seed))
            for seed in TRAINED_SEEDS
        ]
        trained = [run for _, run in grown(cells, folder)]
        for way, runs in (("constructed", made), ("trained", trained)):
            rows.append(held_by(way, 64 * ratio, runs))
    return rows


def held_by(way: str, units: int, runs: Sequence[RunFolder]) -> dict[str, Any]:
    """What models of one shape hold, over their seeds."""
    told = [run.summary() for run in runs]
    facts = [
        sum(one["splits"][name]["correct"] for name in ("atomic_id", "atomic_ood")) for one in told
    ]
    parameters = told[0]["parameters"]
    return {
        "way": way,
        "units": units,
        "seeds": len(runs),
        "parameters": parameters,
        "facts": facts,
        "facts_a_parameter": [n / parameters for n in facts],
        "accuracy": [shares(run) for run in runs],
    }


def starts(folder: Path) -> list[dict[str, Any]]:
    """Steps of the looped model from each start until it keeps the level."""
    cells: list[Cell] = []
    for seed in SEEDS:
        for number, (name, start) in enumerate(STARTS.items()):
            config = looped(start).with_seed(seed)
            if start.noise is not None:
                source = folder / f"start-{start.ratio}-seed{seed}"
                constructed(config, source, widen=False)
                config = config.replace("start", run=str(source.resolve()), noise=start.noise)
            cells.append(Cell(name=f"from-{number}-seed{seed}", config=config, values={"as": name}))
    return [start_of(cell, run) for cell, run in grown(cells, folder)]


def looped(start: Start) -> RunConfig:
    """The recipe `composition`, measured often, with the width and the rates of a start."""
    config = make_recipe("composition").replace("model", mlp_ratio=start.ratio)
    train = config.train
    return config.replace(
        "train",
        steps=300,
        lr=train.lr * start.rate,
        muon_lr=train.muon_lr * start.rate,
        eval_every=5,
        probe=200,
        checkpoint_every=400,
        keep=1,
    )


def start_of(cell: Cell, run: RunFolder) -> dict[str, Any]:
    """What one start brought."""
    records = list(run.metrics())
    return {
        "start": cell.values["as"],
        "against": STARTS[cell.values["as"]].against,
        "seed": cell.seed,
        "first": {name: records[0]["accuracy"][name] for name in SPLITS},
        "kept": {
            name: sustained_step(records, name, LEVEL)
            for name in (str(Split.TEST_ID), str(Split.TEST_OOD))
        },
        "steps": records[-1]["step"],
    }


def going_on(folder: Path) -> list[dict[str, Any]]:
    """The evaluations of constructed plain models that are trained on."""
    found: list[dict[str, Any]] = []
    for seed in SEEDS:
        for decay in DECAYS:
            run = folder / f"bloom-seed{seed}-decay{decay:g}"
            config = make_recipe("bloom").with_seed(seed)
            config = config.replace(
                "train",
                steps=ON_STEPS,
                weight_decay=decay,
                schedule="constant",
                eval_every=25,
                probe=200,
                checkpoint_every=ON_STEPS,
            )
            constructed(config, run, widen=True)
            if RunFolder.open(run).newest().step < ON_STEPS:
                resume(run, threads=1, device="cpu")
            for record in RunFolder.open(run).metrics():
                accuracy = {name: record["accuracy"][name] for name in SPLITS}
                found.append(
                    {"seed": seed, "decay": decay, "step": record["step"], "accuracy": accuracy}
                )
    return found


def circuits(folder: Path) -> list[dict[str, Any]]:
    """What tracing says of constructed and trained looped models, the widest of `capacity`."""
    found: list[dict[str, Any]] = []
    for seed in TRAINED_SEEDS:
        for way, name in (("constructed", "capacity-8"), ("trained", "trained-8")):
            run = RunFolder.open(folder / f"{name}-seed{seed}")
            instrument = CircuitInstrument.of_world(run.world(), ExaminationConfig(examples=100))
            record = list(walk(run, instrument, step=run.newest().step))[-1]
            found.append({"way": way, "seed": seed} | traced(record))
    return found


def traced(record: CircuitRecord) -> dict[str, Any]:
    """The verdict, and the step in the middle: where it is, and how much goes through it."""
    bridge = record.verdict.steps[0]
    return {
        "kind": record.verdict.kind,
        "bridge_at": bridge.used_at,
        "reciprocal_rank": bridge.reciprocal_rank,
        "strength": bridge.strength,
        "moved": bridge.moved,
    }


def sets_config(name: str, folder: Path) -> RunConfig:
    """The recipe for a table or a graph whose questions have several answers."""
    if name == DRUGS:
        table = RESULTS.parent / "examples" / DRUGS / "facts.csv"
        config = make_recipe("facts").replace("train", checkpoint_every=1000, keep=1)
        return config.replace("world", facts=str(table), inverse=True, missing_frac=0.1)
    config = make_recipe("graph").replace("train", checkpoint_every=1000, keep=1)
    return config.replace("world", folder=str(folder / "graphs" / name))


def seeded(name: str, config: RunConfig, seed: int) -> RunConfig:
    """The config of a seed. The files of a graph say which facts are missing, so its questions are
    those of `benchmarks.graphs`; of a table the seed draws them."""
    return config.with_seed(seed) if name == DRUGS else config.replace(seed=seed, world_seed=0)


def sets(folder: Path) -> list[dict[str, Any]]:
    """Ranks, set F1 and coverage of answers that are sets, constructed and trained."""
    rows: list[dict[str, Any]] = []
    for name in (*GRAPHS, DRUGS):
        config = sets_config(name, folder)
        for way, (widen, random) in WIDTHS.items():
            number = list(WIDTHS).index(way)
            for seed in SEEDS:
                run = folder / f"sets-{name}-{number}-seed{seed}"
                made = constructed(
                    seeded(name, config, seed), run, widen=widen, random_codes=random
                )
                rows.append(set_row(name, way, seed, made))
        seeds = {DRUGS: SEEDS, "nations": TRAINED_SEEDS}.get(name, ())
        cells = [
            Cell(name=f"sets-{name}-trained-seed{seed}", config=seeded(name, config, seed))
            for seed in seeds
        ]
        rows += [set_row(name, "trained", cell.seed, run) for cell, run in grown(cells, folder)]
    return rows


def set_row(name: str, way: str, seed: int, run: RunFolder) -> dict[str, Any]:
    """What one run brought."""
    told = run.summary()
    ranking = {f"{query} {kind}": told["ranking"].get(query, {}).get(kind) for query, kind in ASKED}
    return {
        "data": name,
        "way": way,
        "seed": seed,
        "parameters": told["parameters"],
        "seconds": told["seconds"],
        "first": {split: one["accuracy"] for split, one in told["splits"].items()},
        "ranking": ranking,
        "coverage": told["coverage"],
    }


def comparisons(folder: Path) -> list[dict[str, Any]]:
    """Accuracy on every split of constructed comparisons."""
    rows: list[dict[str, Any]] = []
    for name in COMPARED:
        for seed in SEEDS:
            config = make_recipe(name).with_seed(seed)
            told = constructed(config, folder / f"{name}-seed{seed}", widen=True).summary()
            rows.append(
                {
                    "recipe": name,
                    "seed": seed,
                    "parameters": told["parameters"],
                    "seconds": told["seconds"],
                    "splits": {
                        split: {"n": one["n"], "accuracy": one["accuracy"]}
                        for split, one in told["splits"].items()
                        if not split.startswith("valid_")
                    },
                }
            )
    return rows


PARTS: Mapping[str, Callable[[Path], Any]] = {
    "paper": paper,
    "capacity": capacity,
    "starts": starts,
    "going_on": going_on,
    "circuits": circuits,
    "sets": sets,
    "comparisons": comparisons,
}
"""The parts. Whoever traces makes the models of `capacity` first."""


def kept(name: str, folder: Path) -> Any:
    """A part, measured if it was not before."""
    part = folder / f"{name}.json"
    if not part.exists():
        write_json(part, to_json(PARTS[name](folder)))
    return read_json(part, LatebloomError)


def main(folder: Path, names: Sequence[str]) -> None:
    """Makes what is missing of all parts, or of some, and writes the page.

    Parts that are not named stay as `results/construct.json` has them, each with its commit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record: dict[str, Any] = provenance() | {"seeds": list(SEEDS)}
    path = RESULTS / "construct.json"
    before = read_json(path, LatebloomError) if path.exists() else {}
    stay = [name for name in PARTS if name in before and name not in (names or PARTS)]
    commits = before.get("commits", {})
    record["commits"] = {name: commits.get(name, before["commit"]) for name in stay}
    record |= {name: before[name] for name in stay}
    for name in names or PARTS:
        record |= {name: kept(name, folder)}
        record["commits"][name] = record["commit"]
    write_json(path, record)
    write_text(RESULTS / "construct.md", page_of(record))
    if "going_on" in record:
        draw(record, RESULTS / "construct.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
