"""CPU seconds and memory of causal tracing at the paper's size, with TransformerLens beside it.

A vanilla model of 8 layers, d_model 768; all boundaries and positions; subject and both relations
corrupted. Usage: `python benchmarks/tracing.py [EXAMPLES [EXAMPLES_OF_TRANSFORMER_LENS]]`; 0 for
the second leaves TransformerLens out. The weights are random: time does not depend on them.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.circuits.corruption import Corruption
from latebloom.circuits.probe import make_probe
from latebloom.circuits.states import run_states
from latebloom.circuits.tracing import run_corrupted, trace_corruptions
from latebloom.model.config import ModelConfig
from latebloom.model.hf_weights import to_hf
from latebloom.model.transformer import Transformer
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.splits import Split


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
    begin = time.process_time()
    states = run_states(model, torch.from_numpy(questions).long())
    corrupted = run_corrupted(model, states, corruptions)
    trace_corruptions(model, states, answers, corruptions, corrupted)
    return time.process_time() - begin


def bridge_of(model: Transformer, folder: Path) -> Any:
    """The model in TransformerLens, booted offline from a folder with a word-level tokenizer."""
    from tokenizers import Tokenizer, models
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import PreTrainedTokenizerFast

    to_hf(model).save_pretrained(folder)
    words = {f"w{i}": i for i in range(model.d_vocab)}
    table = Tokenizer(models.WordLevel(words, unk_token="w0"))
    special = {"bos_token": "w0", "eos_token": "w0", "pad_token": "w0"}
    PreTrainedTokenizerFast(tokenizer_object=table, **special).save_pretrained(folder)
    return TransformerBridge.boot_transformers(str(folder))


def swap_at(
    position: int, values: Float[Tensor, "row d_model"]
) -> Callable[[Tensor, object], Tensor]:
    """A hook that replaces the state at one position."""

    def swap(state: Tensor, hook: object) -> Tensor:
        state = state.clone()
        state[:, position] = values
        return state

    return swap


def seconds_of_transformer_lens(
    model: Transformer,
    questions: Int[ndarray, "row pos"],
    corruptions: Sequence[Corruption],
    n: int,
) -> float:
    """The same patches of the first `n` examples of each corruption, batched over examples."""
    with tempfile.TemporaryDirectory() as folder:
        bridge = bridge_of(model, Path(folder))
    sites = [f"blocks.{layer}.hook_resid_pre" for layer in range(model.config.n_layers)]
    sites.append(f"blocks.{model.config.n_layers - 1}.hook_out")
    begin = time.process_time()
    with torch.no_grad():
        for corruption in corruptions:
            clean = torch.from_numpy(questions[corruption.rows[:n]]).long()
            corrupted = torch.from_numpy(corruption.questions[:n]).long()
            bridge(clean)
            _, cache = bridge.run_with_cache(corrupted)
            for site in sites:
                for position in range(clean.shape[1]):
                    swap = swap_at(position, cache[site][:, position])
                    bridge.run_with_hooks(clean, fwd_hooks=[(site, swap)])
    return time.process_time() - begin


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    n_lens = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    torch.set_num_threads(1)
    world = make_composition(
        CompositionConfig(entities=2000, relations=200, out_degree=20, ood_frac=0.05, phi=1.0), 0
    )
    probe = make_probe(world, Split.TRAIN_INFERRED, n=n)
    questions, answers, corruptions = probe.questions, probe.answers, probe.corruptions
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
