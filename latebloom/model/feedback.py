"""What a loop hands on to the next.

Enters: the token embeddings x, a loop's state h, and e, the expected embedding of what the loop
predicts at each position: e = sum_v p(v) W[v], with p = softmax(logits / temperature). Leaves: the
next loop's input, and what follows from how it is made: which positions feed anything back, and how
many loops a question needs.

| name      | the next loop's input             | used by                   | source           |
|-----------|-----------------------------------|---------------------------|------------------|
| `none`    | h                                 | plain and shared models   | arXiv:2405.15071 |
| `added`   | h + e                             | no recipe                 | ours             |
| `gated`   | h + g RMSNorm(e), with g learned  | no recipe                 | arXiv:2607.00341 |
| `restart` | x + e                             | no recipe                 | ours             |
| `replace` | e, but x at the first token       | comparison, elements, ... | ours             |
| `ahead`   | x + e for the eyes of later       | composition, atlas, facts | ours             |
|           | tokens, x for the token itself    |                           |                  |

The last three are the *looped* models: each loop begins again from the token embeddings, and knows
of the loops before only what they predicted. Their first token feeds nothing back: if it is a
subject it asks nothing, and if it is a relation it is the last one to be followed. With `replace` a
later loop knows of a token no more than what was predicted at it. With `ahead` what a token
predicted itself cannot disturb it when its turn comes; so the answer at position p is settled after
p loops.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from latebloom.model.config import ModelConfig


class Feedback:
    """`none`: the state goes on as it is.

    carries: the state goes on, and nothing but the state.
    looped: each loop begins again from the token embeddings.
    replaces: what is predicted at a token takes the token's place.
    apart: later tokens see the next loop's input, the token itself its own embedding.
    """

    carries = True
    looped = False
    replaces = False
    apart = False

    def make_gate(self) -> nn.Parameter | None:
        """The learned weight of what is fed back, if there is one."""
        return None

    def weighed(
        self, fed: Float[Tensor, "batch pos d_model"], gate: Tensor | None
    ) -> Float[Tensor, "batch pos d_model"]:
        """The expected embeddings as they are handed on."""
        return fed

    def feeds(self, n_tokens: int, first_pos: int = 0) -> range:
        """The columns that feed something back, of `n_tokens` from position `first_pos` on."""
        return range(0)

    def next_input(
        self,
        start: Float[Tensor, "batch pos d_model"],
        state: Float[Tensor, "batch pos d_model"],
        fed: Float[Tensor, "batch pos d_model"],
        first: int,
    ) -> Float[Tensor, "batch pos d_model"]:
        """What the next loop begins with.

        start: the token embeddings. state: after this loop; where `looped` it is not read.
        fed: the expected embeddings, weighed; 0 at columns that feed nothing back.
        first: the first column that does.
        """
        return state

    def settled_after(self, n_tokens: int) -> int | None:
        """Loops after which the answer at the last token stays as it is; None: no such number."""
        return None

    def loops_needed(self, n_loops: int, n_tokens: int, hops: int) -> int:
        """Loops to run for a question, by a model with `n_loops` in training.

        As in training; but a looped model runs one for every hop at least, and no further ones
        where they could not change the answer.
        """
        if not self.looped:
            return n_loops
        settled = self.settled_after(n_tokens)
        wanted = max(n_loops, hops)
        return wanted if settled is None else min(wanted, settled)

    def loops_trained(self, n_loops: int, n_tokens: int) -> int:
        """Of the `n_loops` of training those that can change the answer to a question."""
        settled = self.settled_after(n_tokens)
        return n_loops if settled is None else min(n_loops, settled)


class Added(Feedback):
    """The prediction is added to the state."""

    carries = False

    def feeds(self, n_tokens: int, first_pos: int = 0) -> range:
        return range(n_tokens)

    def next_input(self, start: Tensor, state: Tensor, fed: Tensor, first: int) -> Tensor:
        return fed + state


class Gated(Added):
    """The prediction, normed and behind a learned gate, is added to the state."""

    def make_gate(self) -> nn.Parameter:
        return nn.Parameter(torch.zeros(()))

    def weighed(self, fed: Tensor, gate: Tensor | None) -> Tensor:
        assert gate is not None
        return gate * F.rms_norm(fed, fed.shape[-1:])


class Restart(Feedback):
    """The prediction is added to the token embeddings; the state is dropped."""

    carries = False
    looped = True

    def feeds(self, n_tokens: int, first_pos: int = 0) -> range:
        return range(1 if first_pos == 0 else 0, n_tokens)

    def next_input(self, start: Tensor, state: Tensor, fed: Tensor, first: int) -> Tensor:
        return fed + start


class Replace(Restart):
    """The prediction takes the token's place."""

    replaces = True

    def next_input(self, start: Tensor, state: Tensor, fed: Tensor, first: int) -> Tensor:
        return torch.cat((start[:, :first], fed[:, first:]), dim=1)


class Ahead(Restart):
    """As `Restart`, but only later tokens see it, so the last one's prediction serves nobody."""

    apart = True

    def feeds(self, n_tokens: int, first_pos: int = 0) -> range:
        first = 1 if first_pos == 0 else 0
        return range(first, max(first, n_tokens - 1))

    def settled_after(self, n_tokens: int) -> int:
        return max(1, n_tokens - 1)


FEEDBACKS: dict[str, Feedback] = {
    "none": Feedback(),
    "added": Added(),
    "gated": Gated(),
    "restart": Restart(),
    "replace": Replace(),
    "ahead": Ahead(),
}
"""What `model.feedback` names. The objects hold nothing of a model."""


def loops_needed(config: ModelConfig, n_tokens: int, hops: int) -> int:
    """Loops for a question of so many tokens, by a model of this config.

    hops: look-ups in a row that it takes, as the world's task counts them.
    """
    return FEEDBACKS[config.feedback].loops_needed(config.n_loops, n_tokens, hops)
