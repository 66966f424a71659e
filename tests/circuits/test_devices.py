"""No instrument makes a tensor where it does not say which device it is for.

There need not be a GPU to see that: inside `torch.device("meta")` a tensor that is made without a
device is on none, and meeting those of the model is an error.
"""

import numpy as np
import pytest
import torch

from latebloom.asking.answer import think
from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.record import ExaminationConfig
from latebloom.evaluation.accuracy import predict
from latebloom.evaluation.decoding import decode
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.records import to_json
from latebloom.trees.attention_entropy import attention_entropy
from latebloom.trees.projection import span_scores

TOKENS = np.array([[0, 3, 5, 1, 2, 4], [0, 5, 3, 1, 1, 2]])


@pytest.mark.parametrize("positions", ["learned", "rotary", "relative", "sinusoidal", "none"])
@torch.no_grad()
def test_sentences_are_read_where_the_model_is(positions):
    torch.manual_seed(0)
    shape = {"d_model": 16, "n_loops": 1, "feedback": "none"}
    model = Transformer(ModelConfig(positions=positions, **shape), 7)
    prompts, words = torch.from_numpy(TOKENS), np.array([5, 5])

    def read():
        return (
            decode(model, prompts, 3),
            span_scores(model, TOKENS, words),
            attention_entropy(model, TOKENS, words + 1),
        )

    wanted = read()
    with torch.device("meta"):
        found = read()
    assert found[0].tolist() == wanted[0].tolist()
    np.testing.assert_array_equal(found[1], wanted[1])
    np.testing.assert_array_equal(found[2], wanted[2])


@pytest.mark.parametrize("feedback", ["none", "gated", "restart", "replace", "ahead"])
def test_a_model_is_examined_where_it_is(small_world, feedback):
    torch.manual_seed(0)
    config = ModelConfig(d_model=16, n_layers=1, feedback=feedback)
    model = Transformer(config, len(small_world.vocabulary))
    instrument = CircuitInstrument.of_world(small_world, ExaminationConfig(examples=20, noise=True))
    questions = instrument.probe.question_tensor()
    wanted = (
        instrument.examine(model),
        predict(model, questions, 2),
        think(model, small_world.task, [0, 1, 2])[0],
    )
    with torch.device("meta"):
        found = (
            instrument.examine(model),
            predict(model, questions, 2),
            think(model, small_world.task, [0, 1, 2])[0],
        )
    assert to_json(found[0]) == to_json(wanted[0])
    assert found[1].tolist() == wanted[1].tolist()
    assert found[2].tolist() == wanted[2].tolist()
