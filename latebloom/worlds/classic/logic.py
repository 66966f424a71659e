"""The logic world: random formulas, and whether they follow from their premises.

Enters: sizes and a seed. Leaves: a `World` with formulas of depth 1 to `depth` to train on
(`train_depth_1`, ..., the deepest as `train_inferred`), half of them with the answer yes, and held
out:

- `test_id`: other questions of the deepest trained depth (a formula may have been trained on with
  other premises);
- `test_ood`: formulas in which some gate stands right inside another as it never does in training,
  though both are trained in many other places;
- `test_depth_3`, ...: formulas deeper than any in training, of trained pairs alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.classic.table import rule_world
from latebloom.worlds.config import WorldSettings
from latebloom.worlds.splits import Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.logic import GATES, LogicTask, formula_roles, has_pair
from latebloom.worlds.world import World

ROUNDS = 60
"""How often more formulas are drawn before a split is left smaller than asked."""
DEEPEST = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class LogicConfig(WorldSettings):
    """Propositional formulas."""

    asks: ClassVar[str] = "questions"
    """What kind of question it asks."""
    kind: Literal["logic"] = "logic"
    """Which world this is."""
    question: Literal["value", "entailment"] = "value"
    """`value`: the premises say which variables are true, and the formula's value is asked;
    `entailment`: the premises are formulas of depth 1, and the question is what follows."""
    variables: int = 4
    """Variables: p, q, r, ...; at most 6."""
    gates: tuple[str, ...] = ("and", "or", "xor", "implies")
    """Gates, out of and, or, xor, implies, nand, nor, iff."""
    premises: int = 2
    """Premises of an entailment; without effect on values."""
    depth: int = 2
    """Depth of the deepest formulas in training."""
    test_depths: tuple[int, ...] = (3,)
    """Depths, beyond that, which are only tested."""
    held_out_pairs: int = 2
    """Pairs of gates, one right inside the other, that training never has; 0: no `test_ood`."""
    trained: int = 10_000
    """Questions of each depth that are trained on at most; there may be fewer of depth 1."""
    tested: int = 1000
    """Questions of each held-out split at most."""

    def __post_init__(self) -> None:
        WorldSettings.__post_init__(self)
        if not 1 <= self.variables <= 6:
            raise WorldError(f"world.variables is {self.variables}; it must lie in [1, 6]")
        for gate in self.gates:
            if gate not in GATES:
                raise WorldError(f"world.gates: there is no gate {gate!r}; use {', '.join(GATES)}")
        if not self.gates or len(set(self.gates)) < len(self.gates):
            raise WorldError("world.gates must name at least one gate, and none twice")
        for name in ("premises", "trained", "tested"):
            if getattr(self, name) < 1:
                raise WorldError(f"world.{name} is {getattr(self, name)}; it must be at least 1")
        if not 1 <= self.depth <= DEEPEST:
            raise WorldError(f"world.depth is {self.depth}; it must lie in [1, {DEEPEST}]")
        for depth in self.test_depths:
            if not self.depth < depth <= DEEPEST:
                raise WorldError(
                    f"world.test_depths has {depth}; each must lie above world.depth"
                    f" ({self.depth}) and be at most {DEEPEST}"
                )
        most = len(self.gates) - 1 if self.depth > 1 else 0
        if not 0 <= self.held_out_pairs <= most:
            raise WorldError(
                f"world.held_out_pairs is {self.held_out_pairs}; with {len(self.gates)} gates and"
                f" world.depth {self.depth} it must lie in [0, {most}], so that every gate still"
                " stands inside every place in training"
            )


def make_logic(config: LogicConfig, seed: int) -> World:
    """Draws the formulas; the same seed gives the same bytes.

    Raises: WorldError if a split stays empty.
    """
    rng = np.random.default_rng([seed, Draw.LOGIC])
    values = config.question == "value"
    task = LogicTask(
        variables=config.variables,
        gates=config.gates,
        premises=config.variables if values else config.premises,
        premise_depth=0 if values else 1,
    )
    pairs = draw_pairs(config, rng)
    splits: dict[str, Int[ndarray, "example token"]] = {}

    def draw(name: str, depth: int, most: int, *, new_pairs: bool = False) -> None:
        # A question that one split holds stands in no other of that depth.
        before = [rows for rows in splits.values() if task.depth(rows.shape[1] - 1) == depth]
        drawn = distinct(balanced(task, depth, values, pairs, new_pairs, rng), before, most)
        if not len(drawn):
            raise WorldError(
                f"no question was found for {name}; set world.tested smaller, or more"
                " world.variables"
            )
        splits[name] = drawn

    for depth in range(1, config.depth):
        draw(f"train_depth_{depth}", depth, config.trained)
    draw(Split.TEST_ID, config.depth, config.tested)
    if config.held_out_pairs:
        draw(Split.TEST_OOD, config.depth, config.tested, new_pairs=True)
    for depth in config.test_depths:
        draw(f"test_depth_{depth}", depth, config.tested)
    draw(Split.TRAIN_INFERRED, config.depth, config.trained)
    order = sorted(splits, key=lambda name: not name.startswith("train_"))
    return rule_world(task, {name: splits[name] for name in order})


def draw_pairs(config: LogicConfig, rng: np.random.Generator) -> Bool[ndarray, "gate gate"]:
    """Which gate never stands right inside which, `[outer, inner]`; no gate twice on a side."""
    n = len(config.gates)
    outer, inner = (rng.permutation(n)[: config.held_out_pairs] for _ in range(2))
    pairs = np.zeros((n, n), bool)
    pairs[outer, inner] = True
    return pairs


def balanced(
    task: LogicTask,
    depth: int,
    values: bool,
    pairs: Bool[ndarray, "gate gate"],
    new_pairs: bool,
    rng: np.random.Generator,
    count: int = 4000,
) -> Iterator[Int[ndarray, "example token"]]:
    """Rounds of questions with their answers, yes and no equally often.

    new_pairs: whether the formulas have a pair that is held out; else none of them does.
    """
    for _ in range(ROUNDS):
        premises = (
            2 * np.arange(task.variables) + rng.integers(0, 2, (count, task.variables))
            if values
            else np.concatenate(
                [draw_formulas(task, task.premise_depth, count, rng) for _ in range(task.premises)],
                axis=1,
            )
        )
        formula = draw_formulas(task, depth, count, rng)
        fits = has_pair(formula, pairs, task.literals) == new_pairs
        turnstile = np.full((count, 1), task.turnstile)
        questions = np.concatenate((premises, turnstile, formula), axis=1)[fits]
        answers = task.solve(Facts.none(), questions)
        yes, no = (np.flatnonzero(answers == label) for label in task.labels(0))
        each = min(len(yes), len(no))
        # Yes and no in turn, so that any even number from the front is balanced.
        some = np.stack((yes[:each], no[:each]), axis=1).ravel()
        yield np.column_stack((questions, answers))[some].astype(np.int32)


def draw_formulas(
    task: LogicTask, depth: int, count: int, rng: np.random.Generator
) -> Int[ndarray, "row word"]:
    """Random formulas of one depth, every gate and literal equally likely."""
    gate = np.array([role == "gate" for role in formula_roles(depth)])
    shape = (count, len(gate))
    gates = rng.integers(task.literals, task.turnstile, shape)
    return np.where(gate, gates, rng.integers(0, task.literals, shape))


def distinct(
    rounds: Iterator[Int[ndarray, "_ token"]],
    before: list[Int[ndarray, "_ token"]],
    most: int,
) -> Int[ndarray, "example token"]:
    """The first `most` distinct rows that are in none of the splits before."""
    found = np.concatenate(before) if before else next(rounds)[:0]
    taken = len(found)
    for rows in rounds:
        every = np.concatenate((found, rows))
        before_round = len(found)
        found = every[np.sort(np.unique(every, axis=0, return_index=True)[1])]
        if len(found) - taken >= most or len(found) == before_round:
            break  # a round without anything new: there is no more
    return found[taken : taken + most]
