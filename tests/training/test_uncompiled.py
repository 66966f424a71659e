"""Optimizers that leave torch's compiler alone: torch's numbers, and nothing of it loaded."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from latebloom.training.uncompiled import AdamW


def weights_after(kind, *, stop=None):
    """A small model after ten steps; at `stop` the optimizer is saved and loaded into a new one."""
    torch.manual_seed(0)
    model = nn.Linear(5, 3)
    made = {"lr": 0.1, "weight_decay": 0.3, "fused": True}
    optimizer = kind([{"params": [model.weight]}], **made)
    optimizer.add_param_group({"params": [model.bias], "weight_decay": 0.0})
    for step in range(10):
        if step == stop:
            saved = optimizer.state_dict()
            optimizer = kind([{"params": [model.weight]}, {"params": [model.bias]}], **made)
            optimizer.load_state_dict(saved)
        optimizer.zero_grad()
        model(torch.randn(4, 5)).square().sum().backward()
        optimizer.step()
    return torch.cat([model.weight.flatten(), model.bias]).tolist()


@pytest.mark.parametrize("stop", [None, 4])
def test_it_is_torchs_adamw_to_the_last_bit(stop):
    assert weights_after(AdamW, stop=stop) == weights_after(torch.optim.AdamW)


def test_hooks_around_a_step_are_called():
    weight = nn.Parameter(torch.ones(3))
    optimizer, called = AdamW([weight]), []
    optimizer.register_step_pre_hook(lambda *_: called.append("before"))
    optimizer.register_step_post_hook(lambda *_: called.append("after"))
    weight.sum().backward()
    optimizer.step()
    assert called == ["before", "after"]


TRAINS = """
import sys
from latebloom.recipes.catalogue import make_recipe
from latebloom.run import grow
config = make_recipe("composition").replace("world", entities=30)
config = config.replace("train", {settings}, steps=2)
grow(config, sys.argv[1], threads=1)
print("torch._dynamo" in sys.modules, "torch._inductor" in sys.modules)
"""


@pytest.mark.parametrize(
    "settings", ["optimizer='muon'", "optimizer='lion'", "orthogonal_grad=True"]
)
def test_a_training_process_never_loads_the_compiler(tmp_path, settings):
    script = TRAINS.format(settings=settings)
    ran = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "run"], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "False False"
