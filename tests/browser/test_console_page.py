"""The console lines on docs/report.md, run as they stand in the console of two small reports."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_reports import CONFIG

from latebloom.recipes.catalogue import make_recipe
from latebloom.reports.page import write_report
from latebloom.run import grow, load
from latebloom.worlds.chains.made import CompositionConfig

PAGE = Path(__file__).parents[2] / "docs" / "report.md"
(BLOCK,) = re.findall(r"^```js\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.M)
LINES = [tuple(map(str.strip, f"{line}//".split("//")[:2])) for line in BLOCK.splitlines()]
"""Each line, and the remark behind it: what comes of it, or what may stand in its place."""
WORDS = "yak"
"""What the lines for a run on sentences speak of; the others are for a run on facts."""
FEW = {"train": 400, "test_id": 40, "test_ood": 40}


def report_of(recipe: str, folder: Path, world: Any) -> Path:
    """The report of a run whose model has seen next to nothing, with a checkpoint of step 50."""
    config = make_recipe(recipe)
    model = replace(config.model, d_model=16, n_layers=1, n_heads=2)
    train = replace(CONFIG.train, steps=50, batch_size=8, eval_every=50, checkpoint_every=50)
    config = replace(config, seed=3, world=world, model=model, train=train)
    return write_report(grow(config, folder / "run", threads=1).folder.path)


@pytest.fixture(scope="module")
def facts(tmp_path_factory) -> Path:
    """Over the names of the page: e17 and e4, r3 and r11."""
    world = CompositionConfig(entities=20, relations=12, out_degree=4, phi=1)
    return report_of("composition", tmp_path_factory.mktemp("facts"), world)


@pytest.fixture(scope="module")
def sentences(tmp_path_factory) -> Path:
    world = replace(make_recipe("question").world, **FEW)
    return report_of("question", tmp_path_factory.mktemp("sentences"), world)


def typed(page, code: str) -> Any:
    """What the console answers to a line."""
    return page.evaluate(f"(async () => ({code}))()")


def keys_in(value: Any) -> Iterator[str]:
    """The names of fields, from outside to inside."""
    if isinstance(value, dict):
        for key, held in value.items():
            yield key
            yield from keys_in(held)
    elif isinstance(value, list):
        for held in value:
            yield from keys_in(held)


def lines(about_sentences: bool) -> dict[str, str]:
    """The lines for one of the two runs, with their remarks."""
    return {code: remark for code, remark in LINES if (WORDS in code) == about_sentences}


def check_shape(answer: Any, remark: str) -> None:
    """Where the remark writes an object out, the answer has the fields that it names, no more."""
    if remark.startswith(("{", "[")):
        assert set(keys_in(answer)) == set(re.findall(r"[{,] (\w+)", remark)), remark


def test_every_line_for_facts_does_what_is_said_of_it(visit, facts):
    page = visit(facts)
    page.locator(".comparing summary").click()
    page.locator(".comparing input[type=file]").set_input_files(facts)
    page.locator(".comparing .said", has_text="stands beside").wait_for()
    told = {code: typed(page, code) for code in lines(False)}
    for code, remark in lines(False).items():
        check_shape(told[code], remark)
    run = load(facts.parent)
    ask, single, look, logits, patch, noise, checkpoints, other = told.values()
    assert len(ask["answers"]) == 5 and len(ask["bridges"]) == 1
    assert single["answers"] != ask["answers"] and len(single["answers"]) == 3
    config = run.model.config
    assert len(look) == config.n_loops * (config.n_layers + 1)
    assert [len(logits), len(logits[0])] == [3, len(run.world.vocabulary.words)]
    assert [one["step"] for one in checkpoints][-1] == 50
    assert other == ask, "the same file was chosen"
    assert patch["before"] == noise["before"] == ask
    # The second token is r3 in both questions; e4 in front of it changes its state and the answer.
    assert patch["answers"] != ask["answers"] != noise["answers"]


def test_what_may_stand_in_place_of_noise_may(visit, facts):
    (line,) = [(code, remark) for code, remark in LINES if "noise" in code]
    others = re.findall(r"{ [^}]+ }", line[1])
    assert len(others) == 2
    page = visit(facts)
    answers = [typed(page, line[0].replace("{ noise: 7 }", by))["answers"] for by in others]
    assert answers[0] != answers[1] != typed(page, line[0])["answers"]


def test_every_line_for_sentences_does_what_is_said_of_it(visit, sentences):
    page = visit(sentences)
    told = {code: typed(page, code) for code in lines(True)}
    for code, remark in lines(True).items():
        check_shape(told[code], remark)
    ask, tree = told.values()
    assert {one["name"] for one in ask["answers"]} <= set(
        load(sentences.parent).corpus.vocabulary.words
    )
    assert re.findall(r"[^() ]+", tree["tree"]) == ["my", "yak", "does", "sleep", "."]
    assert tree["spans"][0] == [0, 4]
