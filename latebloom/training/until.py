"""The stop rule of a run: `valid_ood>=0.99`, or several of these joined by `and`.

Enters: the rule as text, and the accuracies of an evaluation. Leaves: whether it holds. A rule may
name any split that is measured; one that names a test is told that this test decides something.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.worlds.splits import HOPS, Split, as_test, as_valid, is_test, is_validation

IN_A_ROW = 3
"""Evaluations in a row for which a level must be held to count as sustained."""

_CLAUSE = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(>=|>)\s*((?:[0-9]+\.?[0-9]*|\.[0-9]+)%?)\s*")


def parse_until(text: str) -> list[tuple[str, float]]:
    """The rule as (split, least accuracy) pairs; empty text gives an empty list: never stop.

    Raises: LatebloomError if a clause cannot be read or a level lies outside [0, 1].
    """
    clauses = []
    for part in filter(None, re.split(r"\band\b|,", text.strip())):
        match = _CLAUSE.fullmatch(part)
        if not match:
            raise LatebloomError(f'--until {text!r}: write it like "valid_ood>=0.99"')
        level = float(match[3].rstrip("%")) / (100 if match[3].endswith("%") else 1)
        if not 0 <= level <= 1:
            raise LatebloomError(f"--until {text!r}: {match[3]} is no accuracy in [0, 1]")
        clauses.append((match[1], level))
    return clauses


def rule_for(text: str, splits: Iterable[str]) -> list[tuple[str, float]]:
    """The clauses of the rule that these splits can fulfil.

    A split with a name of latebloom's that this world does not hold out asks for nothing: the rule
    of a recipe names `valid_ood`, and with `--world.ood-frac 0` there is none. Where nothing at all
    was set aside for validation, a rule that reads only such splits is never fulfilled.
    Raises: LatebloomError for a name that no world has, or if no clause is left.
    """
    there, known = list(splits), {str(split) for split in Split}
    clauses = parse_until(text)
    for split, _ in clauses:
        test = as_test(split)
        if split not in there and test not in known and not HOPS.fullmatch(test):
            raise LatebloomError(
                f"--until {text!r}: there is no split {split!r}; this world has {', '.join(there)}"
            )
    left = [(split, level) for split, level in clauses if split in there]
    if clauses and not left and not all(is_validation(split) for split, _ in clauses):
        raise LatebloomError(
            f"--until {text!r}: this world has none of these splits; it has {', '.join(there)};"
            ' say --until "" to run all steps'
        )
    return left


def remarks(text: str, splits: Iterable[str]) -> list[str]:
    """What a person should know of the rule in this world, each as a line.

    That a split is not there, and that the rule reads tests: of a test that decided when to stop,
    what is reported is no longer held out.
    """
    there, named = set(splits), dict.fromkeys(split for split, _ in parse_until(text))
    missing = [split for split in named if split not in there]
    lines = [
        f"until: this world holds out no {split}, so the rule goes by the others"
        for split in missing
    ]
    if missing and len(missing) == len(named):
        lines = [f"until: this world holds out no {' and no '.join(missing)}, so all steps are run"]
    tests = [split for split in named if split in there and is_test(split)]
    if tests:
        instead = " and ".join(as_valid(split) for split in tests)
        lines.append(
            f"until reads {' and '.join(tests)}: a test that decides when to stop is no longer held"
            f" out; {instead} would leave it alone"
        )
    return lines


def holds(clauses: Sequence[tuple[str, float]], accuracy: Mapping[str, float]) -> bool:
    """Whether every clause holds in one evaluation."""
    return bool(clauses) and all(accuracy[split] >= level for split, level in clauses)


def goal_reached(records: Sequence[Mapping[str, Any]], until: Sequence[tuple[str, float]]) -> bool:
    """Whether a rule held at the last evaluations in a row."""
    last = records[-IN_A_ROW:]
    return len(last) == IN_A_ROW and all(holds(until, r["accuracy"]) for r in last)
