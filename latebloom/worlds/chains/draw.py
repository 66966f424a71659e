"""Chains of facts: every two-hop question that a set of facts allows, and its splits.

Enters: `Facts` with their OOD mark. Leaves: integer matrices `subject r_1 ... r_k answer`.
Used for made worlds and for one's own facts alike. All of it is array arithmetic; two-hop chains
are enumerated, longer ones drawn by random walks.

What is held out is nowhere in training: no trained chain contains, anywhere along it, a shorter
chain that an ID test asks. A test chain of three hops or more is itself no trained chain, nor a
part of one; but it shares parts with them: its pairs of facts may be trained questions, and most
are. So it asks for a composition never seen, of facts that were composed otherwise; facts that were
never composed at all are those of the OOD tests.

Source: arXiv:2405.15071, section 3.1 (splits); arXiv:2505.23653 (four-way test).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.keys import are_among, row_keys
from latebloom.worlds.config import WorldSettings
from latebloom.worlds.scattered import scattered
from latebloom.worlds.splits import Split, hops_split
from latebloom.worlds.tasks.layout import Order

MAX_PAIRS = 50_000_000
"""Two-hop chains that are enumerated at most; they take about 60 bytes each on the way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainConfig(WorldSettings):
    """Which chains are trained on and which are held out."""

    asks: ClassVar[str] = "chains"
    """What kind of question it asks: chains, comparisons or sentences."""
    phi: float = 9.0
    """Inferred training facts for each ID atomic fact, for every trained number of hops; inf: all
    that the facts hold, less what is held out (for longer chains at most as many as two-hop ones).
    """
    ood_frac: float = 0.1
    """Fraction of the atomic facts that is never composed in training; the paper has .05."""
    test_id_frac: float = 0.05
    """Fraction of the ID two-hop chains held out as `test_id`."""
    max_test: int = 3000
    """Examples in a test split at most, with those that are set aside for validation."""
    hops: int = 2
    """Longest chain trained on."""
    test_hops: tuple[int, ...] = ()
    """Lengths of further test chains, each with ID facts and with OOD facts only."""
    augment: Literal["none", "first", "second", "both"] = "none"
    """Adds training chains with exactly one OOD hop, at this position (arXiv:2601.09049)."""
    augment_frac: float = 0.5
    """Fraction of those chains that is added; the rest stays a test."""
    identity_bridge: bool = False
    """Adds zero-hop rows b -> b for every bridge (arXiv:2509.24653)."""
    folds: int = 0
    """Where it is 2 or more: divide the questions into so many parts, and hold out one of them
    instead of `test_id_frac`. Runs on all the parts together test every question once."""
    fold: int = 0
    """Which of the parts is held out, from 0."""
    order: Order = "subject-first"
    """How the names of a question stand: `h r1 r2`, or `r2 r1 h` (relation-first), or mixed: atomic
    facts in both orders, of the longer questions half in one and half in the other."""
    fillers: bool = False
    """Puts `of` between the names and `?` at the end: `h of r1 of r2 ?`, `r2 of r1 of h ?`."""
    distractors: int = 0
    """True facts that stand before each question and have nothing to do with it, drawn for each
    question anew: `e5 r2 e9 . h r1 r2`."""

    def __post_init__(self) -> None:
        WorldSettings.__post_init__(self)
        if not self.phi >= 0:
            raise WorldError(f"world.phi is {self.phi}; it must be 0 or more")
        if not 0 <= self.ood_frac < 1:
            raise WorldError(f"world.ood_frac is {self.ood_frac}; it must lie in [0, 1)")
        for name in ("test_id_frac", "augment_frac"):
            if not 0 <= getattr(self, name) <= 1:
                raise WorldError(f"world.{name} is {getattr(self, name)}; it must lie in [0, 1]")
        if self.hops < 2:
            raise WorldError(f"world.hops is {self.hops}; it must be at least 2")
        if self.max_test < 1:
            raise WorldError(f"world.max_test is {self.max_test}; it must be at least 1")
        if self.folds < 0 or self.folds == 1 or not 0 <= self.fold < max(1, self.folds):
            raise WorldError(
                f"world.folds is {self.folds} and world.fold {self.fold}; folds must be 2 or more"
                " (or 0), and fold below it"
            )
        if self.distractors < 0:
            raise WorldError(f"world.distractors is {self.distractors}; it must be 0 or more")
        if any(k < 3 for k in self.test_hops):
            raise WorldError(f"world.test_hops is {self.test_hops}; each must be at least 3")


def refuse_distractors(config: ChainConfig, asks: str) -> None:
    """Raises: WorldError if facts are to stand before questions that know none.

    asks: what kind of questions they are.
    """
    if config.distractors:
        raise WorldError(
            f"world.distractors is {config.distractors}; no facts stand before {asks}: leave it out"
        )


def mark_ood(n_facts: int, ood_frac: float, rng: np.random.Generator) -> Bool[ndarray, " fact"]:
    """A random mask over the facts, `round(ood_frac * n_facts)` of them true.

    Raises: WorldError if that leaves no OOD or no ID fact although OOD facts were asked for.
    """
    n_ood = round(ood_frac * n_facts)
    if ood_frac > 0 and not 0 < n_ood < n_facts:
        raise WorldError(
            f"world.ood_frac {ood_frac} of {n_facts} facts makes {n_ood} OOD facts;"
            " give more facts or another fraction"
        )
    mask = np.zeros(n_facts, dtype=bool)
    mask[rng.permutation(n_facts)[:n_ood]] = True
    return mask


def held_out(questions: Int[ndarray, "_ _"], config: ChainConfig) -> Bool[ndarray, "_"]:
    """Which questions, in random order, are held out as `test_id`: the first, or those of a fold.

    To which fold a question belongs depends on its tokens alone: the folds of runs that know other
    facts fit together.
    """
    n = len(questions)
    if config.folds:
        return fold_of(questions, config.folds) == config.fold
    return np.arange(n) < min(round(config.test_id_frac * n), config.max_test)


def fold_of(questions: Int[ndarray, "_ _"], folds: int) -> Int[ndarray, "_"]:
    """The fold of each question, as if drawn at random."""
    return (scattered(questions) % np.uint64(folds)).astype(np.int64)


HeldOut = Sequence[Int[ndarray, "_ _"]]
"""Chains of fact indices that are held out, an array for each length."""


class FactGraph:
    """Facts in the order of their subject, so that the facts that follow a fact are one slice."""

    def __init__(self, facts: Facts, keep: Bool[ndarray, " fact"] | None = None) -> None:
        rows = np.arange(len(facts)) if keep is None else np.flatnonzero(keep)
        self.rows = rows[np.argsort(facts.subject[rows], kind="stable")]
        subject = facts.subject[self.rows]
        self.first = np.searchsorted(subject, facts.object, side="left")
        self.count = np.searchsorted(subject, facts.object, side="right") - self.first

    def pairs(self) -> tuple[Int[ndarray, " pair"], Int[ndarray, " pair"]]:
        """Every two-hop chain, as (index of the first fact, index of the second fact)."""
        n = self.count
        first = np.repeat(np.arange(len(n), dtype=np.int32), n)
        offset = np.arange(len(first)) - np.repeat(np.cumsum(n) - n, n)
        second = self.rows[self.first[first] + offset].astype(np.int32)
        return first, second

    def walks(
        self, hops: int, n: int, rng: np.random.Generator, held_out: HeldOut = ()
    ) -> Int[ndarray, "walk hop"]:
        """Distinct chains of `hops` facts of this graph, drawn by random walks, until at most `n`
        of them contain no chain that is held out.

        A walk starts at a random fact and follows a random fact of the object; walks that run
        into an object without facts are dropped.
        """
        if not len(self.rows):
            return np.empty((0, hops), np.int32)
        found = np.empty((0, hops), np.int32)
        for _ in range(8):  # each round doubles the draw; small graphs hold fewer than n walks
            steps = [self.rows[rng.integers(0, len(self.rows), 2 * n)]]
            for _ in range(hops - 1):
                here = steps[-1]
                alive = self.count[here] > 0
                steps = [step[alive] for step in steps]
                here = here[alive]
                turn = rng.integers(0, self.count[here]) if len(here) else here
                steps.append(self.rows[self.first[here] + turn])
            walks = np.stack(steps, axis=1).astype(np.int32)
            found = np.concatenate((found, walks))
            _, keep = np.unique(row_keys(found), return_index=True)
            found = found[np.sort(keep)]
            clean = np.cumsum(~contains(found, held_out))
            if len(clean) and clean[-1] >= n:
                return found[: np.searchsorted(clean, n) + 1]
        return found


def contains(chains: Int[ndarray, "row hop"], held_out: HeldOut) -> Bool[ndarray, " row"]:
    """Which chains have one of the held-out chains somewhere along them."""
    found = np.zeros(len(chains), bool)
    for some in held_out:
        width = some.shape[1]
        parts = np.lib.stride_tricks.sliding_window_view(chains, width, axis=1)
        keys = row_keys(np.concatenate((some, parts.reshape(-1, width))))
        inside = are_among(keys[len(some) :], keys[: len(some)])
        found |= inside.reshape(parts.shape[:2]).any(axis=1)
    return found


def questions(facts: Facts, chain: Int[ndarray, "row hop"]) -> Int[ndarray, "row token"]:
    """Chains of fact indices as rows `subject r_1 ... r_k answer` of token ids."""
    relations = facts.relation[chain]
    head, tail = facts.subject[chain[:, :1]], facts.object[chain[:, -1:]]
    return np.concatenate((head, relations, tail), axis=1).astype(np.int32, copy=False)


def make_splits(
    facts: Facts, config: ChainConfig, rng: np.random.Generator
) -> tuple[dict[str, Int[ndarray, "_ _"]], tuple[str, ...]]:
    """All splits of the chains over `facts`, and the names of those that are trained on.

    Raises: WorldError if no two-hop chain exists, there are more than `MAX_PAIRS` of them, or phi
    is beyond what the facts hold.
    """
    graph = FactGraph(facts)
    n_pairs = int(graph.count.sum())
    if not n_pairs:
        raise WorldError(
            "no object of a fact is the subject of another: there is no two-hop question to ask"
        )
    if n_pairs > MAX_PAIRS:
        raise WorldError(
            f"these facts make {n_pairs:,} two-hop questions, and {MAX_PAIRS:,} are the limit;"
            " give fewer facts"
        )
    first, second = graph.pairs()
    trained, tested = two_hop_chains(facts, first, second, config, rng)
    everything = np.arange(len(facts), dtype=np.int32)[:, None]
    splits: dict[str, Int[ndarray, "_ _"]] = {
        Split.ATOMIC_ID: questions(facts, everything[~facts.ood]),
        Split.ATOMIC_OOD: questions(facts, everything[facts.ood]),
    }
    splits |= {name: questions(facts, chains) for name, chains in trained.items()}
    if config.identity_bridge:
        bridges = np.unique(facts.object[first])
        splits[Split.IDENTITY] = np.stack((bridges, bridges), axis=1).astype(np.int32)

    n_train = len(trained[Split.TRAIN_INFERRED])
    held_out = [tested[Split.TEST_ID]]
    for hops in sorted({*range(3, config.hops + 1), *config.test_hops}):
        wanted = n_train if hops <= config.hops else 0
        inside, longer, outside = longer_chains(facts, hops, wanted, held_out, config, rng)
        if len(inside):
            splits[hops_split(hops, train=True)] = questions(facts, inside)
        tested[hops_split(hops)], tested[hops_split(hops, ood=True)] = longer, outside
        held_out.append(longer)
    names = tuple(splits)
    splits |= {name: questions(facts, chains) for name, chains in tested.items() if len(chains)}
    return splits, names


def two_hop_chains(
    facts: Facts,
    first: Int[ndarray, " pair"],
    second: Int[ndarray, " pair"],
    config: ChainConfig,
    rng: np.random.Generator,
) -> tuple[dict[str, Int[ndarray, "_ 2"]], dict[str, Int[ndarray, "_ 2"]]]:
    """The two-hop chains that are trained on, and those that are held out, by split."""
    kind = facts.ood[first] * np.int8(2) + facts.ood[second]

    def draw(wanted: int) -> Int[ndarray, " _"]:
        rows = np.flatnonzero(kind == wanted).astype(np.int32)
        rng.shuffle(rows)
        return rows

    def chains_of(rows: Int[ndarray, " _"]) -> Int[ndarray, "_ 2"]:
        return np.stack((first[rows], second[rows]), axis=1)

    def names_of(rows: Int[ndarray, " _"]) -> Int[ndarray, "_ 3"]:
        one, other = first[rows], second[rows]
        names = facts.subject[one], facts.relation[one], facts.relation[other]
        return np.stack(names, axis=1)

    pool = draw(0)
    n_id = int((~facts.ood).sum())
    # Only folds ask what the questions are; in a large world they are tens of millions.
    out = held_out(names_of(pool) if config.folds else pool[:, None], config)
    pool = np.concatenate((pool[out], pool[~out]))
    n_test = int(out.sum())
    held = len(pool) - n_test
    n_train = held if math.isinf(config.phi) else round(config.phi * n_id)
    if n_train > held:
        raise WorldError(
            f"world.phi is {config.phi}, but these facts hold at most {held / n_id:.2f} inferred"
            " facts for each ID fact; ask for less, or for inf: all that there is"
        )
    trained: dict[str, Int[ndarray, "_ 2"]] = {
        Split.TRAIN_INFERRED: chains_of(pool[n_test : n_test + n_train])
    }
    tested: dict[str, Int[ndarray, "_ 2"]] = {Split.TEST_ID: chains_of(pool[:n_test])}
    extra = []
    for split, wanted, position in (
        (Split.TEST_OI, 2, "first"),
        (Split.TEST_IO, 1, "second"),
        (Split.TEST_OOD, 3, ""),
    ):
        rows = draw(wanted)
        if position and config.augment in ("both", position):
            n_extra = round(config.augment_frac * len(rows))
            extra.append(chains_of(rows[:n_extra]))
            rows = rows[n_extra:]
        tested[split] = chains_of(rows[: config.max_test])
    if extra:
        trained[Split.AUGMENTED] = np.concatenate(extra)
    return trained, tested


def longer_chains(
    facts: Facts,
    hops: int,
    n_train: int,
    held_out: HeldOut,
    config: ChainConfig,
    rng: np.random.Generator,
) -> tuple[Int[ndarray, "_ hop"], Int[ndarray, "_ hop"], Int[ndarray, "_ hop"]]:
    """Chains of 3 hops or more: to train on, to test on, and to test on with OOD facts only.

    In random order the first `n_train` that contain nothing held out are trained on, and those
    after them are tested, whatever they contain: so the test is no other than the graph's chains.

    n_train: how many are to be trained on; where phi is inf, how many at most.
    held_out: the shorter chains of the ID tests.
    """
    avoided = held_out if n_train else ()
    chains = FactGraph(facts, ~facts.ood).walks(hops, n_train + config.max_test, rng, avoided)
    chains = chains[rng.permutation(len(chains))]
    clean = np.flatnonzero(~contains(chains, avoided))
    if n_train and math.isinf(config.phi):
        n_test = min(round(config.test_id_frac * len(chains)), config.max_test)
        n_train = min(n_train, int((clean < len(chains) - n_test).sum()))
    elif n_train and len(clean) <= n_train:
        raise WorldError(
            f"world.phi is {config.phi}, but a draw found only {len(clean)} chains of {hops} hops"
            f" over ID facts that contain no held-out chain; {n_train} are to be trained on; ask"
            " for less, or for inf: all that there is"
        )
    outside = FactGraph(facts, facts.ood).walks(hops, config.max_test, rng)
    first_tested = clean[n_train - 1] + 1 if n_train else 0
    return chains[clean[:n_train]], chains[first_tested:][: config.max_test], outside
