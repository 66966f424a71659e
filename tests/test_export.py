"""The exported folder, loaded by the tools that it is for, without a network."""

import json
from dataclasses import replace

import pytest
import torch

import latebloom
from latebloom.errors import LatebloomError
from latebloom.export import export_hf, token_names
from latebloom.model.config import ModelConfig
from latebloom.worlds.vocabulary import Vocabulary

VANILLA = ModelConfig(
    d_model=16, n_layers=2, n_heads=2, n_loops=1, feedback="none", positions="learned"
)


@pytest.fixture
def run(small_config, tmp_path):
    config = replace(small_config, model=VANILLA)
    latebloom.grow(config, tmp_path / "run")
    return latebloom.load(tmp_path / "run")


def test_gpt2_gives_the_same_logits(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    transformers = pytest.importorskip("transformers")
    export_hf(run, tmp_path / "hf")
    model = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "hf").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "hf")
    questions = torch.from_numpy(run.world.examples("test_id")[:, :-1]).long()
    text = [" ".join(run.world.vocabulary.decode(row.tolist())) for row in questions]
    assert tokenizer(text)["input_ids"] == questions.tolist()
    with torch.no_grad():
        theirs = model(questions).logits
        ours = run.model(questions).logits[-1]
    torch.testing.assert_close(theirs, ours, atol=1e-5, rtol=1e-5)


def test_a_looped_model_is_no_gpt2(small_config, tmp_path):
    latebloom.grow(small_config, tmp_path / "run")
    with pytest.raises(LatebloomError, match="n_loops"):
        export_hf(latebloom.load(tmp_path / "run"), tmp_path / "hf")
    assert not (tmp_path / "hf").exists()


def test_an_existing_folder_is_refused(run, tmp_path):
    (tmp_path / "hf").mkdir()
    with pytest.raises(LatebloomError, match="exists"):
        export_hf(run, tmp_path / "hf")
    assert list((tmp_path / "hf").iterdir()) == []


def test_the_folder_holds_no_pickle(run, tmp_path):
    export_hf(run, tmp_path / "hf")
    names = {path.name for path in (tmp_path / "hf").iterdir()}
    assert names == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert json.loads((tmp_path / "hf" / "config.json").read_text())["model_type"] == "gpt2"


def test_names_with_spaces_stay_one_token_and_apart():
    names = token_names(Vocabulary(("New York", "New_York", "Oslo")))
    assert names == ["New_York", "New_York#1", "Oslo"]


@pytest.mark.slow
def test_transformerlens_gives_the_same_logits(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    bridge = pytest.importorskip("transformer_lens.model_bridge")
    export_hf(run, tmp_path / "hf")
    model = bridge.TransformerBridge.boot_transformers(str(tmp_path / "hf"), device="cpu")
    questions = torch.from_numpy(run.world.examples("test_id")[:, :-1]).long()
    with torch.no_grad():
        ours = run.model(questions).logits[-1]
        torch.testing.assert_close(model(questions), ours, atol=1e-4, rtol=1e-4)
