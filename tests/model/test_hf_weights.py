"""GPT-2 weights both ways, against transformers."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from latebloom.model.config import ModelConfig
from latebloom.model.hf_weights import (
    HfModelError,
    config_from_hf,
    config_to_hf,
    from_hf,
    keep_words,
    load_hf,
    read_hf_vocabulary,
    to_hf,
    weights_to_hf,
)
from latebloom.model.transformer import Transformer

VANILLA = ModelConfig(
    d_model=32,
    n_layers=3,
    n_heads=4,
    n_loops=1,
    feedback="none",
    positions="learned",
    max_positions=8,
)


@pytest.fixture
def model() -> Transformer:
    torch.manual_seed(0)
    made = Transformer(VANILLA, 31).eval()
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return made


@pytest.fixture
def folder(model: Transformer, tmp_path: Path) -> Path:
    """What `save_pretrained` writes, as far as it is read."""
    (tmp_path / "config.json").write_text(json.dumps(config_to_hf(VANILLA, 31)))
    save_file(weights_to_hf(model), tmp_path / "model.safetensors")
    return tmp_path


@pytest.mark.parametrize("tied", [True, False])
def test_logits_agree_with_transformers(tied: bool) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=31,
        n_embd=32,
        n_layer=3,
        n_head=4,
        n_positions=8,
        initializer_range=0.3,
        tie_word_embeddings=tied,
        bos_token_id=None,
        eos_token_id=None,
    )
    theirs = transformers.GPT2LMHeadModel(config).eval()
    ours = from_hf(theirs)
    tokens = torch.randint(31, (5, 6))
    with torch.no_grad():
        wanted = theirs(tokens).logits
        assert wanted.std() > 0.1
        torch.testing.assert_close(ours(tokens).logits[-1], wanted, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(to_hf(ours)(tokens).logits, wanted, atol=1e-5, rtol=1e-5)


def test_a_folder_gives_the_model_back(model: Transformer, folder: Path) -> None:
    again = load_hf(folder)
    assert again.config == VANILLA
    for name, weight in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight), name


@pytest.mark.parametrize(
    ("field", "value"),
    [("model_type", "llama"), ("scale_attn_weights", False), ("activation_function", "silu")],
)
def test_what_is_no_gpt2_is_refused(folder: Path, field: str, value: object) -> None:
    config = config_to_hf(VANILLA, 31) | {field: value}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(HfModelError, match=field):
        load_hf(folder)


def test_missing_parts_are_named(folder: Path, tmp_path: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["transformer.h.1.mlp.c_fc.bias"]
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(HfModelError, match=r"h\.1\.mlp\.c_fc\.bias"):
        load_hf(folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(HfModelError, match="pickled"):
        load_hf(folder)
    with pytest.raises(HfModelError, match="no readable"):
        load_hf(tmp_path / "nowhere")


def test_a_looped_model_is_no_gpt2() -> None:
    with pytest.raises(HfModelError, match="n_loops"):
        config_to_hf(ModelConfig(), 31)


def test_a_config_comes_back() -> None:
    assert config_from_hf(config_to_hf(VANILLA, 31)) == VANILLA


def test_kept_words_have_the_same_logits(model: Transformer, folder: Path) -> None:
    (folder / "vocab.json").write_text(json.dumps({f"w{i}": i for i in range(30)}))
    (folder / "added_tokens.json").write_text(json.dumps({"<e_1>": 30}))
    table = read_hf_vocabulary(folder)
    cut = keep_words(model, table, ["w7", "<e_1>", "w2"])
    with torch.no_grad():
        wanted = model(torch.tensor([[30, 2]])).logits[-1][..., [7, 30, 2]]
        torch.testing.assert_close(cut(torch.tensor([[1, 2]])).logits[-1], wanted)
    with pytest.raises(HfModelError, match="'x'"):
        keep_words(model, table, ["w7", "x"])
