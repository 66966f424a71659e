"""Corruptions of a world small enough to check by eye."""

import numpy as np
import pytest

from latebloom.circuits.corruption import Corruption, corrupt
from latebloom.circuits.probe import make_probe
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.chain import ChainTask, follow

CHAINS = ChainTask()


@pytest.fixture
def facts() -> Facts:
    """0 -4-> 1, 0 -5-> 2, 1 -4-> 3, 2 -4-> 3, 2 -5-> 0, 3 -4-> 1: entities 0-3, relations 4-5."""
    table = np.array([[0, 4, 1], [0, 5, 2], [1, 4, 3], [2, 4, 3], [2, 5, 0], [3, 4, 1]])
    return Facts(
        subject=table[:, 0],
        relation=table[:, 1],
        object=table[:, 2],
        ood=np.zeros(len(table), dtype=bool),
    )


def corrupt_chains(facts: Facts, questions: np.ndarray) -> list[Corruption]:
    """The questions corrupted at each of their places in turn."""
    rng = np.random.default_rng(0)
    n_tokens = questions.shape[1]
    places = zip(CHAINS.places(n_tokens), CHAINS.candidates(facts, n_tokens), strict=True)

    def end(rows: np.ndarray) -> np.ndarray:
        return CHAINS.solve(facts, rows)

    return [
        corrupt(place, questions, i, tokens, end, rng) for i, (place, tokens) in enumerate(places)
    ]


def test_chains_are_followed(facts: Facts) -> None:
    questions = np.array([[0, 4, 4], [0, 5, 5], [1, 5, 4], [3, 5, 5]])
    assert follow(facts, questions)[1].tolist() == [[1, 3], [2, 0], [-1, -1], [-1, -1]]


def test_corruptions_by_hand(facts: Facts) -> None:
    # (0, 4, 4) ends at 3. Subject: only 1 gives another end, (1, 4, 4) -> 1; (3, 4, 4) -> 3 does
    # not, and (2, 4, 4) -> 1 does. Relation 1: 5 leads to 2, and (2, 4) -> 3, the same end.
    # Relation 2: (1, 5) is no fact.
    found = corrupt_chains(facts, np.array([[0, 4, 4]]))
    assert [c.name for c in found] == ["subject", "relation 1", "relation 2"]
    assert [c.n_unchangeable for c in found] == [0, 1, 1]
    assert found[0].questions[0, 0] in (1, 2)
    assert found[0].questions[0, 1:].tolist() == [4, 4]
    assert found[0].answers.tolist() == [1]
    assert len(found[1].rows) == len(found[2].rows) == 0


def test_every_replacement_that_changes_the_answer_is_drawn(facts: Facts) -> None:
    questions = np.tile([[0, 4, 4]], (200, 1))
    found = corrupt_chains(facts, questions)[0]
    tokens, count = np.unique(found.questions[:, 0], return_counts=True)
    assert tokens.tolist() == [1, 2]
    assert count.min() > 70


def test_no_candidates_is_counted(facts: Facts) -> None:
    questions = np.array([[0, 4, 4]])

    def end(rows: np.ndarray) -> np.ndarray:
        return CHAINS.solve(facts, rows)

    rng = np.random.default_rng(0)
    found = corrupt("subject", questions, 0, np.array([], dtype=int), end, rng)
    assert (len(found.rows), found.n_unchangeable) == (0, 1)


def test_corruptions_in_a_made_world_change_the_answer() -> None:
    world = make_composition(CompositionConfig(entities=40, relations=8, out_degree=4, phi=1), 0)
    probe = make_probe(world, Split.TRAIN_INFERRED, n=100)
    assert len(probe.corruptions) == 3
    for corruption in probe.corruptions:
        ends = CHAINS.solve(world.facts, corruption.questions)
        assert (ends == corruption.answers).all()
        assert (ends != probe.answers[corruption.rows]).all()
        same = corruption.questions == probe.questions[corruption.rows]
        assert (same.sum(1) == 2).all()
        assert not same[:, corruption.position].any()
        assert len(corruption.rows) + corruption.n_unchangeable == 100


def test_comparisons_are_corrupted_place_by_place() -> None:
    world = make_comparison(ComparisonConfig(entities=20, attributes=3, values=5, phi=2), 0)
    probe = make_probe(world, Split.TRAIN_INFERRED, n=60)
    assert [c.name for c in probe.corruptions] == ["attribute", "first entity", "second entity"]
    assert not probe.chained
    value = {
        (s, r): o
        for s, r, o in zip(
            world.facts.subject.tolist(),
            world.facts.relation.tolist(),
            world.facts.object.tolist(),
            strict=True,
        )
    }
    assert probe.named["first value"].tolist() == [value[e, a] for a, e, _ in probe.questions]
    first_label = len(world.vocabulary) - 3
    for corruption in probe.corruptions:
        for (a, e, f), label in zip(corruption.questions, corruption.answers, strict=True):
            assert label == first_label + 1 + np.sign(value[e, a] - value[f, a])
        assert (corruption.answers != probe.answers[corruption.rows]).all()
