"""The instruments on questions in every layout, and on models that see both ways."""

import numpy as np
import pytest
import torch

from latebloom.circuits.donors import lead_in
from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.lens import Lens
from latebloom.circuits.look import look_at
from latebloom.circuits.probe import make_probe
from latebloom.circuits.record import ExaminationConfig
from latebloom.circuits.tracing import effect_of
from latebloom.circuits.verdict import Place, judge, places_of
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.records import to_json
from latebloom.worlds.chains.made import CompositionConfig, make_composition

SIZES = dict(entities=12, relations=4, out_degree=4, ood_frac=0.2, phi=2, test_id_frac=0.1)
LAYOUTS = [(order, fillers) for order in ("subject-first", "relation-first") for fillers in (0, 1)]


def world_of(order, fillers):
    config = CompositionConfig(**SIZES, order=order, fillers=bool(fillers))
    return make_composition(config, 3)


@pytest.mark.parametrize(("order", "fillers"), LAYOUTS)
def test_donors_share_the_bridge_and_nothing_that_leads_to_it(order, fillers):
    world = world_of(order, fillers)
    task, facts = world.task, world.facts
    probe = make_probe(world, "train_inferred", n=60)
    assert (task.solve(facts, probe.questions) == probe.answers).all()
    donors = probe.donors["bridge 1"]
    there = donors.same[:, 0] >= 0
    assert there.sum() > 20
    led = lead_in(probe.questions[there], donors.same[there], donors.leads)
    names, moved = task.names(probe.questions[there]), task.names(led)
    assert (names[:, 0] != moved[:, 0]).all()
    assert (names[:, 2] == moved[:, 2]).all()
    assert (task.solve(facts, led) == probe.answers[there]).all()
    # The last hop alone asks for the same answer, and fillers are never corrupted.
    assert (task.solve(facts, probe.alone) == probe.answers).all()
    assert {one.name for one in probe.corruptions} == {"subject", "relation 1", "relation 2"}
    for one in probe.corruptions:
        assert (task.solve(facts, one.questions) == one.answers).all()
        assert (one.questions != probe.questions[one.rows]).sum(1).tolist() == [1] * len(one.rows)


@pytest.mark.parametrize("attention", ["causal", "both"])
@pytest.mark.parametrize(("order", "fillers"), LAYOUTS)
def test_every_layout_is_examined(order, fillers, attention):
    world = world_of(order, fillers)
    torch.manual_seed(0)
    config = ModelConfig(
        d_model=16, n_layers=1, feedback="restart", positions="rotary", attention=attention
    )
    model = Transformer(config, len(world.vocabulary)).eval()
    instrument = CircuitInstrument.of_world(world, ExaminationConfig(examples=20))
    record = instrument.examine(model)
    width = world.examples("train_inferred").shape[1] - 1
    assert len(record.places) == width
    assert record.trace["subject"].strength.shape == (2, 2, width)
    # Patched is wherever the bridge can be; in a causal model not at the last position.
    places = places_of(instrument.probe.steps[0], width, causal=attention == "causal")
    assert (width - 1 in places) == (attention == "both")
    patched = record.cross_query.get("bridge 1")
    assert (0 if patched is None else patched.strength.shape[-1]) == len(places)
    assert record.failures["test_ood"].n == len(world.examples("test_ood"))
    assert record.leading_effect is record.trace["subject"]
    assert to_json(record)
    # Before the subject nothing of it is seen, unless attention goes both ways.
    subject = record.places.index("subject")
    before = record.trace["subject"].log_prob_change[..., :subject]
    assert np.any(before != 0) == (attention == "both" and subject > 0)


def test_the_lens_takes_a_question_without_its_fillers():
    world = world_of("relation-first", 1)
    config = ModelConfig(d_model=16, feedback="restart", positions="rotary", attention="both")
    model = Transformer(config, len(world.vocabulary)).eval()
    bare, whole = (look_at(model, world, q.split()) for q in ("r1 r2 e3", "r1 of r2 of e3 ?"))
    assert bare == whole
    assert len(bare[0].guesses) == 6


def test_a_bridge_is_found_wherever_the_model_can_have_it():
    """It is there at position 1 and nowhere else, and its relation stands at position 2."""
    world = world_of("relation-first", 1)
    probe = make_probe(world, "train_inferred", n=4)
    assert probe.steps[0].position == 2
    rank = torch.full((1, 2, 6, 4), 50)
    answer = rank.clone()
    rank[0, 1, 1] = 0
    answer[0, 1, 5] = 0
    lens = Lens({"bridge 1": rank, "answer": answer}, {})
    effect = effect_of("subject", rank == 0, torch.zeros(1, 2, 6, 4), 0)
    found = judge(probe, lens, {"subject": effect}, {}, {}, 1.0, 1.0, causal=False).steps[0]
    assert (found.used_at, found.strength) == (Place(0, 1, 1), 1.0)
    # In a causal model position 1 comes before the subject: what is read there is chance.
    assert judge(probe, lens, {"subject": effect}, {}, {}, 1.0, 1.0).steps[0].used_at is None


def test_at_the_last_place_a_bridge_counts_until_the_answer_is_there():
    world = world_of("relation-first", 1)
    probe = make_probe(world, "train_inferred", n=4)
    rank = torch.full((1, 3, 6, 4), 50)
    answer = rank.clone()
    rank[0, 1:, 5] = 0
    answer[0, 2, 5] = 0
    lens = Lens({"bridge 1": rank, "answer": answer}, {})
    effect = effect_of("subject", rank == 0, torch.zeros(1, 3, 6, 4), 0)
    moved = effect_of("moved", torch.ones(1, 3, 6, 4) > 0, torch.zeros(1, 3, 6, 4), 0)

    def found(lens):
        moves = {"bridge 1": moved}
        args = (probe, lens, {"subject": effect}, moves, {}, 1.0, 1.0)
        return judge(*args, causal=False).steps[0]

    assert found(lens).used_at == Place(0, 1, 5)
    # Where the answer is read as soon as the bridge, the bridge is nowhere.
    answer[0, 1, 5] = 0
    assert found(Lens({"bridge 1": rank, "answer": answer}, {})).used_at is None
