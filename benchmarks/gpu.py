"""What `benchmarks/gpu.sh` needs besides the command: many seeds in one program, and the record.

    python -m benchmarks.gpu stack FILE --runs 256 --steps 400 --device auto
    python -m benchmarks.gpu finished RUN
    python -m benchmarks.gpu record RUNS FILE --device auto

`stack` trains the default recipe with so many seeds as one program (`latebloom.training.stacked`),
measures every model, and writes FILE; a program that was killed begins again. `finished` ends with
exit code 0 where a run came to its end. `record` gathers that and every run under RUNS, finished or
not, and measures which share of the device's matrix product a step of the paper's model reaches.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.peak import shares
from benchmarks.record import provenance
from latebloom.errors import LatebloomError
from latebloom.evaluation.scores import score
from latebloom.files import read_json, write_json
from latebloom.recipes.catalogue import FRESH, make_recipe
from latebloom.recipes.published import late_bloom_published
from latebloom.studies.cells import is_finished
from latebloom.training.config import RunConfig
from latebloom.training.device import choose_device
from latebloom.training.run_folder import RunFolder
from latebloom.training.stacked import train_stacked
from latebloom.worlds.build import build_world

LEVEL = 0.99
STACK = "stack.json"
"""The file under RUNS that `gpu.sh` has `stack` write."""


def stack(runs: int, steps: int, device: torch.device) -> dict[str, Any]:
    """Trains the default recipe with so many seeds at once, and measures every one."""
    # A stack takes no autocast; its batches have one shape since half of each is atomic facts.
    config = make_recipe("composition").replace("train", steps=steps, precision="float32")
    configs = [config.with_seed(seed) for seed in range(FRESH, FRESH + runs)]
    datas = [build_world(one.world, one.world_seed, lambda _: None) for one in configs]
    began = time.perf_counter()
    models, _ = train_stacked(configs, datas, steps, device=device)
    seconds = time.perf_counter() - began
    scores = [
        {name: one.accuracy for name, one in score(model, data, splits=data.tested).items()}
        for model, data in zip(models, datas, strict=True)
    ]
    return {
        "runs": runs,
        "steps": steps,
        "seconds": seconds,
        "reached": {
            split: sum(one[split] >= LEVEL for one in scores) for split in ("test_id", "test_ood")
        },
    }


def state(run: RunFolder) -> dict[str, Any]:
    """How far a run is: its summary if there is one, else its last evaluation."""
    records = list(run.metrics())
    last = records[-1] if records else {}
    reached = {
        split: next((one["step"] for one in records if one["accuracy"][split] >= LEVEL), None)
        for split in last.get("accuracy", {})
    }
    told = {"step": last.get("step", 0), "seconds": last.get("seconds", 0.0)}
    told |= {"accuracy": last.get("accuracy", {}), f"first_step_at_{LEVEL}": reached}
    try:
        return told | {"stopped_by": run.summary()["stopped_by"]}
    except LatebloomError:  # it was killed before its end
        return told | {"stopped_by": "not finished"}


def gather(runs: Path, device: torch.device, paper: Mapping[str, RunConfig]) -> dict[str, Any]:
    """The record of everything under `runs`."""
    made = provenance()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    places = sorted(place.parent for place in runs.glob("*/config.toml"))
    return {
        "command": "benchmarks/gpu.sh",
        **made,
        "device": name,
        "runs": {place.name: state(RunFolder.open(place)) for place in places},
        "stack": read_json(runs / STACK, LatebloomError) if (runs / STACK).exists() else None,
        "peak": shares(device, paper),
    }


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_subparsers(dest="what", required=True)
    stacked, record = what.add_parser("stack"), what.add_parser("record")
    what.add_parser("finished").add_argument("run", type=Path)
    record.add_argument("runs", type=Path)
    record.add_argument("--small", action="store_true", help="the default model, for a trial")
    for one in (stacked, record):
        one.add_argument("file", type=Path)
        one.add_argument("--device", default="auto")
    stacked.add_argument("--runs", type=int, default=256)
    stacked.add_argument("--steps", type=int, default=400)
    told = parser.parse_args(words)
    if told.what == "finished":
        run: Path = told.run
        raise SystemExit(not ((run / "config.toml").exists() and is_finished(RunFolder.open(run))))
    device = choose_device(told.device)
    if told.what == "stack":
        found = stack(told.runs, told.steps, device)
    else:
        small = {"default": make_recipe("composition")}
        found = gather(
            told.runs, device, small if told.small else {"paper": late_bloom_published()}
        )
    write_json(told.file, found)
    print(f"{told.file}: written")


if __name__ == "__main__":
    main()
