"""The Python on the pages about looking inside, run as it stands on runs that take a second.

What is the reader's own there (`model`, `questions`, a folder of theirs) is made here, and sizes
are made small; all else is the page's text. The blocks of README.md and docs/python.md are run by
test_contracts.py.
"""

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from latebloom.model.config import ModelConfig
from latebloom.model.hf_weights import config_to_hf, weights_to_hf
from latebloom.model.positions import Positions
from latebloom.model.transformer import Parts, Transformer
from latebloom.run import grow, load
from latebloom.worlds.published.items import to_token

DOCS = Path(__file__).parents[1] / "docs"


def blocks_of(page: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def run_block(code: str, names: dict) -> dict:
    """The names after a block was run with these."""
    exec(code, names)
    return names


@pytest.fixture
def run(small_config, tmp_path, monkeypatch):
    """A small run, under the names that the pages give theirs, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    grow(small_config, Path("runs") / "composition", threads=1)
    Path("runs/bloom").symlink_to(Path("composition"))
    return load("runs/composition")


def test_a_trace_and_its_figures(run, capsys):
    code = blocks_of("circuits.md")[0]
    names = run_block(code.replace("examples=300", "examples=20"), {})
    assert names["records"][-1].step == 24
    assert names["records"][-1].verdict.words() in capsys.readouterr().out
    for figure in ("circuit.svg", "bridge.svg"):
        assert Path(figure).read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_a_single_patch(run):
    rows = torch.from_numpy(run.world.examples("train_inferred")[:6])
    questions = rows[:, :-1]
    other = questions.clone()
    other[:, 0] = (other[:, 0] + 1) % 12
    names = {"model": run.model, "questions": questions, "other_questions": other}
    grid = run_block(blocks_of("circuits.md")[1], names | {"answers": rows[:, -1]})["grid"]
    config = run.model.config
    assert grid.answer.shape == (config.n_loops, config.n_layers + 1, 3, 6)
    assert grid.answer.shape == grid.log_prob.shape
    # A subject's embedding that is moved makes the question the other one.
    with torch.no_grad():
        assert torch.equal(grid.answer[0, 0, 0], run.model(other).logits[-1, :, -1].argmax(-1))


def test_a_model_with_parts_of_ones_own():
    class Alibi(Positions):
        def bias(self, distance, attention):
            n = attention.n_heads
            slopes = 2.0 ** (-8.0 / n * torch.arange(1, n + 1, device=distance.device))
            return -slopes.view(-1, *[1] * distance.ndim) * distance

    def my_mlp(config):
        return nn.Linear(config.d_model, config.d_model)

    names = {"Transformer": Transformer, "ModelConfig": ModelConfig, "Parts": Parts}
    names |= {"d_vocab": 9, "Alibi": Alibi, "MyMlp": my_mlp}
    model = run_block(blocks_of("circuits.md")[2], names)["model"]
    assert isinstance(model.positions, Alibi)
    assert model(torch.tensor([[1, 2, 3]])).logits.shape == (2, 1, 3, 9)


def test_a_model_that_was_trained_elsewhere(run):
    words = [to_token(word) for word in run.world.vocabulary.words]
    vanilla = ModelConfig(
        d_model=16,
        n_layers=1,
        n_loops=1,
        n_heads=2,
        feedback="none",
        positions="learned",
        max_positions=8,
    )
    theirs = Transformer(vanilla, len(words) + 3)
    folder = Path("their_checkpoint")
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config_to_hf(vanilla, len(words) + 3)))
    save_file(weights_to_hf(theirs), folder / "model.safetensors")
    table = {word: i for i, word in enumerate(["<pad>", *words, "a", "b"])}
    (folder / "vocab.json").write_text(json.dumps(table))
    model = run_block(blocks_of("circuits.md")[3], {"world": run.world})["model"]
    tokens = torch.tensor([[0, 13, 14]])
    with torch.no_grad():
        wanted = theirs(tokens + 1).logits[-1][..., 1 : len(words) + 1]
        torch.testing.assert_close(model(tokens).logits[-1], wanted)


def test_trees_of_a_corpus():
    made, scored = blocks_of("trees.md")
    few = "centre_frac=0.3, train=1000, test_id=50, test_ood=50"
    names = run_block(made.replace("centre_frac=0.3", few), {})
    assert len(names["tokens"]) == len(names["lengths"]) == 1000
    config = ModelConfig(d_model=16, n_layers=1, n_loops=1, n_heads=2, feedback="none", window=0)
    names["model"] = Transformer(config, len(names["corpus"].vocabulary))
    scores = run_block(scored.replace("10_000", "8"), names)["scores"]
    assert 0 <= scores.parseval["greedy"].f1 <= 1
    assert 0 < scores.parseval["right_branching"].f1 <= 1


def test_the_page_in_a_notebook(run):
    import latebloom

    (code,) = blocks_of("report.md")
    lines = code.strip().splitlines()
    assert lines[-1].startswith("latebloom.")
    shown = eval(lines[-1], {"latebloom": latebloom})._repr_html_()
    assert "height" in shown and "900" in shown and "srcdoc" in shown


def test_a_run_asked_in_a_cell(run):
    pytest.importorskip("anywidget", reason="the extra notebook brings it")
    import latebloom

    (code,) = blocks_of("explorer.md")
    cell = eval(code, {"latebloom": latebloom})
    assert cell is not None and hasattr(cell, "comm")
