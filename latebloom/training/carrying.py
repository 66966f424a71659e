"""The weights with which a run begins that starts from another one.

Enters: a config whose `start.run` names a run, and the new run's data. Leaves: the whole state of
the new model at step 0, and where it came from. The worlds may differ, and so may their words. The
model is divided in two:

- The **body** is all that knows no words: layers, positions, norms. Its shapes must be the same in
  both runs. What has no weights, such as the number of loops or the dropout, may differ.
- The **tables** are the embedding and, where it is untied, the unembedding: a row for each word. A
  word of the new run that the old one has too, letter by letter, takes its row. Every other row is
  drawn from a normal distribution with the mean and the deviation that the old table has in each
  column, because the body expects embeddings of that size.

The new run's folder holds these weights (`start.safetensors`), so that the run can be resumed, or
trained again from step 0, when the old one has long been deleted.

Source: noise on weights that are trained on, Ash and Adams 2020, arXiv:1910.08475.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from latebloom.errors import LatebloomError
from latebloom.model.transformer import Parts, Transformer
from latebloom.training.config import RunConfig
from latebloom.training.lock import is_locked
from latebloom.training.own import NOTHING_OWN, Own
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.data import Data
from latebloom.worlds.streams import Draw
from latebloom.worlds.vocabulary import Vocabulary

EMBEDDING = "embed.weight"
TABLES = (EMBEDDING, "unembed.weight")
"""The weights that have a row for each word."""


@dataclass(frozen=True, slots=True)
class Carried:
    """The weights of step 0, and where they came from.

    weights: the whole state of the model. run, step: the run folder and its checkpoint.
    shared: the words of the new run that the old one had too; of how many.
    sha256: the checksum of the old run's weights.
    """

    weights: Mapping[str, Tensor]
    run: str
    step: int
    shared: int
    of: int
    sha256: str

    def in_words(self, tables: bool) -> str:
        """For people. tables: whether the embeddings were carried over as well."""
        words = f", and the embeddings of {self.shared:,} of {self.of:,} words" if tables else ""
        return f"starting from {self.run}, step {self.step}: the weights of its body{words}"

    def as_dict(self) -> dict[str, Any]:
        """What the new run's `environment.json` says of it."""
        told = {"run": self.run, "step": self.step, "sha256": self.sha256}
        return {"started_from": told | {"shared_words": self.shared, "words": self.of}}


def carried(config: RunConfig, data: Data, own: Own = NOTHING_OWN) -> Carried:
    """The weights with which a run begins whose config says from which run it starts.

    own: the parts of one's own that both runs have.
    Raises: LatebloomError if there is no such run, it is being trained, or its body has another
        shape; the message names the first difference and the setting that makes it.
    """
    start, path = config.start, Path(config.start.run)
    if not path.is_dir():
        raise LatebloomError(f"start.run is {path}, and there is no such run folder")
    if is_locked(path):
        raise LatebloomError(f"{path} is being trained at this moment; start from it when it ends")
    source = RunFolder.open(path, own)
    checkpoint = source.newest()
    old = checkpoint.tensors("model")
    torch.manual_seed(config.seed)  # as the loop draws the weights of every run
    new = fresh_state(config, data, own.parts)
    body = [name for name in new if name not in TABLES]
    check_body(new, old, body, config, source.config())
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + Draw.CARRIED)
    for name in body:
        new[name] = shuffled(old[name], generator) if start.carry == "shuffled" else old[name]
    before, now = source.data().vocabulary, data.vocabulary
    if start.carry == "all":
        for name in TABLES:
            if name in new:
                # A tied model predicts with its embedding.
                new[name] = table_of(old.get(name, old[EMBEDDING]), before, now, generator)
    if start.noise:
        for name in new if start.carry == "all" else body:
            new[name] = noisy(new[name], start.noise, generator)
    sums = checkpoint.state().sha256
    shared = sum(word in before.ids for word in now.words)
    return Carried(
        weights=new,
        run=str(path),
        step=checkpoint.step,
        shared=shared,
        of=len(now),
        sha256=sums["model.safetensors"],
    )


def fresh_state(config: RunConfig, data: Data, parts: Parts | None) -> dict[str, Tensor]:
    """The weights of a new model of this config, drawn as torch's generator stands."""
    model = Transformer(config.model, len(data.vocabulary), parts=parts)
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def check_body(
    new: Mapping[str, Tensor],
    old: Mapping[str, Tensor],
    body: list[str],
    config: RunConfig,
    before: RunConfig,
) -> None:
    """Whether two models have bodies of the same shapes.

    Raises: LatebloomError naming the first weights that differ, and the settings of the model.
    """
    names = [*body, *(name for name in old if name not in body and name not in TABLES)]
    for name in names:
        there = shape_in_words(old.get(name))
        here = shape_in_words(new.get(name))
        if there != here:
            raise LatebloomError(
                f"{config.start.run} cannot be started from: its {name} has {there}, and here"
                f" {here}; {what_differs(config, before)}"
            )


def shape_in_words(tensor: Tensor | None) -> str:
    """`512 x 128 weights`, or `no weights`."""
    return "no weights" if tensor is None else f"{' x '.join(map(str, tensor.shape))} weights"


def what_differs(config: RunConfig, before: RunConfig) -> str:
    """The settings of two models that decide shapes and differ, with the way out."""
    names = ("d_model", "n_layers", "mlp_ratio", "n_heads", "positions", "max_positions")
    names += ("max_distance", "attention", "feedback")
    found = [
        f"--model.{name.replace('_', '-')} {getattr(before.model, name)}"
        for name in names
        if getattr(before.model, name) != getattr(config.model, name)
    ]
    if not found:
        return "the two runs have parts of their own that differ"
    return f"give this run its shape: {' '.join(found)}"


def table_of(
    table: Float[Tensor, "old_word d_model"],
    before: Vocabulary,
    now: Vocabulary,
    generator: torch.Generator,
) -> Float[Tensor, "word d_model"]:
    """A table for the words of the new run: rows of shared words, and others drawn like them."""
    noise = torch.randn(len(now), table.shape[1], generator=generator)
    out = table.mean(0) + noise.to(table.dtype) * table.std(0, correction=0)
    shared = [(i, before.ids[word]) for i, word in enumerate(now.words) if word in before.ids]
    if shared:
        here, there = torch.tensor(shared).T
        out[here] = table[there]
    return out


def shuffled(weights: Tensor, generator: torch.Generator) -> Tensor:
    """The same numbers in a random order: their spread without what they do together."""
    order = torch.randperm(weights.numel(), generator=generator)
    return weights.flatten()[order].reshape(weights.shape)


def noisy(weights: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    """Weights with noise of so many times their own deviation."""
    if weights.numel() < 2:
        return weights
    drawn = torch.randn(weights.shape, generator=generator).to(weights.dtype)
    return weights + noise * weights.std(correction=0) * drawn
