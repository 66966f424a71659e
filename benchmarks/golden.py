"""Golden records: short runs of every family, and all that came of them, to the last digit.

    python -m benchmarks.golden record FILE.json      grow every family, write the records
    python -m benchmarks.golden compare FILE.json     grow them again; exit 1 if anything differs
    python -m benchmarks.golden keep FOLDER           leave tiny whole run folders, as old ones

`--only NAME` (more than once if need be) takes some of the families. A record holds the metrics,
the summary, checksums of the world and of the last checkpoint, a few answers, what the circuits'
or the trees' instruments say, and whether a run that is stopped and resumed ends the same.

Code that is only put in order must leave all of it equal; `results/golden.json` was recorded
before such work. Floats are equal only on the same processor with the same torch: the head of a
file says which these were.

Covers: learning on one thread of a processor. Does not cover: speed, GPUs, reports. Whatever must
know the insides of latebloom is in the section "Where latebloom is touched".
"""

import argparse
import contextlib
import hashlib
import io
import json
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch

import latebloom
from benchmarks.golden_families import FAMILIES, OLD_RUNS, SHORT, Family, write_made_files
from benchmarks.record import commit_of_code
from latebloom.reading import SEAL
from latebloom.training.manifest import write_manifest

# --- Where latebloom is touched -------------------------------------------------------------------


def grow_run(recipe: str, settings: Mapping[str, str], out: Path) -> None:
    """Grows a recipe with settings such as `train.steps`, as the command would set them."""
    config = latebloom.make_recipe(recipe)
    for section in ("world", "model", "feed", "train"):
        told = {k.split(".")[1]: v for k, v in settings.items() if k.startswith(f"{section}.")}
        config = config.with_overrides(section, told)
    latebloom.grow(config, out, device="cpu", threads=1)


def command(*words: object) -> str:
    """What the command `latebloom` prints."""
    from latebloom.cli import main

    before, printed = sys.argv, io.StringIO()
    sys.argv = ["latebloom", *map(str, words)]
    try:
        with contextlib.redirect_stdout(printed):
            main()
    except SystemExit as end:
        if end.code:
            raise
    finally:
        sys.argv = before
    return printed.getvalue()


NO_FIGURES = ("seconds", "task", "reads", SEAL)


def read_metrics(run: Path) -> list[dict[str, Any]]:
    """The evaluations of a run, without the times, and without the phase and the signs, which say
    more about the same weights."""
    records = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    more = ("seconds", "steps_per_second", "phase", "signs", SEAL)
    return [without(record, *more) for record in records]


def read_summary(run: Path) -> dict[str, Any]:
    """The outcome of a run, without the time."""
    # Which task it was is no figure, and format 1 did not tell it.
    return without(json.loads((run / "summary.json").read_text()), *NO_FIGURES)


def hash_world(run: Path) -> dict[str, Any]:
    """Checksums of the arrays that a run was grown on, and of its words in their order."""
    words = json.loads((run / "vocabulary.json").read_text())["words"]
    return {
        "arrays": hash_arrays(run / "world.safetensors"),
        "words": hashlib.sha256("\n".join(words).encode()).hexdigest(),
    }


def newest_checkpoint(run: Path) -> Path:
    return max((run / "checkpoints").glob("step_*"))


def hash_checkpoint(run: Path) -> dict[str, dict[str, str]]:
    """Checksums of the last weights and of the last state of the optimizers, by name."""
    newest = newest_checkpoint(run)
    return {name: hash_arrays(newest / f"{name}.safetensors") for name in ("model", "training")}


def some_questions(run: Path, n: int = 3) -> list[list[str]]:
    """The first question of each held-out split, of at most `n` of them, in names."""
    world = latebloom.load(run).world
    return [
        world.vocabulary.decode(world.examples(split)[0, :-1].tolist())
        for split in world.tested[:n]
    ]


def ask_all(run: Path) -> list[dict[str, Any]]:
    """Answers without their notes and their status, which are words: they may be put better."""
    loaded = latebloom.load(run)
    answers = (loaded.ask(*question).as_dict() for question in some_questions(run))
    return [without(answer, "notes", "status") for answer in answers]


def score_all(run: Path) -> dict[str, Any]:
    """The score of every split, measured on the loaded run."""
    return {split: one.as_dict() for split, one in latebloom.load(run).score().items()}


def look_inside(run: Path, is_sentences: bool) -> dict[str, Any]:
    """What `latebloom trace` or `latebloom trees` says of the newest checkpoint."""
    how = ("trees", run, "--sentences", 12) if is_sentences else ("trace", run, "--examples", 20)
    printed = command(*how, "--step", read_summary(run)["steps"], "--quiet", "--json")
    # The version of the record and its own settings are no findings.
    return without(json.loads(printed), "format", "config")


def forget_platform(run: Path) -> None:
    """Drops the exact kernel from a run that is kept: nothing in it depends on that."""
    path = run / "environment.json"
    write_json(path, json.loads(path.read_text()) | {"platform": platform.system()})
    write_manifest(run)


# --- Recording ------------------------------------------------------------------------------------


def record_family(family: Family, folder: Path) -> dict[str, Any]:
    """Grows a family in an empty folder; returns its record, as JSON gives it back."""
    files, run = folder / "files", folder / "run"
    write_made_files(files)
    settings = SHORT | dict(family.settings)
    grow_run(family.recipe, {k: v.format(files=files) for k, v in settings.items()}, run)
    outcome = outcome_of(run)
    record: dict[str, Any] = {"world": hash_world(run)}
    record |= outcome
    if not family.is_sentences:
        record["answers"] = ask_all(run)
    record["inside"] = shortened(look_inside(run, family.is_sentences))
    resumed = stop_and_resume(run, folder / "resumed")
    record["resumed_equal"] = not differences(outcome, resumed)
    return json.loads(json.dumps(record))


def outcome_of(run: Path) -> dict[str, Any]:
    """What training left."""
    return {
        "metrics": read_metrics(run),
        "summary": read_summary(run),
        "checkpoint": hash_checkpoint(run),
    }


def stop_and_resume(run: Path, copy: Path) -> dict[str, Any]:
    """The outcome of a copy of a run that goes on from its last checkpoint but one."""
    shutil.copytree(run, copy)
    shutil.rmtree(newest_checkpoint(copy))
    (copy / "summary.json").unlink()
    latebloom.resume(copy, device="cpu", threads=1)
    return outcome_of(copy)


def keep_runs(folder: Path) -> None:
    """Leaves each of `OLD_RUNS` as a run folder, and beside it what it answers and scores."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, family in OLD_RUNS.items():
        run = folder / name
        grow_run(family.recipe, SHORT | dict(family.settings), run)
        forget_platform(run)
        record: dict[str, Any] = {"head": head(), "scores": score_all(run)}
        if not family.is_sentences:
            record["answers"] = ask_all(run)
        write_json(folder / f"{name}.json", record)


def head() -> dict[str, str]:
    """What the figures depend on besides the code, and the commit of the code."""
    return {"commit": commit_of_code(), **this_machine()}


def this_machine() -> dict[str, str]:
    """What must be the same for floats to be equal to the last digit.

    Which instructions and which blocks of a matrix product are taken depends on the processor's
    units and caches; its name alone stands for several generations.
    """
    told = torch.cpu.get_capabilities()
    units = sorted(name for name, there in told.items() if there is True)
    caches = [
        f"{name} {told[name]}" for name in ("l1d_cache_size", "l2_cache_size") if name in told
    ]
    return {
        "processor": str(told.get("cpu_name") or platform.processor() or platform.machine()),
        "units": " ".join([*units, *caches]),
        "taken": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def hash_arrays(path: Path) -> dict[str, str]:
    """A checksum of each array of a file, over its type, its shape and its bytes."""
    return {
        name: hashlib.sha256(
            f"{array.dtype.str} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes()
        ).hexdigest()
        for name, array in sorted(safetensors.numpy.load_file(path).items())
    }


def without(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


LONGEST = 12
"""Numbers of a list that are written out; of longer ones only the checksum."""


def shortened(value: Any) -> Any:
    """A record with its long lists of numbers as checksums."""
    if isinstance(value, dict):
        return {name: shortened(one) for name, one in value.items()}
    if not isinstance(value, list):
        return value
    leaves = list(leaves_of(value))
    if len(leaves) > LONGEST and all(one is None or isinstance(one, int | float) for one in leaves):
        digest = hashlib.sha256(json.dumps(value).encode()).hexdigest()
        return f"{len(leaves)} numbers, sha256 {digest}"
    return [shortened(one) for one in value]


def leaves_of(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from leaves_of(one)
    else:
        yield value


# --- Comparing ------------------------------------------------------------------------------------

Difference = tuple[str, Any, Any]
"""A path, what was recorded there, what there is now."""
MISSING = "(nothing)"


def differences(
    recorded: Any, found: Any, *, close: float = 0.0, path: str = ""
) -> list[Difference]:
    """Where two records differ. close: how far apart two floats may lie."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        names = [*recorded, *(name for name in found if name not in recorded)]
        pairs = [(f"{path}/{n}", recorded.get(n, MISSING), found.get(n, MISSING)) for n in names]
    elif isinstance(recorded, list) and isinstance(found, list) and len(recorded) == len(found):
        rows = enumerate(zip(recorded, found, strict=True))
        pairs = [(f"{path}/{i}", one, other) for i, (one, other) in rows]
    else:
        # repr tells 1 from 1.0 and 0.0 from -0.0, and takes nan for nan.
        equal = repr(recorded) == repr(found) or is_close(recorded, found, close)
        return [] if equal else [(path, recorded, found)]
    return [
        one for where, old, new in pairs for one in differences(old, new, close=close, path=where)
    ]


def is_close(one: Any, other: Any, close: float) -> bool:
    return isinstance(one, float) and isinstance(other, float) and abs(one - other) < close


def record_all(names: Sequence[str]) -> dict[str, Any]:
    """The records of some families; those whose package is not there are passed over."""
    torch.set_num_threads(1)
    families = {}
    for name in names:
        if not find_spec(FAMILIES[name].needs):
            print(f"{name}: passed over, {FAMILIES[name].needs} is not there", file=sys.stderr)
            continue
        began = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            families[name] = record_family(FAMILIES[name], Path(folder))
        print(f"{name}: {time.process_time() - began:.1f} CPU seconds", file=sys.stderr, flush=True)
    return {"head": head(), "families": families}


def compare(recorded: Mapping[str, Any], found: Mapping[str, Any], shown: int = 8) -> list[str]:
    """A line for each of the first differences of each family; none if all is equal."""
    lines = []
    for name, record in found["families"].items():
        differing = differences(recorded["families"].get(name, MISSING), record, path=name)
        lines += [
            f"{path}: {old!r} was recorded, now {new!r}" for path, old, new in differing[:shown]
        ]
        if len(differing) > shown:
            lines.append(f"{name}: and {len(differing) - shown} more")
    return lines


def write_json(path: Path, record: Any) -> None:
    path.write_text(json.dumps(record, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("record", "compare", "keep"))
    parser.add_argument("path", type=Path)
    parser.add_argument("--only", action="append", choices=FAMILIES, metavar="NAME", default=[])
    told = parser.parse_args()
    if told.action == "keep":
        keep_runs(told.path)
        return
    if told.action == "record":
        write_json(told.path, record_all(told.only or list(FAMILIES)))
        return
    recorded = json.loads(told.path.read_text())
    found = record_all(told.only or list(recorded["families"]))
    machine = differences(without(recorded["head"], "commit"), without(found["head"], "commit"))
    for path, old, new in machine:
        print(f"{path[1:]}: recorded on {old}, this is {new}; floats may differ", file=sys.stderr)
    lines = compare(recorded, found)
    print("\n".join(lines) or f"{len(found['families'])} families, all equal")
    sys.exit(bool(lines))


if __name__ == "__main__":
    main()
