"""In a real browser the page's model answers what the model in Python answers, at 1e-3."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from latebloom.asking.answer import ask
from latebloom.model.feedback import loops_needed
from latebloom.recipes.catalogue import make_recipe
from latebloom.reports.asked_apart import asks
from latebloom.reports.page import write_report
from latebloom.run import grow
from latebloom.worlds.chains.own import FactsConfig

N = 200
FEW = ("composition", "comparison")
"""A chain and a comparison. Every shape of the model is compared in node (tests/reports)."""
MORE = (
    *("bloom", "bloom-looped", "composition-hops", "composition-shared", "reader", "reader-hops"),
    *("composition-vanilla", "atlas", "comparison-vanilla", "hidden-attributes", "elements"),
    *("reader-comparison", "mixed", "modular", "modular-power", "permutations", "parity", "logic"),
)
"""The other families. Recipes that are named nowhere here differ from one of them in size alone
(the paper's worlds), in the folder that they read (nations) or in names of several tokens
(reader-names, whose page has no model in it)."""
NEEDS = {"atlas": "airportsdata", "elements": "mendeleev"}
"""Packages of the extras that some recipes take their world from."""
SETS = ("facts", "graph", "umls", "table")
"""Questions with several answers, over files that are made here."""
SENTENCES = ("question", "tense", "dyck")
FILLERS = ("of", "?")
"""Words that always stand at their places, and may be left out."""
FEW_LINES = {"train": 4000, "test_id": 300, "test_ood": 300}


def grown(recipe: str, folder):
    """A run of the recipe's own model and world, trained for some steps only."""
    config = make_recipe(recipe)
    few = replace(config.train, steps=12, eval_every=12, checkpoint_every=12, warmup_steps=4)
    few = replace(few, probe=20, until="")
    sizes = {field.name for field in fields(config.world)}
    small = {"max_test": 60, "tested": 100, "trained": 1000}
    world = replace(config.world, **{name: n for name, n in small.items() if name in sizes})
    return grow(replace(config, seed=100, train=few, world=world), folder, threads=1)


def some_questions(world, n: int) -> list[list[str]]:
    """Questions of every split that a page asks, and of the largest as many as are lacking then."""
    rng = np.random.default_rng(100)
    asked = (rows for name, rows in world.splits.items() if len(rows) and asks(world, name))
    splits = sorted(asked, key=len)
    rows = []
    for left, split in zip(range(len(splits), 0, -1), splits, strict=True):
        wanted = min(len(split), (n - len(rows)) // left)
        rows += split[rng.choice(len(split), wanted, replace=False)].tolist()
    return [world.vocabulary.decode(row[:-1]) for row in rows]


def rounded(run):
    """The run with the weights that its page has: rounded to sixteen bits."""
    with torch.no_grad():
        for parameter in run.model.parameters():
            parameter.copy_(parameter.half().float())
    return run


def found_on(page, asked: list[list[str]]) -> list:
    """Of each question the page's logits and its answer."""
    return page.evaluate(
        "async (asked) => { const out = []; for (const q of asked)"
        " out.push([await latebloom.logits(q), await latebloom.ask(q)]); return out; }",
        asked,
    )


def logits_of(run, question: list[str]) -> torch.Tensor:
    """After the last loop that the question needs, `[pos, d_vocab]`."""
    tokens = run.world.read(question)
    loops = loops_needed(run.model.config, len(tokens), run.world.task.hops(len(tokens)))
    with torch.no_grad():
        return run.model(torch.tensor([tokens]), n_loops=loops).logits[-1, 0]


def close(logits: list, wanted: torch.Tensor) -> bool:
    """Whether the page has the logits of Python, within 1e-3."""
    found = torch.tensor(logits)
    return found.shape == wanted.shape and float((found - wanted).abs().max()) < 1e-3


@pytest.mark.parametrize(
    "recipe", [*FEW, *(pytest.param(recipe, marks=pytest.mark.slow) for recipe in MORE)]
)
def test_the_browser_answers_what_python_answers(visit, tmp_path, recipe):
    pytest.importorskip(NEEDS.get(recipe, "torch"))
    run = rounded(grown(recipe, tmp_path / "run"))
    asked = some_questions(run.world, N)
    assert len(asked) == N
    page = visit(write_report(run.folder.path))
    bare = [[word for word in question if word not in FILLERS] for question in asked[::10]]
    for short, (logits, _) in zip(bare, found_on(page, bare), strict=True):
        assert close(logits, logits_of(run, short)), short
    for question, (logits, answer) in zip(asked, found_on(page, asked), strict=True):
        assert close(logits, logits_of(run, question)), question
        told = ask(run.model, run.world, question)
        names = [guess["name"] for guess in answer["answers"]]
        # Of guesses that are equally likely to seven digits either may come first.
        if told.answers[0].probability - told.answers[1].probability > 1e-5:
            assert names[0] == told.answers[0].name
        assert len(answer["bridges"]) == len(told.bridges)


def set_config(recipe: str, folder):
    """The recipe over made files in which a subject and a relation have up to three objects."""
    rng = np.random.default_rng(0)
    rows = [
        f"n{i}\tr{r}\tn{o}"
        for i in range(40)
        for r in range(4)
        for o in rng.choice(40, rng.integers(1, 4), replace=False)
    ]
    config = make_recipe(recipe)
    if isinstance(config.world, FactsConfig):
        if recipe == "table":
            rows += [f"n{i}\tweight\t{weight}" for i, weight in enumerate(rng.permutation(40))]
        (folder / "facts.tsv").write_text("\n".join(rows) + "\n")
        return config.replace("world", facts=str(folder / "facts.tsv"), missing_frac=0.2)
    tests = {"train.txt": rows[60:], "valid.txt": rows[:20], "test.txt": rows[20:60]}
    for name, lines in tests.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    return config.replace("world", folder=str(folder))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", SETS)
def test_the_browser_has_the_guesses_of_a_set_that_python_has(visit, tmp_path, recipe):
    config = set_config(recipe, tmp_path)
    few = replace(config.train, steps=12, eval_every=12, checkpoint_every=12, warmup_steps=4)
    config = replace(config, train=replace(few, probe=20, until=""))
    run = rounded(grow(config, tmp_path / "run", threads=1))
    task, words = run.world.task, run.world.vocabulary.words
    assert task.several
    asked = some_questions(run.world, N)
    assert len(asked) == N
    page = visit(write_report(run.folder.path))
    for question, (logits, answer) in zip(asked, found_on(page, asked), strict=True):
        wanted = logits_of(run, question)
        assert close(logits, wanted), question
        names = wanted[-1, : task.n_competing(len(words))]
        shares, order = names.softmax(-1).sort(descending=True)
        for rank, guess in enumerate(answer["answers"][:3]):
            assert abs(guess["probability"] - float(shares[rank])) < 1e-3
            if shares[rank] - shares[rank + 1] > 1e-5 and (
                not rank or shares[rank - 1] - shares[rank] > 1e-5
            ):
                assert guess["name"] == words[int(order[rank])]


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
    run = rounded(small_reader(recipe, tmp_path / "run"))
    lines = run.corpus.lines("test_ood")
    # The page reads 64 tokens; of longer lines of brackets the beginning is read.
    lengths = np.minimum(lines.lengths, 64)
    read = [lines.tokens[row, : lengths[row]].tolist() for row in range(N)]
    asked = [run.corpus.vocabulary.decode(tokens[1:]) for tokens in read]
    assert len(asked) == N
    page = visit(write_report(run.folder.path))
    for tokens, (logits, answer) in zip(read, found_on(page, asked), strict=True):
        with torch.no_grad():
            wanted = run.model(torch.tensor([tokens])).logits[-1, 0]
        assert len(logits) == len(tokens)
        assert close(logits, wanted)
        shares, order = wanted[-1].softmax(-1).sort(descending=True)
        assert abs(answer["answers"][0]["probability"] - float(shares[0])) < 1e-3
        if shares[0] - shares[1] > 1e-5:
            assert answer["answers"][0]["name"] == run.corpus.vocabulary.words[int(order[0])]
