"""The page of a model too large for it, in a real browser: one recorded picture at a time."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from small_reports import CONFIG, run_on_sentences, run_with_sets

from latebloom.recipes.catalogue import make_recipe
from latebloom.reports.page import write_report
from latebloom.reports.recorded import record_run
from latebloom.run import grow, load
from latebloom.worlds.chains.names import NamesConfig
from latebloom.worlds.sentences.treebank import SentencesConfig

EVIL = ("<script>window.hurt=1</script>", "</script><img", "onerror='x'", "w" * 10_000, "&amp;")
SENTENCES = ("question", "tense", "dyck", "evil_trees")
KINDS = ("plain", "hostile", "names", "sets", *SENTENCES)


@pytest.fixture(scope="module")
def question(tmp_path_factory) -> Path:
    return run_on_sentences("question", tmp_path_factory.mktemp("question"))


@pytest.fixture(scope="module")
def tense(tmp_path_factory) -> Path:
    return run_on_sentences("tense", tmp_path_factory.mktemp("tense"))


@pytest.fixture(scope="module")
def dyck(tmp_path_factory) -> Path:
    return run_on_sentences("dyck", tmp_path_factory.mktemp("dyck"))


@pytest.fixture(scope="module")
def evil_trees(tmp_path_factory) -> Path:
    """A run over trees of one's own whose words mean no good."""
    folder = tmp_path_factory.mktemp("trees")
    trees = [f"(S (NP (N {a}) (N {b})) (V {c}))" for a in EVIL for b in EVIL for c in EVIL]
    (folder / "own.mrg").write_text("\n".join(trees))
    return run_on_sentences(
        "sentences", folder, SentencesConfig(trees=str(folder / "own.mrg"), lower=False)
    )


@pytest.fixture(scope="module")
def names(tmp_path_factory) -> Path:
    """A run whose names have two tokens."""
    world = NamesConfig(entities=30, relations=5, out_degree=5, stock=9, phi=2.0)
    config = replace(make_recipe("reader-names"), seed=3, world=world)
    model = replace(config.model, d_model=32)
    config = replace(config, model=model, train=replace(CONFIG.train, steps=200, lr=0.003))
    return grow(config, tmp_path_factory.mktemp("names") / "run", threads=1).folder.path


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> Path:
    """A run over a table in which each pair has one to three objects, some facts never told."""
    return run_with_sets(tmp_path_factory.mktemp("many"))


@pytest.fixture(scope="module", params=KINDS)
def large(request, tmp_path_factory):
    """The page of a run whose model has no room in it."""
    grown = request.getfixturevalue(request.param)
    folder = grown.parent if grown.suffix else grown
    run = shutil.copytree(folder, tmp_path_factory.mktemp("large") / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("latebloom.reports.laboratory.how_many", lambda parameters: 0)
        return write_report(run)


@pytest.fixture
def opened(chromium):
    """Opens such a page, which has no model to wait for; fails if it complained."""
    contexts, complaints = [], []

    def open_page(path: Path, width: int = 1200, **context):
        made = chromium.new_context(
            viewport={"width": width, "height": 900}, offline=True, **context
        )
        contexts.append(made)
        page = made.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_page
    for made in contexts:
        made.close()
    assert complaints == []


def shown(page):
    return page.locator("#recorded figure:visible")


def choices(page):
    """The two lists: what is asked, and when."""
    return page.locator("#recorded select").all()


def assert_shares(texts: list[str], wanted: list[float]) -> None:
    assert len(texts) == len(wanted)
    for text, share in zip(texts, wanted, strict=True):
        assert abs(float(text.rstrip(" %")) - 100 * share) <= 0.1 + 1e-6


def test_what_is_asked_and_a_checkpoint_are_chosen(opened, large):
    page, run = opened(large), load(large.parent)
    found = record_run(large.parent, list(run.folder.metrics()))
    asked, at = choices(page)
    assert asked.get_attribute("aria-label").lower() == f"{found.wording.asked} of the picture"
    assert at.locator("option").count() == len(found.steps)
    assert asked.locator("option").count() == len(found.questions)
    assert page.evaluate("window.hurt") is None
    for i, question in enumerate(found.questions):
        asked.select_option(index=i)
        for j, picture in enumerate(question.snapshots):
            at.select_option(index=j)
            assert shown(page).count() == 1
            cells = [cell for _, row in picture.look.rows for cell in row]
            here = shown(page).locator("td")
            assert_shares(
                here.locator(".share").all_text_contents(), [cell.probability for cell in cells]
            )
            signs = {"answer": "●", "bridge": "◆", "": ""}
            told = page.evaluate(
                "some => some.map((one) => one.querySelector('i')?.textContent ?? '')",
                shown(page).locator("td.recorded").element_handles(),
            )
            assert told == [signs[cell.role] for cell in cells]
            says = shown(page).locator(".said .so").all_text_contents()
            assert_shares(says, [cell.probability for cell in picture.look.says])
            assert shown(page).locator("img").count() == (picture.look.trees is not None)
    with page.expect_download() as waiting:
        shown(page).locator("caption").get_by_role("button").click()
    table = list(csv.reader(Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()))
    assert len(table) == 1 + len(picture.look.rows)


def test_the_last_columns_are_seen_first_and_the_first_row_of_names_stays(opened, large):
    page = opened(large, 390)
    grid = shown(page).locator(".wide").first
    right = grid.evaluate("box => box.scrollWidth - box.clientWidth - box.scrollLeft")
    assert abs(right) <= 1
    box, name = grid.bounding_box(), shown(page).locator("tbody th").first.bounding_box()
    assert name["x"] >= box["x"] - 1


@pytest.mark.parametrize("kind", ["question", "evil_trees"])
def test_the_trees_of_a_line_can_be_seen_and_taken_along(opened, kind, request, tmp_path):
    run = shutil.copytree(request.getfixturevalue(kind), tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("latebloom.reports.laboratory.how_many", lambda parameters: 0)
        page = opened(write_report(run))
    found = record_run(run, list(load(run).folder.metrics()))
    trees = found.questions[0].snapshots[-1].look.trees
    image = shown(page).locator("img")
    assert image.evaluate("one => one.complete && one.naturalWidth > 0")
    assert "gold" in image.get_attribute("alt")
    with page.expect_download() as waiting:
        shown(page).get_by_role("button", name=".csv").last.click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert len(list(csv.reader(text.splitlines()))) == len(trees.behind)
    assert page.evaluate("window.hurt") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(opened, large, scheme, width, faults):
    page = opened(large, width, color_scheme=scheme, bypass_csp=True)
    assert shown(page).count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert faults(page) == []


def test_without_a_script_all_of_them_stand_there(opened, large):
    page = opened(large, java_script_enabled=False)
    assert shown(page).count() == page.locator("#recorded figure").count() > 3
