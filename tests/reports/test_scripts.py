"""The page's scripts: all there, allowed by their hash, with nothing that reaches out."""

import base64
import hashlib
import html
import re
import shutil
from pathlib import Path

from latebloom.reports.page import write_report
from latebloom.reports.scripts import (
    LAB,
    LABORATORY_FILES,
    MODEL_FILES,
    SHOWN_FILES,
    TOUR,
    TOUR_FILES,
    allowed,
    script_of,
    script_of_tour,
)

OLD_RUNS = Path(__file__).parents[1] / "old_runs"


def test_every_file_is_in_the_script_once():
    files = (*MODEL_FILES, *SHOWN_FILES, *LABORATORY_FILES)
    assert sorted(path.name for path in LAB.glob("*.js")) == sorted(files)
    assert sorted(path.name for path in TOUR.glob("*.js")) == sorted(TOUR_FILES)
    whole = script_of(laboratory=True)
    for path in LAB.glob("*.js"):
        assert whole.count(path.read_text(encoding="utf-8")) == 1
    assert "makeLaboratory" not in script_of(laboratory=False)


def test_a_script_cannot_end_its_element_or_write_markup():
    whole = script_of(laboratory=True) + script_of_tour()
    assert not re.search(r"</script|<!--|innerHTML|outerHTML|insertAdjacent|document\.write", whole)
    assert not re.search(r"eval\(|import\(|fetch\(|XMLHttpRequest|WebSocket|localStorage", whole)


def test_the_policy_names_the_script_by_its_hash(tmp_path):
    run = shutil.copytree(OLD_RUNS / "composition", tmp_path / "run")
    text = write_report(run).read_text(encoding="utf-8")
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1])
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert allowed(scripts[0]) == f"'sha256-{digest}'"
    assert policy.startswith("default-src 'none'")
    assert text.count('<script type="text/plain" id="weights-') == 2
    assert write_report(run).read_text(encoding="utf-8") == text


def test_a_page_without_its_model_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr("latebloom.reports.laboratory.how_many", lambda parameters: 0)
    run = shutil.copytree(OLD_RUNS / "question", tmp_path / "run")
    text = write_report(run).read_text(encoding="utf-8")
    assert "The model is not inside this page: its 4,416 parameters would take more" in text
    assert 'id="lab"' not in text
