"""Two questions at once: drawn by their answers, ranked by the product of their branches."""

import numpy as np
import pytest
import torch

from latebloom.evaluation.intersections import (
    draw_intersections,
    joint,
    missing_facts_of,
    rank_intersections,
)
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import FactSets
from latebloom.worlds.atomic import Facts
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.own import FactsConfig


@pytest.fixture
def world(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        f"n{i},r{r},n{o}"
        for i in range(40)
        for r in range(3)
        for o in rng.choice(40, rng.integers(1, 4), replace=False)
    ]
    (tmp_path / "many.csv").write_text("\n".join(rows))
    return build_world(FactsConfig(facts=str(tmp_path / "many.csv"), missing_frac=0.1), 2)


def test_what_answers_both_by_hand():
    facts = Facts.of_rows(np.array([[0, 5, 2], [0, 5, 3], [1, 5, 3], [1, 5, 4]], np.int32))
    both = joint((np.array([[0, 5]]), np.array([[1, 5]])), FactSets(facts))
    assert both.of(0) == [3]


def test_every_asked_answer_needs_a_fact_that_was_never_told(world):
    drawn = draw_intersections(world)
    told, (_, whole) = FactSets(world.facts), missing_facts_of(world)
    assert len(whole) > len(world.facts)
    by_told = joint(drawn.branches, told)
    assert (drawn.sets.asked == ~drawn.sets.among(by_told)).all()
    assert (drawn.sets.n_asked > 0).all()
    assert (drawn.branches[0] != drawn.branches[1]).any(axis=1).all()
    again = draw_intersections(world)
    assert (again.branches[0] == drawn.branches[0]).all()


def test_a_model_that_knows_nothing_ranks_them_by_chance(world):
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_heads=2), len(world.vocabulary))
    found = rank_intersections(model, world)
    # The mean of 1 / rank over 40 names is .107.
    assert found.n > 20 and 0.03 < found.mrr < 0.3


def test_without_missing_facts_there_are_none(tmp_path):
    (tmp_path / "t.csv").write_text("a,r,b\na,r,c\nb,s,c\nc,r,a\n")
    config = FactsConfig(facts=str(tmp_path / "t.csv"), ood_frac=0, largest_share=1)
    assert draw_intersections(build_world(config, 0)) is None
