"""One's own facts: the diagnosis by hand, the world, and what cannot be asked of it."""

import math
from pathlib import Path

import numpy as np
import pytest

from latebloom.errors import FactsError, WorldError
from latebloom.worlds.chains.diagnosis import diagnose
from latebloom.worlds.chains.files import make_table
from latebloom.worlds.chains.own import (
    FactsConfig,
    load_fact_table,
    make_facts_world,
    world_from_table,
)
from latebloom.worlds.chains.world import distinct_names

# `parent` has one object but for (d, parent); `knows` mostly has several.
MESSY = [
    ("a", "parent", "b"),
    ("b", "parent", "c"),
    ("c", "parent", "d"),
    ("d", "parent", "e"),
    ("d", "parent", "a"),
    ("a", "parent", "b"),
    ("a", "knows", "b"),
    ("a", "knows", "c"),
    ("b", "knows", "d"),
    ("b", "knows", "c"),
    ("b", "knows", "a"),
    ("", "knows", "x"),
    *((f"x{i}", "parent", "a") for i in range(8)),
]


def test_diagnosis_by_hand():
    report = diagnose(make_table(MESSY, "here"), "drop")
    assert (report.rows, report.incomplete, report.duplicates) == (19, 1, 1)
    assert (report.functional_pairs, report.many_valued_pairs) == (11, 3)
    assert report.many_valued_facts == 7
    assert report.contradictions == 1  # 1 of 12 pairs of `parent`
    assert report.many_valued_relations == ("knows",)
    assert (report.facts, report.entities, report.relations) == (11, 12, 1)
    # a -> b -> c -> d, and eight x -> a -> b
    assert report.two_hop == 2 + 8
    assert report.examples[0] == "d -parent-> e | a"
    assert report.left_out == {
        "a name is missing": 1,
        "said before": 1,
        "one of several objects": 7,
    }
    assert report.available_phi(0.1, 0.5) == pytest.approx(0.9 * 0.5 * 10 / 11)
    text = str(report)
    for part in (
        "here: 19 facts read, 11 kept, 12 entities, 1 relations",
        "two-hop questions: 10, 0.91 for each fact",
        "11 with one object, 3 with several",
        "contradictions: 1 pairs",
        "many-valued relations: knows",
        "for instance: b -knows-> d | c | a",
        "left out: 7 (one of several objects)",
    ):
        assert part in text


def test_first_keeps_the_first_object_in_the_order_of_the_file():
    table = make_table(MESSY, "here")
    report = diagnose(table, "first")
    kept = [table.names(int(row)) for row in report.kept]
    assert ("d", "parent", "e") in kept
    assert ("b", "knows", "d") in kept
    assert ("d", "parent", "a") not in kept
    assert len(kept) == 14
    assert report.left_out["one of several objects"] == 4
    assert (np.diff(report.kept) > 0).all()


def test_error_names_an_example_and_the_way_out():
    with pytest.raises(FactsError, match=r"here: 3 \(subject.*d -parent-> e \| a.*many_valued"):
        diagnose(make_table(MESSY, "here"), "error")
    report = diagnose(make_table(MESSY[:4], "here"), "error")
    assert report.facts == 4


def test_nothing_left_is_refused():
    with pytest.raises(FactsError, match=r"every .* several objects.*many_valued to first"):
        diagnose(make_table([("a", "r", "b"), ("a", "r", "c")], "here"), "drop")


def write_ring(path: Path, entities: int, relations: int = 1) -> Path:
    """Each entity leads to the next, by every relation."""
    rows = [
        f"n{i},r{r},n{(i + 1 + r) % entities}" for i in range(entities) for r in range(relations)
    ]
    path.write_text("\n".join(rows))
    return path


def test_the_world_of_a_file(tmp_path):
    path = write_ring(tmp_path / "ring.csv", 20, 2)
    config = FactsConfig(facts=str(path))
    world = make_facts_world(config, 3)
    n = {split: len(rows) for split, rows in world.splits.items()}
    assert (n["atomic_id"], n["atomic_ood"]) == (36, 4)
    pairs = sum(n[k] for k in ("train_inferred", "test_id")) + sum(
        n.get(k, 0) for k in ("test_oi", "test_io", "test_ood")
    )
    assert pairs == 20 * 2 * 2  # phi inf: every two-hop question is somewhere
    assert world.vocabulary.words[-2:] == ("r0", "r1")
    for subject, first, second, answer in world.splits["train_inferred"]:
        s, r1, r2, t = world.vocabulary.decode([subject, first, second, answer])
        assert int(t[1:]) == (int(s[1:]) + int(r1[1:]) + int(r2[1:]) + 2) % 20


def test_the_same_file_and_seed_give_the_same_bytes(tmp_path):
    config = FactsConfig(facts=str(write_ring(tmp_path / "ring.csv", 30, 3)), hops=3)
    saved = []
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        (tmp_path / name).mkdir()
        make_facts_world(config, seed).save(tmp_path / name)
        saved.append((tmp_path / name / "world.safetensors").read_bytes())
    assert saved[0] == saved[1]
    assert saved[0] != saved[2]


def test_one_relation_is_enough_if_it_chains(tmp_path):
    world = make_facts_world(FactsConfig(facts=str(write_ring(tmp_path / "ring.csv", 40))), 0)
    assert set(world.splits["train_inferred"][:, 1]) == {40}
    assert len(world.splits["train_inferred"]) + len(world.splits["test_id"]) >= 32


def test_a_relation_named_like_an_entity_keeps_apart(tmp_path):
    path = tmp_path / "clash.csv"
    path.write_text("a,next,b\nb,next,c\nnext,is a,a\n")
    world = make_facts_world(FactsConfig(facts=str(path), ood_frac=0), 0)
    assert world.vocabulary.words == ("a", "b", "c", "next", "next (relation)", "is a")
    assert distinct_names(["r", "r (relation)"], ["r"], "relation") == [
        "r (relation)",
        "r (relation) (relation)",
    ]


def test_names_that_were_left_out_are_not_in_the_vocabulary():
    table = make_table([*MESSY, ("b", "parent", "gone"), ("b", "likes", "gone")], "here")
    report = diagnose(table, "drop")
    world = world_from_table(table, report, FactsConfig(ood_frac=0), 0)
    assert "knows" not in world.vocabulary.words
    assert set(world.vocabulary.words) >= {"likes", "gone", "parent"}
    assert len(world.vocabulary) == report.entities + report.relations
    columns = (world.facts.subject, world.facts.relation, world.facts.object)
    told = zip(*(world.vocabulary.decode(column) for column in columns), strict=True)
    assert list(told) == [table.names(int(row)) for row in report.kept]


def test_facts_that_do_not_chain(tmp_path):
    path = tmp_path / "flat.csv"
    path.write_text("a,r,b\nc,r,d\n")
    with pytest.raises(FactsError, match=r"flat\.csv: no object of a kept fact is the subject"):
        make_facts_world(FactsConfig(facts=str(path), ood_frac=0), 0)


def test_fewer_facts_than_ood_asks_for(tmp_path):
    path = write_ring(tmp_path / "ring.csv", 4)
    with pytest.raises(WorldError, match=r"world\.ood_frac 0\.1 of 4 facts makes 0 OOD facts"):
        make_facts_world(FactsConfig(facts=str(path)), 0)


def test_phi_beyond_the_facts(tmp_path):
    path = write_ring(tmp_path / "ring.csv", 40)
    with pytest.raises(WorldError, match=r"world\.phi is 2, but .* at most 0\.\d\d inferred"):
        make_facts_world(FactsConfig(facts=str(path), phi=2), 0)


def test_no_question_left_to_train_on(tmp_path):
    path = tmp_path / "chain.csv"
    path.write_text("a,r,b\nb,r,c\nx,r,y\nz,r,y\n")  # one two-hop question
    config = FactsConfig(facts=str(path), ood_frac=0, test_id_frac=1)
    with pytest.raises(FactsError, match="none of the 1 two-hop questions is left to train on"):
        make_facts_world(config, 0)


def test_no_file_named():
    with pytest.raises(FactsError, match=r"world\.facts is empty; name a file"):
        load_fact_table(FactsConfig())
    with pytest.raises(WorldError, match=r"world\.max_facts is 0"):
        FactsConfig(max_facts=0)


def test_the_config_reaches_the_reader(tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("wer,was,wen\na,r,b\na,r,c\nb,r,c\n")
    config = FactsConfig(
        facts=str(path), subject="wer", relation="was", object="wen", many_valued="first"
    )
    table, report = load_fact_table(config)
    assert (len(table), report.facts, report.policy) == (3, 2, "first")
    short = FactsConfig(facts=str(path), subject="wer", relation="was", object="wen", max_facts=2)
    with pytest.raises(FactsError, match="more than 2 facts"):
        load_fact_table(short)
    assert math.isinf(config.phi)
