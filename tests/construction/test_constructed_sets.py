"""Weights for answers that are sets: what follows is exact, what was never told is guessed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import latebloom
from latebloom.asking.names import name_logits
from latebloom.construction.build import Construction, construction_for, shape_for
from latebloom.construction.sets import Sets, codes_of_facts, columns_for, units_needed
from latebloom.errors import LatebloomError
from latebloom.evaluation.ranking import rank_splits
from latebloom.evaluation.scores import score
from latebloom.model.config import ModelConfig
from latebloom.worlds.answers import FactSets
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.own import FactsConfig

LOOPED = ModelConfig(d_model=16, n_layers=1, n_loops=2, n_heads=2, window=2, mlp_ratio=1)
FAMILY = [
    *(("ann", "child", name) for name in ("bob", "cem", "dan")),
    *(("bob", "child", name) for name in ("eve", "fay")),
    *(("cem", "child", name) for name in ("fay", "gus")),
    ("dan", "town", "rome"),
    ("bob", "town", "oslo"),
    ("cem", "town", "oslo"),
]


def made(rows, random, **settings):
    world = latebloom.world_of_facts(rows, config=FactsConfig(**settings))
    construction = construction_for(world, random_codes=random)
    return world, construction.model(construction.shape(LOOPED, world, widen=True), world, 1)


def likeliest(world, model, question, n):
    logits = name_logits(model, world.task, torch.tensor([world.read(question)]))[0]
    return {world.vocabulary.words[name] for name in logits.topk(n).indices.tolist()}


@pytest.mark.parametrize("random", [True, False])
def test_a_set_leads_to_a_set(random):
    world, model = made(FAMILY, random, ood_frac=0.0)
    assert likeliest(world, model, ["ann", "child"], 3) == {"bob", "cem", "dan"}
    # Three bridges; two of them lead to one and the same town.
    assert likeliest(world, model, ["ann", "child", "town"], 2) == {"oslo", "rome"}
    assert likeliest(world, model, ["ann", "child", "child"], 3) == {"eve", "fay", "gus"}


def test_with_random_codes_the_names_of_one_hop_are_equally_likely():
    world, model = made(FAMILY, True, ood_frac=0.0)
    asked = torch.tensor([world.read(["ann", "child"])])
    likely = name_logits(model, world.task, asked).softmax(-1)[0]
    of = [world.vocabulary.ids[name] for name in ("bob", "cem", "dan")]
    assert likely[of].tolist() == pytest.approx([1 / 3] * 3, abs=1e-3)


def random_facts(seed=0, entities=24, relations=5):
    rng = np.random.default_rng(seed)
    rows = np.stack([rng.integers(0, n, 220) for n in (entities, relations, entities)], 1)
    return [(f"e{s}", f"r{r}", f"e{o}") for s, r, o in np.unique(rows, axis=0).tolist()]


@pytest.mark.parametrize("activation", ["gelu_new", "relu"])
@pytest.mark.parametrize("random", [True, False])
def test_every_answer_that_follows_is_ranked_before_all_others(random, activation):
    world = latebloom.world_of_facts(random_facts(), config=FactsConfig(ood_frac=0.2))
    construction = construction_for(world, random_codes=random)
    shape = construction.shape(replace(LOOPED, activation=activation), world, widen=True)
    model = construction.model(shape, world, 2)
    assert all(one.accuracy == 1 for one in score(model, world).values())
    assert rank_splits(model, world)["ranking"]["2p"]["known"]["mrr"] > 0.999


def alike_rows():
    """Two kinds of name, each with the same facts, but that some lack one."""
    kinds = {"cat": [f"cat{i}" for i in range(6)], "dog": [f"dog{i}" for i in range(6)]}
    sounds = {"cat": "meow", "dog": "woof"}
    rows = [
        (name, relation, value)
        for kind, names in kinds.items()
        for name in names
        for relation, value in (("is", kind), ("eats", f"{kind}food"), ("says", sounds[kind]))
    ]
    # Of each relation one subject has two objects, or it would be no world of sets.
    rows += [("cat0", "likes", "dog0"), ("cat0", "likes", "dog1")]
    lacking = [("cat5", "says", "meow"), ("dog5", "says", "woof")]
    return [row for row in rows if row not in lacking], lacking


def test_codes_of_the_facts_guess_what_was_not_told_and_random_ones_do_not():
    told, lacking = alike_rows()
    right = {
        random: [
            likeliest(*made(told, random, ood_frac=0.0), [subject, relation], 1) == {object_}
            for subject, relation, object_ in lacking
        ]
        for random in (True, False)
    }
    assert right[False] == [True, True]
    assert right[True] != [True, True]


def test_names_with_the_same_facts_get_the_same_code_and_lone_ones_a_code_of_length_one():
    facts = Facts.of_rows(np.array([(0, 4, 2), (1, 4, 2), (0, 5, 3), (1, 5, 3), (2, 4, 3)]))
    codes = codes_of_facts(facts, 4, 6, np.random.default_rng(0))
    assert np.allclose(np.linalg.norm(codes, axis=1), 1) and np.allclose(codes.mean(1), 0)
    assert codes[0] @ codes[1] == pytest.approx(1)
    assert abs(codes[0] @ codes[2]) < 1e-6  # no fact in common


def test_units_are_counted_by_relation():
    # Relation 4: 2 subjects, 1 object; relation 5: 1 subject, 2 objects. One direction each.
    facts = Facts.of_rows(np.array([(0, 4, 2), (1, 4, 2), (0, 5, 2), (0, 5, 3)]))
    assert units_needed(facts) == 2 * (1 + 1)
    assert len(FactSets(facts)) == 3


def test_a_narrow_model_keeps_what_it_can_and_says_what_it_lacks():
    world = latebloom.world_of_facts(random_facts(), config=FactsConfig(ood_frac=0.2))
    wide = shape_for(LOOPED, world)
    assert wide.d_model > 24 + 5 and columns_for(wide.d_model, 24, 5).entity.stop > 24
    narrow = replace(LOOPED, d_model=32, mlp_ratio=1)
    lost = score(Sets(random=True).model(narrow, world, 0), world, splits=["atomic_id"])
    assert 0.2 < lost["atomic_id"].accuracy < 1
    with pytest.raises(LatebloomError, match="fewer than two for each of 12 relations"):
        Sets(random=True).model(replace(LOOPED, d_model=16, mlp_ratio=1, n_heads=1), many(), 0)


def many():
    return latebloom.world_of_facts(random_facts(relations=12), config=FactsConfig(ood_frac=0.2))


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (ModelConfig(n_layers=2, n_loops=1, feedback="none"), "looped models alone"),
        (replace(LOOPED, window=0), "window 2"),
        (replace(LOOPED, norm="post"), "norm pre"),
    ],
)
def test_a_model_without_the_shape_is_refused(model, says):
    with pytest.raises(LatebloomError, match=says):
        shape_for(model, many())


def test_every_way_is_a_construction():
    world, _ = made(FAMILY, False, ood_frac=0.0)
    found = construction_for(world)
    assert isinstance(found, Construction) and found == Sets()
    assert found.bytes_beside(world) > 0
