"""One decoder-only transformer whose config makes it vanilla, shared or looped.

Enters: questions as token ids `[batch, pos]`. Leaves: a `Pass`, with the logits over the vocabulary
after every loop, at the positions that are asked for.

- **vanilla** (`n_loops=1`): GPT-2, number for number.
- **shared** (`n_loops>1`, `feedback="none"` or `"added"`): the same layers run several times on
  one state, the sharing scheme of arXiv:2405.15071, section 3 (and its re-embedding variants).
- **looped** (`n_loops>1`, `feedback="ahead"`, the default, `"restart"` or `"replace"`): each loop
  starts again from the token embedding, plus the expected embedding of what the previous loop
  predicted, or from the latter alone (latebloom.model.feedback).

Covers: the forward pass, initialisation, taps. Does not cover: losses, optimizers, decoding.
"""

import math
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from latebloom.errors import LatebloomError
from latebloom.model.attention import FullPass
from latebloom.model.config import ModelConfig
from latebloom.model.feedback import FEEDBACKS
from latebloom.model.layer import Block, MakeMlp
from latebloom.model.positions import Positions, check_length, make_positions
from latebloom.model.taps import Taps


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """Parts of a model that are handed in, in place of the package's own.

    positions: the scheme, where `model.positions` begins with `own:`.
    mlp: makes what stands in the MLP's place in each layer, from the config.
    They keep the weights that they come with.
    """

    positions: Positions | None = None
    mlp: MakeMlp | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """What comes out of one forward pass.

    logits: after each loop, or after the last alone, where the earlier ones are not wanted or are
        no predictions (no feedback); without a position axis where one position was asked for.
    fed_back: the logits that each loop but the last feeds back, for the positions
        `model.feedback.feeds(n_tokens)`; empty unless they were to be kept.
    """

    logits: Float[Tensor, "loop batch *pos d_vocab"]
    fed_back: tuple[Float[Tensor, "batch fed d_vocab"], ...] = ()


class Transformer(nn.Module):
    """The model. `d_vocab` comes from the world; every weight is drawn from torch's generator."""

    def __init__(self, config: ModelConfig, d_vocab: int, *, parts: Parts | None = None) -> None:
        super().__init__()
        parts = parts or Parts()
        self.config = config
        self.d_vocab = d_vocab
        self.feedback = FEEDBACKS[config.feedback]
        self.embed = nn.Embedding(d_vocab, config.d_model)
        self.pos_embed = make_positions(config, parts.positions)
        self.blocks = nn.ModuleList(
            Block(config, self.pos_embed, parts.mlp) for _ in range(config.n_layers)
        )
        # With norms after the residual sum, the stream leaves the last block normalised.
        self.ln_final = nn.LayerNorm(config.d_model) if config.norm == "pre" else nn.Identity()
        self.unembed = None if config.tied else nn.Linear(config.d_model, d_vocab, bias=False)
        self.gate = self.feedback.make_gate()
        self.initialise(self.made_by_parts(parts))

    @property
    def positions(self) -> Positions:
        """The position scheme; its weights are saved as `pos_embed`."""
        return self.pos_embed

    @property
    def layers(self) -> list[Block]:
        """The layers, each once."""
        return list(self.blocks)  # pyright: ignore[reportReturnType]

    def first_to_see(self, position: int) -> int:
        """The first position whose state can depend on the token at `position`."""
        return 0 if self.config.both_ways else position

    @property
    def device(self) -> torch.device:
        return self.embed.weight.device

    def unrolled(self) -> list[Block]:
        """The layers in the order in which a token passes them, every loop counted.

        Raises: LatebloomError for a model that feeds predictions back between its loops, or sees
            later tokens.
        """
        if self.config.both_ways:
            raise LatebloomError(
                "model.attention is 'both'; sentences are read word by word: set model.attention"
                " causal"
            )
        if not self.feedback.carries:
            raise LatebloomError(
                f"model.feedback is {self.config.feedback!r}; sentences are read by models without"
                " feedback: set model.n_loops 1 and model.feedback none"
            )
        return self.layers * self.config.n_loops

    def made_by_parts(self, parts: Parts) -> set[nn.Parameter]:
        """The weights that came with a part, or that the position scheme made in the layers."""
        handed_in = [parts.positions, *(block.mlp for block in self.layers)]
        made = {p for part in handed_in if part is not None for p in part.parameters()}
        return made.union(*(block.attn.parameters(recurse=False) for block in self.layers))

    def initialise(self, but: set[nn.Parameter]) -> None:
        """GPT-2's: normal of deviation .02, residual projections divided by sqrt(2 n_layers).

        but: weights that stay as they are.
        """
        for name, parameter in self.named_parameters():
            if parameter in but or parameter.ndim < 2:
                continue
            residual = name.endswith(("attn.out.weight", "mlp_out.weight"))
            scale = 1 / math.sqrt(2 * self.config.n_layers) if residual else 1.0
            nn.init.normal_(parameter, std=0.02 * scale)
        for module in self.modules():
            bias: nn.Parameter | None = getattr(module, "bias", None)
            if isinstance(module, nn.Linear) and bias is not None and bias not in but:
                nn.init.zeros_(bias)

    @property
    def unembedding(self) -> Float[Tensor, "d_vocab d_model"]:
        return self.embed.weight if self.unembed is None else self.unembed.weight

    def embedded(
        self, tokens: Int[Tensor, "batch pos"], first: int = 0
    ) -> Float[Tensor, "batch pos d_model"]:
        """Token embedding, with the position where the scheme puts it there.

        first: the position of the first column.
        Raises: LatebloomError if the question is longer than the positions that exist.
        """
        stop = first + tokens.shape[1]
        check_length(
            self.positions.limit,
            [stop],
            lambda _: "a question",
            "give shorter ones, or train with `relative` positions, which have no limit",
        )
        x = self.positions.embed(self.embed(tokens), self.places(first, stop))
        return F.dropout(x, self.config.dropout, self.training) if self.config.dropout else x

    def places(self, first: int, stop: int) -> Int[Tensor, " pos"]:
        """The positions from `first` on, `stop` left out."""
        return torch.arange(first, stop, device=self.device)

    def logits(self, state: Float[Tensor, "*rows d_model"]) -> Float[Tensor, "*rows d_vocab"]:
        """The vocabulary projection of a residual state, final norm applied."""
        return F.linear(self.ln_final(state), self.unembedding)

    def expected_embedding(
        self, logits: Float[Tensor, "batch pos d_vocab"]
    ) -> Float[Tensor, "batch pos d_model"]:
        """sum_v p(v) W[v], with p the prediction at each position at `config.temperature`."""
        cold = self.config.temperature
        return torch.softmax(logits if cold == 1 else logits / cold, dim=-1) @ self.embed.weight

    def next_start(
        self,
        start: Float[Tensor, "batch pos d_model"],
        state: Float[Tensor, "batch kept d_model"],
        loop: int = 0,
        taps: Taps | None = None,
        *,
        first_pos: int = 0,
    ) -> tuple[Float[Tensor, "batch pos d_model"], Float[Tensor, "batch fed d_vocab"] | None]:
        """What the loop after `loop` begins with, and the logits that were fed back for it.

        first_pos: the position of the first column, where earlier ones are left out. The state may
        also be cut to the positions that feed something back.
        """
        if self.feedback.carries:
            return state, None
        n = start.shape[1]
        feeds = self.feedback.feeds(n, first_pos)
        cut = state.shape[1] != n
        logits = self.logits(state if cut else state[:, feeds.start : feeds.stop])
        fed = F.pad(self.expected_embedding(logits), (0, 0, feeds.start, n - feeds.stop))
        if taps:
            fed = taps(loop, 0, "feedback", fed)
        fed = self.feedback.weighed(fed, self.gate)
        return self.feedback.next_input(start, state, fed, feeds.start), logits

    def forward(
        self,
        tokens: Int[Tensor, "batch pos"],
        at: Int[Tensor, " batch"] | None = None,
        *,
        n_loops: int | None = None,
        every_loop: bool = True,
        keep_fed_back: bool = False,
        visible: Tensor | None = None,
        taps: Taps | None = None,
    ) -> Pass:
        """Predictions after every loop.

        at: the position of each row that is to be predicted from; None: every position.
        n_loops: passes to run instead of `config.n_loops`.
        every_loop: whether the predictions of the earlier loops are wanted too.
        keep_fed_back: whether the logits that are fed back, which are made in any case, are kept.
        visible: who sees whom, `[pos, pos]` or `[batch, 1, pos, pos]`; None: as the config says.
        """
        loops = range(n_loops or self.config.n_loops)
        start = self.embedded(tokens)
        return self.run(
            start,
            start,
            at,
            loops=loops,
            every_loop=every_loop,
            keep_fed_back=keep_fed_back,
            visible=visible,
            taps=taps,
        )

    def run(
        self,
        start: Float[Tensor, "batch pos d_model"],
        state: Float[Tensor, "batch pos d_model"],
        at: Int[Tensor, " batch"] | None,
        *,
        loops: range,
        first_layer: int = 0,
        every_loop: bool = True,
        keep_fed_back: bool = False,
        visible: Tensor | None = None,
        taps: Taps | None = None,
    ) -> Pass:
        """Goes on from `state` before (`loops.start`, `first_layer`) to the end.

        start: the embedding, from which every restarted loop begins.
        """
        early = every_loop and not self.feedback.carries
        apart = self.feedback.apart
        attend, places = FullPass(visible), self.places(0, start.shape[1])
        predictions, fed_back = [], []
        for loop in loops:
            last = loop == loops.stop - 1
            # Of a loop's last layer only some positions are needed: the answer's at the end, and
            # before that those that feed back to others. Nobody may want to look, though.
            only = None
            if at is not None and taps is None and visible is None:
                if last:
                    only = at.unsqueeze(1)
                elif apart and not early:
                    feeds = self.feedback.feeds(start.shape[1])
                    only = self.places(feeds.start, feeds.stop).expand(len(at), -1)
            for layer in range(first_layer if loop == loops.start else 0, self.config.n_layers):
                state = self.blocks[layer](
                    state,
                    attend,
                    self.positions,
                    places,
                    own=start if layer == 0 and apart else None,
                    at=only if layer == self.config.n_layers - 1 else None,
                    tap=partial(taps, loop, layer) if taps else None,
                )
            if last or early:
                cut = last and only is not None
                answer = state.squeeze(1) if cut else state if at is None else rows_at(state, at)
                predictions.append(self.logits(answer))
            if not last:
                state, fed = self.next_start(start, state, loop, taps)
                if keep_fed_back and fed is not None:
                    fed_back.append(fed)
        # A stack of one would be a copy, which counts where the vocabulary is large.
        one = len(predictions) == 1
        logits = predictions[0].unsqueeze(0) if one else torch.stack(predictions)
        return Pass(logits, tuple(fed_back))


def rows_at(
    state: Float[Tensor, "batch pos d_model"], at: Int[Tensor, " batch"]
) -> Float[Tensor, "batch d_model"]:
    """The state at one position of each row."""
    return state.gather(1, at.view(-1, 1, 1).expand(-1, 1, state.shape[-1])).squeeze(1)
