"""Taps: named sites at which a forward pass can be read or rewritten.

Enters: the sites to read and the states to write. Leaves: the states read. A `Taps` is an
argument of one forward pass; nothing is hooked into the model and nothing stays behind.

Covers: the residual stream, the output of each sublayer, the expected embedding that is fed
back between loops. Does not cover: attention patterns (the fused kernel never forms them).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from torch import Tensor

SiteName = Literal["resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post", "feedback"]


class Site(NamedTuple):
    """A place in the computation. Loops and layers count from 0; a `feedback` has layer 0."""

    loop: int
    layer: int
    name: SiteName


Write = Callable[[Tensor], Tensor]
"""Takes the state `[batch, pos, d_model]` at a site and returns the state that goes on."""


class Taps:
    """What to read and what to rewrite during one forward pass.

    reads: sites whose state (after any write) is kept in `states`, `[batch, pos, d_model]`.
    writes: functions from the state at a site to the state that replaces it.
    """

    def __init__(
        self, reads: Iterable[Site] = (), writes: Mapping[Site, Write] | None = None
    ) -> None:
        self.reads = frozenset(reads)
        self.writes = dict(writes or {})
        self.states: dict[Site, Tensor] = {}

    def __call__(self, loop: int, layer: int, name: SiteName, state: Tensor) -> Tensor:
        site = Site(loop, layer, name)
        if site in self.writes:
            state = self.writes[site](state)
        if site in self.reads:
            self.states[site] = state
        return state

    def unvisited(self) -> set[Site]:
        """Sites asked for that the forward pass did not come by (a wrong loop or layer)."""
        return set(self.reads) - set(self.states)


def replace_at(positions: Tensor, values: Tensor) -> Write:
    """A write that puts `values` `[batch, d_model]` at one position `[batch]` of each row."""

    def write(state: Tensor) -> Tensor:
        index = positions.view(-1, 1, 1).expand(-1, 1, state.shape[-1])
        return state.scatter(1, index, values.unsqueeze(1).to(state.dtype))

    return write
