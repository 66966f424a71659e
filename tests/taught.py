"""A small model that was taught a table by heart, for tests of what is asked of it."""

from pathlib import Path

import torch

from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.recipes.chains import graph
from latebloom.training.feed import make_feed
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.own import FactsConfig
from latebloom.worlds.data import as_world
from latebloom.worlds.world import World

DRUGS = """imatinib,targets,ABL
imatinib,targets,KIT
dasatinib,targets,ABL
dasatinib,targets,SRC
gefitinib,targets,EGFR
ABL,pathway,growth
KIT,pathway,growth
KIT,pathway,melanin
SRC,pathway,adhesion
EGFR,pathway,growth
growth,part-of,life
adhesion,part-of,life"""
"""What three drugs act on, and what comes of that: some pairs have two answers."""


def taught_by_heart(table: str, folder: Path) -> tuple[Transformer, World]:
    """A looped model after 120 steps on all facts of a CSV text, and its world."""
    path = folder / "drugs.csv"
    path.write_text(table)
    config = FactsConfig(
        facts=str(path), inverse=True, ood_frac=0, test_id_frac=0, largest_share=1, valid_frac=0
    )
    world = as_world(build_world(config, 0), path)
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=32, n_layers=1, window=2), len(world.vocabulary))
    feed = make_feed(graph().replace("train", batch_size=64), world, torch.device("cpu"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    for step in range(1, 121):
        optimizer.zero_grad()
        feed.loss(model, feed.batch(step)).backward()
        optimizer.step()
    return model, world
