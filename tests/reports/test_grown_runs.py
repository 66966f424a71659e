"""The page of a folder that `grow` leaves, for each family of worlds."""

import json
import re
from pathlib import Path

import pytest

from latebloom.recipes.catalogue import make_recipe
from latebloom.reports.curves import write_curves
from latebloom.reports.page import write_report
from latebloom.studies.grow import grow
from latebloom.training.run_folder import RunFolder

CHAINS = {"entities": "12", "relations": "4", "out_degree": "4", "phi": "2", "ood_frac": "0.2"}
PAIRS = {"entities": "16", "attributes": "2", "values": "5"}
HIDDEN = {"entities": "24", "attributes": "3", "values": "4", "ood_frac": "0.25"}
HIDDEN |= {"within_frac": "0.1", "across_frac": "0.2"}
LINES = {"train": "60", "test_id": "20", "test_ood": "20"}
FAMILIES = {
    "composition": CHAINS | {"test_id_frac": "0.1"},
    "comparison": PAIRS | {"phi": "5"},
    "hidden-attributes": HIDDEN,
    "question": LINES | {"test_apart": "20"},
    "dyck": {"train": "5000", "test_id": "200", "test_ood": "200"},
}
CARDS = {
    "hidden-attributes": ["test_id", "test_hard"],
    "composition": ["test_id", "test_ood"],
    "comparison": ["test_id", "test_ood"],
    "question": ["test_id", "test_ood", "test_apart"],
    "dyck": ["test_id", "test_ood"],
}
"""The splits by which a run of each family is judged, as the page shows them."""
TRAIN = {"steps": "8", "eval_every": "4", "checkpoint_every": "4", "batch_size": "8", "until": ""}


@pytest.mark.parametrize(("recipe", "world"), FAMILIES.items(), ids=FAMILIES)
def test_a_run_of_each_family_has_a_page(tmp_path: Path, recipe: str, world: dict) -> None:
    config = make_recipe(recipe).with_overrides("world", world).with_overrides("train", TRAIN)
    config = config.with_overrides("model", {"d_model": "16", "n_heads": "2", "n_layers": "1"})
    summary = grow(config, tmp_path / "run", threads=1)
    # Whatever the page reads besides is written by other commands, and may be missing.
    wrote = {path.name for path in (tmp_path / "run").iterdir()}
    assert wrote == {
        *("checkpoints", "config.toml", "environment.json", "metrics.jsonl", "summary.json"),
        *("vocabulary.json", "world.safetensors", "manifest.json", ".lock"),
    }
    write_curves(tmp_path / "run")
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert f"{recipe}, seed 0" in page
    for split, row in summary["splits"].items():
        assert f">{split}</th>" in page
        assert f'<td class="number">{row["n"]:,}</td>' in page
    records = list(map(json.loads, (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()))
    assert [record["step"] for record in records] == [4, 8]
    assert '"steps": [4, 8]' in page
    assert "Wilson" in page
    cards = page.partition('<ul class="cards">')[2].partition("</ul>")[0]
    assert re.findall(r'class="name">(\w+)<', cards) == CARDS[recipe]
    assert cards.count('<span class="faint"></span>') == 0


def test_the_page_of_hidden_values_tells_of_its_hard_questions(tmp_path: Path) -> None:
    """What a run has grown is told by them: in its phases and in its verdict."""
    config = make_recipe("hidden-attributes").with_overrides("world", HIDDEN)
    config = config.with_overrides("train", TRAIN)
    config = config.with_overrides("model", {"d_model": "16", "n_heads": "2", "n_layers": "1"})
    run = tmp_path / "run"
    grow(config, run, threads=1)
    told = RunFolder.open(run).summary()
    # Of fewer than thirty questions nothing is told.
    told["splits"]["test_hard"] |= {"accuracy": 0.987, "n": 300}
    RunFolder.open(run).write_summary(told)
    page = re.sub(r"\s+", " ", write_report(run).read_text(encoding="utf-8"))
    hard = "hidden values, decided by comparisons and told values together"
    assert f"98.7 % of the {hard}." in page
    assert page.count(hard) >= 3  # the verdict, a card and the table
    assert "systematic when 75 % of <code>valid_hard</code> are right" in page
