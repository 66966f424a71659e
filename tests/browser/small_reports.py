"""Reports of runs that are grown in a second, for the tests of this folder; hands on their page."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from latebloom.model.config import ModelConfig
from latebloom.recipes.catalogue import make_recipe
from latebloom.reports.page import write_report
from latebloom.run import grow
from latebloom.training.config import RunConfig, TrainConfig
from latebloom.worlds.build import WorldConfig
from latebloom.worlds.chains.own import FactsConfig

LONG = "x" * 10_000
HOSTILE = (
    "<script>window.hurt = 1</script>",
    "</script><img src=x onerror=window.hurt=1>",
    "\"'><svg onload=window.hurt=1>",
    "{{ 7 * 7 }}`${window.hurt=1}`",
    "\u202eesrever\u202c",
    "\u0007\u001b[2Jbell",
    "\u200b\u200d",
    "שלום עולם",
    "__proto__",
    "constructor",
    LONG,
)
PLAIN = tuple(f"e{i}" for i in range(9))
RELATIONS = ("r0", "r1", "r2", "r3")
CONFIG = RunConfig(
    seed=3,
    model=ModelConfig(d_model=16, n_layers=1, n_heads=2, window=2),
    train=TrainConfig(
        steps=60,
        batch_size=32,
        lr=0.01,
        eval_every=20,
        checkpoint_every=20,
        warmup_steps=4,
        until="",
    ),
)


def run_on_sentences(recipe: str, folder: Path, world: WorldConfig | None = None) -> Path:
    """A small run on sentences, with six checkpoints: before training, and each fifth of what lies
    between two. world: another one than the recipe's, which is made small."""
    config = make_recipe(recipe)
    config = replace(
        config,
        seed=3,
        model=replace(config.model, d_model=32, n_layers=2),
        train=replace(CONFIG.train, steps=30, eval_every=10, checkpoint_every=30, warmup_steps=4),
        world=world or replace(config.world, train=4000, test_id=300, test_ood=60),
    )
    return grow(config, folder / "run", threads=1).folder.path


def run_with_sets(folder: Path) -> Path:
    """A run over a table in which each pair has one to three objects, some facts never told."""
    rng = np.random.default_rng(0)
    rows = [
        f"n{i},r{r},n{o}"
        for i in range(30)
        for r in range(3)
        for o in rng.choice(30, rng.integers(1, 4), replace=False)
    ]
    (folder / "many.csv").write_text("\n".join(rows))
    world = FactsConfig(
        facts=str(folder / "many.csv"), missing_frac=0.3, valid_frac=0.5, ood_frac=0.2
    )
    config = replace(CONFIG, recipe="facts", world=world)
    return grow(config, folder / "run", threads=1).folder.path


def report_of(
    folder: Path,
    names: tuple[str, ...],
    relations: tuple[str, ...],
    config: RunConfig = CONFIG,
) -> Path:
    """The report of a small run over names, each of which leads to others by every relation."""
    rows = [
        {"subject": name, "relation": relation, "object": names[(i + 2 * j + 1) % len(names)]}
        for i, name in enumerate(names)
        for j, relation in enumerate(relations)
    ]
    table = folder / "facts.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = replace(config, recipe="facts", world=FactsConfig(facts=str(table), ood_frac=0.2))
    run = grow(config, folder / "run", threads=1)
    return write_report(run.folder.path)


def cell(page, side: str, place: str):
    return page.locator(f'[data-side="{side}"] [data-place="{place}"]')


def set_question(page, side: str, names: list[str]) -> None:
    """Types the names of a question, each chosen with Enter."""
    fields = page.locator(f'[aria-labelledby="title-{side}"] [role=combobox]')
    for i, name in enumerate(names):
        fields.nth(i).fill(name)
        fields.nth(i).press("Enter")
