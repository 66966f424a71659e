"""Wrong answers are put down to the hop that fails, however many hops there are."""

import numpy as np
import pytest
import torch

from latebloom.circuits.examination import CircuitInstrument, look
from latebloom.circuits.failures import explain_failures
from latebloom.circuits.lens import Lens
from latebloom.circuits.probe import make_probe
from latebloom.circuits.record import ExaminationConfig
from latebloom.circuits.verdict import Found, Place, Verdict
from latebloom.evaluation.accuracy import correct_rows
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World


@pytest.mark.parametrize("hop", [1, 2])
def test_failures_are_put_down_to_the_hop_that_fails(
    chain_world: World, bridge_model: Transformer, hop: int
) -> None:
    """One fact is erased from one layer; exactly the questions that need it there fail there."""
    fact = 4
    with torch.no_grad():
        bridge_model.blocks[hop - 1].mlp_out.weight[:, fact] = 0.0
    config = ExaminationConfig(failing=(Split.TRAIN_INFERRED,))
    record = CircuitInstrument.of_world(chain_world, config).examine(bridge_model)
    failures = record.failures[Split.TRAIN_INFERRED]
    facts, rows = chain_world.facts, chain_world.examples(Split.TRAIN_INFERRED)
    first = facts.find(rows[:, 0], rows[:, 1])
    second = facts.find(facts.object[first], rows[:, 2])
    needed = ((first, second)[hop - 1] == fact) & (rows[:, 3] >= 0)
    wrong = ~correct_rows(bridge_model, rows, 1)
    assert wrong.any()
    assert (wrong <= needed).all()  # a wrong bridge may by chance lead to the right answer
    blamed = [0, 0]
    blamed[hop - 1] = int(wrong.sum())
    assert failures.failed_at == tuple(blamed)
    if hop == 2:
        assert failures.known_alone == wrong.sum()
        assert failures.absent_above == failures.with_donor > 0


def found_at(name: str, place: Place | None) -> Found:
    return Found(name, place, place, 1.0, 1.0, 1.0)


def test_of_three_hops_the_first_that_fails_is_to_blame() -> None:
    """Bridges are read at the positions of the verdict, at any depth; a later one that is there
    does not excuse an earlier one that is not."""
    config = CompositionConfig(entities=30, relations=6, out_degree=4, phi=1, hops=3)
    world = make_composition(config, 0)
    probe = make_probe(world, "train_hops_3", n=40)
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_layers=1, n_loops=3), len(world.vocabulary))
    states, lens = look(model, probe)
    row = np.arange(40)
    first, second = row % 4 != 0, row % 3 != 0  # on which questions each bridge is there
    ranks = {name: torch.ones_like(rank) for name, rank in lens.rank.items()}
    ranks["bridge 1"][1, 0, 1, torch.from_numpy(first)] = 0
    ranks["bridge 2"][2, 1, 2, torch.from_numpy(second)] = 0
    # What stands elsewhere counts for nothing.
    ranks["bridge 1"][:, :, 2] = ranks["bridge 2"][:, :, 1] = 0
    at = (found_at("bridge 1", Place(0, 1, 1)), found_at("bridge 2", None))
    verdict = Verdict("serial", 1.0, 1.0, at, None, None, None)
    failures = explain_failures(model, probe, states, Lens(ranks, lens.probability), verdict)
    wrong = ~correct_rows(model, np.column_stack((probe.questions, probe.answers)), 3)
    blamed = (~first, first & ~second, first & second)
    assert failures.failed_at == tuple(int((wrong & hop).sum()) for hop in blamed)
    assert sum(failures.failed_at) == failures.n - failures.right > 30
    assert min(failures.failed_at) > 0
    worst = 1 + int(np.argmax(failures.failed_at))
    assert f"{max(failures.failed_at)} at hop {worst}" in failures.words()


def test_of_the_last_of_three_hops_the_fact_is_asked_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked of the second bridge with the third relation; here every other one is known."""
    config = CompositionConfig(entities=30, relations=6, out_degree=4, phi=1, hops=3)
    world = make_composition(config, 0)
    probe = make_probe(world, "train_hops_3", n=40)
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_layers=1, n_loops=3), len(world.vocabulary))
    states, lens = look(model, probe)
    ranks = {name: torch.zeros_like(rank) for name, rank in lens.rank.items()}
    at = tuple(found_at(step.name, Place(0, 1, step.position)) for step in probe.steps)
    verdict = Verdict("serial", 1.0, 1.0, at, None, None, None)
    wrong = np.flatnonzero(
        ~correct_rows(model, np.column_stack((probe.questions, probe.answers)), 3)
    )
    asked = []

    def knows_every_other(model: Transformer, questions: torch.Tensor, loops: int) -> torch.Tensor:
        asked.append(questions.numpy())
        known = np.where(np.arange(len(wrong)) % 2, probe.answers[wrong], -1)
        return torch.from_numpy(known)

    monkeypatch.setattr("latebloom.circuits.failures.predict", knows_every_other)
    failures = explain_failures(model, probe, states, Lens(ranks, lens.probability), verdict)
    assert failures.failed_at == (0, 0, len(wrong))
    (alone,) = asked
    wanted = np.column_stack((probe.named["bridge 2"], probe.questions[:, 3]))[wrong]
    assert (alone == wanted).all()
    assert failures.known_alone == len(wrong) // 2
    has = probe.donors["bridge 2"].same[wrong[1::2], 0] >= 0
    assert failures.with_donor == has.sum() > 0
    assert failures.absent_above <= failures.with_donor
