"""A run folder written by hand (five evaluations of two splits, memorised and then bloomed), and
the record of a circuit; small corpora."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.record import CircuitRecord, ExaminationConfig
from latebloom.circuits.verdict import Place
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.sentences.dyck import DyckConfig, make_dyck
from latebloom.worlds.sentences.question import QuestionConfig, make_question
from latebloom.worlds.sentences.tense import TenseConfig, make_tense

LINES = {"train": 400, "test_id": 40, "test_ood": 40}

CURVES = {
    "test_ood": [0.0, 0.0, 0.6, 0.995, 1.0],
    "test_id": [0.0, 0.5, 0.99, 1.0, 1.0],
    "atomic_id": [0.2, 1.0, 1.0, 1.0, 1.0],
}
PHASES = ["memorising", "generalising", "systematic", "systematic", "systematic"]


@pytest.fixture
def records() -> list[dict]:
    return [
        {
            "step": 10 * (i + 1),
            "seconds": 1.5 * (i + 1),
            "steps_per_second": 6.7,
            "loss": 4.0 / 2**i,
            "lr": 0.002,
            "phase": PHASES[i],
            "accuracy": {split: curve[i] for split, curve in CURVES.items()},
        }
        for i in range(5)
    ]


@pytest.fixture
def summary() -> dict:
    steps = {"test_ood": (40, None), "test_id": (30, 30), "atomic_id": (20, 20)}
    return {
        "recipe": "composition",
        "seed": 3,
        "steps": 50,
        "seconds": 7.5,
        "device": "cpu",
        "parameters": 1234,
        "phi": 9.0,
        "splits": {
            split: {
                "n": 2000,
                "correct": 2000,
                "accuracy": 1.0,
                "ci95": [0.9981, 1.0],
                "first_step": first,
                "sustained_step": sustained,
            }
            for split, (first, sustained) in steps.items()
        },
        "stopped_by": "until",
    }


@pytest.fixture
def run_dir(tmp_path: Path, records: list[dict], summary: dict) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "metrics.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "config.toml").write_text(
        'recipe = "composition"\nseed = 3\n[world]\nphi = 9.0\ntest_hops = [3, 4]\n'
        '[model]\nshape = "looped"\n[train]\nsteps = 600\nprobe = 500\nevery_loop = true\n'
    )
    (folder / "environment.json").write_text(json.dumps({"torch": "2.13.0", "cores": 2}))
    return folder


@pytest.fixture(scope="package")
def record() -> CircuitRecord:
    """The circuit of a small model that knows nothing, with one step and two inputs set by hand."""
    world = make_composition(CompositionConfig(entities=20, relations=6, out_degree=4, phi=1), 0)
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_layers=1), len(world.vocabulary)).eval()
    instrument = CircuitInstrument.of_world(world, ExaminationConfig(examples=10))
    found = instrument.examine(model, 100)
    place = Place(0, 1, 1)
    step = replace(found.verdict.steps[0], place=place, used_at=place, strength=0.75)
    return replace(
        found,
        verdict=replace(found.verdict, steps=(step,)),
        inputs={"subject": {"bridge 1": 0.5}, "relation 1": {"bridge 1": 0.05}},
    )


@pytest.fixture(scope="module", params=["question", "tense", "dyck"])
def corpus(request):
    """A small corpus of each task on sentences."""
    make = {
        "question": lambda: make_question(QuestionConfig(**LINES, test_apart=40), seed=1),
        "tense": lambda: make_tense(TenseConfig(**LINES, test_apart=40), seed=1),
        "dyck": lambda: make_dyck(DyckConfig(**LINES, kinds=3, depth=4), seed=1),
    }
    return make[request.param]()
