"""The explorer in a real browser: runs in a list, their curves, live, asked, read by many."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

pytest.importorskip("fastapi")

from small_reports import CONFIG, HOSTILE, PLAIN, RELATIONS, report_of

from benchmarks import serving
from latebloom.circuits.moving import Noise
from latebloom.model.config import ModelConfig
from latebloom.run import grow, load
from latebloom.training.config import ComparisonFeedConfig, RunConfig, TrainConfig
from latebloom.worlds.comparisons.own import NumericTableConfig


@pytest.fixture(scope="module")
def grown(tmp_path_factory) -> Path:
    """Two seeds of one setting, another setting, and a run over names that mean no good."""
    root, table = (tmp_path_factory.mktemp(name) for name in ("grown", "table"))
    for name, config in (
        ("seed3", CONFIG),
        ("seed4", replace(CONFIG, seed=4)),
        ("wide", replace(CONFIG, model=replace(CONFIG.model, d_model=24))),
    ):
        report = report_of(table, PLAIN, RELATIONS, config)
        shutil.move(report.parent, root / f"{name}-run")
    report = report_of(tmp_path_factory.mktemp("odd"), HOSTILE, RELATIONS)
    shutil.move(report.parent, root / "<b onclick=window.hurt=1>odd")
    return root


@pytest.fixture
def runs(grown, tmp_path) -> Path:
    """The same, and one of them as if it were still growing."""
    here = tmp_path / "runs"
    shutil.copytree(grown, here)
    growing = here / "growing"
    shutil.copytree(grown / "seed3-run", growing)
    (growing / "summary.json").unlink()
    lines = (growing / "metrics.jsonl").read_text().splitlines(keepends=True)
    (growing / "metrics.jsonl").write_text("".join(lines[:-1]))
    (growing / "rest").write_text(lines[-1])
    return here


@pytest.fixture
def served(runs):
    """The address of a server of these runs."""
    with serving.served(runs) as address:
        yield address


@pytest.fixture
def browse(chromium, served):
    """Opens the list; fails if a page complained, or asked anybody else."""
    complaints, contexts = [], []

    def open_page(path: str = "/", *, width: int = 1200, **context):
        made = chromium.new_context(viewport={"width": width, "height": 900}, **context)
        contexts.append(made)
        page = made.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda one: complaints.append(one.url) if not own(one.url) else 0)
        page.goto(served + path)
        if path == "/":
            page.locator("#runs tbody tr").nth(4).wait_for()
            page.locator("#overlay .line").first.wait_for()
        return page

    def own(url: str) -> bool:
        return url.startswith((served, "data:", f"blob:{served}"))

    open_page.complaints = complaints
    yield open_page
    for made in contexts:
        made.close()
    assert complaints == []


def row(page, name: str):
    return page.locator("#runs tbody tr", has=page.get_by_role("link", name=name, exact=True))


def test_every_run_is_in_the_table_with_how_far_it_is(browse):
    page = browse()
    assert page.locator("#count").text_content() == "5 runs, 1 growing"
    assert "finished" in row(page, "seed3-run").text_content()
    assert "60 of 60" in row(page, "seed4-run").text_content()
    assert "growing" in row(page, "growing").text_content()
    page.locator("#filter").fill("wide")
    assert page.locator("#runs tbody tr").count() == 1


def with_studies(runs: Path) -> None:
    """Three studies; the name of one ends as that of another, and one has a blank in its name."""
    for place in ("phi/seed3", "reproduce-phi/seed3", "reproduce-phi/seed4", "my study/seed4"):
        shutil.copytree(runs / f"{place[-5:]}-run", runs / place)
    for name in ("phi", "reproduce-phi", "my study"):
        record = {"claims": {name: {"verdict": "held"}}}
        (runs / name / "reproduce.json").write_text(json.dumps(record))


def study(page, name: str):
    return page.locator("#studies").get_by_role("button", name=name, exact=True)


def test_a_study_is_one_row_and_its_runs_are_shown_alone_at_a_click(browse, runs):
    page = browse()
    assert page.locator("#study-section").is_hidden()
    with_studies(runs)
    page.locator("#count", has_text="9 runs").wait_for()
    told = page.locator("#studies tbody tr")
    told.nth(2).wait_for()
    exact = page.get_by_role("button", name="phi", exact=True)
    first = told.filter(has=exact).text_content()
    assert "1 of 1" in first and "held" in first
    shown = page.locator("#runs tbody tr")
    inside = {
        "phi": ["phi/seed3"],
        "reproduce-phi": ["reproduce-phi/seed3", "reproduce-phi/seed4"],
        "my study": ["my study/seed4"],
    }
    for name, names in inside.items():
        study(page, name).click()
        assert shown.locator("th").all_text_contents() == names
        assert page.locator("#runs tbody input:checked").count() == len(names)
        pressed = page.locator("#studies button[aria-pressed=true]")
        assert pressed.all_text_contents() == [name]
    study(page, "my study").click()
    assert shown.count() == 9 and page.locator("#every").is_hidden()
    study(page, "reproduce-phi").click()
    page.locator("#filter").fill("seed4")
    assert shown.locator("th").all_text_contents() == ["reproduce-phi/seed4"]
    page.get_by_role("button", name="Runs of reproduce-phi; show all").click()
    assert shown.count() == 9


def test_the_studies_stay_under_the_hands_of_a_reader(browse, runs):
    with_studies(runs)
    page = browse()
    study(page, "phi").focus()
    button = study(page, "phi").element_handle()
    held = "one => one.isConnected && one === document.activeElement"
    with (runs / "growing" / "metrics.jsonl").open("a") as file:
        file.write((runs / "growing" / "rest").read_text())
    row(page, "growing").get_by_text("60 of 60").wait_for()
    assert button.evaluate(held), "a run has changed, and no study"
    record = {"claims": {"phi": {"verdict": "weaker"}}}
    (runs / "phi" / "reproduce.json").write_text(json.dumps(record))
    page.locator("#studies td", has_text="weaker").wait_for()
    assert study(page, "phi").evaluate(held), "its row was written anew"


def test_seeds_of_a_setting_are_one_line_with_a_band(browse):
    page = browse()
    page.locator("#filter").fill("seed")
    page.locator("#all").uncheck()
    page.locator("#filter").fill("")
    for name in ("growing", "wide-run", "<b onclick=window.hurt=1>odd"):
        row(page, name).get_by_role("checkbox").uncheck()
    assert page.locator("#overlay .line").count() == 0
    for name in ("seed3-run", "seed4-run"):
        row(page, name).get_by_role("checkbox").check()
    page.locator("#overlay .band").wait_for(state="attached")
    assert page.locator("#overlay .line").count() == 1
    row(page, "wide-run").get_by_role("checkbox").check()
    page.locator("#overlay .line").nth(1).wait_for()
    page.locator("#overlay svg").focus()
    page.keyboard.press("End")
    assert page.locator("#overlay .tip tr").count() == 2


def taken(page, group: str, kind: str) -> str:
    """What a button of a group of downloads gives."""
    with page.expect_download() as waiting:
        page.get_by_role("group", name=group).get_by_role("button", name=kind).click()
    return Path(waiting.value.path()).read_text(encoding="utf-8")


def test_the_curves_and_the_list_are_taken_along(browse, runs):
    page = browse()
    curves = "Download the curves"
    told = json.loads(taken(page, curves, "JSON"))
    wanted = {}
    for name in ("seed3-run", "seed4-run", "growing"):
        for record in map(json.loads, (runs / name / "metrics.jsonl").read_text().splitlines()):
            wanted.setdefault(record["step"], []).append(record["accuracy"][told["split"]])
    names = page.locator("#runs tbody tr", has_text="seed3-run").locator("td").all_text_contents()
    [line] = [one for one in told["lines"] if one["name"] == names[1]]
    assert line["seeds"] == 3
    for point in line["rows"]:
        values = wanted[point["x"]]
        assert (point["n"], point["low"], point["high"]) == (
            len(values),
            min(values),
            max(values),
        )
        assert point["mean"] == pytest.approx(sum(values) / len(values))
    rows = list(csv.DictReader(taken(page, curves, "CSV").splitlines()))
    points = [(one["name"], point) for one in told["lines"] for point in one["rows"]]
    assert len(rows) == len(points) > 8
    for row, (name, point) in zip(rows, points, strict=True):
        assert row["setting"] in (name, f"'{name}")
        assert float(row[f"mean {told['split']}"]) == point["mean"]
        assert [float(row[k]) for k in ("step", "lowest", "highest")] == [
            point[k] for k in ("x", "low", "high")
        ]
    root = ElementTree.fromstring(taken(page, curves, "SVG"))
    paths = [one.get("d") for one in root.iter("{http://www.w3.org/2000/svg}path")]
    assert paths == page.locator("#overlay path").evaluate_all(
        "all => all.map((p) => p.getAttribute('d'))"
    )
    page.locator("#filter").fill("seed")
    listed = list(csv.DictReader(taken(page, "Download this list", "CSV").splitlines()))
    assert [row["run"] for row in listed] == page.locator("#runs tbody th").all_text_contents()
    for row in listed:
        last = [*load(runs / row["run"]).folder.metrics()][-1]
        assert float(row["test_id"]) == last["accuracy"]["test_id"]
        assert row["step"] == "60"
    page.locator("#filter").fill("")
    page.locator("#all").check()
    page.locator("#all").uncheck()
    page.locator("#overlay", has_text="Tick runs").wait_for()
    assert page.locator("#take").is_hidden(), "nothing is drawn"


def test_the_states_of_an_answer_are_taken_along(browse, runs):
    page, question = browse(), ["e4", "r1", "r2"]
    page.locator("#asked").select_option("seed4-run")
    page.locator("#question").fill(" ".join(question))
    page.get_by_role("button", name="Ask").click()
    page.locator("#answer table").wait_for()
    rows = list(csv.DictReader(taken(page, "Download these states", "CSV").splitlines()))
    states = load(runs / "seed4-run").lens(*question)
    assert [(row["name"], row["token"]) for row in rows] == [
        (guess.name, name)
        for state in states
        for guess, name in zip(state.guesses, question, strict=True)
    ]
    told = json.loads(taken(page, "Download these states", "JSON"))
    assert told["question"] == question
    shares = [guess["probability"] for state in told["states"] for guess in state["guesses"]]
    assert [float(row["probability"]) for row in rows] == shares


def test_a_run_that_grows_moves_while_one_looks(browse, runs):
    page = browse()
    assert "40 of 60" in row(page, "growing").text_content()
    growing = runs / "growing"
    with (growing / "metrics.jsonl").open("a") as file:
        file.write((growing / "rest").read_text())
    row(page, "growing").get_by_text("60 of 60").wait_for()
    shutil.rmtree(growing)
    page.locator("#count", has_text="4 runs").wait_for()
    assert page.locator("#live").is_visible()


@pytest.mark.parametrize("question", [["e4", "r1", "r2"], ["e2", "r3"]])
def test_a_question_is_answered_and_looked_into_as_in_python(browse, runs, question):
    page = browse()
    page.locator("#asked").select_option("seed4-run")
    page.locator("#question").fill(" ".join(question))
    page.get_by_role("button", name="Ask").click()
    grid = page.locator("#answer table")
    grid.wait_for()
    run = load(runs / "seed4-run")
    assert run.ask(*question).answers[0].name in page.locator("#answer").inner_text()
    assert grid.locator("thead th").all_text_contents() == question
    states = run.lens(*question)
    assert grid.locator("tbody tr").count() == len(states)
    for line, state in zip(grid.locator("tbody tr").all(), states, strict=True):
        shown = line.locator("td .state bdi").all_text_contents()
        assert shown == [guess.name for guess in state.guesses]


ROLES = {"answer": "\u25cf", "bridge": "\u25c6"}


def role_in(answer, name: str) -> str | None:
    """How a name is marked among the states of a question."""
    if name == answer.truth:
        return "answer"
    return "bridge" if name in answer.true_bridges else None


def with_marks(run) -> list[str]:
    """A question of which some states say the answer, and others the bridge."""
    for row in run.world.examples("train_inferred"):
        words = run.world.vocabulary.decode(row[:-1].tolist())
        answer, states = run.ask(*words), run.lens(*words)
        said = {role_in(answer, guess.name) for state in states for guess in state.guesses}
        if said == {"answer", "bridge", None}:
            return words
    raise AssertionError("no question says its bridge and its answer")


def roles_shown(table) -> list[list[str | None]]:
    """The role of every state of a table; its sign and its class say the same."""
    shown = []
    for line in table.locator("tbody tr").all():
        cells = line.locator("td .state").all()
        classes = [(cell.get_attribute("class") or "").split() for cell in cells]
        roles = [next((one for one in some if one in ROLES), None) for some in classes]
        signs = [cell.locator("i").all_text_contents() for cell in cells]
        assert signs == [[f"{ROLES[role]} "] if role else [] for role in roles]
        shown.append(roles)
    return shown


def test_answers_and_bridges_are_marked_and_a_state_shows_all_that_it_says(browse, runs):
    page, run = browse(), load(runs / "seed4-run")
    words = with_marks(run)
    page.locator("#asked").select_option("seed4-run")
    page.locator("#question").fill(" ".join(words))
    page.get_by_role("button", name="Ask").click()
    table = page.locator("#answer table").first
    table.wait_for()
    answer, states = run.ask(*words), run.lens(*words)
    assert roles_shown(table) == [
        [role_in(answer, guess.name) for guess in state.guesses] for state in states
    ]
    assert "follows: told facts lead to the answer" in page.locator("#answer").inner_text()
    # Under the pointer, and where the focus is.
    for how, (line, position) in (("hover", (1, 1)), ("focus", (len(states) - 1, 2))):
        cell = table.locator("tbody tr").nth(line).locator("button.state").nth(position)
        getattr(cell, how)()
        panel = page.locator(".readout:visible")
        panel.wait_for()
        state = states[line]
        told = panel.locator("li bdi").all_text_contents()
        assert told == [one.name for one in state.best[position]]
        looks = [words[key] for key, _ in state.looks[position]]
        assert panel.locator("p bdi").all_text_contents() == looks and looks
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    # What a change reached is shaded, and its place framed.
    table.locator("tbody tr").nth(1).locator("button.state").nth(1).click()
    page.get_by_role("button", name="noise").click()
    moved = result(page).locator("table").first
    wanted = run.patch(*words, loop=1, layer=1, position=1, by=Noise(7))
    kinds = [
        [
            "put" if (state.loop, state.layer, i) == (1, 1, 1) else "same" if same else "reached"
            for i, same in enumerate(row)
        ]
        for state, row in zip(wanted.states, wanted.same, strict=True)
    ]
    shown = [
        [cell.get_attribute("class") for cell in line.locator("td").all()]
        for line in moved.locator("tbody tr").all()
    ]
    assert shown == kinds
    assert {"put", "same", "reached"} == {one for row in kinds for one in row}
    assert roles_shown(moved) == [
        [role_in(answer, guess.name) for guess in state.guesses] for state in wanted.states
    ]


def result(page):
    """The newest change, as names and shares."""
    page.locator("#answer .moved").first.wait_for()
    return page.locator("#answer .moved").first


def test_a_state_is_picked_and_placed_or_replaced_where_it_stands(browse, runs):
    page, run = browse(), load(runs / "seed4-run")
    words, other = ["e4", "r1", "r2"], ["e2", "r3", "r0"]
    page.locator("#asked").select_option("seed4-run")
    page.locator("#question").fill(" ".join(words))
    page.get_by_role("button", name="Ask").click()
    tables = page.locator("#answer table")
    tables.wait_for()
    page.get_by_label("another question").fill(" ".join(other))
    page.keyboard.press("Enter")
    tables.nth(1).wait_for()
    last = len(run.lens(*words)) - 1, 2  # the end of the pass, from which the answer is read
    for table in (1, 0):  # by the keyboard: picked there, placed here
        row = tables.nth(table).locator("tbody tr").nth(last[0])
        row.locator("button.state").nth(last[1]).focus()
        page.keyboard.press("Enter")
    moved = result(page)
    after = moved.locator(".answers").nth(1).locator("bdi").all_text_contents()
    assert after[0] == run.ask(*other).answers[0].name
    before = moved.locator(".answers").first.locator("bdi").all_text_contents()
    assert before == [one.name for one in run.ask(*words).answers]
    assert moved.locator("td.same").count() == 3 * len(run.lens(*words)) - 1
    # Replaced where it stands, with the mouse.
    tables.first.locator("tbody tr").nth(1).locator("button.state").nth(1).click()
    page.get_by_role("button", name="noise").click()
    page.locator(".moved", has_text="replaced by noise").wait_for()
    wanted = run.patch(*words, loop=1, layer=1, position=1, by=Noise(7))
    shown = result(page).locator(".answers").nth(1).locator("bdi").all_text_contents()
    assert shown == [one.name for one in wanted.after]
    assert page.locator(".moved").count() == 2
    result(page).get_by_role("button", name="Take back").click()
    assert page.locator(".moved").count() == 1
    # What cannot be put there is said.
    tables.first.locator("tbody tr").first.locator("button.state").first.click()
    page.get_by_label("name whose embedding").fill("nobody")
    page.get_by_role("button", name="the embedding of that name").click()
    page.locator("#answer .warning", has_text="unknown name").wait_for()
    browse.complaints.clear()  # the browser notes that it was answered by 404


@pytest.mark.parametrize("question", ["half-life above 10", "half-life top 2"])
def test_a_table_of_numbers_chooses_and_has_no_lens_of_it(browse, runs, tmp_path, question):
    table = tmp_path / "drugs.csv"
    table.write_text("drug,half-life (h)\na,18\nb,4\nc,17\nd,\n")
    train = TrainConfig(steps=2, batch_size=8, eval_every=2, warmup_steps=1, until="")
    world = NumericTableConfig(facts=str(table), ood_frac=0, test_id_frac=0)
    model = ModelConfig(d_model=16, n_heads=2, feedback="replace", max_distance=1)
    feed = ComparisonFeedConfig()
    config = RunConfig(recipe="numbers", world=world, model=model, feed=feed, train=train)
    run = grow(config, runs / "numbers", device="cpu", threads=1)
    page = browse(width=390)
    page.locator("#asked").select_option("numbers")
    page.locator("#question").fill(question)
    page.get_by_role("button", name="Ask").click()
    page.locator("#answer .note", has_text="There is no lens of a selection").wait_for()
    chosen = run.ask(*question.split())
    rows = page.locator("#answer tbody tr")
    assert rows.locator("th").all_text_contents() == [one.name for one in chosen.told] == ["a", "c"]
    assert rows.locator("td").first.text_content() == "18 h"
    assert f"the model names {chosen.named} of them" in page.locator("#answer").inner_text()
    assert "no number of them: d" in page.locator("#answer").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("#question").fill('a "half-life (h)"')
    page.get_by_role("button", name="Ask").click()
    page.locator("#answer .state").first.wait_for()


def test_play_asks_the_same_at_every_checkpoint_from_the_first(browse, runs):
    page, asked, question = browse(), [], ["e4", "r1", "r2"]
    page.locator("#asked").select_option("seed4-run")
    page.locator("#question").fill(" ".join(question))
    page.locator("#at option").nth(1).wait_for(state="attached")
    page.on("request", lambda one: asked.append(one.url) if "/api/ask" in one.url else None)
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Stop").wait_for()
    page.get_by_role("button", name="Play").wait_for()
    folder = load(runs / "seed4-run").folder
    steps = [one.step for one in folder.checkpoints()]
    assert [int(url.rpartition("step=")[2].partition("&")[0]) for url in asked] == steps
    assert page.locator("#at").input_value() == str(steps[-1])
    said = page.locator("#answer .answers").first.locator("bdi").all_text_contents()
    assert said == [one.name for one in load(runs / "seed4-run").ask(*question).answers]
    # It ends where one stops it, and stays there.
    held = []
    page.route("**/api/ask*", lambda route: held.append(route))
    with page.expect_request("**/api/ask*"):
        page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Stop").click()
    with page.expect_response("**/api/lens*"):
        held[0].continue_()
    page.wait_for_timeout(1000)  # longer than an answer stands while it plays
    assert page.locator("#at").input_value() == str(steps[0])
    assert len(asked) == len(steps) + 1


def test_who_asks_before_the_checkpoints_are_here_asks_the_newest(browse):
    """And not the step of the run that was chosen before, which this one need not have."""
    page = browse()
    page.locator("#asked").select_option("wide-run")
    page.locator("#at option").first.wait_for(state="attached")
    late = []
    page.route("**/api/steps*", lambda route: late.append(route))
    page.locator("#asked").select_option("seed4-run")
    with page.expect_request(lambda one: "/api/ask" in one.url or "/api/lens" in one.url) as asked:
        page.get_by_role("button", name="Ask").click()
    assert "name=seed4-run" in asked.value.url
    assert "step=" not in asked.value.url
    page.locator("#answer table").wait_for()
    assert len(late) == 1
    late[0].continue_()
    page.locator("#at option").first.wait_for(state="attached")


def test_what_cannot_be_asked_is_said(browse):
    page = browse()
    page.locator("#question").fill("nobody r1")
    page.get_by_role("button", name="Ask").click()
    warning = page.locator("#answer .warning", has_text="nobody")
    warning.wait_for()
    assert "unknown name" in warning.text_content()
    assert page.locator("#answer table").count() == 0
    browse.complaints.clear()  # the browser notes that it was answered by 404


def test_the_report_of_a_run_opens_with_its_model(browse, served):
    page = browse()
    row(page, "seed3-run").get_by_role("link").click()
    page.locator("#lab [data-place]").first.wait_for()
    found = page.evaluate("latebloom.ask(['e1', 'r0', 'r1'])")
    assert found["answers"][0]["name"] in PLAIN
    assert page.locator("#lab").is_visible()
    # A second run of the folder, saved from its own page, stands beside it.
    other = browse("/run?name=wide-run").content()
    page.locator(".comparing summary").click()
    file = {"name": "wide.html", "mimeType": "text/html", "buffer": other.encode()}
    page.locator(".comparing input[type=file]").set_input_files(file)
    page.locator('[aria-labelledby="title-o"] [data-place]').first.wait_for()


def test_names_of_folders_and_entities_are_text(browse):
    page = browse(width=390)
    row(page, "<b onclick=window.hurt=1>odd").wait_for()
    page.locator("#asked").select_option("<b onclick=window.hurt=1>odd")
    page.get_by_role("button", name="Ask").click()
    page.locator("#answer table").wait_for()
    assert page.locator("main b, main img").count() == 0
    assert page.evaluate("window.hurt") is None
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_several_readers_see_the_same(browse, runs):
    pages = [browse() for _ in range(3)]
    with (runs / "growing" / "metrics.jsonl").open("a") as file:
        file.write((runs / "growing" / "rest").read_text())
    for page in pages:
        row(page, "growing").get_by_text("60 of 60").wait_for()
    assert len({page.locator("#runs").inner_text() for page in pages}) == 1


def test_fields_are_one_line_high_on_a_phone(browse):
    page = browse(width=390)
    page.get_by_role("button", name="Ask").click()
    page.locator("#answer table").wait_for()
    page.locator("#answer button.state").first.click()  # brings the field for a name
    fields = page.locator('input:not([type="checkbox"])').filter(visible=True).all()
    assert len(fields) == 4
    assert all(20 < field.bounding_box()["height"] < 60 for field in fields)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_axe_finds_nothing(browse, scheme, width, faults):
    page = browse(width=width, color_scheme=scheme)
    page.locator("#asked").select_option("seed4-run")
    page.get_by_role("button", name="Ask").click()
    page.locator("#answer table").wait_for()
    page.get_by_label("another question").fill("e2 r3 r0")
    page.get_by_role("button", name="Look into it").click()
    page.locator("#answer table").nth(1).wait_for()
    cells = page.locator("#answer table").first.locator("button.state")
    cells.nth(4).click()
    page.get_by_role("button", name="its mean over questions").click()
    page.locator(".moved").wait_for()
    cells.nth(5).click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert faults(page) == []


def test_a_model_too_large_for_its_file_is_asked_here(browse, monkeypatch):
    monkeypatch.setattr("latebloom.reports.laboratory.how_many", lambda parameters: 0)
    page = browse("/run?name=wide-run")
    assert "The model is not inside this page: its" in page.locator("main").text_content()
    page = browse()
    page.locator("#asked").select_option("wide-run")
    page.locator("#question").fill("e4 r1 r2")
    page.get_by_role("button", name="Ask").click()
    page.locator("#answer table").wait_for()
    assert "trained on" in page.locator("#answer").inner_text()


def test_the_api_tells_what_the_list_shows(browse):
    page = browse()
    told = page.evaluate("fetch('/api/runs').then((answer) => answer.json())")
    assert [one["name"] for one in told] == page.locator("#runs tbody th").all_text_contents()


def asked_about(page, run: str, *words: str) -> str:
    """What the page answers."""
    page.locator("#asked").select_option(run)
    page.locator("#at option").first.wait_for(state="attached")
    page.locator("#question").fill(" ".join(words))
    page.get_by_role("button", name="Ask").click()
    return told_about(page, *words)


def told_about(page, *words: str) -> str:
    page.locator("#answer p", has_text=" ".join(words)).first.wait_for()
    return page.locator("#answer .answers").inner_text()


def test_a_link_brings_the_question_and_back_returns_to_the_one_before(browse):
    page = browse()
    first = asked_about(page, "seed4-run", "e4", "r1", "r2")
    link = page.evaluate("location.hash")
    second = asked_about(page, "seed4-run", "e5", "r2", "r1")
    assert first != second
    page.go_back()
    assert told_about(page, "e4", "r1", "r2") == first
    assert page.locator("#question").input_value() == "e4 r1 r2"
    elsewhere = browse("/" + link)
    assert told_about(elsewhere, "e4", "r1", "r2") == first
    assert elsewhere.locator("#asked").input_value() == "seed4-run"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["gone", "60", "e4 r1"], "asks gone, which is not a run of this folder"),
        (["seed4-run", "7", "e4 r1"], "seed4-run at step 7, of which there is no checkpoint"),
        (["<img src=x onerror=alert(1)>", "", "e4"], "asks <img src=x onerror=alert(1)>, which"),
    ],
)
def test_a_link_that_fits_nothing_here_says_so(browse, asked, said):
    page = browse("/#ask=" + quote(json.dumps(asked)))
    page.locator("#answer .warning").wait_for()
    assert said in page.locator("#answer").inner_text()
    assert page.locator("#answer img").count() == 0


@pytest.mark.parametrize("link", ["#ask=", "#ask=%", "#ask=[1,2,3]", "#ask=%7B%7D", "#other"])
def test_a_link_that_cannot_be_read_asks_nothing(browse, link):
    page = browse("/" + link)
    page.locator("#runs tbody tr").nth(4).wait_for()
    page.wait_for_timeout(500)  # an answer would be here by then
    assert page.locator("#answer").inner_text() == ""
