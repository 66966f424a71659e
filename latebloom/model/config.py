"""What is chosen of a transformer: `ModelConfig`, its fields and what they rule out.

Covers: the choices and their validation. Does not cover: the model that they describe, which is
`latebloom.model.transformer`; nothing here loads torch, so that a command which only reads or
lists configs starts at once.
"""

import dataclasses
from dataclasses import dataclass
from typing import Literal

from latebloom.checked import check_fields
from latebloom.errors import LatebloomError

POSITIONS = ("learned", "rotary", "relative", "sinusoidal", "none")
"""The position schemes that the package holds."""
LIMITED = ("learned", "sinusoidal")
"""Those that know `max_positions` positions and no more."""
OWN = "own:"
"""What the name of another scheme begins with."""


def has_effect(positions: str, feedback: str) -> dict[str, bool]:
    """Whether each setting that only some models read does anything in a model of these."""
    own = positions.startswith(OWN)  # a scheme that may read both of them
    return {
        "temperature": feedback != "none",
        "max_positions": own or positions in LIMITED,
        "max_distance": own or positions == "relative",
    }


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
    """What a loop hands on to the next; the table is in latebloom.model.feedback."""
    temperature: float = 1.0
    """Temperature of the prediction whose expected embedding is fed back."""
    positions: str = "relative"
    """How a token knows where it stands: learned, rotary, relative, sinusoidal, none, or `own:` and
    a name for a scheme that is handed to the model; see latebloom.model.positions."""
    max_positions: int = 32
    """Longest question, in tokens, for `learned` and `sinusoidal` positions."""
    max_distance: int = 3
    """Distances told apart by `relative` positions; farther ones look alike."""
    attention: Literal["causal", "both"] = "causal"
    """Whom a token sees: itself and earlier tokens, or all tokens of the question, both ways."""
    window: int = 0
    """Reach of attention: a token sees tokens less than so far away, itself included; 0: all."""
    norm: Literal["pre", "post"] = "pre"
    """LayerNorm before each sublayer (GPT-2) or after each residual sum (arXiv:1706.03762)."""
    activation: Literal["gelu_new", "relu"] = "gelu_new"
    """The MLP's nonlinearity; gelu_new is GELU's tanh form, as in GPT-2."""
    tied: bool = True
    """The unembedding is the embedding's transpose."""
    dropout: float = 0.0
    """Probability of dropping an activation (embedding, attention, residual) in training."""
    mlp_dropout: float = 0.0
    """Probability of dropping a unit of the MLP's hidden layer in training."""

    def __post_init__(self) -> None:
        check_fields(self, "model")
        for name in (
            "d_model",
            "n_layers",
            "n_loops",
            "n_heads",
            "mlp_ratio",
            "max_positions",
            "max_distance",
        ):
            if getattr(self, name) < 1:
                raise LatebloomError(
                    f"model.{name} is {getattr(self, name)}; it must be at least 1"
                )
        if self.d_model % (2 * self.n_heads):
            raise LatebloomError(
                f"model.d_model is {self.d_model}; it must be a multiple of 2 x model.n_heads"
                f" ({self.n_heads})"
            )
        for name in ("dropout", "mlp_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise LatebloomError(
                    f"model.{name} is {getattr(self, name)}; it must lie in [0, 1)"
                )
        if self.temperature <= 0:
            raise LatebloomError(f"model.temperature is {self.temperature}; it must be above 0")
        if self.n_loops == 1 and self.feedback != "none":
            raise LatebloomError(
                f"model.feedback is {self.feedback!r}, which has no effect with one loop; set"
                " model.feedback none, or model.n_loops 2 or more"
            )
        if self.window < 0 or self.window == 1:
            raise LatebloomError(f"model.window is {self.window}; use 0 (all) or at least 2")
        self._check_positions()
        self._check_both_ways()
        self._check_effects()

    def _check_positions(self) -> None:
        """Refuses a scheme that there is not."""
        if self.positions not in POSITIONS and not self.positions.startswith(OWN):
            raise LatebloomError(
                f"model.positions is {self.positions!r}; it must be one of {', '.join(POSITIONS)},"
                f" or '{OWN}' and a name, with the scheme handed to the model"
            )

    def _check_both_ways(self) -> None:
        """Refuses what needs an order that attention both ways does not give."""
        if not self.both_ways:
            return
        if self.feedback == "ahead":
            raise LatebloomError(
                "model.feedback is 'ahead', which is for the eyes of later tokens, and with"
                " model.attention both every token sees all others; set model.feedback restart"
            )
        if self.positions == "none":
            raise LatebloomError(
                "model.positions is 'none': with model.attention both nothing would tell the order"
                " of the tokens; set model.positions rotary"
            )

    def _check_effects(self) -> None:
        """Refuses what was set and has no effect."""
        effects = has_effect(self.positions, self.feedback)
        for field in dataclasses.fields(self):
            told = getattr(self, field.name)
            if not effects.get(field.name, True) and told != field.default:
                cause = "feedback" if field.name == "temperature" else "positions"
                raise LatebloomError(
                    f"model.{field.name} is {told}, which has no effect with model.{cause}"
                    f" {getattr(self, cause)}; leave it at {field.default}"
                )

    @property
    def both_ways(self) -> bool:
        """Whether a token sees later ones too."""
        return self.attention == "both"

    @property
    def feeds_back(self) -> bool:
        """Whether a loop hands its predictions on to the next."""
        return self.feedback != "none"

    @property
    def d_mlp(self) -> int:
        return self.mlp_ratio * self.d_model

    @property
    def limit(self) -> int | None:
        """Tokens of the longest question that a scheme of the package can read; None: any."""
        return self.max_positions if self.positions in LIMITED else None
