"""Many runs of one shape trained at once: their weights stacked, a step of all as one program.

Enters: configs that differ in their seeds, rates, weight decays or label smoothing, and the data of
each. Leaves: the losses of every run by step, and its model. Each run has its own weights, batches,
gradient norm and rate; what it computes is what `latebloom.training.loop` computes for it alone, in
another order of sums.

Why: a small model keeps a GPU waiting for the next kernel to be launched. A stack of N of them
launches no more kernels than one. On a processor there is little to gain; `python -m
benchmarks.stacked` measures it.

Covers: AdamW and Muon, questions whose batches have one shape in all runs. Does not cover: dropout
(its draws would be others), accelerators, averages of weights, sentences, sets of answers; run
folders, since nothing is measured or saved on the way.

Source: torch.func.vmap over torch.func.functional_call, as in torch's "Model ensembling".
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.training.accelerators import accelerated
from latebloom.training.config import RunConfig
from latebloom.training.feed import make_feed
from latebloom.training.objective import Group
from latebloom.training.optimizers import lr_scale, orthogonalise
from latebloom.training.questions import QuestionFeed
from latebloom.training.stacked_tensors import clipped, is_decayed, is_hidden, over
from latebloom.worlds.data import Data

FREE = ("lr", "muon_lr", "weight_decay", "label_smoothing")
"""Settings of the training in which the runs of a stack may differ."""
STACKED = ("adamw", "muon")
"""The optimizers that are written for stacks."""
EPSILON = 1e-8
"""AdamW's, as torch has it."""


class LossOf(nn.Module):
    """The loss of a model as a module of its own, so that `functional_call` can swap the weights.

    smoothing: label smoothing, which is linear in the loss: its share of the loss with all of it.
    """

    def __init__(self, model: Transformer, feed: QuestionFeed, smoothed: bool) -> None:
        super().__init__()
        self.model, self.feed, self.smoothed = model, feed, smoothed

    def forward(
        self,
        tokens: list[Tensor],
        answers: list[Tensor],
        atomic: list[bool],
        smoothing: Float[Tensor, ""],
    ) -> Float[Tensor, ""]:
        """The mean loss of a batch, in nats.

        tokens: of each group `[row, pos]`. answers: of each group `[row]`.
        """
        groups = [Group(*parts) for parts in zip(tokens, answers, atomic, strict=True)]
        self.feed.supervision = replace(self.feed.supervision, label_smoothing=0.0)
        loss = self.feed.loss(self.model, groups)
        if self.smoothed:
            self.feed.supervision = replace(self.feed.supervision, label_smoothing=1.0)
            loss = (1 - smoothing) * loss + smoothing * self.feed.loss(self.model, groups)
        return loss


@dataclass
class Moments:
    """What the optimizers remember of one stacked parameter."""

    first: Tensor
    second: Tensor


@dataclass
class Stack:
    """Runs that are trained at once.

    Raises: LatebloomError for configs that differ in more than `FREE` and the seed, or that a stack
    does not cover.
    """

    configs: Sequence[RunConfig]
    datas: Sequence[Data]
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __post_init__(self) -> None:
        self.train = check_alike(self.configs).train
        if any(config.start.carries for config in self.configs):
            raise LatebloomError("a stack begins with random weights; leave start.run out")
        self.models: list[Transformer] = []
        for config, data in zip(self.configs, self.datas, strict=True):
            torch.manual_seed(config.seed)  # as the loop draws the weights of a run alone
            model = Transformer(config.model, len(data.vocabulary))
            self.models.append(model.to(self.device).train())
        if accelerated([], self.models[0], self.train):
            raise LatebloomError("a stack trains without accelerators; leave them out")
        self.feeds = [self.feed_of(*one) for one in zip(self.configs, self.datas, strict=True)]
        # Copies, so that a stack of one is not the weights of its model.
        weights, self.buffers = stack_module_state(list(self.models))  # type: ignore[arg-type]
        self.weights = {name: w.detach().clone().requires_grad_() for name, w in weights.items()}
        self.memory = {
            name: Moments(torch.zeros_like(w), torch.zeros_like(w))
            for name, w in self.weights.items()
        }
        self.rates = self.of_each("lr")
        self.muon_rates = self.of_each("muon_lr")
        self.decays = self.of_each("weight_decay")
        self.smoothing = self.of_each("label_smoothing")
        smoothed = bool((self.smoothing > 0).any())
        self.loss = LossOf(copy.deepcopy(self.models[0]), self.feeds[0], smoothed)

    def feed_of(self, config: RunConfig, data: Data) -> QuestionFeed:
        """The batches of one run."""
        feed = make_feed(config, data, self.device)
        if not isinstance(feed, QuestionFeed) or feed.phrased is not None:
            raise LatebloomError("a stack trains on plain questions with one answer each")
        return feed

    def of_each(self, name: str) -> Float[Tensor, " run"]:
        """A setting of every run."""
        values = [getattr(config.train, name) for config in self.configs]
        return torch.tensor(values, dtype=torch.float32, device=self.device)

    def batches(self, step: int) -> tuple[list[Tensor], list[Tensor], list[bool]]:
        """Tokens and answers of all runs, `[run, ...]`, group by group, and which are atomic.

        Raises: LatebloomError if the groups of two runs have not one shape.
        """
        told = [feed.batch(step) for feed in self.feeds]
        shapes = [[(group.tokens.shape, group.atomic) for group in groups] for groups in told]
        if any(one != shapes[0] for one in shapes):
            raise LatebloomError(
                f"at step {step} the batches of two runs differ in shape; a stack needs a fixed"
                " share of atomic facts (feed.atomic_frac) and questions of one length"
            )
        groups = list(zip(*told, strict=True))
        return (
            [torch.stack([one.tokens for one in some]) for some in groups],
            [torch.stack([one.answers for one in some]) for some in groups],
            [some[0].atomic for some in groups],
        )

    def step(self, step: int) -> Float[Tensor, " run"]:
        """One step of all runs; the loss of each in nats, before it."""
        tokens, answers, atomic = self.batches(step)

        def loss_of(
            weights: dict[str, Tensor],
            buffers: dict[str, Tensor],
            tokens: list[Tensor],
            answers: list[Tensor],
            smoothing: Tensor,
        ) -> Tensor:
            swapped = {f"model.{name}": one for name, one in (weights | buffers).items()}
            return functional_call(self.loss, swapped, (tokens, answers, atomic, smoothing))

        # The fused kernels have no rule for a stack; plain products have.
        with sdpa_kernel(SDPBackend.MATH):
            losses = vmap(loss_of)(self.weights, self.buffers, tokens, answers, self.smoothing)
        names = list(self.weights)
        gradients = torch.autograd.grad(losses.sum(), [self.weights[name] for name in names])
        self.update(step, dict(zip(names, clipped(gradients, self.train.grad_clip), strict=True)))
        return losses.detach()

    @torch.no_grad()
    def update(self, step: int, gradients: dict[str, Tensor]) -> None:
        """AdamW for all, or Muon for the hidden matrices and AdamW for the rest."""
        scale = lr_scale(step, self.train)
        hidden: dict[tuple[int, ...], list[str]] = {}
        for name, gradient in gradients.items():
            shape = gradient.shape[1:]
            if self.train.optimizer == "muon" and is_hidden(name, shape):
                hidden.setdefault(tuple(sorted(shape)), []).append(name)
            else:
                decays = self.decays if is_decayed(name, shape) else torch.zeros_like(self.decays)
                self.adamw(name, gradient, step, scale * self.rates, decays)
        for names in hidden.values():
            self.muon(names, gradients, scale * self.muon_rates)

    def adamw(self, name: str, gradient: Tensor, step: int, rates: Tensor, decays: Tensor) -> None:
        """torch's AdamW, with a rate and a decay for each run."""
        weight, memory, beta2 = self.weights[name], self.memory[name], self.train.beta2
        memory.first.lerp_(gradient, 0.1)
        memory.second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        root = memory.second.sqrt() / math.sqrt(1 - beta2**step)
        weight.mul_(1 - over(weight, rates * decays))
        weight.sub_(over(weight, rates / (1 - 0.9**step)) * memory.first / (root + EPSILON))

    def muon(self, names: Sequence[str], gradients: dict[str, Tensor], rates: Tensor) -> None:
        """Muon, all matrices of one shape and all runs in one orthogonalisation."""
        updates = []
        for name in names:
            momentum = self.memory[name].first
            momentum.lerp_(gradients[name], 0.05)
            update = gradients[name].lerp(momentum, 0.95)
            updates.append(update if update.shape[1] <= update.shape[2] else update.mT)
        whole = orthogonalise(torch.cat(updates), COEFFICIENTS, 5)
        for name, update in zip(names, whole.split(len(self.models)), strict=True):
            weight = self.weights[name]
            rows, columns = weight.shape[1:]
            turned = update if rows <= columns else update.mT
            weight.mul_(1 - over(weight, rates * self.decays))
            weight.sub_(over(weight, rates) * turned * math.sqrt(max(1.0, rows / columns)))

    @torch.no_grad()
    def unstacked(self) -> list[Transformer]:
        """The model of every run, as it stands."""
        for number, model in enumerate(self.models):
            for name, parameter in model.named_parameters():
                parameter.copy_(self.weights[name][number])
        return self.models


COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of Muon's Newton-Schulz iteration, as torch has them."""


def train_stacked(
    configs: Sequence[RunConfig],
    datas: Sequence[Data],
    steps: int,
    *,
    device: torch.device | None = None,
    on_step: Callable[[int], None] = lambda step: None,
) -> tuple[list[Transformer], Float[Tensor, "step run"]]:
    """Trains runs of one shape at once; their models, and the losses of each by step.

    Raises: LatebloomError for runs that cannot be stacked.
    """
    stack = Stack(configs, datas, device or torch.device("cpu"))
    losses = []
    for step in range(1, steps + 1):
        losses.append(stack.step(step))
        on_step(step)
    return stack.unstacked(), torch.stack(losses)


def check_alike(configs: Sequence[RunConfig]) -> RunConfig:
    """What the runs have in common.

    Raises: LatebloomError naming what they may not differ in, or what a stack does not cover.
    """
    if not configs:
        raise LatebloomError("a stack needs at least one run")
    first = configs[0]
    for config in configs:
        free = {name: getattr(first.train, name) for name in FREE}
        same = replace(config, train=replace(config.train, **free)).with_seed(first.seed)
        if same != first.with_seed(first.seed):
            raise LatebloomError(
                f"the runs of a stack may differ in their seeds and in train.{', '.join(FREE)}"
            )
    drops = first.model.dropout or first.model.mlp_dropout
    if drops or first.train.average_frac or first.train.embed_lr != 1:
        raise LatebloomError("a stack trains without dropout, averages and rates of embeddings")
    if first.train.optimizer not in STACKED:
        raise LatebloomError(
            f"a stack trains with train.optimizer {' or '.join(STACKED)}, not with"
            f" {first.train.optimizer}"
        )
    return first
