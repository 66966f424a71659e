"""What runs survive: kills at every file-system event, kills at random, corruption of every file.

    python -m benchmarks.faults                             # all of it, into results/faults.md
    python -m benchmarks.faults kills corruptions --kills 20     # some parts of it

A small run is grown, resumed, put into an empty folder, overwritten and thinned by `--keep`, and is
killed (SIGKILL) before the first, the second, ... event with which it changes the file system. Then
a user comes: `--resume`, or, where that says in one line that there is nothing to go on with, the
same command again. What comes out must equal the undisturbed run to the last bit. Corrupted runs
must say so in one line, or be no other.

Machines die as well: power is lost at every moment, with what was not flushed to the disk lost in
every way in which a file system may lose it (`benchmarks.power`).

Built in: the trainings are forks of one process with one thread; events are those of Python's audit
hooks (open for writing, rename, remove, mkdir, rmdir, truncate), and death within a write is left
to chance.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.power import CHANGES, lose_power
from benchmarks.record import commit_of_code
from latebloom.errors import LatebloomError
from latebloom.evaluation.scores import score
from latebloom.model.config import ModelConfig
from latebloom.reports.recording import read_recording
from latebloom.studies.grow import grow, resume
from latebloom.training.config import RunConfig, TrainConfig
from latebloom.training.listener import Silence
from latebloom.training.opened import open_run
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.chains.made import CompositionConfig

PAGE, RECORD = Path("results") / "faults.md", Path("results") / "faults.json"
PARTS = {
    "events": "SIGKILL before each file-system event of",
    "kills": "SIGKILL",
    "corruptions": "a file damaged",
    "power": "power lost, what was not flushed lost in every way, during",
}
"""What can be done to runs, in words."""
CONFIG = RunConfig(
    seed=3,
    world=CompositionConfig(
        entities=12, relations=4, out_degree=4, ood_frac=0.2, phi=2, test_id_frac=0.1
    ),
    model=ModelConfig(d_model=16, n_layers=1, n_heads=2, window=2, dropout=0.1),
    train=TrainConfig(
        steps=6, batch_size=16, eval_every=2, checkpoint_every=2, warmup_steps=2, until=""
    ),
)
OTHER = replace(CONFIG, seed=4)
"""What is overwritten."""
KEEPING = replace(CONFIG, train=replace(CONFIG.train, keep=2))


class Stop(Silence):
    """Interrupts at a step, as Ctrl-C does; keeps what it is told."""

    def __init__(self, at: int = -1) -> None:
        self.at, self.notes = at, list[str]()

    def note(self, text: str) -> None:
        self.notes.append(text)

    def step(self, step: int, loss: float, steps_per_second: float) -> None:
        if step == self.at:
            os.kill(os.getpid(), signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a user does in a folder. before: what is there; again: after a kill."""

    name: str
    before: Callable[[Path], object]
    act: Callable[[Path], object]
    again: Callable[[Path], object]
    config: RunConfig = CONFIG


def actions(template: Path) -> list[Action]:
    """What is killed; template: where runs are that some of it begins with."""

    def copied(name: str) -> Callable[[Path], object]:
        return lambda run: shutil.copytree(template / name, run)

    def plain(run: Path) -> object:
        return grow(CONFIG, run, device="cpu", threads=1)

    def over(run: Path) -> object:
        return grow(CONFIG, run, device="cpu", threads=1, overwrite=True)

    def keep(run: Path) -> object:
        return grow(KEEPING, run, device="cpu", threads=1)

    return [
        Action("a run", lambda run: None, plain, plain),
        Action("a run into an empty folder", lambda run: run.mkdir(), plain, plain),
        Action("--resume", copied("stopped"), resume, resume),
        Action("--overwrite", copied("other"), over, over),
        Action("--keep 2", lambda run: None, keep, keep, KEEPING),
    ]


def outcome(run: Path) -> dict[str, Any]:
    """All of a finished run that must not depend on its history."""
    folder = RunFolder.open(run)
    newest = folder.newest()
    return {
        "seed": folder.config().seed,
        "curve": [(r["step"], r["loss"], r["accuracy"]) for r in folder.metrics()],
        "splits": folder.summary()["splits"],
        "weights": {
            name: hashlib.sha256((newest.folder / f"{name}.safetensors").read_bytes()).hexdigest()
            for name in ("model", "training")
        },
    }


# --- Kills ----------------------------------------------------------------------------------------


def killed_at(event: int, folder: Path, act: Callable[[Path], object], run: Path) -> bool:
    """Does something in a fork that is killed before its n-th event; whether it came so far."""
    child = os.fork()
    if not child:
        left = [event]

        def hook(name: str, told: tuple[Any, ...]) -> None:
            writes = name == "open" and isinstance(told[2], int) and told[2] & os.O_ACCMODE
            if (writes or name in CHANGES) and str(told[0]).startswith(str(folder)):
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        in_fork(lambda: act(run))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def killed_after(seconds: float, act: Callable[[Path], object], run: Path) -> None:
    """Does something in a fork that is killed after a while."""
    child = os.fork()
    if not child:
        in_fork(lambda: act(run))
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def in_fork(act: Callable[[], object]) -> None:
    """Does something and ends the process."""
    code = 0
    try:
        act()
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code)


def recover(action: Action, run: Path, wanted: dict[str, Any], other: dict[str, Any]) -> str:
    """What a user gets after a kill: `--resume`, else the same command again."""
    try:
        try:
            resume(run)
        except LatebloomError as error:
            if "\n" in str(error):
                return f"more than a line: {error}"
            action.again(run)
            how = "equal after the same command"
        else:
            how = "equal after --resume"
        found = outcome(run)
        if found == other and action.name == "--overwrite":
            how, _ = "the run before is whole; the same command overwrites it", action.again(run)
            found = outcome(run)
        hidden = [p.name for p in run.iterdir() if p.name.startswith((".new", ".old"))]
        hidden += [p.name for p in (run / "checkpoints").iterdir() if p.name.startswith(".")]
        return how if found == wanted and not hidden else f"NOT EQUAL {hidden}"
    except Exception:
        return f"TRACEBACK {traceback.format_exc()}"


def kill_everywhere(folder: Path, template: Path) -> dict[str, Counter[str]]:
    """Every action, killed before each of its events."""
    counts: dict[str, Counter[str]] = {}
    for action in actions(template):
        wanted, other = wanted_of(action, template), outcome(template / "other")
        counts[action.name], event = Counter(), 1
        while True:
            run = folder / f"kill-{event}" / "run"
            run.parent.mkdir()
            action.before(run)
            if not killed_at(event, folder, action.act, run):
                break
            end = recover(action, run, wanted, other)
            counts[action.name][end] += 1
            if not end.startswith(("equal", "the run before")):
                print(f"{action.name}, event {event}: {end}", file=sys.stderr)
            shutil.rmtree(run.parent)
            event += 1
        shutil.rmtree(run.parent)
        print(f"{action.name}: {dict(counts[action.name])}", flush=True)
    return counts


def kill_at_random(folder: Path, template: Path, n: int, dice: random.Random) -> Counter[str]:
    """Some action, killed at some time."""
    counts: Counter[str] = Counter()
    begun = time.perf_counter()
    grow(CONFIG, folder / "timed", device="cpu", threads=1)
    lasts = time.perf_counter() - begun
    for number in range(n):
        action = dice.choice(actions(template))
        run = folder / f"random-{number}" / "run"
        run.parent.mkdir()
        action.before(run)
        killed_after(dice.uniform(0, 1.1 * lasts), action.act, run)
        end = recover(action, run, wanted_of(action, template), outcome(template / "other"))
        counts[end] += 1
        if not end.startswith(("equal", "the run before")):
            print(f"random kill {number} of {action.name}: {end}", file=sys.stderr)
        shutil.rmtree(run.parent)
    return counts


def wanted_of(action: Action, template: Path) -> dict[str, Any]:
    """The outcome of the undisturbed run."""
    return outcome(template / ("kept" if action.config is KEEPING else "whole"))


def recovery(action: Action, template: Path) -> Callable[[Path], str]:
    """What a user gets in the place of a run that an action was to make."""
    wanted, other = wanted_of(action, template), outcome(template / "other")
    return lambda run: recover(action, run, wanted, other)


# --- Corruptions ----------------------------------------------------------------------------------


def corrupt(path: Path, dice: random.Random) -> str:
    """Damages a file in some way; returns how."""
    content = bytearray(path.read_bytes())
    how = dice.choice(("bit", "bit", "bit", "cut", "zeros", "bytes", "grown", "gone"))
    at = dice.randrange(len(content)) if content else 0
    if how == "bit" and content:
        content[at] ^= 1 << dice.randrange(8)
    elif how == "cut":
        del content[at:]
    elif how == "zeros":
        content[at : at + 64] = bytes(len(content[at : at + 64]))
    elif how == "bytes":
        content[at : at + 8] = dice.randbytes(8)
    elif how == "grown":
        content += dice.randbytes(32)
    path.write_bytes(content)
    if how == "gone":
        path.unlink()
    return how


def used(run: Path) -> tuple[Any, ...]:
    """What somebody sees who opens a run."""
    opened = open_run(run)
    recording = read_recording(run)
    scores = {split: one.accuracy for split, one in score(opened.model, opened.data).items()}
    told = [(r["step"], r["loss"], r["accuracy"]) for r in recording.records]
    return scores, told, recording.summary, list(opened.folder.metrics()), opened.step


def corrupt_at_random(folder: Path, template: Path, n: int, dice: random.Random) -> Counter[str]:
    """A file of a finished run is damaged, then it is used; of a stopped one, then it goes on."""
    counts: Counter[str] = Counter()
    seen, wanted = used(template / "whole"), outcome(template / "whole")
    for number in range(n):
        name = dice.choice(("whole", "stopped"))
        run = folder / f"corrupt-{number}"
        shutil.copytree(template / name, run)
        files = sorted(p for p in run.rglob("*") if p.is_file() and p.name != ".lock")
        path = dice.choice(files)
        how = corrupt(path, dice)
        end = after_corruption(name, run, seen, wanted)
        counts[end.splitlines()[0]] += 1
        if end.isupper() or end.startswith(("SILENT", "TRACEBACK", "LINES")):
            print(f"{number}: {how} in {path.relative_to(run)} of {name}: {end}", file=sys.stderr)
        shutil.rmtree(run)
    return counts


def after_corruption(name: str, run: Path, seen: Any, wanted: dict[str, Any]) -> str:
    """What comes of a damaged run."""
    listener = Stop()
    try:
        if name == "whole":
            now = used(run)
            if now == seen:
                return "read: no other figure"
            # Without its summary a run is one that was killed at the very end, and is shown as one.
            rest = now[:2] + now[3:] == seen[:2] + seen[3:]
            return "read: shown as a run that has not ended" if rest and not now[2] else "SILENT"
        resume(run, listener=listener)
        if outcome(run) == wanted:
            return "resumed: " + ("equal, and said" if listener.notes else "equal")
        return "resumed: said what was lost" if listener.notes else "SILENT"
    except LatebloomError as error:
        does = "read" if name == "whole" else "resumed"
        return f"{does}: refused in one line" if "\n" not in str(error) else f"LINES {error}"
    except Exception:
        return f"TRACEBACK\n{traceback.format_exc()}"


# --- All of it ------------------------------------------------------------------------------------


def make_templates(template: Path) -> None:
    """The undisturbed runs, and one that was stopped half-way."""
    for name, config in (("whole", CONFIG), ("other", OTHER), ("kept", KEEPING)):
        grow(config, template / name, device="cpu", threads=1)
    grow(CONFIG, template / "stopped", device="cpu", threads=1, listener=Stop(3))


Table = dict[str, dict[str, int]]
"""How it ended, how often, by what was done."""


def measure(part: str, cases: int, seed: int) -> Table:
    """One part. cases: of what is left to chance, which seed decides."""
    torch.set_num_threads(1)
    dice = random.Random(seed)
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as name:
        folder, template = Path(name).resolve(), Path(name).resolve() / "templates"
        make_templates(template)
        if part == "events":
            counts = kill_everywhere(folder, template)
        elif part == "power":
            counts = {
                one.name: lose_power(
                    folder, one.before, one.act, recovery(one, template), cases, dice
                )
                for one in actions(template)
            }
        elif part == "kills":
            counts = {"at a random time": kill_at_random(folder, template, cases, dice)}
        else:
            counts = {"at random": corrupt_at_random(folder, template, cases, dice)}
    return {done: dict(one.most_common()) for done, one in counts.items()}


def bad(tables: Iterable[Table]) -> int:
    """Endings that should not be."""
    ends = (pair for table in tables for one in table.values() for pair in one.items())
    return sum(n for end, n in ends if end.split()[0].isupper())


def page(parts: Mapping[str, Any]) -> str:
    """The counts as Markdown."""
    lines = [
        "# Faults",
        "",
        "Made by `python -m benchmarks.faults`, whose head says what is built in.",
        "",
        "| what was done to it | how it ended | cases |",
        "| --- | --- | --: |",
    ]
    for part, about in PARTS.items():
        for done, ends in parts.get(part, {"counts": {}})["counts"].items():
            lines += [f"| {about} {done} | {end} | {n} |" for end, n in ends.items()]
    heads = (f"{part}: commit {one['commit']}, seed {one['seed']}" for part, one in parts.items())
    wrong = bad(one["counts"] for one in parts.values())
    lines += ["", f"Endings that should not be (silent, unequal, a traceback): {wrong}."]
    return "\n".join([*lines, "", "; ".join(heads) + ".", ""])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="*", default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--corruptions", type=int, default=500)
    parser.add_argument("--power", type=int, default=0, help="states at most; 0: all")
    parser.add_argument("--seed", type=int, default=100)
    told = parser.parse_args()
    wrong = 0
    for part in told.part:
        counts = measure(part, getattr(told, part, 0), told.seed)
        wrong += bad([counts])
        parts = json.loads(RECORD.read_text()) if RECORD.exists() else {}
        parts[part] = {"commit": commit_of_code(), "seed": told.seed, "counts": counts}
        RECORD.write_text(json.dumps(parts, indent=1) + "\n")
        PAGE.write_text(page(parts), encoding="utf-8")
        print(json.dumps(counts, indent=1), flush=True)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
