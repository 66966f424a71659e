"""A running average of the weights: what is measured and saved while the training swings.

Enters: the model that is trained, after each step. Leaves: a model of the same shape whose weights
are an average of those that the trained one went through lately: it reaches back over a share of
the steps so far, so the initial weights do not stay in it, and one setting suits every length.

Source: polynomial-decay averaging, Shamir and Zhang (arXiv:1212.1824), with eta = 1 / share - 1.
"""

import copy

import torch

from latebloom.model.transformer import Transformer


class WeightAverage:
    """The average beside the trained model; with share 0 it is the trained model itself.

    share: the steps that the average reaches back over, of those so far, in [0, 1).
    """

    def __init__(self, trained: Transformer, share: float) -> None:
        self.trained = trained
        self.share = share
        self.model = copy.deepcopy(trained).requires_grad_(False) if share else trained

    def weight_at(self, step: int) -> float:
        """What the weights after a step (from 1) weigh in the average, in (0, 1]."""
        return 1 / (1 + self.share * (step - 1))

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes in the weights after a step."""
        if not self.share:
            return
        weight = self.weight_at(step)
        for mean, now in zip(self.model.parameters(), self.trained.parameters(), strict=True):
            mean.lerp_(now, weight)
