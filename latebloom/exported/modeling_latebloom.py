"""A latebloom model for `transformers`: one small decoder-only transformer, run once or in loops.

This file lies beside the weights that it runs, and needs only torch and transformers:

    model = AutoModelForCausalLM.from_pretrained(FOLDER, trust_remote_code=True)

The layers `blocks.L` are run `config.n_loops` times. What they compute passes through hook points,
modules that do nothing but can be read and replaced (`register_forward_hook`, nnsight, or
`run_with_hooks` below). Every loop has hook points of its own, so that a name tells the loop:

    hook_embed                                embedding, position included   [batch pos d_model]
    loops.I.blocks.L.hook_resid_pre           the residual stream before the layer      "
    loops.I.blocks.L.attn.hook_q, _k, _v, _z  queries, keys, values, and values
                                              weighted by the pattern   [batch pos head d_head]
    loops.I.blocks.L.attn.hook_pattern        attention             [batch head query key]
    loops.I.blocks.L.hook_attn_out            what attention adds            [batch pos d_model]
    loops.I.blocks.L.hook_resid_mid           the stream between attention and MLP      "
    loops.I.blocks.L.hook_mlp_out             what the MLP adds                         "
    loops.I.blocks.L.hook_resid_post          the stream after the layer                "
    loops.I.hook_final                        the stream after the last norm            "
    loops.I.hook_logits                       what this loop predicts        [batch pos d_vocab]
    loops.I.hook_feedback                     the expected embedding of that prediction, for the
                                              next loop                      [batch pos d_model]

Loops I and layers L count from 0. Nothing is cached: `generate` runs the whole text at each token.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

LOOPED = ("restart", "replace", "ahead")
"""Feedbacks with which a loop begins again from the embedding; the others keep the state."""
SHAPE = {
    "vocab_size": 1,
    "d_model": 128,
    "n_layers": 2,
    "n_loops": 1,
    "n_heads": 4,
    "mlp_ratio": 4,
    "feedback": "none",
    "feedback_temperature": 1.0,
    "positions": "learned",
    "max_positions": 32,
    "max_distance": 3,
    "attention": "causal",
    "window": 0,
    "norm": "pre",
    "activation": "gelu_new",
    "tied": True,
    "dropout": 0.0,
    "mlp_dropout": 0.0,
}
"""The fields of the config, with their defaults."""


class LatebloomConfig(PretrainedConfig):
    """The shape of the model.

    n_loops: passes through the layers. feedback: what the next loop gets of a loop's prediction:
    nothing ("none"); its expected embedding at each token, added to the state ("added"), behind a
    learned gate ("gated"), added to the embedding ("restart"), in the embedding's place
    ("replace"), or added to the embedding for later tokens only ("ahead"). feedback_temperature:
    of the prediction that is fed back. max_distance: distances told apart by "relative" positions.
    attention: whom a token sees, itself and those before it ("causal") or all of the text ("both").
    window: how near what it sees must be, itself 0 away; 0: anywhere. tied: the unembedding is the
    embedding.
    """

    model_type = "latebloom"
    attribute_map = {  # noqa: RUF012
        "hidden_size": "d_model",
        "num_hidden_layers": "n_layers",
        "num_attention_heads": "n_heads",
        "max_position_embeddings": "max_positions",
    }

    def __init__(self, **kwargs: Any) -> None:
        for name, default in SHAPE.items():
            setattr(self, name, kwargs.pop(name, default))
        super().__init__(**kwargs)


class HookPoint(nn.Module):
    """Hands on a copy of what it gets; a forward hook reads it, or returns what goes on instead.

    A copy, so that a hook that writes into it in place changes what comes after and nothing else.
    """

    name = ""
    """The full name, such as `loops.1.blocks.0.hook_resid_post`."""

    def forward(self, state: Tensor) -> Tensor:
        return state.clone()


def hook_points(*names: str) -> dict[str, nn.Module]:
    return {name: HookPoint() for name in names}


def block_hooks() -> nn.ModuleDict:
    """The hook points of one layer in one loop."""
    attn = hook_points("hook_q", "hook_k", "hook_v", "hook_pattern", "hook_z")
    stream = ("hook_resid_pre", "hook_attn_out", "hook_resid_mid", "hook_mlp_out")
    points = hook_points(*stream, "hook_resid_post")
    return nn.ModuleDict({"attn": nn.ModuleDict(attn), **points})


def loop_hooks(n_layers: int, *, feeds: bool) -> nn.ModuleDict:
    """The hook points of one loop. feeds: whether the next loop gets this one's prediction."""
    blocks = nn.ModuleList(block_hooks() for _ in range(n_layers))
    points = hook_points("hook_final", "hook_logits", *(["hook_feedback"] if feeds else []))
    return nn.ModuleDict({"blocks": blocks, **points})


class Attention(nn.Module):
    """Attention, written out so that its pattern can be seen."""

    def __init__(self, config: LatebloomConfig) -> None:
        super().__init__()
        self.n_heads, self.window = config.n_heads, config.window
        self.both_ways = config.attention == "both"
        self.rotary = config.positions == "rotary"
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model)
        self.out = nn.Linear(config.d_model, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.distance_bias = None
        if config.positions == "relative":
            ahead = config.max_distance if self.both_ways else 0
            n_distances = ahead + config.max_distance + 1
            self.distance_bias = nn.Parameter(torch.zeros(config.n_heads, n_distances))
            self.least, self.farthest = -ahead, config.max_distance

    def forward(
        self,
        x: Tensor,
        seen: Tensor,
        hooks: nn.ModuleDict,
        *,
        strict: bool,
        text: Tensor | None = None,
    ) -> Tensor:
        """x asks, `seen` is looked at. strict: no token but the first sees itself. text: where
        there is text and no padding; None: everywhere."""
        own = self.qkv(x).chunk(3, dim=-1)
        others = own if seen is x else self.qkv(seen).chunk(3, dim=-1)
        parts = (own[0], others[1], others[2])
        q, k, v = (part.unflatten(-1, (self.n_heads, -1)) for part in parts)
        q, k, v = hooks["hook_q"](q), hooks["hook_k"](k), hooks["hook_v"](v)
        places = torch.arange(x.shape[1], device=x.device)
        if self.rotary:
            q, k = rotated(q, places), rotated(k, places)
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(q.shape[-1])
        distance = places[:, None] - places
        visible = torch.ones_like(distance, dtype=torch.bool) if self.both_ways else distance >= 0
        if strict:
            visible = visible & ((distance > 0) | (places == 0)[:, None])
        if self.window:
            visible = visible & (distance.abs() < self.window)
        if text is not None:
            visible = visible & text[:, None, None, :]
        if self.distance_bias is not None:
            bias = self.distance_bias[:, distance.clamp(self.least, self.farthest) - self.least]
            scores = scores + bias
        pattern = hooks["hook_pattern"](scores.masked_fill(~visible, -math.inf).softmax(dim=-1))
        z = hooks["hook_z"](torch.einsum("bhqk,bkhd->bqhd", self.dropout(pattern), v))
        return self.out(z.flatten(2))


class Block(nn.Module):
    """One layer."""

    def __init__(self, config: LatebloomConfig) -> None:
        super().__init__()
        self.pre_norm, self.relu = config.norm == "pre", config.activation == "relu"
        self.ln_1 = nn.LayerNorm(config.d_model)
        self.attn = Attention(config)
        self.ln_2 = nn.LayerNorm(config.d_model)
        self.mlp_in = nn.Linear(config.d_model, config.mlp_ratio * config.d_model)
        self.mlp_out = nn.Linear(config.mlp_ratio * config.d_model, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.mlp_dropout = nn.Dropout(config.mlp_dropout)

    def forward(
        self, state: Tensor, own: Tensor | None, hooks: nn.ModuleDict, text: Tensor | None = None
    ) -> Tensor:
        """own: the stream that a token keeps for itself while later tokens see `state`. text: as
        attention has it."""
        state = hooks["hook_resid_pre"](state)
        stream = state if own is None else own
        seen = self.ln_1(state) if self.pre_norm else state
        asking = seen
        if own is not None:
            asking = self.ln_1(own) if self.pre_norm else own
        a = self.attn(asking, seen, hooks["attn"], strict=own is not None, text=text)
        a = self.dropout(a)
        stream = stream + hooks["hook_attn_out"](a)
        stream = hooks["hook_resid_mid"](stream if self.pre_norm else self.ln_1(stream))
        hidden = self.mlp_in(self.ln_2(stream) if self.pre_norm else stream)
        hidden = F.relu(hidden) if self.relu else F.gelu(hidden, approximate="tanh")
        stream = stream + hooks["hook_mlp_out"](
            self.dropout(self.mlp_out(self.mlp_dropout(hidden)))
        )
        return hooks["hook_resid_post"](stream if self.pre_norm else self.ln_2(stream))


@dataclass
class LatebloomOutput(CausalLMOutput):
    """logits: of the last loop, `[batch, pos, vocab]`. loop_logits: `[loop, batch, pos, vocab]`;
    without feedback those of the earlier loops are a logit lens, no predictions."""

    loop_logits: Tensor | None = None


class LatebloomForCausalLM(PreTrainedModel, GenerationMixin):
    """The model with its hook points."""

    config_class = LatebloomConfig

    def __init__(self, config: LatebloomConfig) -> None:
        super().__init__(config)
        self.embed = nn.Embedding(config.vocab_size, config.d_model)
        self.pos_embed = None
        if config.positions == "learned":
            self.pos_embed = nn.Embedding(config.max_positions, config.d_model)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.ln_final = nn.LayerNorm(config.d_model) if config.norm == "pre" else nn.Identity()
        self.unembed = None
        if not config.tied:
            self.unembed = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.gate = nn.Parameter(torch.zeros(())) if config.feedback == "gated" else None
        self.hook_embed = HookPoint()
        fed = config.n_loops - 1 if config.feedback != "none" else 0
        self.loops = nn.ModuleList(
            loop_hooks(config.n_layers, feeds=loop < fed) for loop in range(config.n_loops)
        )
        for name, module in self.named_modules():
            if isinstance(module, HookPoint):
                module.name = name
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.embed

    def embedded(self, tokens: Tensor) -> Tensor:
        """The embedding of the tokens, with the position where the scheme puts it there."""
        n, config = tokens.shape[1], self.config
        if config.positions in ("learned", "sinusoidal") and n > config.max_positions:
            raise ValueError(
                f"{n} tokens are more than config.max_positions, {config.max_positions}"
            )
        x = self.embed(tokens)
        if self.pos_embed is not None:
            x = x + self.pos_embed.weight[:n]
        elif config.positions == "sinusoidal":
            x = x * math.sqrt(config.d_model) + sinusoids(n, config.d_model).to(x)
        return self.hook_embed(F.dropout(x, config.dropout, self.training))

    def next_start(self, start: Tensor, state: Tensor, logits: Tensor, hook: HookPoint) -> Tensor:
        """Where the next loop begins, from the embedding and a loop's state and prediction."""
        feedback, n = self.config.feedback, start.shape[1]
        # A looped model's first token feeds nothing back; nor the last where none comes after it.
        first = 1 if feedback in LOOPED else 0
        stop = max(first, n - 1 if feedback == "ahead" else n)
        prediction = (logits[:, first:stop] / self.config.feedback_temperature).softmax(dim=-1)
        fed = hook(F.pad(prediction @ self.embed.weight, (0, 0, first, n - stop)))
        if self.gate is not None:
            fed = self.gate * F.rms_norm(fed, (self.config.d_model,))
        if feedback == "replace":
            return torch.cat((start[:, :first], fed[:, first:]), dim=1)
        return fed + (start if feedback in LOOPED else state)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        n_loops: int | None = None,
        return_dict: bool | None = None,
    ) -> LatebloomOutput | tuple[Any, ...]:
        """The logits.

        attention_mask: tells of padding after the text, which no token of the text sees.
        labels: the tokens themselves, -100 where no loss is wanted; shifted here. Not where tokens
            see later ones: the next word would be known.
        n_loops: fewer loops than the config's; for more, load with `n_loops=...`.
        """
        if n_loops is None:
            n_loops = len(self.loops)
        if not 1 <= n_loops <= len(self.loops):
            raise ValueError(
                f"n_loops is {n_loops}, but there are hook points for 1 to {len(self.loops)};"
                f" for more loops: from_pretrained(..., n_loops={n_loops})"
            )
        if attention_mask is not None and bool((attention_mask.diff(dim=1) > 0).any()):
            raise ValueError("padding must come after the text: tokenizer.padding_side = 'right'")
        both_ways = self.config.attention == "both"
        if both_ways and labels is not None:
            raise ValueError("config.attention is 'both': every token sees the next, so no labels")
        text = attention_mask.bool() if both_ways and attention_mask is not None else None
        start = state = self.embedded(input_ids)
        predictions = []
        loops: list[Any] = list(self.loops)[:n_loops]
        for loop, hooks in enumerate(loops):
            for layer, block in enumerate(self.blocks):
                own = start if self.config.feedback == "ahead" and layer == 0 else None
                state = block(state, own, hooks["blocks"][layer], text)
            final = hooks["hook_final"](self.ln_final(state))
            weight = self.embed.weight if self.unembed is None else self.unembed.weight
            logits = hooks["hook_logits"](F.linear(final, weight))
            predictions.append(logits)
            if loop < n_loops - 1 and self.config.feedback != "none":
                state = self.next_start(start, state, logits, hooks["hook_feedback"])
        loss = None
        if labels is not None:
            loss = F.cross_entropy(predictions[-1][:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        out = LatebloomOutput(
            loss=loss, logits=predictions[-1], loop_logits=torch.stack(predictions)
        )
        return out if return_dict is not False else out.to_tuple()

    def prepare_inputs_for_generation(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, input_ids: Tensor, **kwargs: Any
    ) -> dict[str, Any]:
        """What `forward` needs for the next token: all of the text, since nothing is cached."""
        kept = ("attention_mask", "n_loops")
        return {"input_ids": input_ids} | {name: kwargs.get(name) for name in kept}

    def run_with_hooks(
        self,
        input_ids: Tensor,
        fwd_hooks: Iterable[tuple[str, Callable[..., Tensor | None]]] = (),
        **kwargs: Any,
    ) -> Tensor:
        """The logits with functions at hook points, as in TransformerLens.

        fwd_hooks: names with a `function(state, hook)`, which returns the state that goes on
        instead, or None.
        """
        handles = []
        try:
            for name, function in fwd_hooks:
                handles.append(
                    self.get_submodule(name).register_forward_hook(
                        lambda hook, _, state, function=function: function(state, hook=hook)
                    )
                )
            return self(input_ids, **kwargs).logits
        finally:
            for handle in handles:
                handle.remove()

    def run_with_cache(self, input_ids: Tensor, **kwargs: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """The logits, and what came through every hook point by its name."""
        cache: dict[str, Tensor] = {}

        def keep(state: Tensor, hook: HookPoint) -> None:
            cache[hook.name] = state.detach()

        names = [n for n, module in self.named_modules() if isinstance(module, HookPoint)]
        logits = self.run_with_hooks(input_ids, [(name, keep) for name in names], **kwargs)
        return logits, cache


def rotated(x: Tensor, places: Tensor) -> Tensor:
    """Rotary positions (arXiv:2104.09864): pairs (i, i + d_head/2) of `[batch pos head d_head]`."""
    half = x.shape[-1] // 2
    rate = 10_000.0 ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angle = (places[:, None].float() * rate)[:, None]
    cos, sin = angle.cos().to(x), angle.sin().to(x)
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


def sinusoids(n: int, d_model: int) -> Tensor:
    """The fixed table of arXiv:1706.03762: sines in even columns, cosines in odd."""
    rate = 10_000.0 ** (-torch.arange(0, d_model, 2, dtype=torch.float32) / d_model)
    angle = torch.arange(n, dtype=torch.float32)[:, None] * rate
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)
