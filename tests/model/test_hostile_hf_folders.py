"""Hugging Face folders that are damaged or made to do harm: one line, nothing allocated."""

import json

import pytest
import torch
from safetensors.torch import save_file

from latebloom.model.config import ModelConfig
from latebloom.model.hf_weights import (
    HfModelError,
    config_to_hf,
    load_hf,
    read_hf_vocabulary,
    weights_to_hf,
)
from latebloom.model.transformer import Transformer

SMALL = ModelConfig(
    d_model=16,
    n_layers=2,
    n_heads=2,
    n_loops=1,
    feedback="none",
    positions="learned",
    max_positions=4,
)
BROKEN = {
    "not UTF-8": b'{"model_type": "gpt2\xff"}',
    "nested too deeply": b"[" * 100_000 + b"]" * 100_000,
    "thousands of digits": b'{"n_embd": ' + b"1" * 5000 + b"}",
    "holds no JSON object": b"[1, 2]",
    "half of a surrogate pair": rb'{"model_type": "\ud800"}',
    "NaN is not JSON": b'{"n_embd": NaN}',
}


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    (tmp_path / "config.json").write_text(json.dumps(config_to_hf(SMALL, 9)))
    save_file(weights_to_hf(Transformer(SMALL, 9)), tmp_path / "model.safetensors")
    return tmp_path


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_config_is_told_in_a_line(folder, reason):
    (folder / "config.json").write_bytes(BROKEN[reason])
    with pytest.raises(HfModelError, match=reason) as told:
        load_hf(folder)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("reason", BROKEN)
def test_so_is_a_broken_vocabulary(folder, reason):
    (folder / "vocab.json").write_bytes(BROKEN[reason])
    with pytest.raises(HfModelError, match=reason):
        read_hf_vocabulary(folder)


@pytest.mark.parametrize("table", ['{"a": -1}', '{"a": 1.5}', '{"a": true}', '{"a": null}'])
def test_ids_are_numbers_from_0_on(folder, table):
    (folder / "vocab.json").write_text(table)
    with pytest.raises(HfModelError, match="'a' has the id"):
        read_hf_vocabulary(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n_layer", 10**9),
        ("n_positions", 10**12),
        ("n_inner", 10**9),
        ("n_inner", 16 * 10**9),
        ("n_embd", 0),
        ("n_head", "4"),
        ("n_layer", 1.5),
    ],
)
def test_sizes_are_compared_before_memory_is_taken(folder, field, value):
    config = config_to_hf(SMALL, 9) | {field: value}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(HfModelError, match=field):
        load_hf(folder)


@pytest.mark.parametrize("part", ["../other.safetensors", "/etc/passwd", "", 7])
def test_weights_lie_in_the_folder(folder, part):
    index = {"weight_map": {"wte.weight": part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(HfModelError, match="is no file beside it"):
        load_hf(folder)


def test_files_of_a_cache_are_links(folder, tmp_path_factory):
    snapshot = tmp_path_factory.mktemp("snapshot")
    for name in ("config.json", "model.safetensors"):
        (snapshot / name).symlink_to(folder / name)
    assert load_hf(snapshot).config == SMALL
