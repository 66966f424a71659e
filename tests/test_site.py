"""The documentation as a site: built strictly, and a broken link is noticed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


def build(source: Path, target: Path) -> subprocess.CompletedProcess:
    words = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    return subprocess.run(
        [*words, str(source), str(target)], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_it_is_built_without_a_warning_and_a_broken_link_is_one(tmp_path):
    for needed in ("sphinx", "furo", "myst_parser"):
        pytest.importorskip(needed, reason="the extra docs brings it")
    root = tmp_path / "project"
    shutil.copytree(DOCS, root / "docs", ignore=shutil.ignore_patterns("_build"))
    for folder in ("results", "latebloom", "examples"):  # what pages link to beside docs/
        (root / folder).symlink_to(DOCS.parent / folder)
    done = build(root / "docs", tmp_path / "site")
    assert done.returncode == 0, done.stderr[-3000:]
    pages = {path.name for path in (tmp_path / "site" / "lessons").glob("*.html")}
    assert {f"{number}.html" for number in range(1, 9)} <= pages
    page = root / "docs" / "howto.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n[gone](no-such-page.md)\n")
    done = build(root / "docs", tmp_path / "site")
    assert done.returncode != 0
    assert "no-such-page" in done.stderr
