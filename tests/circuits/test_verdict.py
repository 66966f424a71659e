"""Models whose circuit is known get the verdict that they deserve."""

import re
from collections.abc import Mapping

import numpy as np
import pytest
import torch

from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.lens import Lens
from latebloom.circuits.probe import Probe
from latebloom.circuits.record import ExaminationConfig
from latebloom.circuits.tracing import Effect
from latebloom.circuits.verdict import MUTE, RIGHT, THERE, USED, Place, Verdict, find_step, judge
from latebloom.evaluation.accuracy import correct_rows
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.comparison import ComparisonTask
from latebloom.worlds.tasks.task import Task
from latebloom.worlds.world import World

CHAINS = ChainTask()


def test_hand_set_models_answer(
    chain_world: World, bridge_model: Transformer, memoriser: Transformer
) -> None:
    rows = chain_world.examples(Split.TRAIN_INFERRED)
    assert correct_rows(bridge_model, rows, 1).all()
    assert correct_rows(memoriser, rows, 1).all()


def test_bridge_in_layer_1_is_found_and_serial(
    chain_world: World, bridge_model: Transformer
) -> None:
    config = ExaminationConfig(noise=True)
    record = CircuitInstrument.of_world(chain_world, config).examine(bridge_model)
    verdict = record.verdict
    (bridge,) = verdict.steps
    assert verdict.kind == verdict.form == "serial"
    assert verdict.accuracy == verdict.held_out == 1.0
    assert bridge.witness == "cross-query"
    assert bridge.place == bridge.used_at == Place(0, 1, 1)
    assert bridge.strength == 1.0
    assert bridge.moved == 1.0
    # Another bridge brings back exactly those answers that are the same by chance.
    assert bridge.other_moved == record.coincide["bridge 1"] < 0.5
    assert verdict.answer == Place(0, 2, 2)
    assert verdict.subject_free == Place(0, 1, 0)
    # The subject acts through its embedding, then through the bridge, then through the answer.
    assert record.trace["subject"].strength.tolist() == [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    ]
    assert record.inputs["relation 2"]["bridge 1"] == 0.0
    assert record.inputs["relation 1"]["bridge 1"] > 0.5


def test_a_memoriser_set_by_hand_knows_its_questions_by_heart(
    chain_world: World, memoriser: Transformer
) -> None:
    record = CircuitInstrument.of_world(chain_world, ExaminationConfig()).examine(memoriser)
    verdict = record.verdict
    assert record.held_out is not None
    assert (record.held_out.split, record.held_out.score.n) == (Split.TEST_ID, 6)
    assert verdict.accuracy == 1.0
    assert verdict.held_out == record.held_out.score.accuracy < 0.5
    assert (verdict.kind, verdict.form) == ("memorised", "none")
    assert not verdict.fake_grok
    assert verdict.words().startswith("knows its training questions by heart: 100% of them, ")
    assert re.search(r"bridge 1 \(restores 0\.\d\d, strength .*\) is not used$", verdict.words())


def test_a_trained_memoriser_is_seen_through(by_heart: tuple[World, Transformer]) -> None:
    """Its bridge can be read, since it knows the atomic facts; the answers do not go through it."""
    world, model = by_heart
    record = CircuitInstrument.of_world(world, ExaminationConfig()).examine(model)
    (bridge,) = record.verdict.steps
    assert record.accuracy > 0.98
    assert record.verdict.held_out < 0.2
    assert record.verdict.kind == "memorised"
    assert bridge.place is not None
    assert bridge.reciprocal_rank > 0.5
    assert not bridge.used
    # Of what is restored much is restored by any bridge.
    assert bridge.moved - bridge.other_moved < 0.2


def test_a_model_that_knows_nothing_has_not_learned(chain_world: World) -> None:
    model = Transformer(ModelConfig(d_model=16), len(chain_world.vocabulary))
    verdict = CircuitInstrument.of_world(chain_world, ExaminationConfig()).examine(model).verdict
    assert (verdict.kind, verdict.form) == ("not learned", "none")


# --- The thresholds, on measurements written by hand ------------------------------------------

N_LOOPS, N_BOUNDARIES = 2, 3


def grid(n_positions: int, marked: Mapping[Place, float], other: float) -> np.ndarray:
    """One number at every state but the marked ones."""
    values = np.full((N_LOOPS, N_BOUNDARIES, n_positions), other)
    for place, value in marked.items():
        values[place] = value
    return values


def effect(values: np.ndarray, n: int = 100) -> Effect:
    return Effect("", n, 0, *[values] * 4)


def lens(n_positions: int, ranks: Mapping[str, Mapping[Place, float]]) -> Lens:
    """The lens on one question: ranks at some states, and 9 at all others."""
    tables = {
        name: torch.from_numpy(grid(n_positions, marked, 9.0)).long()[..., None]
        for name, marked in ranks.items()
    }
    return Lens(tables, {name: table.float() for name, table in tables.items()})


def probe_of(task: Task, n_tokens: int) -> Probe:
    nothing = np.empty(0, np.int64)
    return Probe(
        split="",
        questions=np.empty((0, n_tokens), np.int64),
        answers=nothing,
        places=task.places(n_tokens),
        named={},
        steps=task.steps(n_tokens),
        hops=n_tokens - 1,
        chained=task.chained,
        corruptions=(),
    )


def judged(
    ranks: Mapping[str, Mapping[Place, float]],
    *,
    strength: Mapping[Place, float] | float = 1.0,
    moved: Mapping[str, Mapping[Place, float]] | None = None,
    task: Task = CHAINS,
    n_tokens: int = 3,
    accuracy: float = 1.0,
    held_out: float = 1.0,
) -> Verdict:
    """A verdict on ranks, strengths and restored shares at some states."""
    probe = probe_of(task, n_tokens)
    marked, other = (strength, 0.0) if isinstance(strength, Mapping) else ({}, strength)
    strengths = effect(grid(n_tokens, marked, other))
    crossed = {
        step.name: effect(
            grid(n_tokens, (moved or {}).get(step.name, {}), 0.0)[..., step.position : -1]
        )
        for step in probe.steps
        if moved is not None
    }
    effects = {step.corruption: strengths for step in probe.steps}
    return judge(probe, lens(n_tokens, ranks), effects, crossed, {}, accuracy, held_out)


EARLY, LATE, END = Place(0, 1, 1), Place(1, 0, 1), Place(1, 1, 2)


@pytest.mark.parametrize(("share", "used"), [(USED, True), (USED - 0.01, False)])
def test_a_bridge_is_used_where_half_of_the_answers_are_restored(share: float, used: bool) -> None:
    """However strong it is."""
    ranks = {"bridge 1": {EARLY: 0}, "answer": {END: 0}}
    verdict = judged(ranks, moved={"bridge 1": {EARLY: share}})
    (bridge,) = verdict.steps
    assert (bridge.witness, bridge.moved, bridge.strength) == ("cross-query", share, 1.0)
    assert bridge.used == used
    assert verdict.form == ("serial" if used else "none")


@pytest.mark.parametrize(("share", "used"), [(USED, True), (USED - 0.01, False)])
@pytest.mark.parametrize("n", [None, 0])
def test_without_donors_strength_decides(share: float, used: bool, n: int | None) -> None:
    step, at = CHAINS.steps(3)[0], {EARLY: share}
    nobody = None if n is None else effect(grid(1, {}, np.nan), n)
    found = find_step(
        step,
        lens(3, {step.name: {EARLY: 0}}),
        effect(grid(3, at, 0.0)),
        nobody,
        None,
        since=step.position,
    )
    assert (found.witness, found.used, found.used_at) == ("strength", used, EARLY)
    assert np.isnan(found.moved)
    assert found.as_dict()["witness"] == "strength"


@pytest.mark.parametrize(("rank", "place"), [(1, EARLY), (2, None)])
def test_a_token_is_there_from_the_second_rank_on(rank: int, place: Place | None) -> None:
    ranks = {"bridge 1": {EARLY: rank}, "answer": {END: 0}}
    (bridge,) = judged(ranks, moved={"bridge 1": {EARLY: 1.0}}).steps
    assert THERE == 1 / 2
    assert (bridge.place, bridge.used_at, bridge.used) == (place, place, place is not None)
    # What was measured is told all the same.
    assert bridge.moved == 1.0
    assert bridge.reciprocal_rank == pytest.approx(1 / (1 + rank))


def test_the_state_that_restores_most_of_those_that_hold_the_bridge_counts() -> None:
    """Here the loop hands it on; that a state without the bridge restores more says nothing."""
    ranks = {"bridge 1": {EARLY: 0, LATE: 0}, "answer": {END: 0}}
    at = {"bridge 1": {EARLY: 0.1, LATE: 0.8, Place(0, 2, 1): 0.9}}
    (bridge,) = judged(ranks, moved=at).steps
    assert (bridge.place, bridge.used_at, bridge.moved) == (EARLY, LATE, 0.8)
    # Of equal ones the earliest.
    (bridge,) = judged(ranks, moved={"bridge 1": {EARLY: 0.8, LATE: 0.8}}).steps
    assert bridge.used_at == EARLY


def test_a_bridge_may_be_handed_to_another_position_but_not_to_the_last() -> None:
    later, last = Place(0, 1, 2), Place(0, 1, 3)
    ranks = {
        "bridge 1": {later: 0, last: 0},
        "bridge 2": {Place(1, 0, 2): 0},
        "answer": {Place(1, 1, 3): 0},
    }
    moved = {"bridge 1": {later: 0.9}, "bridge 2": {Place(1, 0, 2): 0.9}}
    verdict = judged(ranks, moved=moved, n_tokens=4)
    assert verdict.steps[0].used_at == later
    assert verdict.form == "serial"
    ranks["bridge 1"] = {last: 0}
    verdict = judged(ranks, moved=moved, n_tokens=4)
    assert verdict.steps[0].place is None
    assert verdict.form == "none"


@pytest.mark.parametrize(
    ("first", "second", "answer", "form"),
    [
        ((0, 1), (1, 0), (1, 1), "serial"),
        ((0, 1), (0, 1), (1, 1), "serial"),  # a tie: neither comes too late
        ((1, 0), (0, 1), (1, 1), "none"),  # out of order
        ((0, 1), (1, 1), (1, 1), "none"),  # no time is left for the last hop
        ((0, 1), (1, 0), (0, 2), "none"),  # the answer came without it
        ((0, 1), (1, 0), None, "none"),
    ],
)
def test_the_steps_of_a_chain_come_in_order_and_before_the_answer(
    first: tuple[int, int], second: tuple[int, int], answer: tuple[int, int] | None, form: str
) -> None:
    one, two = Place(*first, 1), Place(*second, 2)
    end = {} if answer is None else {Place(*answer, 3): 0}
    ranks = {"bridge 1": {one: 0}, "bridge 2": {two: 0}, "answer": end}
    moved = {"bridge 1": {one: 1.0}, "bridge 2": {two: 1.0}}
    verdict = judged(ranks, moved=moved, n_tokens=4)
    assert verdict.form == form
    if form == "none" and answer is not None:
        assert verdict.fake_grok
        assert verdict.words().endswith("but the steps come too late")


@pytest.mark.parametrize(
    ("first", "second", "form"),
    [
        ((0, 1), (0, 2), "parallel"),
        ((0, 2), (0, 1), "parallel"),  # whichever comes first
        ((0, 1), (1, 1), "parallel"),  # as deep as the answer
        ((0, 1), (1, 2), "none"),  # after it
    ],
)
def test_operands_stand_side_by_side_and_none_comes_after_the_answer(
    first: tuple[int, int], second: tuple[int, int], form: str
) -> None:
    ranks = {
        "first value": {Place(*first, 1): 0},
        "second value": {Place(*second, 2): 0},
        "answer": {END: 0},
    }
    task = ComparisonTask(first_label=20)
    verdict = judged(ranks, task=task)
    assert verdict.form == form
    assert {step.witness for step in verdict.steps} == {"strength"}
    assert np.isnan(verdict.restored)
    assert judged(ranks, task=task, strength=USED - 0.01).form == "none"


@pytest.mark.parametrize(
    ("accuracy", "held_out", "kind", "words"),
    [
        (1.0, 0.04, "memorised", "knows its training questions by heart: 100% of them, 4% of held"),
        (RIGHT, RIGHT - 0.01, "memorised", "bridge 1 (restores 0.20, strength 1.00) is not used"),
        (1.0, RIGHT, "no circuit found", "right on held-out questions, 90% of them, but bridge 1"),
        (RIGHT - 0.01, 0.0, "not learned", "not learned: 89% right, 0% of held-out ones"),
        (0.2, np.nan, "not learned", "not learned: 20% right"),
        (1.0, np.nan, "nothing held out", "nothing is held out"),
    ],
)
def test_what_a_model_without_a_circuit_does(
    accuracy: float, held_out: float, kind: str, words: str
) -> None:
    ranks = {"bridge 1": {EARLY: 0}, "answer": {END: 0}}
    moved = {"bridge 1": {EARLY: 0.2}}
    verdict = judged(ranks, moved=moved, accuracy=accuracy, held_out=held_out)
    assert verdict.kind == kind
    assert words in verdict.words()
    assert verdict.fake_grok == (kind == "no circuit found")
    # A circuit is told of whatever the accuracies are.
    moved = {"bridge 1": {EARLY: 0.8}}
    assert judged(ranks, moved=moved, accuracy=accuracy, held_out=held_out).kind == "serial"


@pytest.mark.parametrize(("loud", "free"), [(MUTE, Place(1, 0, 0)), (MUTE - 0.01, Place(0, 0, 0))])
def test_the_subject_no_longer_matters_after_its_last_state_of_some_strength(
    loud: float, free: Place
) -> None:
    ranks = {"bridge 1": {}, "answer": {}}
    assert judged(ranks, strength={Place(0, 2, 0): loud}).subject_free == free
    assert judged(ranks, strength={Place(1, 2, 0): MUTE}).subject_free is None


def test_the_weakest_bridge_is_what_a_chain_restores() -> None:
    one, two = Place(0, 1, 1), Place(1, 0, 2)
    ranks = {"bridge 1": {one: 0}, "bridge 2": {two: 0}, "answer": {Place(1, 1, 3): 0}}
    verdict = judged(ranks, moved={"bridge 1": {one: 0.9}, "bridge 2": {two: 0.3}}, n_tokens=4)
    assert verdict.restored == 0.3
    assert verdict.words().endswith("but bridge 2 (restores 0.30, strength 1.00) is not used")
