"""The Fourier structure of modular arithmetic: which frequencies a model computes with.

Enters: a run on `modular`. Leaves, for a checkpoint, a `FourierRecord`: the power of the token
embedding at every frequency, the key frequencies, and what the model answers when only these are
kept in its embedding, or just these are taken out, beside equally many random ones.

A model that has grokked adds a and b by angles: the embedding holds cos(2 pi k a / p) and
sin(2 pi k a / p) for a few frequencies k, and the layers after it multiply them into
cos(2 pi k (a + b - c) / p), which is largest at the right answer c. So the embedding seen as a
signal over the numbers 0, 1, ..., p - 1 has its power at those k alone, where that of a model that
only memorised is spread over all. Multiplication is addition of exponents: for it the numbers stand
in the order g^0, g^1, ... of a generator g, and 0 is left as it is.

Source: Nanda et al. 2023, arXiv:2301.05217, section 4 (the circuit) and 4.3 (ablations).
Differs: they keep frequencies in the logits and in the neurons; here it is the embedding, from
which all that follows must come. Where embedding and unembedding are tied, both change.

Covers: + - * /, in runs with one modulus. Does not cover: a^2+ab+b^2, whose group is none of these.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.errors import LatebloomError
from latebloom.evaluation.accuracy import correct_rows
from latebloom.model.transformer import Transformer
from latebloom.worlds.splits import Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.modular import ModularTask
from latebloom.worlds.world import World


@dataclass(frozen=True, kw_only=True, slots=True)
class FourierConfig:
    """What is looked for."""

    level: float = 2.0
    """Key frequencies have at least so many times the power that each would have in noise."""
    draws: int = 5
    """Random sets of frequencies that the key ones are compared with."""
    seed: int = 0
    """Seed of these sets."""

    def __post_init__(self) -> None:
        if self.level <= 0:
            raise LatebloomError(f"--level is {self.level}; it must be above 0")
        if self.draws < 1:
            raise LatebloomError(f"--draws is {self.draws}; it must be at least 1")


@dataclass(frozen=True, slots=True)
class Ablation:
    """Accuracy on the held-out questions with the embedding changed.

    kept: with only these frequencies (and the mean). removed: without these.
    """

    kept: float
    removed: float


@dataclass(frozen=True, slots=True)
class FourierRecord:
    """What was found in one checkpoint.

    power: share of the embedding's power at frequency 1, 2, ..., its mean left out; adds up to 1.
    key: the key frequencies, the strongest first. accuracy: of the model as it is.
    by_key, by_random: what the key frequencies do, and as many random others (the mean over the
    draws); others than the key ones as long as there are enough.
    """

    step: int
    power: Float[ndarray, " frequency"]
    key: tuple[int, ...]
    accuracy: float
    by_key: Ablation
    by_random: Ablation


class FourierInstrument:
    """Looks for frequencies in every checkpoint of a run on modular arithmetic."""

    name = "fourier"
    format = 1
    record = FourierRecord

    def __init__(self, world: World, config: FourierConfig) -> None:
        """Raises: LatebloomError if the world's operation has no cycle."""
        self.config = config
        self.rows = world.examples(Split.TEST_ID)
        self.cycle = cycle_of(world)

    def examine(self, model: Transformer, step: int, /) -> FourierRecord:
        """The frequencies of the model's embedding, and what becomes of its answers without."""
        power = power_of(model.embed.weight.detach()[self.cycle].double().cpu().numpy())
        key = key_frequencies(power, self.config.level)
        rng = np.random.default_rng([self.config.seed, Draw.FREQUENCIES])
        others = np.setdiff1d(np.arange(1, len(power) + 1), key)
        pool = others if len(others) >= len(key) else np.arange(1, len(power) + 1)
        drawn = [rng.choice(pool, len(key), replace=False) for _ in range(self.config.draws)]
        random = [self.ablation(model, some) for some in drawn]
        return FourierRecord(
            step=step,
            power=power,
            key=tuple(key.tolist()),
            accuracy=self.accuracy(model),
            by_key=self.ablation(model, key),
            by_random=Ablation(
                kept=float(np.mean([one.kept for one in random])),
                removed=float(np.mean([one.removed for one in random])),
            ),
        )

    def accuracy(self, model: Transformer) -> float:
        """Share of the held-out questions that are answered right."""
        return float(correct_rows(model, self.rows, model.config.n_loops).mean())

    def ablation(self, model: Transformer, frequencies: Int[ndarray, " key"]) -> Ablation:
        """What the model answers with these frequencies alone, and without them."""
        changed = copy.deepcopy(model)
        embedding = model.embed.weight.detach()[self.cycle]
        part = at_frequencies(embedding, frequencies)
        mean = embedding.mean(dim=0, keepdim=True)

        def with_embedding(rows: Tensor) -> float:
            changed.embed.weight.data[self.cycle] = rows
            return self.accuracy(changed)

        return Ablation(kept=with_embedding(mean + part), removed=with_embedding(embedding - part))


def cycle_of(world: World) -> Int[ndarray, " place"]:
    """The tokens of the numbers in the order in which the operation of a world is addition.

    Raises: LatebloomError if there is no such order, or the world asks something else.
    """
    task = world.task
    cycle = getattr(task, "cycle", lambda: None)()
    if cycle is None:
        raise LatebloomError(
            "frequencies are looked for in runs on modular addition, subtraction, multiplication"
            f" and division, and this one is on {getattr(task, 'operation', task.name)}; grow one:"
            f" `latebloom grok {ModularTask.name}`"
        )
    return cycle


def power_of(embedding: Float[ndarray, "place d_model"]) -> Float[ndarray, " frequency"]:
    """The share of the power at each frequency from 1 on; the mean, frequency 0, left out."""
    found = np.fft.rfft(embedding, axis=0)[1:]
    power = (np.abs(found) ** 2).sum(axis=1)
    if len(embedding) % 2 == 0:
        power[-1] /= 2  # all others stand for a frequency and its mirror image
    return power / power.sum()


def key_frequencies(power: Float[ndarray, " frequency"], level: float) -> Int[ndarray, " key"]:
    """The frequencies with at least `level` times the mean power, the strongest first."""
    order = np.argsort(-power, kind="stable")
    return order[power[order] >= level * power.mean()] + 1


def at_frequencies(
    embedding: Float[Tensor, "place d_model"], frequencies: Int[ndarray, " key"]
) -> Float[Tensor, "place d_model"]:
    """The part of an embedding that lies at some frequencies."""
    found = torch.fft.rfft(embedding.double(), dim=0)
    kept = torch.zeros(len(found), 1, dtype=torch.float64, device=embedding.device)
    kept[torch.from_numpy(frequencies).to(embedding.device)] = 1
    part = torch.fft.irfft(found * kept, n=len(embedding), dim=0)
    return part.to(embedding.dtype)
