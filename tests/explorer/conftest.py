"""A folder of runs: two seeds that have finished, one that grows, one that is damaged."""

import shutil
from dataclasses import replace

import pytest

pytest.importorskip("fastapi")

from latebloom.explorer.folder import Folder
from latebloom.model.config import ModelConfig
from latebloom.studies.grow import grow
from latebloom.training.config import RunConfig, TrainConfig
from latebloom.worlds.chains.made import CompositionConfig


@pytest.fixture(scope="session")
def grown(tmp_path_factory):
    """Two finished runs of one setting, and one of another, under `study/`."""
    root = tmp_path_factory.mktemp("grown")
    config = RunConfig(
        recipe="small",
        world=CompositionConfig(
            entities=12, relations=4, out_degree=4, ood_frac=0.2, phi=2, test_id_frac=0.1
        ),
        model=ModelConfig(d_model=16, n_layers=1, n_heads=2, window=2),
        train=TrainConfig(
            steps=12, batch_size=16, eval_every=4, checkpoint_every=4, warmup_steps=4, until=""
        ),
    )
    grow(config, root / "seed0")
    grow(replace(config, seed=1), root / "seed1")
    grow(config.replace("world", phi=1.0), root / "study" / "phi1")
    return root


@pytest.fixture
def root(grown, tmp_path):
    """The same in a folder of one's own, with a run that grows, a damaged one, and a link out."""
    outside = tmp_path / "outside"
    shutil.copytree(grown / "seed0", outside)
    here = tmp_path / "runs"
    shutil.copytree(grown, here)
    shutil.copytree(grown / "seed1", here / "growing")
    (here / "growing" / "summary.json").unlink()
    (here / "growing" / "metrics.jsonl").touch()  # as if it were evaluated just now
    shutil.copytree(grown / "seed1", here / "damaged")
    (here / "damaged" / "config.toml").write_text("this is [no TOML")
    (here / "link").symlink_to(outside, target_is_directory=True)
    return here


@pytest.fixture
def folder(root):
    return Folder(root)
