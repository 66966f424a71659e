"""What a training can be told to make a late bloom come earlier; every setting is off by default.

`TrainConfig` has these fields too: `--train.grokfast ema`, `--train.row-norm 1`. They go together.
"""

from dataclasses import dataclass
from typing import Literal

from latebloom.errors import LatebloomError


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceleratorConfig:
    """Ways to grok earlier. Each is an object of its own in latebloom.training.accelerators."""

    grokfast: Literal["none", "ema", "ma"] = "none"
    """Add the slow part of the gradient once more: a running mean (ema), or the mean of the last
    steps (ma); arXiv:2405.20233."""
    grokfast_weight: float = 2.0
    """How much of the slow part is added, lambda; the paper has 2 for ema and 5 for ma."""
    grokfast_decay: float = 0.98
    """Share of the running mean that stays at each step, alpha; of ema alone."""
    grokfast_window: int = 100
    """Steps whose mean is taken; of ma alone."""
    orthogonal_grad: bool = False
    """Leave out the part of each gradient along its weights, which only makes them longer;
    arXiv:2501.04697."""
    stablemax: bool = False
    """StableMax in place of softmax in the loss, so that large logits do not swallow the gradient;
    arXiv:2501.04697."""
    logit_temperature: float = 1.0
    """What the logits are divided by in the loss; above 1, the loss stays away from zero until the
    logits have grown as much larger. Answers and their probabilities are read without it."""
    row_norm: float = 0.0
    """Largest norm of a row of a weight matrix; longer ones are cut to it after a step. 0: none."""
    embed_lr: float = 1.0
    """Learning rate of the token embedding, as a multiple of the others'."""
    decay_to: Literal["zero", "start"] = "zero"
    """Where weight decay pulls the weights: to zero, or to where they began."""

    def check_accelerators(self) -> None:
        """Raises: LatebloomError for a value out of range."""
        for name in ("grokfast_weight", "row_norm"):
            if getattr(self, name) < 0:
                raise LatebloomError(f"train.{name} is {getattr(self, name)}; it must be 0 or more")
        if not 0 <= self.grokfast_decay < 1:
            raise LatebloomError(
                f"train.grokfast_decay is {self.grokfast_decay}; it must lie in [0, 1)"
            )
        if self.grokfast_window < 1:
            raise LatebloomError(
                f"train.grokfast_window is {self.grokfast_window}; it must be at least 1"
            )
        for name in ("embed_lr", "logit_temperature"):
            if getattr(self, name) <= 0:
                raise LatebloomError(f"train.{name} is {getattr(self, name)}; it must be above 0")

    def idle_accelerators(self) -> list[str]:
        """Settings that were changed and have no effect beside the others, each as a sentence."""
        read_by = {"grokfast_weight": "ema or ma", "grokfast_decay": "ema", "grokfast_window": "ma"}
        usual = AcceleratorConfig()
        return [
            f"train.{name} {getattr(self, name)} has no effect with train.grokfast {self.grokfast}"
            for name, reader in read_by.items()
            if getattr(self, name) != getattr(usual, name) and self.grokfast not in reader.split()
        ]
