"""The browser in which pages are tested and measured: `python -m benchmarks.browser` brings one.

Enters: what this machine has. Leaves: a running Chromium (`opened`), or a line that says why there
is none. The program that `LATEBLOOM_CHROMIUM` names is the only one tried; without that name, in
this order, each Chromium or Chrome on the path and then Playwright's own, until one starts. Where
none does, `main` has Playwright fetch its own, which stays out of the system. Only `--must`, which
makes a failure of it if there is none, lets apt install Debian's before that, if it may (as root).
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

NAMED = "LATEBLOOM_CHROMIUM"
"""The variable that may name the program of a browser."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 300
"""Seconds that a command of an installer may take."""
DEBIAN = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"),
)
OWN = (sys.executable, "-m", "playwright", "install", "chromium")


def candidates() -> list[str | None]:
    """The programs of browsers to try, in order; None is Playwright's own."""
    if named := os.environ.get(NAMED):
        return [named]
    return [*filter(None, map(shutil.which, NAMES)), None]


def start(driver: Playwright) -> Browser:
    """The first browser that starts.

    Raises: playwright.sync_api.Error if none does, saying in a line of each why.
    """
    # As root, which containers often are, Chromium runs only without its sandbox.
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    why = []
    for program in candidates():
        try:
            return driver.chromium.launch(executable_path=program, args=args)
        except Error as error:
            who = "Playwright's own" if program is None else program
            why.append(f"{who}: {str(error).splitlines()[0].removeprefix('BrowserType.launch: ')}")
    asked = f"{NAMED} names the only one to try: " if os.environ.get(NAMED) else ""
    raise Error(f"no Chromium starts: {asked}{'; '.join(why)}")


@contextmanager
def opened() -> Generator[Browser]:
    """A running browser.

    Raises: playwright.sync_api.Error if none is here that starts.
    """
    with sync_playwright() as driver:
        browser = start(driver)
        try:
            yield browser
        finally:
            browser.close()


def version() -> tuple[str, str]:
    """That of the browser which is here, and nothing; or nothing, and why none starts."""
    try:
        with opened() as browser:
            return browser.version, ""
    except Error as error:
        return "", str(error).splitlines()[0]


def run(*command: str) -> bool:
    """Whether an installer's command did its work. What it prints goes to the terminal's errors."""
    # Without a network Playwright would try for minutes.
    within = os.environ | {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
    try:
        done = subprocess.run(command, env=within, stdout=sys.stderr, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def install(system: bool) -> None:
    """Installs a browser, if one can be had.

    system: whether apt may install Debian's, for the whole machine.
    """
    if system and shutil.which("apt-get") and os.geteuid() == 0:
        print("no Chromium here; apt-get is asked for one", flush=True)
        # An update that fails may still leave lists that know the package.
        if [run(*command) for command in DEBIAN][-1] and version()[0]:
            return
    print("no Chromium here; Playwright is asked for its own", flush=True)
    run(*OWN)


def main() -> None:
    """One line: which browser there is now, or that there is none and what is left out for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--must", action="store_true", help="fail where none can be had; apt may install Debian's"
    )
    must = parser.parse_args().must
    found, why = version()
    if not found and not os.environ.get(NAMED):  # what is named is not replaced by another
        install(system=must)
        found, why = version()
    if found:
        print(f"browser: Chromium {found}")
        return
    print(
        f"browser: NONE: {why}. tests/browser is NOT RUN (the report's parity with Python, hostile"
        " names, the explorer, the tour). Install one (Debian: apt-get install chromium), or name"
        f" its program in {NAMED}, and say: make test-browser"
    )
    sys.exit(must)


if __name__ == "__main__":
    main()
