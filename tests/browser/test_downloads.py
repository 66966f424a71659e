"""What is taken along from the pictures of a page: the numbers are those that are shown."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from small_reports import CONFIG, set_question

from latebloom.recipes.catalogue import make_recipe
from latebloom.reports.page import write_report
from latebloom.run import grow
from latebloom.studies.checkpoints import walk
from latebloom.trees.examination import TreeInstrument
from latebloom.trees.record import ProjectionConfig

SVG = "{http://www.w3.org/2000/svg}"
FIRST, SECOND = ["e1", "r0", "r1"], ["e4", "r2", "r3"]


@pytest.fixture
def take(visit):
    """Downloads all kinds of files that a group of buttons offers; returns them by their names."""

    def downloaded(group) -> Mapping[str, str]:
        found = {}
        for button in group.get_by_role("button").all():
            with button.page.expect_download() as waiting:
                button.click()
            path = Path(waiting.value.path())
            found[waiting.value.suggested_filename] = path.read_text(encoding="utf-8")
        visit.complaints[:] = [one for one in visit.complaints if not one.startswith("blob:")]
        return found

    return downloaded


def texts(svg: str) -> list[str]:
    """What is written in a drawing."""
    return [one.text or "" for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def rows_of(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(table.splitlines()))


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> Path:
    """The report of a small reader of questions, whose trees were measured."""
    config = make_recipe("question")
    config = replace(
        config,
        seed=3,
        model=replace(config.model, d_model=32, n_layers=2),
        train=replace(CONFIG.train, steps=20, eval_every=10, checkpoint_every=10, warmup_steps=4),
        world=replace(config.world, train=2000, test_id=100, test_ood=40),
    )
    run = grow(config, tmp_path_factory.mktemp("reader") / "run", threads=1)
    instrument = TreeInstrument.of_corpus(run.corpus, ProjectionConfig(sentences=4, max_words=20))
    assert len(list(walk(run.folder, instrument))) > 2
    return write_report(run.folder.path)


def test_the_grid_of_each_question_is_taken_along(visit, take, plain):
    page = visit(plain)
    for side, question, name in (("a", FIRST, "first-question"), ("b", SECOND, "second-question")):
        set_question(page, side, question)
        files = take(page.locator(f'[aria-labelledby="title-{side}"] .offers'))
        assert set(files) == {f"{name}.{ending}" for ending in ("svg", "csv", "json")}
        table = json.loads(files[f"{name}.json"])
        assert (table["question"], table["step"]) == (question, 60)
        wanted = page.evaluate("question => latebloom.look(question)", question)
        said = {
            (state["loop"], state["layer"], position, rank): guess
            for state in wanted
            for position, guesses in enumerate(state["guesses"])
            for rank, guess in enumerate(guesses, 1)
        }
        rows = rows_of(files[f"{name}.csv"])
        for found in (rows, table["states"]):
            keys = [
                tuple(int(row[k]) for k in ("loop", "layer", "position", "rank")) for row in found
            ]
            assert {
                key: {"name": row["name"], "probability": float(row["probability"])}
                for key, row in zip(keys, found, strict=True)
            } == {key: said[key] for key in keys}
        assert len(rows) == len(said)
        shown = page.locator(f'[data-side="{side}"] .says bdi').all_text_contents()
        drawn = [text.lstrip("●◆ ") for text in texts(files[f"{name}.svg"])]
        assert all(name in drawn for name in shown)


def test_two_compared_grids_are_taken_along_together(visit, take, plain, rival):
    page = visit(plain)
    set_question(page, "a", FIRST)
    page.locator(".comparing summary").click()
    chosen = page.get_by_label("Checkpoint of the other model")
    chosen.select_option("1")
    group = page.get_by_role("group", name="Download these grids")
    steps = [one["step"] for one in page.evaluate("latebloom.checkpoints")]
    files = take(group)
    grids = json.loads(files["compared.json"])
    assert [grid["step"] for grid in grids] == [steps[-1], steps[1]]
    ask = "([question, step]) => latebloom.ask(question, { step })"
    for grid in grids:
        wanted = page.evaluate(ask, [FIRST, grid["step"]])["answers"]
        assert grid["answers"] == wanted
    # Another run: its rows are its own.
    page.locator(".comparing input[type=file]").set_input_files(rival)
    page.locator(".comparing .said", has_text="stands beside").wait_for()
    files = take(group)
    mine, theirs = json.loads(files["compared.json"])
    assert theirs["answers"] == page.evaluate("q => latebloom.other.ask(q)", FIRST)["answers"]
    assert len(mine["states"]) == 4 * 3 * 5 and len(theirs["states"]) == 3 * 3 * 5
    rows = rows_of(files["compared.csv"])
    assert len(rows) == len(mine["states"]) + len(theirs["states"])
    for row, state in zip(rows, mine["states"] + theirs["states"], strict=True):
        assert row["name"] == state["name"]
        assert float(row["probability"]) == state["probability"]
    assert [row["of"] for row in rows[:1] + rows[-1:]] == [mine["of"], theirs["of"]]
    root = ElementTree.fromstring(files["compared.svg"])
    assert len(list(root.iter(f"{SVG}rect"))) == 1 + 4 * 3 + 3 * 3
    assert f"{theirs['of']}, step {theirs['step']}" in texts(files["compared.svg"])


def test_counts_over_the_splits_are_taken_along(visit, take, plain, rival):
    page = visit(plain)
    page.locator(".comparing summary").click()
    page.locator(".comparing input[type=file]").set_input_files(rival)
    page.locator(".comparing .said", has_text="stands beside").wait_for()
    page.get_by_role("button", name="Count over the splits").click()
    page.locator(".comparing .said", has_text="Both were").wait_for()
    files = take(page.get_by_role("group", name="Download these counts"))
    rows, lines = rows_of(files["counts.csv"]), page.locator(".counts tbody tr").all()
    assert len(rows) == len(lines) > 3
    for row, line in zip(rows, lines, strict=True):
        split, asked, mine, *_ = line.locator("th, td").all_text_contents()
        assert (row["split"], row["asked"]) == (split, asked.replace(",", ""))
        assert abs(100 * float(row["right here"]) - float(mine.rstrip(" %"))) <= 0.5
    assert [one["split"] for one in json.loads(files["counts.json"])] == [r["split"] for r in rows]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_trees_are_taken_along_as_they_are_drawn(visit, take, reader, scheme):
    page = visit(reader, color_scheme=scheme)
    page.locator(".growing summary").click()
    page.get_by_label("Sentence of the trees").select_option(index=1)
    drawn = page.locator(".trees svg")
    page.get_by_label("Step of the trees").focus()
    page.keyboard.press("End")
    kept = json.loads(page.evaluate("document.getElementById('lab-data').textContent"))["grown"][0]
    files = take(page.get_by_role("group", name="Download these trees"))
    table, rows = json.loads(files["trees.json"]), rows_of(files["trees.csv"])
    assert table["words"] == kept["words"]
    wide = [span for span in kept["gold"] if span[1] > span[0]]
    assert table["gold"] == wide
    for (step, spans), found in zip(kept["trees"], table["trees"], strict=True):
        assert found["step"] == step
        assert found["spans"] == [span for span in spans if span[1] > span[0]]
        own = [row for row in rows if row["step"] == str(step)]
        assert [[int(row["first word"]) - 1, int(row["last word"]) - 1] for row in own] == found[
            "spans"
        ]
        yes = sum(row["in gold"] == "yes" for row in own)
        assert yes == len([span for span in found["spans"] if span in wide])
    gold = [row["words"] for row in rows if row["tree"] == "gold"]
    assert gold == [" ".join(kept["words"][first : last + 1]) for first, last in wide]
    # The picture: both trees, in the colours of the page.
    assert [text for text in texts(files["trees.svg"]) if text in kept["words"]] == 2 * kept[
        "words"
    ]
    lines = list(ElementTree.fromstring(files["trees.svg"]).iter(f"{SVG}line"))
    assert len(lines) == page.locator(".trees line").count() > 4
    hue = drawn.locator("line.both").first.evaluate("one => getComputedStyle(one).stroke")
    assert hue in {line.get("stroke") for line in lines}
