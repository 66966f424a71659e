"""A running average of the weights: what is measured and saved while the training swings.

Enters: the model that is trained, after each step. Leaves: a model of the same shape whose weights
are an exponential average of those that the trained one went through.

Source: Polyak and Juditsky, SIAM J. Control Optim. 30 (1992). Differs: the average is exponential,
and short at first, so that the initial weights do not stay in it.
"""

import copy

import torch

from latebloom.model.transformer import Transformer


class WeightAverage:
    """The average beside the trained model; with decay 0 it is the trained model itself.

    decay: weight of the average so far in each step's mean, in [0, 1).
    """

    def __init__(self, trained: Transformer, decay: float) -> None:
        self.trained = trained
        self.decay = decay
        self.model = copy.deepcopy(trained).requires_grad_(False) if decay else trained

    def decay_at(self, step: int) -> float:
        """The decay at a step (from 1): never more than about nine tenths of the steps so far."""
        return min(self.decay, step / (step + 10))

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes in the weights after a step."""
        if not self.decay:
            return
        weight = 1 - self.decay_at(step)
        for mean, now in zip(self.model.parameters(), self.trained.parameters(), strict=True):
            mean.lerp_(now, weight)
