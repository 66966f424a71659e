"""Accuracy by split, with its interval.

Enters: a model and a world. Leaves: a `Score` for each split. A split's questions have one length
and go through the model in large batches without gradients.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy import ndarray
from torch import Tensor

from latebloom.evaluation.ranking import right_rows
from latebloom.intervals import wilson
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.worlds.tasks.spelling import Spelling
from latebloom.worlds.tasks.task import Task
from latebloom.worlds.world import World

TOKENS_AT_ONCE = 32_768
"""Tokens in one forward pass: large enough to be fast, small enough for any memory."""
LOGITS_AT_ONCE = 2**24
"""Logits in one forward pass, if every token had its own: with 100,000 names 167 tokens have them.
Tensors of this size are fast as well, since larger ones are handed back to the system every time.
"""


@dataclass(frozen=True, slots=True)
class Score:
    """Right answers among `n` questions."""

    n: int
    correct: int

    @property
    def accuracy(self) -> float:
        return self.correct / self.n if self.n else math.nan

    @property
    def ci95(self) -> tuple[float, float]:
        """Wilson's 95 % interval for the accuracy."""
        return wilson(self.correct, self.n)

    def as_dict(self) -> dict[str, Any]:
        """The score for JSON."""
        return asdict(self) | {"accuracy": self.accuracy, "ci95": list(self.ci95)}


def loops_for(model: Transformer, task: Task, n_tokens: int) -> int:
    """The loops that a model runs for a task's questions of so many tokens."""
    return loops_needed(model.config, n_tokens, task.hops(n_tokens))


@torch.no_grad()
def predict(
    model: Transformer,
    questions: Int[Tensor, "row pos"],
    n_loops: int,
    spelling: Spelling | None = None,
) -> Int[Tensor, " row"]:
    """The most likely answer to each question, as token ids on the CPU.

    n_loops: what the questions need; `loops_for` tells, since only a task knows which of their
        tokens are hops and which are words in between.
    spelling: of the task, where an answer has several tokens: then the entity whose name is what
        is likeliest at each of the last places, and `NO_ENTITY` where that is nobody's name.
    """
    device = model.device
    training = model.training
    model.eval()
    n_tokens = questions.shape[1]
    answers = []
    at_once = min(TOKENS_AT_ONCE, LOGITS_AT_ONCE // model.d_vocab)
    for rows in questions.split(max(1, at_once // n_tokens)):
        if spelling is not None:
            logits = model(rows.to(device), n_loops=n_loops, every_loop=False).logits[-1]
            words = logits[:, -spelling.n_places :].argmax(-1).cpu().numpy()
            answers.append(torch.from_numpy(spelling.read(words)))
            continue
        at = torch.full((len(rows),), rows.shape[1] - 1, device=device)
        found = model(rows.to(device), at, n_loops=n_loops, every_loop=False)
        answers.append(found.logits[-1].argmax(-1).cpu())
    model.train(training)
    return torch.cat(answers) if answers else torch.empty(0, dtype=torch.long, device="cpu")


def correct_rows(
    model: Transformer,
    rows: Int[ndarray, "row token"],
    n_loops: int,
    spelling: Spelling | None = None,
) -> Bool[ndarray, " row"]:
    """Which examples (question, answer) the model gets right; a name, all of its words."""
    table = torch.from_numpy(rows)
    return (predict(model, table[:, :-1], n_loops, spelling) == table[:, -1]).numpy()


def score_splits(
    model: Transformer, world: World, *, probe: int = 0, splits: Iterable[str] | None = None
) -> dict[str, Score]:
    """The score of each split.

    probe: at most this many examples of a split, spread evenly over it; 0: all.
    splits: names; None: every split of the world.
    """
    scores = {}
    for name in world.splits if splits is None else splits:
        examples = world.examples(name)
        rows = np.arange(len(examples))
        if probe and len(rows) > probe:
            rows = rows[:: len(rows) // probe][:probe]
        # Where labels compete one of them is right, whatever else has a set of answers.
        if world.task.several and not world.task.labels(examples.shape[1] - 1):
            right = right_rows(model, world, name, rows)
        else:
            loops = loops_for(model, world.task, examples.shape[1] - 1)
            right = correct_rows(model, examples[rows], loops, world.task.spelled)
        scores[name] = Score(n=len(right), correct=int(right.sum()))
    return scores
