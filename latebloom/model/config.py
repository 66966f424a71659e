"""What is chosen of a transformer: `ModelConfig`, its fields and what they rule out.

Covers: the choices and their validation. Does not cover: the model that they describe, which is
`latebloom.model.transformer`; nothing here loads torch, so that a command which only reads or
lists configs starts at once.
"""

from dataclasses import dataclass
from typing import Literal

from latebloom.checked import check_fields
from latebloom.errors import LatebloomError


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig:
    """The shape of the transformer. The vocabulary size is not chosen here: the world has it."""

    d_model: int = 128
    """Width of the residual stream."""
    n_layers: int = 2
    """Layers with weights of their own."""
    n_loops: int = 2
    """Passes through these layers; 1 is a plain transformer."""
    n_heads: int = 4
    """Attention heads; must divide d_model."""
    mlp_ratio: int = 4
    """Width of the MLP's hidden layer, in units of d_model."""
    feedback: Literal["none", "added", "gated", "restart", "replace", "ahead"] = "ahead"
    """What a loop gets besides or instead of the last one's state: nothing; the expected embedding
    of the last prediction, added to the state, plainly or RMS-normed behind a learned gate
    (DiscoLoop, arXiv:2607.00341); that embedding plus the token's, the state being dropped
    (restart); that embedding in the token's place, so that a later loop knows of the token no more
    than what was predicted at it (replace); the sum again, but for the eyes of later tokens only
    (ahead): what a token predicted itself cannot disturb it when its turn comes."""
    temperature: float = 1.0
    """Temperature of the prediction whose expected embedding is fed back."""
    positions: Literal["learned", "rotary", "relative", "sinusoidal", "none"] = "relative"
    """How a token knows where it stands; see latebloom.model.attention."""
    max_positions: int = 32
    """Longest question, in tokens, for `learned` and `sinusoidal` positions."""
    max_distance: int = 3
    """Distances told apart by `relative` positions; farther ones look alike."""
    window: int = 0
    """Tokens seen by a token, itself included; 0: all earlier ones."""
    norm: Literal["pre", "post"] = "pre"
    """LayerNorm before each sublayer (GPT-2) or after each residual sum (arXiv:1706.03762)."""
    activation: Literal["gelu_new", "relu"] = "gelu_new"
    """The MLP's nonlinearity; gelu_new is GELU's tanh form, as in GPT-2."""
    tied: bool = True
    """The unembedding is the embedding's transpose."""
    dropout: float = 0.0
    """Probability of dropping an activation (embedding, attention, residual) in training."""

    def __post_init__(self) -> None:
        check_fields(self, "model")
        for name in ("d_model", "n_layers", "n_loops", "n_heads", "mlp_ratio", "max_positions"):
            if getattr(self, name) < 1:
                raise LatebloomError(
                    f"model.{name} is {getattr(self, name)}; it must be at least 1"
                )
        if self.d_model % (2 * self.n_heads):
            raise LatebloomError(
                f"model.d_model is {self.d_model}; it must be a multiple of 2 x model.n_heads"
                f" ({self.n_heads})"
            )
        if not 0 <= self.dropout < 1:
            raise LatebloomError(f"model.dropout is {self.dropout}; it must lie in [0, 1)")
        if self.temperature <= 0:
            raise LatebloomError(f"model.temperature is {self.temperature}; it must be above 0")
        if self.n_loops == 1 and self.feedback != "none":
            raise LatebloomError(
                f"model.feedback is {self.feedback!r}, which has no effect with one loop; set"
                " model.feedback none, or model.n_loops 2 or more"
            )
        if self.window < 0 or self.window == 1:
            raise LatebloomError(f"model.window is {self.window}; use 0 (all) or at least 2")

    @property
    def d_mlp(self) -> int:
        return self.mlp_ratio * self.d_model

    @property
    def shape(self) -> Literal["vanilla", "shared", "looped"]:
        """The family that this config belongs to."""
        if self.n_loops == 1:
            return "vanilla"
        return "looped" if self.feedback in ("restart", "replace", "ahead") else "shared"
