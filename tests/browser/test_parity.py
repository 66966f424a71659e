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
SENTENCES = ("question", "tense", "dyck")
FEW_LINES = {"train": 4000, "test_id": 300, "test_ood": 300}


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


def small_reader(recipe: str, folder):
    """A run of a sentence recipe, its model narrow and its corpus small, trained for some steps."""
    config = make_recipe(recipe)
    few = replace(config.train, steps=12, eval_every=12, checkpoint_every=12, warmup_steps=4)
    model = replace(config.model, d_model=32, n_layers=2)
    config = replace(
        config,
        seed=100,
        model=model,
        train=replace(few, probe=20),
        world=replace(config.world, **FEW_LINES),
    )
    return grow(config, folder, threads=1)


@pytest.mark.parametrize("recipe", SENTENCES)
def test_the_browser_reads_sentences_as_python_does(visit, tmp_path, recipe):
    run = small_reader(recipe, tmp_path / "run")
    with torch.no_grad():
        for parameter in run.model.parameters():
            parameter.copy_(parameter.half().float())
    lines = run.corpus.lines("test_ood")
    # The page reads 64 tokens; of longer lines of brackets the beginning is read.
    lengths = np.minimum(lines.lengths, 64)
    read = [lines.tokens[row, : lengths[row]].tolist() for row in range(N)]
    asked = [run.corpus.vocabulary.decode(tokens[1:]) for tokens in read]
    assert len(asked) == N
    page = visit(write_report(run.folder.path))
    found = page.evaluate(
        "async (asked) => { const out = []; for (const q of asked)"
        " out.push([await latebloom.logits(q), await latebloom.ask(q)]); return out; }",
        asked,
    )
    worst = 0.0
    for tokens, (logits, answer) in zip(read, found, strict=True):
        with torch.no_grad():
            wanted = run.model(torch.tensor([tokens])).logits[-1, 0]
        assert len(logits) == len(tokens)
        worst = max(worst, float((torch.tensor(logits) - wanted).abs().max()))
        shares, order = wanted[-1].softmax(-1).sort(descending=True)
        assert abs(answer["answers"][0]["probability"] - float(shares[0])) < 1e-3
        if shares[0] - shares[1] > 1e-5:
            assert answer["answers"][0]["name"] == run.corpus.vocabulary.words[int(order[0])]
    assert worst < 1e-3, f"the largest difference of a logit, of {len(asked)} sentences"
