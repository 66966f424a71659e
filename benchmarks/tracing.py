"""Seconds and memory of causal tracing at the paper's size, with TransformerLens beside it.

A vanilla model of 8 layers, d_model 768; all boundaries and positions; subject and both relations
corrupted. Usage: `python benchmarks/tracing.py [EXAMPLES [EXAMPLES_OF_TRANSFORMER_LENS]]`; 0 for
the second leaves TransformerLens out. The weights are random: time does not depend on them.
"""

import json
import resource
import sys
import time
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int
from numpy import ndarray

from latebloom.circuits.corruption import Corruption, corrupt_chains, follow_chains
from latebloom.circuits.states import run_states
from latebloom.circuits.tracing import trace_corruptions
from latebloom.model.transformer import ModelConfig, Transformer
from latebloom.worlds.composition import CompositionConfig, make_composition
from latebloom.worlds.world import Split


def paper_model(d_vocab: int) -> Transformer:
    """Eight layers of width 768 with learned positions, GPT-2's shape."""
    torch.manual_seed(0)
    shape = ModelConfig(
        d_model=768, n_layers=8, n_heads=12, n_loops=1, feedback="none", positions="learned"
    )
    return Transformer(shape, d_vocab).eval()


def seconds_of_latebloom(
    model: Transformer,
    questions: Int[ndarray, "row pos"],
    answers: Int[ndarray, " row"],
    corruptions: Sequence[Corruption],
) -> float:
    begin = time.perf_counter()
    states = run_states(model, torch.from_numpy(questions).long())
    trace_corruptions(model, states, answers, corruptions)
    return time.perf_counter() - begin


def seconds_of_transformer_lens(
    model: Transformer,
    questions: Int[ndarray, "row pos"],
    corruptions: Sequence[Corruption],
    n: int,
) -> float:
    """The same patches of the first `n` examples of each corruption, batched over examples."""
    from latebloom.model.hf_weights import to_hf
    from latebloom.model.lens_weights import to_transformer_lens

    hooked = to_transformer_lens(to_hf(model))
    begin = time.perf_counter()
    with torch.no_grad():
        for corruption in corruptions:
            clean = torch.from_numpy(questions[corruption.rows[:n]]).long()
            corrupted = torch.from_numpy(corruption.questions[:n]).long()
            hooked(clean)
            _, cache = hooked.run_with_cache(corrupted)
            for layer in range(model.config.n_layers):
                for position in range(clean.shape[1]):
                    name = f"blocks.{layer}.hook_resid_post"

                    def swap(
                        state: torch.Tensor,
                        hook: object,
                        name: str = name,
                        position: int = position,
                    ) -> torch.Tensor:
                        state[:, position] = cache[name][:, position]
                        return state

                    hooked.run_with_hooks(clean, fwd_hooks=[(name, swap)])
    return time.perf_counter() - begin


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    n_lens = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    torch.set_num_threads(1)
    world = make_composition(
        CompositionConfig(entities=2000, relations=200, out_degree=20, ood_frac=0.05, phi=1.0), 0
    )
    rows = world.examples(Split.TRAIN_INFERRED)[:n]
    questions, answers = rows[:, :-1], rows[:, -1]
    assert (follow_chains(world.facts, questions)[:, -1] == answers).all()
    corruptions = corrupt_chains(world.facts, questions, np.random.default_rng(0))
    model = paper_model(len(world.vocabulary))
    ours = seconds_of_latebloom(model, questions, answers, corruptions)
    figures = {
        "examples": n,
        "corrupted": {c.name: len(c.rows) for c in corruptions},
        "seconds": round(ours, 2),
        "milliseconds_per_example": round(1000 * ours / n, 2),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    if n_lens:
        theirs = seconds_of_transformer_lens(model, questions, corruptions, n_lens)
        figures["transformer_lens_milliseconds_per_example"] = round(1000 * theirs / n_lens, 2)
        figures["ratio"] = round(theirs / n_lens / (ours / n), 2)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
