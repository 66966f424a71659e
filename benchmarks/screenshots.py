"""The pictures of the pages in docs/: `python -m benchmarks.screenshots RUNS`

Enters: a folder with the runs that these commands leave, and whatever the explorer shall list
besides:

    latebloom bloom --out RUNS/bloom
    latebloom grok question --out RUNS/question
    latebloom trees RUNS/question --sentences 30
    latebloom grok facts --facts examples/pharmacology/facts.csv --inverse \\
        --world.missing-frac 0.1 --out RUNS/lab

Leaves: in docs/ report-lab.png, report-sets.png, report-sentences.png, report-compare.png,
report-browse.png, explorer.png and tour.png, each also dark and as wide as a phone
(report-lab-dark.png, report-lab-phone.png and so on), of the pages as they are now. The pictures of
one model and one question come from one run, so that they show the same answers. `--to DIR`
writes them elsewhere.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page

from benchmarks.browser import opened
from benchmarks.record import CODE
from benchmarks.serving import served
from latebloom.reports.page import write_report
from latebloom.reports.tour import write_tour
from latebloom.run import Run, load

PHONE = 390
"""Pixels of a phone's width."""
ALONE = """() => {
    for (const panel of document.querySelectorAll("details.panel")) panel.remove();
    document.querySelector(".training").style.position = "static";
    const section = document.getElementById("lab").closest("section");
    Object.assign(section.style, { padding: "0 12px 12px", margin: "0 -12px" });
}"""
"""Takes away what would cover the laboratory, or stand below it, in a picture of it alone."""
FIRST = """() => {
    const second = document.getElementById("title-b").closest(".question");
    second.parentElement.style.gridTemplateColumns = "minmax(0, 1fr)";
    for (const one of [second, document.getElementById("title-c").parentElement]) one.remove();
}"""
"""Takes away the second question and what could be moved, in a picture of the first one."""
PATIENCE = 120_000
"""Milliseconds until something must be there."""


def page_of(browser: Browser, address: str, *, width: int = 1024, dark: bool = False) -> Page:
    """A page that has been opened."""
    page = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    return page


def looks(browser: Browser, address: str, name: str) -> Iterator[tuple[Page, str]]:
    """A page as it looks wide, wide and dark, and on a phone, each with the file name of its
    picture; closed when the next one is asked for."""
    for suffix, width, dark in (("", 1024, False), ("-dark", 1024, True), ("-phone", PHONE, True)):
        page = page_of(browser, address, width=width, dark=dark)
        yield page, f"{name}{suffix}.png"
        page.close()


def reports(browser: Browser, report: Path, name: str) -> Iterator[tuple[Page, str]]:
    """The page of a report as it looks, once its laboratory is there."""
    for page, file in looks(browser, report.as_uri(), f"report-{name}"):
        page.locator("#lab [data-place]").first.wait_for()
        yield page, file


def shoot(part: Locator, path: Path) -> None:
    """A picture of a part of a page."""
    part.screenshot(path=path)
    print(path)


def ask(page: Page, side: str, names: Sequence[str]) -> None:
    """Types the names of a question."""
    fields = page.locator(f'[aria-labelledby="title-{side}"] [role=combobox]')
    for i, name in enumerate(names):
        fields.nth(i).fill(name)
        fields.nth(i).press("Enter")


def questions_of(run: Run) -> tuple[list[str], list[str]]:
    """The first question of test_ood, and the first trained one with the same relations."""
    world = run.world
    first = world.examples("test_ood")[0]
    trained = world.examples("train_inferred")
    second = trained[(trained[:, 1:3] == first[1:3]).all(axis=1)][0]
    one, other = (world.vocabulary.decode(row[:3].tolist()) for row in (first, second))
    return one, other


def the_laboratory(page: Page) -> Locator:
    """The section of a report in which the model is asked."""
    return page.locator("section", has=page.locator("#lab")).last


def laboratory(browser: Browser, report: Path, to: Path) -> None:
    """A question over OOD facts beside a trained one, and the state of the bridge moved."""
    one, other = questions_of(load(report.parent))
    for page, name in reports(browser, report, "lab"):
        ask(page, "a", one)
        ask(page, "b", other)
        for side in ("b", "a"):
            page.locator(f'[data-side="{side}"] [data-place="0.1.1"]').click()
        page.locator('[data-side="c"]').wait_for()
        page.mouse.move(0, 0)
        page.wait_for_timeout(3000)  # the rings are found in the pauses
        page.evaluate(ALONE)
        shoot(the_laboratory(page), to / name)


def with_sets(browser: Browser, report: Path, to: Path) -> None:
    """A question over a fact that was never told: what follows, what is guessed, and the cut."""
    run = load(report.parent)
    question = run.world.vocabulary.decode(run.world.examples("test_missing")[0, :-1].tolist())
    for page, name in reports(browser, report, "sets"):
        length = page.get_by_label("Length of the first question")
        length.select_option(label=f"{len(question)} names")
        ask(page, "a", question)
        page.mouse.move(0, 0)
        page.wait_for_timeout(3000)
        page.evaluate(ALONE)
        page.evaluate(FIRST)
        shoot(the_laboratory(page), to / name)


def with_sentences(browser: Browser, report: Path, to: Path) -> None:
    """A held-out line, what its states would write next, and below it a tree as it grew."""
    for page, name in reports(browser, report, "sentences"):
        page.get_by_label("Where the first sentence comes from").select_option(label="test_ood")
        page.locator(".growing summary").click()
        trees = page.get_by_label("Sentence of the trees")
        trees.select_option(label=trees.locator("option", has_text="kept: ").first.text_content())
        page.locator(".growing .said", has_text="brackets of the right tree").wait_for()
        page.mouse.move(0, 0)
        page.wait_for_timeout(3000)
        page.evaluate(ALONE.replace("details.panel", "details.panel:not(.growing)"))
        page.evaluate(FIRST)
        shoot(the_laboratory(page), to / name)


def compared(browser: Browser, report: Path, other: Path, to: Path) -> None:
    """The same question put to a plain and to a looped model."""
    for page, name in reports(browser, report, "compare"):
        ask(page, "a", questions_of(load(report.parent))[0])
        panel = page.locator("details.panel", has_text="Compare")
        panel.locator("summary").first.click()
        panel.locator('input[type="file"]').set_input_files(other)
        panel.locator("[data-place]").first.wait_for()
        page.evaluate("document.querySelector('.training').style.position = 'static'")
        page.wait_for_timeout(1000)
        shoot(panel, to / name)


def browsed(browser: Browser, report: Path, to: Path) -> None:
    """The questions over OOD facts, with what the plain model says."""
    for page, name in reports(browser, report, "browse"):
        panel = page.locator("details.panel", has_text="Browse")
        panel.locator("summary").first.click()
        choice = panel.locator("select").first
        labels = choice.locator("option").all_text_contents()
        choice.select_option(label=next(one for one in labels if one.startswith("test_ood")))
        page.evaluate("document.querySelector('.training').style.position = 'static'")
        page.wait_for_timeout(1000)
        panel.get_by_text("So far").wait_for(state="hidden")  # until all questions are asked
        shoot(panel, to / name)


def explored(browser: Browser, runs: Path, to: Path) -> None:
    """The list of the explorer, and its curves."""
    with served(runs) as address:
        for page, name in looks(browser, address, "explorer"):
            page.locator("#overlay .line").first.wait_for()
            page.wait_for_timeout(1000)
            page.screenshot(path=to / name)
            print(to / name)


def toured(browser: Browser, to: Path) -> None:
    """The stop of the tour where understanding ends."""
    with tempfile.TemporaryDirectory() as folder:
        address = write_tour(Path(folder) / "tour.html").as_uri()
        for page, name in looks(browser, address, "tour"):
            page.get_by_role("button", name="Open everything").click()
            page.locator("#loop").check()
            shoot(page.locator("#ood-station"), to / name)


def main() -> None:
    """Makes the pictures, and prints the path of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--to", type=Path, default=CODE / "docs")
    asked = parser.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    runs = asked.runs.resolve()
    plain, looped, lab, question = (
        write_report(runs / name) for name in ("bloom/plain", "bloom/looped", "lab", "question")
    )
    with opened() as browser:
        laboratory(browser, plain, asked.to)
        with_sets(browser, lab, asked.to)
        with_sentences(browser, question, asked.to)
        compared(browser, plain, looped, asked.to)
        browsed(browser, plain, asked.to)
        explored(browser, runs, asked.to)
        toured(browser, asked.to)


if __name__ == "__main__":
    main()
