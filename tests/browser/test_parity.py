"""In a real browser the page's model answers what the model in Python answers, at 1e-3."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from latebloom.asking.answer import ask
from latebloom.model.feedback import loops_needed
from latebloom.recipes.catalogue import make_recipe
from latebloom.reports.page import write_report
from latebloom.run import grow

N = 200
FEW = ("composition", "comparison")
"""A chain and a comparison. Every shape of the model is compared in node (tests/reports)."""
MORE = (
    *("bloom", "bloom-looped", "composition-hops", "composition-shared", "reader"),
    *("comparison-vanilla", "hidden-attributes", "reader-comparison"),
)
"""The other families; the recipes that are named nowhere here differ in size alone."""


def grown(recipe: str, folder):
    """A run of the recipe's own model and world, trained for some steps only."""
    config = make_recipe(recipe)
    few = replace(config.train, steps=12, eval_every=12, checkpoint_every=12, warmup_steps=4)
    few = replace(few, probe=20, until="")
    world = replace(config.world, max_test=60)
    return grow(replace(config, seed=100, train=few, world=world), folder, threads=1)


def some_questions(world, n: int) -> list[list[str]]:
    """Questions of every split, and of the largest as many as are lacking then."""
    rng = np.random.default_rng(100)
    splits = sorted((rows for rows in world.splits.values() if len(rows)), key=len)
    rows = []
    for left, split in zip(range(len(splits), 0, -1), splits, strict=True):
        wanted = min(len(split), (n - len(rows)) // left)
        rows += split[rng.choice(len(split), wanted, replace=False)].tolist()
    return [world.vocabulary.decode(row[:-1]) for row in rows]


@pytest.mark.parametrize(
    "recipe", [*FEW, *(pytest.param(recipe, marks=pytest.mark.slow) for recipe in MORE)]
)
def test_the_browser_answers_what_python_answers(visit, tmp_path, recipe):
    run = grown(recipe, tmp_path / "run")
    with torch.no_grad():
        for parameter in run.model.parameters():
            parameter.copy_(parameter.half().float())
    asked = some_questions(run.world, N)
    assert len(asked) == N
    page = visit(write_report(run.folder.path))
    found = page.evaluate(
        "async (asked) => { const out = []; for (const q of asked)"
        " out.push([await latebloom.logits(q), await latebloom.ask(q)]); return out; }",
        asked,
    )
    worst = 0.0
    for question, (logits, answer) in zip(asked, found, strict=True):
        tokens = run.world.read(question)
        loops = loops_needed(run.model.config, len(tokens), run.world.task.hops(len(tokens)))
        with torch.no_grad():
            wanted = run.model(torch.tensor([tokens]), n_loops=loops).logits[-1, 0]
        worst = max(worst, float((torch.tensor(logits) - wanted).abs().max()))
        told = ask(run.model, run.world, question)
        names = [guess["name"] for guess in answer["answers"]]
        # Of guesses that are equally likely to seven digits either may come first.
        if told.answers[0].probability - told.answers[1].probability > 1e-5:
            assert names[0] == told.answers[0].name
        assert len(answer["bridges"]) == len(told.bridges)
    assert worst < 1e-3, f"the largest difference of a logit, of {len(asked)} questions"
