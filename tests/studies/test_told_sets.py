"""A run whose questions have several answers, grown: what its records, summary and page tell."""

import json

import numpy as np

import latebloom
from latebloom.recipes.catalogue import make_recipe


def test_a_run_tells_ranks_by_kind_of_question_everywhere(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        f"n{i},r{r},n{o}"
        for i in range(30)
        for r in range(3)
        for o in rng.choice(30, rng.integers(1, 4), replace=False)
    ]
    (tmp_path / "many.csv").write_text("\n".join(rows))
    config = (
        make_recipe("facts")
        .replace("world", facts=str(tmp_path / "many.csv"), missing_frac=0.1, hops=3)
        .replace("model", d_model=16, n_heads=2, n_loops=3)
        .replace("train", steps=20, eval_every=10, batch_size=32, probe=20, until="")
    )
    run = latebloom.grow(config, tmp_path / "run", device="cpu", threads=1)
    ranking = run.summary["ranking"]
    assert set(ranking) == {"1p", "2p", "3p", "2i"}
    assert set(ranking["2p"]) == set(ranking["3p"]) == {"known", "missing"}
    assert run.summary["table"]["told"] > 0
    assert run.summary["table"]["never_told"] > 0
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert all("2p" in json.loads(line)["ranking"] for line in lines)
    page = run.report().read_text()
    assert "Answers as sets" in page
    question = run.world.example()
    assert run.members(*question)[0].bridge == "bridge 1"
