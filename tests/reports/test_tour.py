"""The tour: small enough to ship, the same every time, and its sentences are what was measured."""

import ast
import base64
import hashlib
import html
import json
import re

import numpy as np
import pytest

import latebloom
from latebloom.reports.scripts import TOUR
from latebloom.reports.tour import MODELS, MOST_BYTES, read_model, render_tour, weights_of


@pytest.fixture(scope="module")
def page():
    return render_tour()


def test_the_weights_are_small_whole_and_finite():
    sizes = {name: (TOUR / f"{name}.f16").stat().st_size for name in MODELS}
    assert sum(sizes.values()) <= MOST_BYTES
    for name, size in sizes.items():
        model = read_model(name)
        packed = weights_of(name, len(model["checkpoints"]))
        assert size == 2 * model["parameters"] * len(packed)
        assert sum(n for _, n in model["tensors"]) == model["parameters"]
        for one in packed:
            assert np.isfinite(np.frombuffer(base64.b64decode(one), "<f2")).all()


def test_the_page_is_one_file_that_may_run_its_own_script_alone(page):
    assert page == render_tour()
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"""(src|href)=|url\(|@import""", page.replace(script, ""))


def test_both_models_live_in_the_same_world():
    plain, looped = map(read_model, MODELS)
    assert plain["words"] == looped["words"]
    assert plain["facts"] == looped["facts"]


def test_what_the_page_says_is_what_was_measured():
    """The guesses' right answers are written by hand; another pair of runs may make them wrong."""
    plain, looped = (read_model(name)["about"] for name in MODELS)
    for model in (plain, looped):
        assert model["accuracy"]["atomic_id"] == model["accuracy"]["atomic_ood"] == 1, "all facts"
    assert 1.8 < plain["parameters"] / looped["parameters"] < 2.2, "half as many weights"
    assert 0.25 < plain["when_fitted"] < 0.42, "about a third"
    assert plain["reached"] / plain["fitted"] > 6, "late"
    assert 7.5 < plain["steps"] / plain["fitted"] < 9.5, "eight times as long"
    assert plain["accuracy"]["test_id"] > 0.95
    assert plain["accuracy"]["test_io"] < 0.1, "the second fact is lost"
    assert plain["bridge_below"]["test_io"] > 0.75 * plain["counted"], "though the bridge is there"
    assert plain["accuracy"]["test_io"] < plain["accuracy"]["test_oi"] < 0.5
    assert looped["accuracy"]["test_io"] > 0.99


def test_the_right_guess_is_among_the_choices(page):
    forms = re.findall(r'<form class="guess".*?</form>', page, re.DOTALL)
    assert len(forms) == 7
    for form in forms:
        right = html.unescape(re.search(r'data-right="([^"]*)"', form)[1])
        values = [html.unescape(one) for one in re.findall(r'value="([^"]*)"', form)]
        assert right in values
        assert f'id="{re.search(r"data-opens=.([^ ]*).[ ]", form)[1]}"' in page


def test_every_stop_has_a_guess(page):
    stops = re.split(r"<h2[^>]*>(?=\d · )", page)[1:]
    assert [int(stop.split()[0]) for stop in stops] == list(range(1, 8))
    # That of stop 3 stands where the reader still sees the curves of stop 2.
    assert [stop.count('<form class="guess"') for stop in stops] == [1, 2, 0, 1, 1, 1, 1]


def test_its_python_is_python_that_a_run_knows(page):
    blocks = re.findall(r"<pre[^>]*><code>(.*?)</code>", page, re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        tree = ast.parse(html.unescape(block).strip())
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                home = {"latebloom": latebloom, "run": latebloom.Run, "looped": latebloom.Run}
                if node.value.id in home:
                    assert hasattr(home[node.value.id], node.attr), node.attr


def test_the_command_writes_it(latebloom, tmp_path):
    place = tmp_path / "new" / "tour.html"
    code, told, _ = latebloom("tour", "--out", str(place), "--no-open")
    assert code == 0
    assert str(place) in told.replace("\n", "")
    assert place.read_text(encoding="utf-8") == render_tour()
    code, told, _ = latebloom("tour", "--out", str(place), "--json")
    assert json.loads(told) == {"page": str(place)}
    code, _, complaint = latebloom("tour", "--out", str(tmp_path), "--no-open")
    assert code == 2
    assert "cannot be written" in complaint
