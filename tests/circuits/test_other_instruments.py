"""Lens and tracing against TransformerLens and nnsight on an exported vanilla model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from latebloom.circuits.states import run_states
from latebloom.circuits.tracing import patch_grid
from latebloom.model.config import ModelConfig
from latebloom.model.hf_weights import to_hf
from latebloom.model.transformer import Transformer

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

N_TOKENS, N_LAYERS = 29, 3


@pytest.fixture(scope="module")
def model() -> Transformer:
    torch.manual_seed(0)
    config = ModelConfig(
        d_model=32,
        n_layers=N_LAYERS,
        n_heads=4,
        n_loops=1,
        feedback="none",
        positions="learned",
        max_positions=8,
    )
    made = Transformer(config, N_TOKENS).eval()
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return made


@pytest.fixture(scope="module")
def questions() -> tuple[Tensor, Tensor]:
    clean = torch.randint(N_TOKENS, (6, 3), generator=torch.Generator().manual_seed(1))
    corrupted = clean.clone()
    corrupted[:, 0] = (clean[:, 0] + 5) % N_TOKENS
    return clean, corrupted


@pytest.fixture(scope="module")
def patched(model: Transformer, questions: tuple[Tensor, Tensor]) -> Tensor:
    """Log-probabilities `[boundary, pos, row]` of the first token, by our own tracing."""
    clean, corrupted = questions
    base = run_states(model, clean)
    source = run_states(model, corrupted, base=base)
    return patch_grid(model, base, source, clean[:, 0], changed=(0,)).log_prob[0]


def word_level_folder(model: Transformer, folder: Path) -> Path:
    """A saved model with a tokenizer, from which TransformerLens boots offline."""
    tokenizers = pytest.importorskip("tokenizers")
    from transformers import PreTrainedTokenizerFast

    to_hf(model).save_pretrained(folder)
    words = {f"w{i}": i for i in range(N_TOKENS)}
    table = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="w0"))
    special = {"bos_token": "w0", "eos_token": "w0", "pad_token": "w0"}
    PreTrainedTokenizerFast(tokenizer_object=table, **special).save_pretrained(folder)
    return folder


def chosen(logits: Tensor, clean: Tensor) -> Tensor:
    return logits[:, -1].log_softmax(-1).gather(1, clean[:, :1]).squeeze(1)


def swap_at(position: int, values: Tensor) -> Callable[[Tensor, Any], Tensor]:
    """A hook that replaces the state at one position."""

    def swap(state: Tensor, hook: Any) -> Tensor:
        state = state.clone()
        state[:, position] = values
        return state

    return swap


@torch.no_grad()
def test_transformer_lens(
    model: Transformer, questions: tuple[Tensor, Tensor], patched: Tensor, tmp_path: Path
) -> None:
    bridge_module = pytest.importorskip("transformer_lens.model_bridge")
    clean, corrupted = questions
    folder = word_level_folder(model, tmp_path)
    theirs = bridge_module.TransformerBridge.boot_transformers(str(folder))
    states = run_states(model, clean)
    _, own = theirs.run_with_cache(clean)
    _, other = theirs.run_with_cache(corrupted)
    sites = [f"blocks.{layer}.hook_resid_pre" for layer in range(N_LAYERS)]
    sites.append(f"blocks.{N_LAYERS - 1}.hook_out")
    for boundary, site in enumerate(sites):
        ours = model.logits(states.stream[0, boundary])
        lens = theirs.unembed(theirs.ln_final(own[site]))
        torch.testing.assert_close(ours, lens, atol=1e-4, rtol=1e-4)
        for position in range(3):

            def swap(
                state: Tensor, hook: Any, site: str = site, position: int = position
            ) -> Tensor:
                state = state.clone()
                state[:, position] = other[site][:, position]
                return state

            logits = theirs.run_with_hooks(clean, fwd_hooks=[(site, swap)])
            found = patched[boundary, position]
            torch.testing.assert_close(found, chosen(logits, clean), atol=1e-4, rtol=1e-4)
    assert np.ptp(patched.numpy(), axis=0).max() > 0.1  # the patches do something


@torch.no_grad()
def test_nnsight(model: Transformer, questions: tuple[Tensor, Tensor], patched: Tensor) -> None:
    nnsight = pytest.importorskip("nnsight")
    clean, corrupted = questions
    theirs = nnsight.NNsight(to_hf(model))
    states = run_states(model, clean)
    for layer in range(N_LAYERS):
        block = theirs.transformer.h[layer]
        with theirs.trace(corrupted):
            other = block.output.save()
        with theirs.trace(clean):
            own = block.output.save()
        torch.testing.assert_close(states.stream[0, layer + 1], own, atol=1e-4, rtol=1e-4)
        for position in range(3):
            with theirs.trace(clean):
                block.output[:, position] = other[:, position]
                logits = theirs.lm_head.output.save()
            found = patched[layer + 1, position]
            torch.testing.assert_close(found, chosen(logits, clean), atol=1e-4, rtol=1e-4)
