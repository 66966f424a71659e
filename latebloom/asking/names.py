"""How likely a model takes each name to be an answer, for many questions at once."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.worlds.tasks.task import Task

ScoreNames = Callable[[Transformer, Task, Int[Tensor, "row pos"]], Float[Tensor, "row name"]]
"""From a model, its task and questions to a score of each name; only differences within a row mean
anything."""
Reading = Callable[[Float[Tensor, "row name"]], Float[Tensor, "row name"]]
"""From logits of names to the logarithm of the degree to which each is an answer."""
TOKENS_AT_ONCE = 32_768
"""Tokens in one forward pass."""


def shared_out(logits: Float[Tensor, "row name"]) -> Float[Tensor, "row name"]:
    """The names share one probability out, as those that were trained to compete do."""
    return logits.log_softmax(-1)


def each_by_itself(logits: Float[Tensor, "row name"]) -> Float[Tensor, "row name"]:
    """Each name has a probability of its own, as if it was trained name by name."""
    return torch.nn.functional.logsigmoid(logits)


READINGS: Mapping[str, Reading] = {"softmax": shared_out, "binary": each_by_itself}
"""How the logits of a run are read, by its `train.set_loss`."""


def score_names(
    model: Transformer, task: Task, questions: Int[Tensor, "row pos"]
) -> Float[Tensor, "row name"]:
    """The log-probability of each name that may be an answer, among these names, on the CPU."""
    return shared_out(name_logits(model, task, questions))


@torch.no_grad()
def name_logits(
    model: Transformer, task: Task, questions: Int[Tensor, "row pos"]
) -> Float[Tensor, "row name"]:
    """The logit of each name that may be an answer, in float32 on the CPU."""
    training = model.training
    model.eval()
    n_tokens = questions.shape[1]
    loops = loops_needed(model.config, n_tokens, task.hops(n_tokens))
    scores = []
    for rows in questions.split(max(1, TOKENS_AT_ONCE // n_tokens)):
        at = torch.full((len(rows),), n_tokens - 1, device=model.device)
        found = model(rows.to(model.device), at, n_loops=loops, every_loop=False).logits[-1]
        scores.append(found[:, : task.n_competing(model.d_vocab)].float().cpu())
    model.train(training)
    return torch.cat(scores)
