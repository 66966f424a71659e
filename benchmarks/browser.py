"""The browser in which pages are tested and measured: `python -m benchmarks.browser` brings one.

Enters: what this machine has. Leaves: a running Chromium (`opened`), or a line that says why there
is none. Tried in this order: the program that `LATEBLOOM_CHROMIUM` names, a Chromium or Chrome on
the path, the one of Playwright; where none of them starts, `main` installs Debian's if it may (apt
as root), else Playwright's. `--must` makes a failure of it.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from playwright.sync_api import Browser, Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 300
"""Seconds that a command of an installer may take."""
DEBIAN = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"),
)
OWN = (sys.executable, "-m", "playwright", "install", "chromium")


def executable() -> str | None:
    """The browser's program; None: Playwright's own, if it was installed."""
    named = os.environ.get("LATEBLOOM_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def opened() -> Generator[Browser]:
    """A running browser.

    Raises: playwright.sync_api.Error if none is here, or it does not start.
    """
    # As root, which containers often are, Chromium runs only without its sandbox.
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable(), args=args)
        try:
            yield browser
        finally:
            browser.close()


def version() -> str:
    """That of the browser which is here; empty if none starts."""
    try:
        with opened() as browser:
            return browser.version
    except Error:
        return ""


def run(*command: str) -> bool:
    """Whether an installer's command did its work. What it prints goes to the terminal's errors."""
    # Without a network Playwright would try for minutes.
    within = os.environ | {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
    try:
        done = subprocess.run(command, env=within, stdout=sys.stderr, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def install() -> str:
    """Installs a browser, and gives its version; empty if none could be had."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("no Chromium here; apt-get is asked for one", flush=True)
        # An update that fails may still leave lists that know the package.
        if [run(*command) for command in DEBIAN][-1] and (found := version()):
            return found
    print("no Chromium here; Playwright is asked for its own", flush=True)
    return version() if run(*OWN) else ""


def main() -> None:
    """One line: which browser there is now, or that there is none and what is left out for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--must", action="store_true", help="fail where none can be had")
    must = parser.parse_args().must
    if found := version() or install():
        print(f"browser: Chromium {found}")
        return
    print(
        "browser: NONE. No Chromium is here and none could be installed; tests/browser is NOT RUN"
        " (the report's parity with Python, hostile names, the explorer, the tour). Install one, or"
        " name its program in LATEBLOOM_CHROMIUM, and say: make test-browser"
    )
    sys.exit(must)


if __name__ == "__main__":
    main()
