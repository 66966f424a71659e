"""Mutation testing: small mistakes put into the code, one at a time, and whether a test sees them.

    pip install cosmic-ray==8.7.0        its mutators; no dependency of latebloom
    python -m benchmarks.mutants [ROOM ...] [--each 40] [--seed 0]

Of each room a random sample of places is drawn, and at each place one of the mistakes that
cosmic-ray knows: `<` for `<=`, `-` for `+`, another number, a condition turned round, a loop never
entered. The tests of the room run on a copy of the checkout, the file's own tests first. A mutant
is *killed* where one of them fails, or takes five times the processor time that all of them take on
the code as it is. Survivors are listed for people to look at: some mean the same as what they
replace.

Leaves `results/mutants.json` and `mutants.md`. What stands in the JSON from the same commit is not
tried again, so the command goes on where it was stopped.

Covers: rooms whose wrong answers nobody would notice. Does not cover: mistakes in annotations.
"""

import argparse
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.record import CODE, RESULTS, commit_of_code, in_words, provenance
from latebloom.errors import LatebloomError
from latebloom.files import read_json, write_json, write_text
from latebloom.intervals import wilson

SLOWER = 5
"""A mutant whose tests take so many times the usual processor time is one that hangs."""
KINDS = (
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_FloorDiv_Mul",
    "ReplaceBinaryOperator_Mod_FloorDiv",
    "ReplaceBinaryOperator_Pow_Mul",
    "ReplaceBinaryOperator_BitAnd_BitOr",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "AddNot",
    "NumberReplacer",
    "ZeroIterationForLoop",
)
"""The mistakes. `|` is left out, since here it stands in annotations."""
NO_MISTAKE = re.compile(r"@dataclass\(|.*\bstrict=$|[A-Z_]+_AT_ONCE = ")
"""What stands from a line's begin to a place where a mistake means the same to every caller: what a
decorator forbids, a check that two lengths agree, how many rows go at once."""


@dataclass(frozen=True, slots=True)
class Room:
    """Files, relative to the checkout, and the tests that should see their mistakes."""

    files: tuple[str, ...]
    tests: str


ROOMS: Mapping[str, Room] = {
    "worlds": Room(
        tuple(
            f"latebloom/worlds/{name}.py"
            for name in ("chains/draw", "chains/keys", "chains/made", "pairs", "atomic")
        ),
        "tests/worlds/chains/test_composition.py tests/worlds/chains/test_keys.py"
        " tests/worlds/chains/test_chains.py tests/worlds/test_pairs.py"
        " tests/worlds/test_world.py tests/worlds/comparisons/test_comparison.py",
    ),
    "metrics": Room(
        tuple(
            f"latebloom/evaluation/{name}.py"
            for name in ("accuracy", "guessing", "ranking", "sentence_metrics", "signs")
        ),
        "tests/evaluation",
    ),
    "tracing": Room(
        tuple(
            f"latebloom/circuits/{name}.py"
            for name in ("tracing", "lens", "corruption", "donors", "states", "verdict")
        ),
        "tests/circuits",
    ),
    "trees": Room(
        tuple(
            f"latebloom/trees/{name}.py"
            for name in ("chart", "scores", "projection", "attention_entropy")
        ),
        "tests/trees",
    ),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake: the file, its line from 1, the kind, and which occurrence of it in the file."""

    file: str
    line: int
    kind: str
    occurrence: int

    def code(self) -> str:
        """The whole file with the mistake in it."""
        from cosmic_ray.mutating import mutate_code  # pyright: ignore[reportMissingImports]
        from cosmic_ray.plugins import get_operator  # pyright: ignore[reportMissingImports]

        source = (CODE / self.file).read_text()
        made = mutate_code(source, get_operator(f"core/{self.kind}")(), self.occurrence)
        assert made is not None
        return made


def places(file: str) -> dict[tuple[int, int], list[Mutant]]:
    """The mistakes that can be made in a file, by place."""
    from cosmic_ray.ast import ast_nodes, get_ast  # pyright: ignore[reportMissingImports]
    from cosmic_ray.plugins import get_operator  # pyright: ignore[reportMissingImports]

    found: dict[tuple[int, int], list[Mutant]] = {}
    source = (CODE / file).read_text()
    tree, lines = get_ast(source), source.splitlines()
    for kind in KINDS:
        occurrence = 0
        operator = get_operator(f"core/{kind}")()
        for node in ast_nodes(tree):
            for start, _ in operator.mutation_positions(node):
                if not NO_MISTAKE.match(lines[start[0] - 1][: start[1]].strip()):
                    found.setdefault(start, []).append(Mutant(file, start[0], kind, occurrence))
                occurrence += 1
    return found


def sample(room: Room, n: int, seed: int) -> list[Mutant]:
    """A mistake at each of `n` places of a room, in random order."""
    drawn = random.Random(seed)
    every = [some for file in room.files for some in places(file).values()]
    return [drawn.choice(some) for some in drawn.sample(every, min(n, len(every)))]


def tests_of(room: Room, file: str) -> list[str]:
    """The tests of a room, those of a file first."""
    own = [
        str(path.relative_to(CODE))
        for word in room.tests.split()
        for path in (CODE / word).glob(f"**/test_{Path(file).stem}.py")
    ]
    return [*own, *room.tests.split()]


def tried(copy: Path, tests: Sequence[str], most: float) -> tuple[bool, float]:
    """Whether all tests pass in a copy of the checkout, and the processor seconds they took.

    most: processor seconds after which they are stopped, and count as failed; 0: no limit.
    """
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    limit = f"ulimit -t {int(most) + 1}; " if most else ""
    chosen = " ".join(dict.fromkeys(tests))
    command = f"{limit}exec {sys.executable} -m pytest -x -n 0 -m 'not slow' {chosen}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode not in (0, 1, 2, -signal.SIGXCPU, -signal.SIGKILL):
        raise LatebloomError(f"the tests could not be run: exit code {done.returncode}")
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    return done.returncode == 0, taken


def try_mutant(copy: Path, mutant: Mutant, tests: Sequence[str], most: float) -> dict[str, Any]:
    """What becomes of a mutant."""
    place, as_it_is = copy / mutant.file, (CODE / mutant.file).read_text()
    made = mutant.code()
    line = next(
        (
            new
            for old, new in zip(as_it_is.splitlines(), made.splitlines(), strict=False)
            if old != new
        ),
        "",
    )
    place.write_text(made)
    try:
        passed, seconds = tried(copy, tests, most)
    finally:
        place.write_text(as_it_is)
    return {
        "file": mutant.file,
        "line": mutant.line,
        "kind": mutant.kind,
        "occurrence": mutant.occurrence,
        "becomes": line.strip(),
        "killed": not passed,
        "seconds": round(seconds, 1),
    }


def run_room(name: str, n: int, seed: int, record: dict[str, Any], path: Path) -> None:
    """Tries the mutants of a room that the record lacks; writes it after each."""
    room = ROOMS[name]
    commit = commit_of_code()
    if record.get(name, {}).get("commit") != commit:
        record[name] = {**provenance(), "seed": seed, "seconds": None, "mutants": []}
    done = {(one["file"], one["kind"], one["occurrence"]) for one in record[name]["mutants"]}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for part in ("latebloom", "tests", "benchmarks", "docs", "examples"):
            shutil.copytree(CODE / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("pyproject.toml", "README.md", "ARCHITECTURE.md"):
            shutil.copy(CODE / file, copy / file)
        if record[name]["seconds"] is None:
            passed, seconds = tried(copy, room.tests.split(), 0)
            if not passed:
                raise LatebloomError(f"the tests of {name} fail without any mistake")
            record[name]["seconds"] = round(seconds, 1)
        for mutant in sample(room, n, seed):
            if (mutant.file, mutant.kind, mutant.occurrence) in done:
                continue
            most = SLOWER * record[name]["seconds"]
            found = try_mutant(copy, mutant, tests_of(room, mutant.file), most)
            record[name]["mutants"].append(found)
            write_json(path, record)
            word = "killed" if found["killed"] else "SURVIVED"
            print(f"{name}: {mutant.file}:{mutant.line} {mutant.kind}: {word}", flush=True)


def page(record: Mapping[str, Any]) -> str:
    """The page, in Markdown."""
    lines = [
        "# Mutation testing",
        "",
        "Made by `python -m benchmarks.mutants`; its docstring says what a mutant is. In brackets",
        "Wilson's 95 % interval for the share of all mutants of the room that are killed.",
        "",
        "| room | mutants tried | killed | share | made |",
        "|---|---|---|---|---|",
    ]
    for name, room in record.items():
        n, killed = len(room["mutants"]), sum(one["killed"] for one in room["mutants"])
        if n:
            low, high = wilson(killed, n)
            share = f"{killed / n:.0%} ({low:.0%} to {high:.0%})"
            lines.append(f"| {name} | {n} | {killed} | {share} | {in_words(room)} |")
    lines += ["", "## Survivors", ""]
    for room in record.values():
        lines += [
            f"- `{one['file']}:{one['line']}` {one['kind']}: `{one['becomes']}`"
            for one in room["mutants"]
            if not one["killed"]
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rooms", nargs="*", help=", ".join(ROOMS))
    parser.add_argument("--each", type=int, default=40, help="mutants of each room")
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    unknown = set(told.rooms) - set(ROOMS)
    if unknown:
        parser.error(f"no room {', '.join(sorted(unknown))}; there are {', '.join(ROOMS)}")
    path = RESULTS / "mutants.json"
    record = read_json(path, LatebloomError) if path.exists() else {}
    for name in told.rooms or ROOMS:
        run_room(name, told.each, told.seed, record, path)
        write_text(RESULTS / "mutants.md", page(record))


if __name__ == "__main__":
    main()
