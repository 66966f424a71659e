"""A training step at the paper's model, beside a GPT-2 set up as the published code sets it up.

Both: 8 layers, width 768, 12 heads, dropout .1, batch 512, AdamW, the paper's world at phi 18, one
thread, one process. The peer is Hugging Face's `GPT2LMHeadModel` with 52,464 words (GPT-2's own
plus the world's), every question padded to 10 tokens, loss on the answer's tokens.

Prints CPU seconds a step and the ratio. `--batch` makes it smaller; `--steps` counts.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.training.config import QuestionFeedConfig, TrainConfig
from latebloom.training.device import autocast_dtype
from latebloom.training.loop import train_step
from latebloom.training.objective import Group
from latebloom.training.optimizers import make_optimizers
from latebloom.training.questions import QuestionFeed
from latebloom.worlds.chains.made import CompositionConfig, make_composition

PUBLISHED_WORDS = 52_464
PADDED_TO = 10


def cpu_seconds(step: Callable[[int], object], n: int) -> float:
    """Median CPU seconds of `n` steps after one that does not count."""
    step(1)
    seconds = []
    for i in range(n):
        began = time.process_time()
        step(2 + i)
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def padded(batch: list[Group]) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch as the published code has it: question, answer, end mark, padding; and the labels."""
    n = sum(len(group.answers) for group in batch)
    tokens = torch.full((n, PADDED_TO), PUBLISHED_WORDS - 1)
    labels = torch.full((n, PADDED_TO), -100)
    first = 0
    for group in batch:
        width = group.tokens.shape[1]
        rows = slice(first, first + len(group.answers))
        tokens[rows, :width] = group.tokens.long()
        tokens[rows, width] = labels[rows, width] = group.answers
        tokens[rows, width + 1] = labels[rows, width + 1] = PUBLISHED_WORDS - 2
        first += len(group.answers)
    return tokens, labels


def measure(batch_size: int, n_steps: int) -> dict[str, float]:
    """CPU seconds a step: `ours` in float32, `default` as a run would choose, `peer`."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    world = make_composition(
        CompositionConfig(
            entities=2000, relations=200, ood_frac=0.05, phi=18.0, test_id_frac=0.005
        ),
        seed=0,
    )
    told = TrainConfig(batch_size=batch_size, optimizer="adamw", lr=1e-4)
    as_it_lies = QuestionFeedConfig(atomic_frac=0)
    feed = QuestionFeed(world, as_it_lies, told, 0, torch.device("cpu"))
    config = ModelConfig(
        d_model=768,
        n_layers=8,
        n_heads=12,
        n_loops=1,
        feedback="none",
        positions="learned",
        dropout=0.1,
    )
    model = Transformer(config, len(world.vocabulary))
    optimizers = make_optimizers(model, told)

    def ours(dtype: torch.dtype | None) -> Callable[[int], object]:
        return lambda i: train_step(
            model, optimizers, feed.batch(i), feed.loss, told.grad_clip, dtype
        )

    chosen = autocast_dtype("auto", torch.device("cpu"), config.d_model)
    seconds = {"ours": cpu_seconds(ours(None), n_steps)}
    seconds["default"] = cpu_seconds(ours(chosen), n_steps) if chosen else seconds["ours"]
    del model, optimizers

    peer = GPT2LMHeadModel(
        GPT2Config(vocab_size=PUBLISHED_WORDS, n_embd=768, n_layer=8, n_head=12)
    ).train()
    adamw = torch.optim.AdamW(peer.parameters(), lr=1e-4, weight_decay=0.1)

    def theirs(i: int) -> None:
        tokens, labels = padded(feed.batch(i))
        adamw.zero_grad()
        peer(tokens, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(peer.parameters(), 1.0)
        adamw.step()

    return seconds | {"peer": cpu_seconds(theirs, n_steps)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--steps", type=int, default=2)
    told = parser.parse_args()
    seconds = measure(told.batch, told.steps)
    print(f"training step, 8 layers, d 768, batch {told.batch}, CPU seconds on one thread:")
    print(f"  published set-up (Hugging Face GPT-2)  {seconds['peer']:8.2f}")
    for name in ("ours", "default"):
        ratio = seconds["peer"] / seconds[name]
        label = {"ours": "latebloom, float32", "default": "latebloom, as it chooses"}[name]
        print(f"  {label:38} {seconds[name]:8.2f}   {ratio:.1f}x less")


if __name__ == "__main__":
    main()
