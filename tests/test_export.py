"""The exported folder, loaded by the tools that it is for, without a network."""

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import latebloom
from latebloom.errors import LatebloomError
from latebloom.export import export_hf, token_names
from latebloom.model.config import ModelConfig
from latebloom.recipes.catalogue import make_recipe
from latebloom.training.config import RunConfig, SentenceFeedConfig, TrainConfig
from latebloom.worlds.sentences.question import QuestionConfig
from latebloom.worlds.vocabulary import Vocabulary

VANILLA = ModelConfig(
    d_model=16, n_layers=2, n_heads=2, n_loops=1, feedback="none", positions="learned"
)
SENTENCES = RunConfig(
    world=QuestionConfig(train=60, test_id=20, test_ood=20, test_apart=20),
    model=VANILLA,
    feed=SentenceFeedConfig(),
    train=TrainConfig(
        steps=8,
        batch_size=10,
        eval_every=4,
        checkpoint_every=20,
        until="",
    ),
)
PLAIN_FILES = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}


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


READER = """
import sys, torch, transformers
folder = sys.argv[1]
model = transformers.AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)
tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
ids = tokenizer(sys.argv[2:], return_tensors="pt").input_ids
print([tokenizer.decode(best) for best in model(ids).logits[:, -1].argmax(-1)])
assert "latebloom" not in sys.modules
"""


def test_a_looped_run_answers_without_latebloom_and_without_a_network(small_config, tmp_path):
    pytest.importorskip("transformers")
    latebloom.grow(small_config, tmp_path / "run")
    run = latebloom.load(tmp_path / "run")
    assert export_hf(run, tmp_path / "hf") == tmp_path / "hf" / "modeling_latebloom.py"
    names = {path.name for path in (tmp_path / "hf").iterdir()}
    assert names == {*PLAIN_FILES, "modeling_latebloom.py"}
    rows = run.world.examples("test_id")[:4]
    asked = [run.world.vocabulary.decode(row[:-1]) for row in rows]
    done = subprocess.run(
        [sys.executable, "-c", READER, tmp_path / "hf", *(" ".join(words) for words in asked)],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ast.literal_eval(done.stdout) == [run.ask(*words).answers[0].name for words in asked]


@pytest.mark.parametrize("shape", ["vanilla", "shared"])
def test_a_run_on_sentences(shape, tmp_path, monkeypatch):
    transformers = pytest.importorskip("transformers")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "c"))
    monkeypatch.syspath_prepend(str(tmp_path / "c"))
    model = replace(VANILLA, max_positions=40)
    if shape == "shared":
        model = replace(VANILLA, n_loops=2, positions="rotary")
    latebloom.grow(replace(SENTENCES, model=model), tmp_path / "run")
    run = latebloom.load(tmp_path / "run")
    module = export_hf(run, tmp_path / "hf")
    assert (module is None) == (shape == "vanilla")
    auto = {"trust_remote_code": True}
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "hf", **auto)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "hf", **auto)
    text = [run.corpus.text("test_id", row) for row in range(8)]
    lines = run.corpus.lines("test_id").take(np.arange(8))
    read = tokenizer(text, return_tensors="pt", padding=True)
    assert read["input_ids"].tolist() == lines.tokens.tolist()
    assert read["attention_mask"].sum(1).tolist() == lines.lengths.tolist()
    with torch.no_grad():
        logits, ours = theirs(**read).logits, run.model(read["input_ids"]).logits[-1]
    for row, length in enumerate(lines.lengths):
        torch.testing.assert_close(logits[row, :length], ours[row, :length], atol=1e-5, rtol=1e-5)


def test_the_command_says_whose_code_is_run(latebloom, small_config, tmp_path):
    from latebloom.studies.grow import grow

    grow(small_config, tmp_path / "looped")
    grow(replace(small_config, model=VANILLA), tmp_path / "plain")
    code, out, err = latebloom("export", "looped", "--to", "hf", "theirs")
    assert (code, out.strip()) == (0, "theirs")
    assert "trust_remote_code=True" in err and "theirs/modeling_latebloom.py" in err
    code, out, err = latebloom("export", "plain", "theirs2")
    assert (code, out.strip(), err) == (0, "theirs2", "")
    for words, complaint in {
        ("looped", "theirs"): "theirs exists",
        ("nothing", "theirs3"): "nothing",
        ("looped", "theirs3", "--step", "999"): "no checkpoint of step 999",
    }.items():
        code, out, err = latebloom("export", *words)
        assert (code, out) == (2, "") and complaint in err and err.count("\n") == 1
    assert not (tmp_path / "theirs3").exists()


def test_an_existing_folder_is_refused(run, tmp_path):
    (tmp_path / "hf").mkdir()
    with pytest.raises(LatebloomError, match="exists"):
        export_hf(run, tmp_path / "hf")
    assert list((tmp_path / "hf").iterdir()) == []


def test_a_plain_gpt2_brings_neither_code_nor_pickle(run, tmp_path):
    assert export_hf(run, tmp_path / "hf") is None
    assert {path.name for path in (tmp_path / "hf").iterdir()} == PLAIN_FILES
    assert json.loads((tmp_path / "hf" / "config.json").read_text())["model_type"] == "gpt2"


def test_names_with_spaces_stay_one_token_and_apart():
    names = token_names(Vocabulary(("New York", "New_York", "Oslo")))
    assert names == ["New_York", "New_York#1", "Oslo"]


@pytest.mark.slow
def test_the_python_on_the_page_runs(tmp_path):
    """As one file on its own, on the run that the page grows."""
    pytest.importorskip("nnsight")
    page = Path(__file__).parents[1] / "docs" / "export.md"
    code = "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
    (tmp_path / "page.py").write_text(code)
    latebloom.grow(make_recipe("composition"), tmp_path / "run")
    export_hf(latebloom.load(tmp_path / "run"), tmp_path / "exported" / "composition")
    done = subprocess.run(
        [sys.executable, "page.py"],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    answer, shape, first, second, patched, *_ = done.stdout.splitlines()
    assert (answer, shape) == ("e52", "torch.Size([1, 3, 128])")
    assert first.startswith("loop 0 ['e17', 'e42', ") and second.endswith(", 'e52']")
    bridge, other, told = patched.split()
    assert bridge != "e42" and other != "e52" and told == other


@pytest.mark.slow
def test_transformerlens_gives_the_same_logits(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    bridge = pytest.importorskip("transformer_lens.model_bridge")
    export_hf(run, tmp_path / "hf")
    model = bridge.TransformerBridge.boot_transformers(str(tmp_path / "hf"), device="cpu")
    questions = torch.from_numpy(run.world.examples("test_id")[:, :-1]).long()
    with torch.no_grad():
        torch.testing.assert_close(
            model(questions), run.model(questions).logits[-1], atol=1e-4, rtol=1e-4
        )
