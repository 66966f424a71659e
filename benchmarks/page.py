"""How quick the page of a run is in a real browser: `python -m benchmarks.page REPORT.html ...`

Enters: reports (`RUN/report.html`). Leaves: for each the milliseconds until something is painted,
and from a click on *Another* until its answer stands there, median and slowest, with the two panels
*Compare* and *Browse* closed and open. Several reports take turns, so that what else the machine
does meets them alike. `--out results/page.md` also writes the table, with the commit and how busy
the machine was. Needs Chromium and Playwright (`make test-browser` brings both).
"""

import argparse
import os
import statistics
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.browser import opened
from benchmarks.record import in_words, provenance

CLICK = """async () => {
    const began = performance.now();
    document.querySelector(".from button").click();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - began;
}"""
"""Milliseconds from a click until the frame with its answer has been drawn."""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
SETTLED = 1500
"""Milliseconds after which a page has done what it does in the pauses."""


HEAD = (
    "# How quick the page of a run is",
    "",
    "`python -m benchmarks.page`: the time until something is painted, and from a click on",
    "*Another* until its answer is drawn, with the panels *Compare* and *Browse* closed and open.",
    "",
)
"""Above the table of the Markdown page."""


def clicks(page: Page, n: int) -> list[float]:
    """The milliseconds of so many clicks, with pauses between them."""
    took: list[float] = []
    for _ in range(n):
        took.append(float(page.evaluate(CLICK)))
        page.wait_for_timeout(SETTLED / 3)
    return took


def visit(browser: Browser, report: Path, n: int) -> dict[str, list[float]]:
    """One visit: the first paint, and clicks with the panels closed and open."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(report.resolve().as_uri())
    page.locator("#lab [data-place]").first.wait_for()
    page.wait_for_timeout(SETTLED)
    found = {"paint": [float(page.evaluate(PAINTED))], "click": clicks(page, n)}
    panels = page.locator("details.panel > summary")
    for i in range(panels.count()):
        panels.nth(i).click()
    page.wait_for_timeout(SETTLED)
    if panels.count():
        found["click, panels open"] = clicks(page, n)
    page.close()
    return found


def measure(reports: Sequence[Path], visits: int, n: int) -> dict[Path, dict[str, list[float]]]:
    """All milliseconds by report and by what was measured."""
    found: dict[Path, dict[str, list[float]]] = {report: {} for report in reports}
    with opened() as browser:
        for _ in range(visits):
            for report in reports:
                for name, took in visit(browser, report, n).items():
                    found[report].setdefault(name, []).extend(took)
    return found


def main() -> None:
    """Prints a line for each report and each thing that was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", nargs="+", type=Path)
    parser.add_argument("--visits", type=int, default=8)
    parser.add_argument("--clicks", type=int, default=5)
    parser.add_argument("--out", type=Path, help="a Markdown page to write as well")
    asked = parser.parse_args()
    made = in_words(provenance())
    busy = f"{os.getloadavg()[0]:.1f} processes waited for {os.cpu_count()} cores as it began"
    rows = ["| report | measured | median, ms | slowest, ms | times |", "|---|---|---|---|---|"]
    print(f"{'report':40}  {'measured':20}  {'median ms':>9}  {'slowest ms':>10}  times")
    for report, found in measure(asked.reports, asked.visits, asked.clicks).items():
        for name, took in found.items():
            middle, slowest = statistics.median(took), max(took)
            print(f"{report!s:40}  {name:20}  {middle:9.0f}  {slowest:10.0f}  {len(took):5}")
            rows.append(f"| {report} | {name} | {middle:.0f} | {slowest:.0f} | {len(took)} |")
    if asked.out:
        asked.out.write_text("\n".join([*HEAD, f"{made} {busy}.", "", *rows, ""]), "utf-8")


if __name__ == "__main__":
    main()
