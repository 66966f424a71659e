"""The made world: its shape, and the same seed gives the same bytes."""

import numpy as np
import pytest

from latebloom.errors import WorldError
from latebloom.worlds.chains.made import CompositionConfig, make_composition


def test_every_entity_has_its_out_degree_of_distinct_relations():
    config = CompositionConfig(entities=30, relations=7, out_degree=4, phi=1)
    facts = make_composition(config, seed=1).facts
    assert len(facts) == 30 * 4
    assert (np.bincount(facts.subject) == 4).all()
    assert len({*zip(facts.subject.tolist(), facts.relation.tolist(), strict=True)}) == len(facts)
    assert facts.relation.min() == 30
    assert facts.relation.max() == 36
    assert facts.object.min() >= 0
    assert facts.object.max() < 30


def test_words_are_entities_then_relations():
    config = CompositionConfig(entities=3, relations=2, out_degree=2, ood_frac=0, phi=0)
    assert make_composition(config, 0).vocabulary.words == ("e0", "e1", "e2", "r0", "r1")


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    config = CompositionConfig(
        entities=20, relations=5, out_degree=5, phi=2, hops=3, test_hops=(4,), augment="both"
    )
    files = []
    for name, seed in (("one", 4), ("two", 4), ("other", 5)):
        folder = tmp_path / name
        folder.mkdir()
        make_composition(config, seed).save(folder)
        files.append((folder / "world.safetensors").read_bytes())
    assert files[0] == files[1]
    assert files[0] != files[2]


def test_sizes_of_the_papers_world():
    config = CompositionConfig(
        entities=200, relations=20, out_degree=20, phi=18, ood_frac=0.05, test_id_frac=0.005
    )
    world = make_composition(config, 0)
    n = {split: len(rows) for split, rows in world.splits.items()}
    assert (n["atomic_id"], n["atomic_ood"], n["train_inferred"]) == (3800, 200, 68_400)


@pytest.mark.parametrize("field", ["entities", "relations", "out_degree"])
def test_a_size_of_nothing_is_refused(field):
    with pytest.raises(WorldError, match=f"world.{field} is 0"):
        CompositionConfig(**{field: 0})


def test_more_facts_than_relations_is_refused():
    with pytest.raises(WorldError, match="out_degree is 5, but there are only 4"):
        CompositionConfig(relations=4, out_degree=5)
