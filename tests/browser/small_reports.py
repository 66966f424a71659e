"""Reports of runs that are grown in a second, for the tests of this folder; hands on their page."""

import json
from dataclasses import replace
from pathlib import Path

from latebloom.model.config import ModelConfig
from latebloom.reports.page import write_report
from latebloom.run import grow
from latebloom.training.config import RunConfig, TrainConfig
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
