"""The laboratory in a real browser: asked, looked into, changed, with names that mean no good."""

import csv
import html
import json
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from small_reports import HOSTILE, cell, set_question

from latebloom.asking.answer import ask
from latebloom.recipes.catalogue import make_recipe
from latebloom.reports.page import write_report
from latebloom.reports.traced import write_circuit_figures
from latebloom.run import grow, load
from latebloom.worlds.mixed import MixedConfig

OLD_RUNS = Path(__file__).parents[1] / "old_runs"
FIRST, SECOND = ["e1", "r0", "r1"], ["e4", "r2", "r3"]


def asked_both(visit, report: Path, **context):
    page = visit(report, **context)
    set_question(page, "a", FIRST)
    set_question(page, "b", SECOND)
    return page


def test_only_the_script_of_the_page_may_run(visit, plain):
    text = html.unescape(plain.read_text(encoding="utf-8"))
    assert "script-src 'sha256-" in text
    assert "unsafe-eval" not in text
    assert "script-src 'unsafe-inline'" not in text
    page = visit(plain)
    blocked = page.evaluate(
        """() => new Promise((done) => {
            addEventListener("securitypolicyviolation", (event) => done(event.violatedDirective));
            const button = document.createElement("div");
            button.innerHTML = "<button onclick='window.hurt = 1'>run</button>";
            document.body.append(button);
            button.firstChild.click();
        })"""
    )
    assert blocked == "script-src-attr"
    assert page.evaluate("window.hurt") is None
    visit.complaints.clear()


def test_names_are_asked_with_completion_and_the_keyboard(visit, plain):
    page = visit(plain)
    field = page.locator('[aria-labelledby="title-a"] [role=combobox]').first
    field.focus()
    page.keyboard.type("E")
    assert field.get_attribute("aria-expanded") == "true"
    assert page.locator('[aria-labelledby="title-a"] [role=option]').count() == 8
    third = page.locator('[aria-labelledby="title-a"] [role=option]').nth(2).text_content()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert field.input_value() == third
    assert field.get_attribute("aria-expanded") == "false"
    page.keyboard.type("nobody")
    assert page.locator('[aria-labelledby="title-a"] .none').text_content() == "no such name"
    page.keyboard.press("Escape")
    assert field.input_value() == third
    set_question(page, "a", FIRST)
    wanted = page.evaluate("latebloom.ask(['e1', 'r0', 'r1'])")["answers"][0]["name"]
    assert wanted in page.locator('[aria-labelledby="title-a"] .answers li').first.text_content()
    assert wanted in cell(page, "a", "1.1.2").locator(".says").text_content()


def test_every_state_says_what_look_says(visit, plain):
    page = asked_both(visit, plain)
    for state in page.evaluate("latebloom.look(['e1', 'r0', 'r1'])"):
        for position, guesses in enumerate(state["guesses"]):
            here = cell(page, "a", f"{state['loop'] - 1}.{state['layer']}.{position}")
            assert here.locator(".says bdi").text_content() == guesses[0]["name"]
            assert f"then {guesses[1]['name']} " in here.text_content()
    cell(page, "a", "0.1.1").hover()
    assert page.locator(".readout tr").count() == 5
    assert "looks at: e1 100 %" in page.locator(".readout").text_content()


def outcome(page) -> str:
    return page.locator(".outcome .hint").text_content()


def expect_the_second_answer(page) -> None:
    """The last state of the second question, put onto that of the first, brings its answer."""
    wanted = page.evaluate("latebloom.ask(['e4', 'r2', 'r3'])")["answers"][0]["name"]
    assert wanted in cell(page, "c", "1.1.2").locator(".says").text_content()
    assert "put" in cell(page, "c", "1.1.2").get_attribute("class")
    classes = page.locator('[data-side="c"] [data-place]').evaluate_all(
        "cells => cells.map(cell => cell.classList.contains('outside'))"
    )
    assert classes.count(False) == 1, "nothing but the last state can depend on it"


def test_a_state_is_dragged_onto_another_and_taken_back(visit, plain):
    page = asked_both(visit, plain)
    page.set_viewport_size({"width": 1200, "height": 1600})
    cell(page, "b", "1.1.2").drag_to(cell(page, "a", "1.1.2"))
    expect_the_second_answer(page)
    asked = [
        page.locator(f'[aria-labelledby="title-{side}"] .answers').first for side in ("a", "b")
    ]
    # The state is the last one of the second question, so its whole answer comes with it.
    for guesses, beside in zip(asked, page.locator(".before-after .answers").all(), strict=True):
        for part in ("bdi", ".share"):
            wanted = guesses.locator(part).all_text_contents()
            assert beside.locator(part).all_text_contents() == wanted
    page.get_by_role("button", name="Undo").click()
    assert page.locator('[data-side="c"]').count() == 0
    assert "Drag a state" in outcome(page)


def test_steps_are_undone_redone_and_gone_back_to_by_a_click(visit, plain):
    page = asked_both(visit, plain)
    page.set_viewport_size({"width": 1200, "height": 1600})
    redo = page.get_by_role("button", name="Redo")
    assert redo.is_disabled()
    for place in ("1.1.2", "0.1.1"):
        cell(page, "b", place).click()
        cell(page, "a", place).click()
    both = outcome(page)
    page.get_by_role("button", name="Undo").click()
    expect_the_second_answer(page)
    assert page.locator(".history li").count() == 1
    redo.click()
    assert page.locator(".history li").count() == 2
    assert outcome(page) == both and redo.is_disabled()
    page.locator(".taken summary").click()
    steps = page.locator(".steps button")
    assert steps.count() == 3
    assert "r1" in steps.nth(1).text_content() and "r0" in steps.nth(2).text_content()
    steps.first.click()
    assert page.locator('[data-side="c"]').count() == 0
    assert steps.first.get_attribute("aria-current") == "step"
    assert steps.first.evaluate("one => one === document.activeElement")
    page.keyboard.press("Control+Shift+Z")
    expect_the_second_answer(page)
    steps.nth(2).click()
    assert outcome(page) == both
    steps.nth(1).click()
    cell(page, "b", "0.1.0").click()
    cell(page, "a", "0.1.0").click()
    assert steps.count() == 3, "what was undone is gone once something else is done"
    assert redo.is_disabled()


def test_every_table_and_figure_is_downloaded(visit, plain, tmp_path):
    run = load(shutil.copytree(plain.parent, tmp_path / "run"))
    records = run.trace(examples=10)
    write_circuit_figures(run.folder.path, records)
    page = visit(write_report(run.folder.path))
    page.locator("summary", has_text="Every evaluation").click()
    taken = {}
    for button in page.locator("button.taking").all():
        # Chromium drops what goes beyond ten downloads in a second.
        page.wait_for_timeout(120)
        with page.expect_download() as waiting:
            button.click()
        name = waiting.value.suggested_filename
        taken[name] = Path(waiting.value.path()).read_text(encoding="utf-8")
    outside = page.locator("main table").count() - page.locator("#lab table, #chart table").count()
    assert len(taken) == outside + 2 * page.locator("img.figure").count()
    figures = [name for name in taken if name.endswith(".svg")]
    assert len(figures) == page.locator("img.figure").count() > 0
    for name in figures:
        assert ElementTree.fromstring(taken[name]).tag == "{http://www.w3.org/2000/svg}svg"
        behind = list(csv.DictReader(taken[name.replace(".svg", ".csv")].splitlines()))
        assert len(behind) > 1, name
    bridge = list(csv.DictReader(taken["what-is-answered-through-the-bridge.csv"].splitlines()))
    restored = [row for row in bridge if row["curve"] == "restored by the same bridge 1"]
    steps = {record.step: record.verdict.steps[0].moved for record in records}
    assert {int(row["x"]): float(row["y"]) for row in restored} == steps
    rows = list(csv.DictReader(taken["every-evaluation-as-numbers.csv"].splitlines()))
    assert [row["step"] for row in rows] == [str(r["step"]) for r in run.folder.metrics()]
    settings = dict(csv.reader(taken["train.csv"].splitlines()))
    assert settings["batch_size"] == "32" and settings["lr"] == "0.01"
    visit.complaints[:] = [one for one in visit.complaints if not one.startswith("blob:")]


def test_questions_of_as_many_names_are_called_by_their_kind(visit, tmp_path):
    recipe = make_recipe("mixed")
    world = MixedConfig(entities=20, relations=4, attributes=2, values=5, phi=1)
    model = replace(recipe.model, d_model=16, n_heads=2)
    train = replace(recipe.train, steps=2, eval_every=2, checkpoint_every=2, warmup_steps=1)
    few = replace(recipe, world=world, model=model, train=replace(train, until=""))
    run = grow(few, tmp_path / "run", threads=1)
    page = visit(write_report(run.folder.path))
    length = page.get_by_label("Length of the first question")
    named = length.locator("option").all_text_contents()
    assert named == ["2 names", "3 names, comparison", "3 names, two-hop"]
    for name in named[1:]:
        length.select_option(label=name)
        assert length.evaluate("one => one.selectedOptions[0].textContent") == name


def test_no_cell_of_a_downloaded_table_is_a_formula(visit, plain):
    page = visit(plain)
    evil = "-2+3+cmd|' /C calc'!A0"
    table = page.locator("main table", has=page.locator("button.taking")).first
    table.locator("td").first.evaluate("(cell, text) => { cell.textContent = text; }", evil)
    table.locator("td").last.evaluate("cell => { cell.textContent = '-0.25'; }")
    with page.expect_download() as waiting:
        table.locator("button.taking").click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert f'"\'{evil}"' in text and '"-0.25"' in text
    visit.complaints[:] = [one for one in visit.complaints if not one.startswith("blob:")]


def test_a_state_is_picked_and_placed_by_the_keyboard(visit, plain):
    page = asked_both(visit, plain)
    cell(page, "b", "0.0.0").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "End", "Enter"):
        page.keyboard.press(key)
    assert cell(page, "b", "1.1.2").get_attribute("aria-selected") == "true"
    assert "is picked" in outcome(page)
    assert "press Enter" in page.locator("#lab > [aria-live]").text_content()
    page.keyboard.press("Escape")
    assert page.locator(".picked").count() == 0
    page.keyboard.press("Enter")
    cell(page, "a", "1.1.2").focus()
    page.keyboard.press("Enter")
    expect_the_second_answer(page)
    page.keyboard.press("Control+z")
    assert page.locator('[data-side="c"]').count() == 0


def test_a_search_that_finds_nothing_says_so(visit, plain):
    page = visit(plain)
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Suggest a state to move").click()
    assert page.locator('[data-side="c"]').count() == 0
    assert "no single state on the way" in outcome(page)


def test_a_placed_state_is_what_patch_computes(visit, plain):
    page = asked_both(visit, plain)
    cell(page, "b", "0.1.1").click()
    cell(page, "a", "0.1.1").click()
    put = {"from": SECOND, "to": FIRST, "loop": 1, "layer": 1, "position": 1}
    found = page.evaluate("put => latebloom.patch(put)", put)
    assert found["answers"][0]["name"] in cell(page, "c", "1.1.2").locator(".says").text_content()
    assert found["before"] == page.evaluate("latebloom.ask(['e1', 'r0', 'r1'])")
    at = page.evaluate("put => latebloom.patch(put)", put | {"position": 0, "at": {"position": 2}})
    assert at["answers"] != found["answers"]


def test_a_link_brings_the_view_back(visit, plain):
    page = asked_both(visit, plain)
    cell(page, "a", "1.1.2").click()
    cell(page, "b", "1.1.2").click()
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    link = page.evaluate("location.hash")
    seen = page.locator("#lab").inner_text()
    again = visit(plain, link=link)
    assert again.locator("#lab").inner_text() == seen
    steps = [one["step"] for one in page.evaluate("latebloom.checkpoints")]
    assert f"step {steps[-2]}" in seen
    for broken in (
        "#lab=40;1.2;3",
        "#lab=7;0.9.9;0.9.9;a;",
        "#lab=%E0;",
        "#lab=40;999.9.9;0.9.9;a;9.9.9-9.9.9",
    ):
        page = visit(plain, link=broken)
        assert page.locator('[data-side="a"] [data-place]').count() == 12


def test_the_slider_moves_grids_answer_and_both_curves(visit, plain):
    page = asked_both(visit, plain)
    steps = [one["step"] for one in page.evaluate("latebloom.checkpoints")]
    assert steps[-1] == 60
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    assert f"step {steps[0]}" in page.locator(".step").text_content().replace(
        "before training", "step 0"
    )
    wanted = page.evaluate("step => latebloom.ask(['e1', 'r0', 'r1'], { step })", steps[0])
    first = page.locator('[aria-labelledby="title-a"] .answers li').first
    assert wanted["answers"][0]["name"] in first.text_content()
    before = page.locator("#chart .here").get_attribute("x1")
    page.keyboard.press("End")
    assert page.locator("#chart .here").get_attribute("x1") != before
    assert "step 60" in page.locator(".step").text_content()
    assert page.locator(".strip .own").count() == len(steps)


def test_hostile_names_cannot_run_break_or_hide(visit, hostile):
    page = visit(hostile, width=390)
    for side in ("a", "b"):
        for _ in range(6):
            page.locator(f'[aria-labelledby="title-{side}"]').get_by_role(
                "button", name="Another"
            ).click()
    field = page.locator('[aria-labelledby="title-a"] [role=combobox]').first
    for name in HOSTILE:
        field.fill(name)
        field.press("Enter")
    assert page.evaluate("window.hurt") is None
    assert page.locator("#lab img, #lab script, #lab b, #lab svg svg").count() == 0
    shown = page.locator("#lab").inner_text()
    assert not {"\u202e", "\u0007", "\u200b", "\u2028"} & set(shown)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    run = load(hostile.parent)
    words, split = run.world.vocabulary.words, run.world.examples("train_inferred")
    for row in split[:20].tolist():
        question = [words[token] for token in row[:-1]]
        wanted = ask(run.model, run.world, question).answers
        if wanted[0].probability - wanted[1].probability > 1e-2:
            found = page.evaluate("question => latebloom.ask(question)", question)
            assert found["answers"][0]["name"] == wanted[0].name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_no_sideways_scrolling(visit, plain, scheme, width):
    page = visit(plain, width=width, color_scheme=scheme)
    page.get_by_role("button", name="Suggest a state to move").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 23, 26)"}[scheme]


def test_reduced_motion_moves_nothing(visit, plain):
    for motion, moves in (("reduce", False), ("no-preference", True)):
        page = visit(plain, reduced_motion=motion)
        seconds = page.evaluate(
            "getComputedStyle(document.querySelector('[data-place]')).transitionDuration"
        )
        assert any(float(one.rstrip("s")) for one in seconds.split(", ")) is moves


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, plain, scheme, faults):
    page = asked_both(visit, plain, color_scheme=scheme, bypass_csp=True)
    page.get_by_role("button", name="Suggest a state to move").click()
    cell(page, "b", "0.1.1").click()
    cell(page, "a", "0.1.1").click()
    assert faults(page) == []


def test_a_state_is_replaced_by_noise_a_mean_or_an_embedding(visit, plain):
    page = asked_both(visit, plain)
    where = {"to": FIRST, "loop": 2, "layer": 1, "position": 2}
    patch = "put => latebloom.patch(put)"
    for by in ({"noise": 7}, {"mean": True}, {"name": "e3"}):
        found = page.evaluate(patch, where | {"by": by})
        assert found == page.evaluate(patch, where | {"by": by}), "not the same for the same"
        assert found["answers"] != found["before"]["answers"]
    named = page.evaluate(patch, where | {"by": {"name": "e3"}})
    assert named["answers"][0]["name"] == "e3", "an embedding at the end says its own name"
    same = page.evaluate(patch, where | {"by": {"noise": 8}})
    assert same["answers"] != page.evaluate(patch, where | {"by": {"noise": 7}})["answers"]
    for button in ("noise", "its mean"):
        cell(page, "a", "1.1.2").click()
        page.get_by_role("button", name=button, exact=True).click()
        assert "put" in cell(page, "c", "1.1.2").get_attribute("class")
        assert button.split()[-1] in page.locator(".history").text_content()
    again = visit(plain, link=page.evaluate("location.hash"))
    assert again.locator("#lab").inner_text() == page.locator("#lab").inner_text()
    cell(page, "b", "0.0.0").click()
    field = page.locator(".replacing [role=combobox]")
    field.fill("e5")
    field.press("Enter")
    assert "e5" in cell(page, "c", "0.0.0").locator(".says").text_content()


def test_a_mean_does_not_depend_on_the_question(visit, plain):
    """At the very end nothing but the state that was put in tells the answer."""
    page = visit(plain)
    put = {"by": {"mean": True}, "loop": 2, "layer": 1, "position": 2}
    one, other = (
        page.evaluate("put => latebloom.patch(put)", put | {"to": to}) for to in (FIRST, SECOND)
    )
    assert one["answers"] == other["answers"]
    assert one["before"] != other["before"]


@pytest.mark.parametrize("ending", ["SVG", "CSV", "JSON"])
def test_a_grid_is_downloaded(visit, plain, ending):
    page = asked_both(visit, plain)
    cell(page, "b", "1.1.2").click()
    cell(page, "a", "1.1.2").click()
    with page.expect_download() as waiting:
        page.locator(".outcome").get_by_role("button", name=ending, exact=True).click()
    assert waiting.value.suggested_filename == f"grid.{ending.lower()}"
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    wanted = page.evaluate("latebloom.ask(['e4', 'r2', 'r3'])")["answers"][0]
    if ending == "JSON":
        table = json.loads(text)
        assert table["question"] == FIRST
        assert table["answers"][0] == wanted
        assert len(table["states"]) == 4 * 3 * 5
    else:
        assert wanted["name"] in text
    if ending == "CSV":
        assert len(text.splitlines()) == 1 + 4 * 3 * 5
    if ending == "SVG":
        assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    visit.complaints[:] = [one for one in visit.complaints if not one.startswith("blob:")]


def test_what_a_trace_found_is_drawn_beside_the_accuracy(visit, plain, tmp_path):
    page = visit(plain)
    assert page.locator(".strip .restored").count() == 0
    run = load(shutil.copytree(plain.parent, tmp_path / "run"))
    shares = {record.step: record.verdict.restored for record in run.trace(examples=20)}
    page = visit(write_report(run.folder.path))
    found = dict(
        page.evaluate("JSON.parse(document.getElementById('lab-data').textContent)")["restored"]
    )
    assert found == {step: share for step, share in shares.items() if share == share}
    assert len(found) >= 2
    assert page.locator(".strip .restored").get_attribute("d").count("L") == len(found) - 1
    assert "latebloom trace" in page.locator("#lab > .note").first.text_content()


def test_play_goes_through_the_training(visit, plain):
    page = visit(plain)
    page.clock.install()
    page.get_by_role("button", name="Play").click()
    steps = [one["step"] for one in page.evaluate("latebloom.checkpoints")]
    for step in steps:
        told = "before training" if step == 0 else f"step {step}"
        page.locator(".step", has_text=told).first.wait_for()
        if step != steps[-1]:
            assert page.get_by_role("button", name="Stop").is_visible()
            page.clock.run_for(800)
    page.get_by_role("button", name="Play").wait_for()
    page.clock.run_for(5000)
    assert f"step {steps[-1]}" in page.locator(".step").first.text_content()


def test_with_one_checkpoint_there_is_nothing_to_play(visit, plain, tmp_path):
    run = load(plain.parent)
    alone = tmp_path / "run"
    shutil.copytree(run.folder.path, alone)
    *others, newest = sorted((alone / "checkpoints").iterdir())
    for other in others:
        shutil.rmtree(other)
    page = visit(write_report(alone))
    assert len(page.evaluate("latebloom.checkpoints")) == 1
    assert newest.name.endswith(str(page.evaluate("latebloom.checkpoints[0].step")))
    assert page.get_by_role("button", name="Play").is_disabled()
    assert page.get_by_role("slider", name="Checkpoint").is_disabled()


def test_every_value_of_the_curves_is_read_by_hover_and_by_keys(visit, plain):
    page = visit(plain)
    records = list(load(plain.parent).folder.metrics())
    page.locator("#chart svg").focus()
    page.keyboard.press("Home")
    for record in records:
        tip = page.locator("#chart .tip")
        assert f"step {record['step']}" in tip.text_content()
        for split, share in record["accuracy"].items():
            if not split.startswith("valid_"):
                row = tip.locator("tr", has_text=split).first
                assert (
                    f"{int(share * 1000 + 1e-9) / 10:.1f}".rstrip("0").rstrip(".")
                    in row.text_content()
                )
        page.keyboard.press("ArrowRight")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_curves_are_downloaded_as_they_are_drawn(visit, plain, scheme):
    page = visit(plain, color_scheme=scheme)
    drawn = json.loads(page.evaluate("document.getElementById('data').textContent"))
    texts = {}
    for kind in ("SVG", "CSV", "JSON"):
        with page.expect_download() as waiting:
            page.locator("#take").get_by_role("button", name=kind).click()
        assert waiting.value.suggested_filename == f"curves.{kind.lower()}"
        texts[kind] = Path(waiting.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(texts["CSV"].splitlines()))
    assert [int(row["step"]) for row in rows] == drawn["steps"]
    table = json.loads(texts["JSON"])
    for one in drawn["series"]:
        assert table["accuracy"][one["name"]] == one["values"]
        assert [float(row[one["name"]]) for row in rows] == one["values"]
    root = ElementTree.fromstring(texts["SVG"])
    svg = "{http://www.w3.org/2000/svg}"
    lines = [one for one in root.iter(f"{svg}path") if one.get("stroke-width") == "3px"]
    main = [one for one in drawn["series"] if one["main"]]
    assert len(lines) == len(main)
    hues = {line.get("stroke") for line in lines}
    wanted = {tuple(int(one[scheme][i : i + 2], 16) for i in (1, 3, 5)) for one in main}
    assert hues == {f"rgb({r}, {g}, {b})" for r, g, b in wanted}
    visit.complaints[:] = [one for one in visit.complaints if not one.startswith("blob:")]


def test_phases_are_marked_behind_the_curves_and_beside_the_slider(visit, tmp_path):
    run = shutil.copytree(OLD_RUNS / "composition", tmp_path / "run")
    page = visit(write_report(run))
    records = list(load(run).folder.metrics())
    phases = {record["phase"] for record in records}
    assert phases
    for phase in phases:
        assert page.locator(f"#chart .ground-{phase}").count() >= 2, "behind accuracy and loss"
    assert page.locator(".step").text_content().endswith(f", {records[-1]['phase']}")
