"""A real browser for the page: Debian's Chromium, or whichever is here, led by Playwright.

Where there is none, these tests are skipped, and the last lines of the tests say so; `make test`
and its siblings try to bring one (`benchmarks/browser.py`).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from small_reports import CONFIG, HOSTILE, PLAIN, RELATIONS, report_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder need a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    """A running browser, without a network to reach."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no browser: no Playwright")
    from benchmarks.browser import opened

    with ExitStack() as stack:
        try:
            browser = stack.enter_context(opened())
        except playwright.Error as error:
            pytest.skip(f"no browser: {str(error).splitlines()[0]}")
        yield browser


@pytest.fixture
def visit(chromium) -> Iterator[Callable]:
    """Opens a report as a reader does, from disk; fails if the page had anything to complain of."""
    complaints: list[str] = []
    contexts = []

    def open_page(path: Path, *, link: str = "", width: int = 1200, **context):
        made = chromium.new_context(
            viewport={"width": width, "height": 900}, offline=True, **context
        )
        contexts.append(made)
        page = made.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda one: complaints.append(one.url) if ".html" not in one.url else 0)
        page.goto(path.as_uri() + link)
        page.wait_for_function("window.latebloom !== undefined")
        return page

    open_page.complaints = complaints
    yield open_page
    for made in contexts:
        made.close()
    assert [one for one in complaints if not one.startswith("data:")] == []


@pytest.fixture(scope="session")
def faults() -> Callable[..., list[tuple[str, list[str]]]]:
    """What axe-core holds against a page: each rule that is broken, and where. axe-core is not
    shipped; without it the test is skipped where it asks."""

    def found(page) -> list[tuple[str, list[str]]]:
        axe = os.environ.get("LATEBLOOM_AXE")
        if not axe:
            pytest.skip("axe-core is not here; `make test-browser` fetches it")
        page.evaluate(Path(axe).read_text(encoding="utf-8"))
        broken = page.evaluate("axe.run()")["violations"]
        return [(one["id"], [node["html"] for node in one["nodes"]]) for one in broken]

    return found


@pytest.fixture(scope="session")
def plain(tmp_path_factory) -> Path:
    """A report over plain names; its model has two loops."""
    return report_of(tmp_path_factory.mktemp("plain"), PLAIN, RELATIONS)


@pytest.fixture(scope="session")
def rival(tmp_path_factory) -> Path:
    """A report over the same facts by a model without loops."""
    model = replace(CONFIG.model, n_loops=1, feedback="none", n_layers=2)
    config = replace(CONFIG, model=model)
    return report_of(tmp_path_factory.mktemp("rival"), PLAIN, RELATIONS, config)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory) -> Path:
    """A report over names that mean no good."""
    relations = ("<b onclick=window.hurt=1>r</b>", "\u2028line", "r" * 300, "of'\"&amp;")
    return report_of(tmp_path_factory.mktemp("hostile"), HOSTILE, relations)
