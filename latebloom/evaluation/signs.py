"""Signs: numbers of a model that move while its accuracy still stands where it was.

Enters: a model in the middle of its training, and what it is trained and tested on. Leaves: a small
table of numbers for a line of `metrics.jsonl`, from which `latebloom.foresight` forecasts when
held-out questions will be right.

- weight_norm: the Euclidean norm of all weights.
- gradient_entropy: of the gradient that the last training step left behind, so it costs no pass
  through the model: -sum p log p / log N with p = g^2 / sum g^2 over the N weights; 1 where all
  weights have the same share of the gradient, 0 where one has all of it. It is absent where the
  measured model is an average of weights, which has no gradient.
- logit_scale: the standard deviation of a question's logits over the vocabulary, the mean over
  trained questions. A model that memorises makes its logits larger and larger.
- loss: the mean of -log p(answer), in nats, for each split. It falls while the accuracy, which asks
  only which answer is the likeliest, does not rise yet.

Source: arXiv:2605.18845 for the norm, arXiv:2606.18465 for the logit scale.

Covers: questions with one answer of one token. Does not cover: the loss and the logit scale of
sentences, and of questions whose answer is a set or a name of several words; there they are absent.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from latebloom.evaluation.accuracy import loops_for
from latebloom.model.transformer import Transformer
from latebloom.worlds.data import Data
from latebloom.worlds.splits import chosen_by
from latebloom.worlds.world import World

ASKED = 100
"""Questions of each split that are asked. A tenth more or less of a nat does not matter here."""


@torch.no_grad()
def signs(model: Transformer, data: Data) -> dict[str, Any]:
    """The signs of a model; see the module for each of them."""
    squares = torch.stack([weight.square().sum() for weight in model.parameters()])
    found: dict[str, Any] = {"weight_norm": float(squares.sum().sqrt())}
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    entropy = entropy_of(gradients) if gradients else None
    if entropy is not None:
        found["gradient_entropy"] = entropy
    return found | (of_answers(model, data) if data.one_token else {})  # type: ignore[arg-type]


def entropy_of(gradients: Sequence[torch.Tensor]) -> float | None:
    """How evenly a gradient, given weight by weight, spreads over the weights, in [0, 1]; None
    where it is zero."""
    # With S the sum of all squares, -sum (s/S) log (s/S) is log S - sum s log s / S: so no array is
    # made that is as long as the model has weights, a gigabyte at the paper's size.
    total = weighted = 0.0
    for gradient in gradients:
        squares = gradient.double().square()
        total += float(squares.sum())
        weighted += float(torch.xlogy(squares, squares).sum())
    if not total > 0:
        return None
    n = sum(gradient.numel() for gradient in gradients)
    return float((np.log(total) - weighted / total) / np.log(n))


def of_answers(model: Transformer, world: World) -> dict[str, Any]:
    """The loss of each trained split and of each by which a run is judged, and the logit scale."""
    judged = [split for split in world.tested if world.meaning(split).judged]
    held_out = [chosen_by(split, world.splits) for split in judged]
    training = model.training
    model.eval()
    losses: dict[str, float] = {}
    scales: list[float] = []
    for split in (*world.trained, *held_out):
        rows = world.examples(split)
        if not len(rows):
            continue
        table = torch.from_numpy(spread(rows)).long().to(model.device)
        n = table.shape[1] - 1
        at = torch.full((len(table),), n - 1, device=model.device)
        loops = loops_for(model, world.task, n)
        logits = model(table[:, :-1], at, n_loops=loops, every_loop=False).logits[-1].float()
        losses[split] = float(F.cross_entropy(logits, table[:, -1]))
        if split in world.trained:
            scales.append(float(logits.std(-1).mean()))
    model.train(training)
    scale: Mapping[str, float] = {"logit_scale": float(np.mean(scales))} if scales else {}
    return {**scale, "loss": losses}


def spread(rows: np.ndarray) -> np.ndarray:
    """At most `ASKED` rows of a split, spread evenly over it."""
    return rows if len(rows) <= ASKED else rows[:: len(rows) // ASKED][:ASKED]
