"""Models whose circuit is known get the verdict that they deserve."""

import pytest

from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.record import ExaminationConfig
from latebloom.circuits.verdict import Place
from latebloom.evaluation.accuracy import correct_rows
from latebloom.model.transformer import Transformer
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World


def test_hand_set_models_answer(
    chain_world: World, bridge_model: Transformer, memoriser: Transformer
) -> None:
    rows = chain_world.examples(Split.TRAIN_INFERRED)
    assert correct_rows(bridge_model, rows).all()
    assert correct_rows(memoriser, rows).all()


def test_bridge_in_layer_1_is_found_and_serial(
    chain_world: World, bridge_model: Transformer
) -> None:
    config = ExaminationConfig(noise=True)
    record = CircuitInstrument.of_world(chain_world, config).examine(bridge_model)
    verdict = record.verdict
    (bridge,) = verdict.steps
    assert verdict.form == "serial"
    assert not verdict.fake_grok
    assert bridge.place == bridge.used_at == Place(0, 1, 1)
    assert bridge.strength == 1.0
    assert bridge.moved == 1.0
    assert verdict.answer == Place(0, 2, 2)
    assert verdict.subject_free == Place(0, 1, 0)
    # The subject acts through its embedding, then through the bridge, then through the answer.
    assert record.trace["subject"].strength.tolist() == [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    ]
    assert record.inputs["relation 2"]["bridge 1"] == 0.0
    assert record.inputs["relation 1"]["bridge 1"] > 0.5


def test_memoriser_is_flagged(chain_world: World, memoriser: Transformer) -> None:
    verdict = (
        CircuitInstrument.of_world(chain_world, ExaminationConfig()).examine(memoriser).verdict
    )
    assert verdict.accuracy == 1.0
    assert verdict.form == "none"
    assert verdict.fake_grok
    assert "in name only" in verdict.words()


def test_a_model_that_knows_nothing_is_no_fake(chain_world: World) -> None:
    from latebloom.model.config import ModelConfig

    model = Transformer(ModelConfig(d_model=16), len(chain_world.vocabulary))
    verdict = CircuitInstrument.of_world(chain_world, ExaminationConfig()).examine(model).verdict
    assert verdict.form == "none"
    assert not verdict.fake_grok


@pytest.mark.parametrize("hop", [1, 2])
def test_failures_are_put_down_to_the_hop_that_fails(
    chain_world: World, bridge_model: Transformer, hop: int
) -> None:
    """One fact is erased from one layer; exactly the questions that need it there fail there."""
    import torch

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
    wrong = ~correct_rows(bridge_model, rows)
    assert wrong.any()
    assert (wrong <= needed).all()  # a wrong bridge may by chance lead to the right answer
    blamed = [0, 0]
    blamed[hop - 1] = int(wrong.sum())
    assert failures.failed_at == tuple(blamed)
    if hop == 2:
        assert failures.known_alone == wrong.sum()
        assert failures.absent_above == failures.with_donor > 0
