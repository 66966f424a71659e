"""The logit lens: what each state would answer if the model ended there.

Enters: the `States` of a pass and named tokens of each question (subject, bridge, answer, ...).
Leaves: rank and probability of each named token at every (loop, boundary, position).

The lens is the model's own final norm and unembedding, so at the last boundary it equals the
logits. The rank counts from 0 and is the number of tokens with a larger logit, plus those of an
equal one with a lower id; it is counted, never sorted.

Source: nostalgebraist, "interpreting GPT: the logit lens" (2020); arXiv:2405.15071, section 3.3.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latebloom.circuits.states import LOGITS_AT_ONCE, States, at_rest
from latebloom.model.transformer import Transformer

Named = Mapping[str, Int[Tensor, " row"] | Int[Tensor, "row choice"]]
"""For each name the token of each question, or several: then the best of them is ranked, and
their probabilities are added (a label space, the values of an attribute)."""


@dataclass(frozen=True, slots=True)
class Lens:
    """What the lens shows of the named tokens; on the CPU, wherever the model is.

    rank: from 0, `[loop, boundary, pos, row]`. probability: over the whole vocabulary, same shape.
    """

    rank: Mapping[str, Int[Tensor, "loop boundary pos row"]]
    probability: Mapping[str, Float[Tensor, "loop boundary pos row"]]

    def reciprocal_rank(self, name: str) -> Float[Tensor, "loop boundary pos"]:
        """Mean over the questions of 1 / (1 + rank); 1 where the token always comes first."""
        return (1 / (1 + self.rank[name])).mean(-1)

    def mean_rank(self, name: str) -> Float[Tensor, "loop boundary pos"]:
        return self.rank[name].float().mean(-1)

    def mean_probability(self, name: str) -> Float[Tensor, "loop boundary pos"]:
        return self.probability[name].mean(-1)


def logit_lens(
    model: Transformer,
    states: States,
    named: Named,
    *,
    among: Int[Tensor, " candidate"] | None = None,
) -> Lens:
    """Rank and probability of every named token at every state.

    among: token ids that compete for the rank (say, the entities); None: the whole vocabulary.
    A named token must then be among them.
    """
    n_loops, n_boundaries, n_rows, n_positions, _ = states.stream.shape
    spread = {
        name: tokens.to(model.device).view(n_rows, 1, -1).expand(-1, n_positions, -1).flatten(0, 1)
        for name, tokens in named.items()
    }
    among = None if among is None else among.to(model.device)
    shape = (n_loops, n_boundaries, n_rows * n_positions)
    rank = {name: torch.empty(shape, dtype=torch.long, device="cpu") for name in named}
    probability = {name: torch.empty(shape, device="cpu") for name in named}
    at_once = max(1, LOGITS_AT_ONCE // model.d_vocab)
    with at_rest(model):
        for loop, boundary in itertools.product(range(n_loops), range(n_boundaries)):
            stream = states.stream[loop, boundary].flatten(0, 1)
            for begin in range(0, len(stream), at_once):
                part = slice(begin, begin + at_once)
                logits = model.logits(stream[part])
                total = logits.logsumexp(-1, keepdim=True)
                for name, tokens in spread.items():
                    chosen = tokens[part]
                    share = (logits.gather(1, chosen) - total).exp().sum(-1)
                    probability[name][loop, boundary, part] = share
                    rank[name][loop, boundary, part] = ranks(logits, chosen, among)

    def by_position(table: Tensor) -> Tensor:
        return table.view(n_loops, n_boundaries, n_rows, n_positions).transpose(2, 3)

    return Lens(
        rank={name: by_position(table) for name, table in rank.items()},
        probability={name: by_position(table) for name, table in probability.items()},
    )


def ranks(
    logits: Float[Tensor, "row d_vocab"],
    tokens: Int[Tensor, "row choice"],
    among: Int[Tensor, " candidate"] | None = None,
) -> Int[Tensor, " row"]:
    """The rank from 0 of the best of the given tokens in each row; of equals the lower id leads."""
    value = logits.gather(1, tokens)
    best = value.max(-1, keepdim=True).values
    token = tokens.masked_fill(value < best, logits.shape[1]).min(-1, keepdim=True).values
    ids = torch.arange(logits.shape[1], device=logits.device) if among is None else among
    rivals = logits if among is None else logits[:, among]
    rank = (rivals > best).sum(-1)
    tied = (rivals == best).sum(-1) > 1
    if tied.any():
        rank[tied] += ((rivals[tied] == best[tied]) & (ids < token[tied])).sum(-1)
    return rank
