"""Every reader of outside files, given what no one would write: it reads it, or refuses it.

    python -m benchmarks.fuzz                              # all readers, into results/fuzz.md
    python -m benchmarks.fuzz --readers facts.csv --inputs 1000 --no-page

Each input is read, or refused by a `LatebloomError` of one line. Anything else is a *finding*:
another exception, a message of several lines, more than `SLOW` seconds, more than `ROOM` bytes of
memory. Most inputs are valid ones with changes, and one in twenty is made by a rule, where
there is one (`benchmarks.fuzz_inputs`). An input that is refused in a new way becomes a valid one
to change, so that the changes lead further into a reader. Where atheris is installed, coverage of
the code guides one input in five (`benchmarks.fuzz_guided`).

Built in: one process, inputs of at most 20 kB; what an input does after it was read (training on
it, showing it) is not tried, and neither is damage to whole run folders (`benchmarks.faults`).
"""

import argparse
import json
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from benchmarks.fuzz_guided import SAID, is_there
from benchmarks.fuzz_inputs import changed
from benchmarks.fuzz_readers import Reader, readers
from benchmarks.record import in_words, provenance
from latebloom.errors import LatebloomError

PAGE, RECORD = Path("results") / "fuzz.md", Path("results") / "fuzz.json"
SLOW = 3.0
"""Seconds of processor time that no input of 20 kB may take."""
ROOM = 4 * 2**30
"""Bytes that the process may have beyond those that it has before."""
MOST_SEEDS = 300
"""Inputs that are kept to be changed again, of each reader."""


class HangError(BaseException):
    """An input took too long; no reader may catch it."""


@dataclass(slots=True)
class Tally:
    """What came of the inputs of a reader.

    refusals: the lines of code at which inputs were refused, each with what was said there.
    findings: how often something went wrong, by what it was; examples: the first input of each.
    """

    name: str
    inputs: int = 0
    by_rule: int = 0
    guided: int = 0
    read: int = 0
    refused: int = 0
    seconds: float = 0.0
    refusals: set[str] = field(default_factory=set[str])
    findings: Counter[str] = field(default_factory=Counter[str])
    examples: dict[str, str] = field(default_factory=dict[str, str])

    def take_in(self, found: Mapping[str, Any]) -> None:
        """Adds what another tally says, as `as_dict` and its `ways` gave it."""
        for name in ("inputs", "guided", "read", "refused", "seconds"):
            setattr(self, name, getattr(self, name) + found[name])
        self.refusals |= set(found["ways"])
        self.findings.update(found["findings"])
        self.examples |= found["examples"]

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "refusals": len(self.refusals), "findings": dict(self.findings)}


def fuzz(reader: Reader, n: int, seed: int) -> Tally:
    """Gives so many inputs to a reader. seed: decides them."""
    tally, dice = Tally(reader.name), random.Random(f"{seed} {reader.name}")
    begun = time.process_time()
    for valid in reader.seeds:
        put(reader, valid, tally)
    tally.findings.update([] if tally.read == len(reader.seeds) else ["a valid input is refused"])
    if reader.shape is not None:
        give_shaped(reader, n // 20, seed, tally)
        tally.by_rule = tally.inputs - len(reader.seeds)
    pool = list(reader.seeds)
    while tally.inputs < n:
        content = changed(dice.choice(pool), pool, dice)
        if put(reader, content, tally) and len(pool) < MOST_SEEDS:
            pool.append(content)
    tally.seconds = time.process_time() - begun
    return tally


def inputs_for(reader: Reader, n: int) -> int:
    """How many inputs a reader gets where a usual one gets `n`."""
    return max(50, round(n * reader.share))


def guide(tallies: Sequence[Tally], n: int, seed: int) -> None:
    """Gives inputs that coverage guides, and adds what came of them."""
    names = [one.name for one in tallies]
    words = [sys.executable, "-m", "benchmarks.fuzz_guided", str(n), str(seed), *names]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(SAID)]
    found = {one["name"]: one for one in (json.loads(line[len(SAID) :]) for line in lines)}
    for tally in tallies:
        if tally.name in found:
            tally.take_in(found[tally.name])
        else:
            end = " ".join(done.stderr.split())[-200:]
            tally.findings[f"the guided process died: {end}"] += 1


def give_shaped(reader: Reader, n: int, seed: int, tally: Tally) -> None:
    """Gives a reader files that hypothesis puts together."""
    assert reader.shape is not None

    @seeded(seed)
    @settings(
        max_examples=n,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    @given(reader.shape)
    def each(content: bytes) -> None:
        put(reader, content, tally)

    each()


def put(reader: Reader, content: bytes, tally: Tally) -> bool:
    """Gives one input; returns whether it was refused where none was before."""
    wrong, refusal = "", ""
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, 3 * SLOW)
    try:
        reader.read(content)
        tally.read += 1
    except LatebloomError as error:
        tally.refused += 1
        refusal = f"{place_of(error)} {kind_of(str(error))}"
        wrong = f"more than a line at {place_of(error)}" if "\n" in str(error) else ""
    except (Exception, HangError) as error:
        wrong = f"{type(error).__name__} at {place_of(error)}: {str(error)[:80]}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    took = time.process_time() - begun
    tally.inputs += 1
    if not wrong and took > SLOW:
        wrong = f"slow: over {SLOW:g} s, {refusal or 'read'}"
    if wrong:
        tally.findings[wrong] += 1
        tally.examples.setdefault(wrong, repr(content[:2000]))
    is_new = bool(refusal) and refusal not in tally.refusals
    tally.refusals.add(refusal)
    return is_new


def place_of(error: BaseException) -> str:
    """The last line of latebloom that an error went through."""
    steps = traceback.extract_tb(error.__traceback__)
    ours = [step for step in steps if "/latebloom/" in step.filename] or steps[-1:]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"


def kind_of(message: str) -> str:
    """What a message says, without the names and numbers of its input."""
    return re.sub(r"['\"].*['\"]|\d+|/\S+", "", message, flags=re.DOTALL)[:50]


def stop(_number: int, _frame: FrameType | None) -> None:
    raise HangError(f"not done after {3 * SLOW:g} s")


def measure(
    wanted: Sequence[str], n: int, seed: int, keep: Callable[[list[Tally]], None]
) -> list[Tally]:
    """Fuzzes the readers.

    wanted: their names, empty for all. n: inputs of a usual one. keep: is called with what there is
    after each reader, so that a measurement which is stopped leaves something.
    """
    shared = Path("/dev/shm")
    tallies: list[Tally] = []
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as name:
        every = readers(Path(name).resolve())
        be_careful()
        for reader in every:
            if wanted and reader.name not in wanted:
                continue
            tallies.append(fuzz(reader, inputs_for(reader, n), seed))
            tell(tallies[-1])
            keep(tallies)
    if is_there():
        guide(tallies, n // 4, seed)
        print("guided by coverage as well:")
        for tally in tallies:
            tell(tally)
        keep(tallies)
    return tallies


def tell(tally: Tally) -> None:
    """Prints what came of a reader's inputs."""
    print(
        f"{tally.name}: {tally.inputs:,} inputs, {tally.refused:,} refused in"
        f" {len(tally.refusals)} ways, {tally.seconds:.0f} s",
        flush=True,
    )
    for what, count in tally.findings.items():
        print(f"  {count} x {what}\n    {tally.examples.get(what, '')}", flush=True)


def be_careful() -> None:
    """One thread, no warnings, an alarm, and `ROOM` bytes more of memory than there are."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # such as openpyxl's over a workbook that lacks a style
    signal.signal(signal.SIGVTALRM, stop)
    status = Path("/proc/self/statm")
    if status.exists():
        has = int(status.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (has + ROOM, resource.RLIM_INFINITY))


def page(record: Mapping[str, Any]) -> str:
    """The counts as Markdown."""
    rows = record["readers"]
    total, found = (sum(row[key] for row in rows) for key in ("inputs", "n_findings"))
    seconds = sum(row["seconds"] for row in rows)
    lines = [
        "# Fuzzing",
        "",
        "Made by `python -m benchmarks.fuzz`, whose head says what is built in.",
        "",
        f"{total:,} inputs in {seconds:.0f} seconds of processor time; findings (an exception"
        f" that is none of ours, a message of several lines, a hang, too much memory): {found}.",
        "",
        "| what is read | inputs | by a rule | guided | read | refused in one line | in so many"
        " ways | findings |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    lines += [
        f"| {row['name']} | "
        + " | ".join(f"{row[key]:,}" for key in ("inputs", "by_rule", "guided", "read", "refused"))
        + f" | {row['refusals']} | {row['n_findings']} |"
        for row in rows
    ]
    return "\n".join([*lines, "", f"Seed {record['seed']}. {in_words(record)}", ""])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readers", nargs="*", default=[], help="their names; all by default")
    parser.add_argument("--inputs", type=int, default=27_000, help="of a usual reader")
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--no-page", action="store_true", help="leave results/ as it is")
    told = parser.parse_args()
    made = provenance()

    def keep(tallies: list[Tally]) -> None:
        rows = [one.as_dict() | {"n_findings": sum(one.findings.values())} for one in tallies]
        if not told.no_page:
            record = made | {"seed": told.seed, "readers": rows}
            RECORD.write_text(json.dumps(record, indent=1) + "\n")
            PAGE.write_text(page(record), encoding="utf-8")

    tallies = measure(told.readers, told.inputs, told.seed, keep)
    sys.exit(any(tally.findings for tally in tallies))


if __name__ == "__main__":
    main()
