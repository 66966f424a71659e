"""The table of verdicts: checkpoints with one circuit in one line, in words that can be read."""

from dataclasses import replace

import pytest
import torch

from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.failures import Failures
from latebloom.circuits.record import CircuitRecord, ExaminationConfig
from latebloom.circuits.verdict import Found, Place, Verdict
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.reports.splits import percent
from latebloom.reports.traced import KINDS, Stretch, blame, explain, stretches, tell_restored
from latebloom.worlds.chains.made import CompositionConfig, make_composition

EARLY, LATE = Place(0, 1, 1), Place(1, 1, 2)


@pytest.fixture(scope="module")
def record() -> CircuitRecord:
    world = make_composition(CompositionConfig(entities=20, relations=6, out_degree=4, phi=1), 0)
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_layers=1), len(world.vocabulary)).eval()
    return CircuitInstrument.of_world(world, ExaminationConfig(examples=10)).examine(model)


def at(
    record: CircuitRecord, step: int, form: str, right: float, new=0.0, place=None, strength=0.0
):
    """The record with another verdict; as much is restored as held-out questions are right."""
    found = Found("bridge 1", place, place, 0.9, strength, new, 0.01)
    verdict = Verdict(form, right, new, (found,), LATE if place else None, None, None)
    return replace(record, step=step, accuracy=right, verdict=verdict)


def test_a_line_for_each_change_of_the_circuit(record):
    records = [
        at(record, 0, "none", 0.0),
        at(record, 100, "none", 0.041, 0.03),
        at(record, 200, "none", 1.0, 0.04),
        at(record, 300, "none", 1.0, 0.2),
        at(record, 1000, "serial", 0.8, 0.7, EARLY, 0.96),
        at(record, 1200, "serial", 1.0, 1.0, EARLY, 1.0),
        at(record, 1400, "serial", 1.0, 1.0, LATE, 0.7),
        at(record, 1600, "none", 1.0, 1.0, EARLY, 0.3),
    ]
    found = stretches(records)
    kinds = ["not learned", "memorised", "serial", "serial", "no circuit found"]
    assert [one.kind for one in found] == kinds
    assert [one.steps for one in found[:4]] == ["0 to 100", "200 to 300", "1,000 to 1,200", "1,400"]
    assert [one.right for one in found[:3]] == ["0.0–4.1 %", "100 %", "80.0–100 %"]
    assert [one.held_out for one in found[:3]] == ["0.0–3.0 %", "4.0–20.0 %", "70.0–100 %"]
    assert [one.restored for one in found] == [one.held_out for one in found]
    assert found[0].found == found[1].found == ""
    assert found[2].found == (
        "bridge 1 in loop 1, layer 1 at relation 1, strength 0.96 to 1.00;"
        " answer from loop 2, layer 1 at relation 2 on"
    )
    assert "strength 0.70;" in found[3].found
    assert {one.kind for one in found} <= set(KINDS)
    assert [one.steps for one in stretches(records, each=True)][:2] == ["0", "100"]


def test_what_is_restored_is_told_beside_its_control(record):
    told = tell_restored(at(record, 0, "none", 1.0, 0.2))
    assert "questions with another subject" in told[0]
    assert "used from 50% on" in told[0]
    chance = f"{percent(record.coincide['bridge 1'])} of these"
    assert told[1].startswith(
        f"control: from a question with another bridge 1 it is 1.0 %; {chance}"
    )
    assert len(told) == 2


def test_without_donors_strength_alone_is_said_to_tell(record):
    found = Found("bridge 1", EARLY, EARLY, 0.9, 1.0, float("nan"))
    verdict = replace(record.verdict, steps=(found,))
    (told,) = tell_restored(replace(record, verdict=verdict))
    assert "strength alone" in told
    assert Stretch((replace(record, verdict=verdict),)).restored == "–"
    assert tell_restored(replace(record, verdict=replace(verdict, steps=()))) == []


def test_why_answers_are_wrong_is_said_in_sentences():
    fails = Failures("test_ood", 300, 280, (3, 17), 12, 10, 8)
    assert blame(fails) == "test_ood: 20 of 300 wrong; 3 fail at hop 1, 17 fail at hop 2."
    assert explain(fails).startswith(blame(fails))
    assert "8 stay wrong when the right bridge is put in" in explain(fails)
    assert explain(replace(fails, right=300, failed_at=(0, 0), with_donor=0)) == (
        "test_ood: all 300 right."
    )
