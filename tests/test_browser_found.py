"""Which browser is taken for the tests of pages, and what is installed where there is none."""

import contextlib
import sys

import pytest

pytest.importorskip("playwright.sync_api", reason="no Playwright")

from playwright import sync_api

from benchmarks import browser


class Driver:
    """Playwright with some browsers that start; the others say why in several lines."""

    def __init__(self) -> None:
        self.chromium, self.starting, self.version = self, set(), "1.2"

    def launch(self, *, executable_path, args):
        if executable_path in self.starting:
            return self
        raise sync_api.Error("BrowserType.launch: it has gone\nand more of it")

    def close(self) -> None:
        pass


@pytest.fixture
def driver(monkeypatch):
    """One without a browser that starts; on the path is a stub. What is installed is noted."""
    driver, installed = Driver(), []
    monkeypatch.setattr(browser, "sync_playwright", lambda: contextlib.nullcontext(driver))
    on_path = {"chromium": "/bin/chromium", "google-chrome": "/bin/chrome", "apt-get": "/bin/apt"}
    monkeypatch.setattr(browser.shutil, "which", on_path.get)
    monkeypatch.setattr(browser.os, "geteuid", lambda: 0)
    monkeypatch.setattr(browser, "run", lambda *command: installed.append(command) is None)
    monkeypatch.delenv(browser.NAMED, raising=False)
    driver.installed = installed
    return driver


def brought(monkeypatch, capsys, *words) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["browser", *words])
    code = 0
    try:
        browser.main()
    except SystemExit as end:
        code = int(end.code or 0)
    return code, capsys.readouterr().out


@pytest.mark.parametrize("starting", ["/bin/chrome", None])
def test_a_stub_hides_no_browser_behind_it(driver, monkeypatch, capsys, starting):
    driver.starting = {starting}
    assert brought(monkeypatch, capsys) == (0, "browser: Chromium 1.2\n")
    assert driver.installed == []


def test_only_the_one_that_is_named_is_tried(driver, monkeypatch, capsys):
    driver.starting = {"/bin/chromium", None}
    monkeypatch.setenv(browser.NAMED, "/opt/cromium")
    for words, code in (([], 0), (["--must"], 1)):
        ended, out = brought(monkeypatch, capsys, *words)
        assert (ended, out.count("\n"), driver.installed) == (code, 1, [])
        assert "LATEBLOOM_CHROMIUM names the only one to try: /opt/cromium: it has gone." in out
    with pytest.raises(sync_api.Error, match="/opt/cromium"), browser.opened():
        pass


def test_the_system_is_left_alone_unless_a_browser_must_be_there(driver, monkeypatch, capsys):
    code, out = brought(monkeypatch, capsys)
    assert (code, driver.installed) == (0, [browser.OWN])
    last = out.splitlines()[-1]
    assert "/bin/chromium: it has gone; /bin/chrome: it has gone; Playwright's own: it has" in last
    assert "apt-get install chromium" in last and "make test-browser" in last
    driver.installed.clear()
    assert brought(monkeypatch, capsys, "--must")[0] == 1
    assert driver.installed == [*browser.DEBIAN, browser.OWN]


def test_what_was_fetched_is_taken_though_a_stub_is_on_the_path(driver, monkeypatch, capsys):
    monkeypatch.setattr(browser, "run", lambda *command: driver.starting.add(None) is None)
    code, out = brought(monkeypatch, capsys)
    assert (code, out.splitlines()[-1]) == (0, "browser: Chromium 1.2")
