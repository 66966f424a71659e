"""Progress measures: numbers of one checkpoint that move before, or while, it groks.

Enters: a model and rows of a split grouped by bridge. Leaves: `Progress`.

With h the centred states at one boundary and the first bridge's position (the mean over all ID
states subtracted), grouped by bridge b, and m_b the mean of a group:
- cohesion: mean over pairs of one group of cos(h_i, h_j).
- alignment: mean over bridges of cos(m_b of OOD questions, m_b of ID questions).
- to_embedding: mean of cos(state, W[b]), states not centred.
- class_ratio: mean |m_b - m|^2 / mean |h_i - m_b|^2.
- gradient_entropy: -sum p log p / log N with p = g^2 / sum g^2 over the N weights; 1 where every
  weight has the same share of the gradient, 0 where one has all of it.

Sources: arXiv:2505.23653 (cohesion, alignment); arXiv:2509.24653 (bridge and its embedding).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor
from torch.nn import functional as F

from latebloom.circuits.states import at_rest, run_states
from latebloom.evaluation.signs import entropy_of
from latebloom.model.transformer import Transformer
from latebloom.worlds.streams import Draw
from latebloom.worlds.world import World


def part_of(name: str) -> str:
    """The part of the model that a parameter belongs to, from its name."""
    top, *rest = name.split(".")
    module = rest[1] if top == "blocks" else top
    kinds = {"attn": "attention", "mlp_in": "mlp", "mlp_out": "mlp", "pos_embed": "positions"}
    return "norm" if module.startswith("ln_") else kinds.get(module, module)


def weight_norms(model: Transformer) -> dict[str, float]:
    """The Euclidean norm of the weights of each part (`embed`, `attention`, `mlp`, `norm`, ...)
    and of `all`."""
    squares: dict[str, float] = {}
    for name, weight in model.named_parameters():
        part = part_of(name)
        squares[part] = squares.get(part, 0.0) + float(weight.detach().double().square().sum())
    squares["all"] = sum(squares.values())
    return {part: total**0.5 for part, total in squares.items()}


def gradient_entropy(model: Transformer, rows: Int[ndarray, "row token"]) -> float:
    """How evenly the loss gradient on these examples spreads over the weights, in [0, 1]."""
    table = torch.from_numpy(rows).long().to(model.device)
    training = model.training
    model.eval()
    last = torch.full((len(table),), table.shape[1] - 2, device=model.device)
    logits = model(table[:, :-1], last, every_loop=False).logits[-1]
    loss = F.cross_entropy(logits, table[:, -1])
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    gradients = torch.autograd.grad(loss, weights, allow_unused=True)
    model.train(training)
    # torch gives None for a weight that the loss does not depend on; its types do not say so.
    there = [g for g in gradients if g is not None]  # pyright: ignore[reportUnnecessaryComparison]
    return entropy_of(there) or 0.0


@dataclass(frozen=True, slots=True)
class Groups:
    """Examples of one split, several for each first bridge.

    bridge: the token of each row's group. position: where it is looked for.
    """

    questions: Int[ndarray, "row pos"]
    bridge: Int[ndarray, " row"]
    position: int = 1


def group_by_bridge(
    world: World,
    split: str,
    *,
    only: Int[ndarray, " bridge"] | None = None,
    n_bridges: int = 48,
    per_bridge: int = 8,
    seed: int = 0,
) -> Groups:
    """Up to `per_bridge` random questions for up to `n_bridges` bridges with two or more.

    only: the bridges to choose from; None: all.
    """
    rows = world.in_one_order(split)
    rng = np.random.default_rng([seed, Draw.BRIDGES])
    rows = rows[rng.permutation(len(rows))]
    first_step = world.task.steps(rows.shape[1] - 1)[0]
    bridge = world.task.found(world.facts, rows[:, :-1])[first_step.name]
    order = np.argsort(bridge, kind="stable")
    _, first, count = np.unique(bridge[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, count)
    enough = np.repeat(count, count) >= 2
    allowed = enough if only is None else enough & np.isin(bridge[order], only)
    open_bridges = np.unique(bridge[order][allowed])
    drawn = rng.permutation(open_bridges)[:n_bridges]
    kept = order[allowed & (place < per_bridge) & np.isin(bridge[order], drawn)]
    return Groups(rows[kept, :-1].astype(np.int64), bridge[kept], first_step.position)


@torch.no_grad()
def bridge_geometry(
    model: Transformer, inside: Groups, outside: Groups | None, *, n_loops: int
) -> dict[str, Float[ndarray, "loop boundary"]]:
    """Cohesion, alignment, closeness to the embedding and class ratio at every boundary.

    inside: ID questions. outside: OOD questions; None leaves the alignment out.
    """
    with at_rest(model):
        states = run_states(model, torch.from_numpy(inside.questions), n_loops=n_loops)
        stream = states.stream[..., inside.position, :]
        mean = stream.mean(2, keepdim=True)
        centred = stream - mean
        bridge, group = np.unique(inside.bridge, return_inverse=True)
        index = torch.from_numpy(group).to(model.device)
        centroid, count = centroids(centred, index, len(bridge))
        unit_sum, _ = centroids(F.normalize(centred, dim=-1), index, len(bridge))
        pairs = (count * (count - 1)).sum()
        cohesion = ((unit_sum * count[:, None]).square().sum(-1) - count).sum(-1) / pairs
        within = (centred - centroid[:, :, index]).square().sum(-1).mean(-1)
        between = centroid.square().sum(-1).mean(-1)
        embedding = model.embed.weight[torch.from_numpy(inside.bridge).long().to(model.device)]
        measures = {
            "cohesion": cohesion,
            "to_embedding": F.cosine_similarity(stream, embedding, dim=-1).mean(-1),
            "class_ratio": between / within.clamp_min(1e-12),
        }
        if outside is not None and len(outside.bridge):
            other = run_states(model, torch.from_numpy(outside.questions), n_loops=n_loops)
            known = np.searchsorted(bridge, outside.bridge).clip(max=len(bridge) - 1)
            rows = np.flatnonzero(bridge[known] == outside.bridge)
            kept = torch.from_numpy(rows).to(model.device)
            apart = other.stream[..., kept, outside.position, :] - mean
            target = torch.from_numpy(known[rows]).to(model.device)
            far, n_far = centroids(apart, target, len(bridge))
            both = n_far > 0
            cosine = F.cosine_similarity(far[:, :, both], centroid[:, :, both], dim=-1)
            measures["alignment"] = cosine.mean(-1)
    return {name: values.double().cpu().numpy() for name, values in measures.items()}


def centroids(
    states: Float[Tensor, "loop boundary row d_model"], group: Int[Tensor, " row"], n: int
) -> tuple[Float[Tensor, "loop boundary group d_model"], Float[Tensor, " group"]]:
    """The mean state of each group, and its number of rows."""
    count = states.new_zeros(n).index_add(0, group, states.new_ones(len(group)))
    total = states.new_zeros(*states.shape[:2], n, states.shape[-1]).index_add(2, group, states)
    return total / count.clamp_min(1)[:, None], count


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress measures of one model.

    weight_norm: by part of the model, and of `all`. geometry: `cohesion`, `to_embedding`,
    `class_ratio` and, where there are OOD questions, `alignment`; empty without bridges.
    """

    weight_norm: Mapping[str, float]
    gradient_entropy: float
    geometry: Mapping[str, Float[ndarray, "loop boundary"]]


def measure(
    model: Transformer,
    inside: Groups | None,
    outside: Groups | None,
    gradient_rows: Int[ndarray, "row token"],
    *,
    n_loops: int,
) -> Progress:
    """All progress measures that need no trace.

    inside: None where questions have no bridge; the geometry is then empty.
    """
    geometry: Mapping[str, Float[ndarray, "loop boundary"]] = {}
    if inside is not None and len(inside.bridge):
        geometry = bridge_geometry(model, inside, outside, n_loops=n_loops)
    return Progress(weight_norms(model), gradient_entropy(model, gradient_rows), geometry)
