"""A running average of the weights: what is measured and saved while the training swings.

Enters: the model that is trained, after each step. Leaves: a model of the same shape whose weights
are an average of those that the trained one went through. After step t, with a fraction f,

    average += (weights - average) / (1 + f (t - 1))

so the weights of step s count about as s^(1/f - 1): the average lies f / (1 + f) of the steps so
far behind, the initial weights do not stay in it, and one setting suits every length.

Source: polynomial-decay averaging, Shamir and Zhang (arXiv:1212.1824), with eta = 1/f - 1.
"""

import copy

import torch

from latebloom.model.transformer import Transformer


class WeightAverage:
    """The average beside the trained model; with fraction 0 it is the trained model itself.

    frac: how far back the average reaches, as a fraction of the steps so far, in [0, 1).
    """

    def __init__(self, trained: Transformer, frac: float) -> None:
        self.trained = trained
        self.frac = frac
        self.model = copy.deepcopy(trained).requires_grad_(False) if frac else trained

    def weight_at(self, step: int) -> float:
        """What the weights after a step (from 1) weigh in the average, in (0, 1]."""
        return 1 / (1 + self.frac * (step - 1))

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes in the weights after a step."""
        if not self.frac:
            return
        weight = self.weight_at(step)
        for mean, now in zip(self.model.parameters(), self.trained.parameters(), strict=True):
            mean.lerp_(now, weight)
