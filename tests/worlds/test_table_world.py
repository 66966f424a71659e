"""The table world: sets of names, numbers and comparisons in one vocabulary."""

from dataclasses import replace

import numpy as np
import pytest

from latebloom.errors import FactsError, LatebloomError
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.files import make_table
from latebloom.worlds.chains.later import tell_later
from latebloom.worlds.chains.own import FactsConfig, world_of_facts
from latebloom.worlds.comparisons.scale import scale_within
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World

RNG = np.random.default_rng(0)
HOURS = {f"d{i}": int(h) for i, h in enumerate(RNG.integers(1, 12, 20))}
ROWS = [
    *[(f"d{i}", "targets", f"t{j}") for i in range(24) for j in {i % 5, i % 7}],
    *[(f"t{j}", "pathway", f"p{j % 3}") for j in range(7)],
    *[(drug, "half-life", f"{h} h") for drug, h in HOURS.items()],
    *[(f"d{i}", "mass", f"{100 + 7 * i % 50}.5") for i in range(24)],
]
CONFIG = FactsConfig(
    numbers=("auto",), inverse=True, missing_frac=0.1, test_id_frac=0.2, ood_frac=0.3
)


@pytest.fixture(scope="module")
def world():
    return world_of_facts(ROWS, config=CONFIG, seed=1)


def names(world, row):
    return world.vocabulary.decode(row.tolist())


def test_numbers_are_told_as_places_in_their_order_and_never_backwards(world):
    assert world.task.name == "table" and world.phi > 0
    words = world.vocabulary.words
    ascending = sorted(set(HOURS.values()))
    told = {tuple(names(world, row)) for row in world.facts.rows()}
    for drug, hours in HOURS.items():
        assert (drug, "half-life (h)", f"rank {ascending.index(hours) + 1}") in told
    assert "^targets" in words and not any(w.startswith("^half-life") for w in words)
    scale = scale_within(world)
    column = scale.table.attributes.index("half-life (h)")
    known = dict(zip(scale.table.entities, scale.table.number[:, column], strict=True))
    assert {name: n for name, n in known.items() if not np.isnan(n)} == HOURS


def test_comparisons_are_right_and_held_out_in_both_orders(world):
    task = world.task
    masses = {row[0]: float(row[2]) for row in ROWS if row[1] == "mass"}
    of = {"half-life (h)": HOURS, "mass": masses}
    pairs = {}
    for split in (Split.TRAIN_COMPARED, Split.TEST_COMPARED_ID, Split.TEST_COMPARED_OOD):
        rows = np.concatenate(
            [
                world.examples(name)
                for name in (split, split.replace("test", "valid"))
                if name in world.splits
            ]
        )
        for row in rows:
            one, attribute, other, again, end, label = names(world, row)
            assert (attribute, end) == (again, "?") and one != other
            first, second = of[attribute][one], of[attribute][other]
            assert label == "<=>"[1 + (first > second) - (first < second)]
        assert (task.solve(world.facts, rows[:, :-1]) == rows[:, -1]).all()
        pairs[split] = {(a, *sorted((x, y))) for a, x, y in task.names(rows[:, :-1]).tolist()}
    trained, tested, apart = pairs.values()
    assert not trained & tested and not trained & apart and tested
    ood = {(r, s) for s, r, _ in world.facts.rows()[world.facts.ood].tolist()}
    assert all({(a, x), (a, y)} <= ood for a, x, y in apart)
    assert not any({(a, x), (a, y)} & ood for a, x, y in trained)


def test_chains_end_in_numbers_and_no_number_is_kept_back():
    world = world_of_facts(ROWS, config=replace(CONFIG, ood_frac=0), seed=1)
    inferred = [names(world, row) for row in world.named(Split.TRAIN_INFERRED)]
    assert any(row[2] == "half-life (h)" and row[1] == "^targets" for row in inferred)
    assert not any(row[1] in ("half-life (h)", "mass") for row in inferred)
    for split in world.splits:
        if split.endswith("links"):
            assert set(world.named(split)[:, 1]).isdisjoint(world.task.numbers)


def test_questions_as_people_write_them(world):
    whole = ["d1", "half-life (h)", "d2", "half-life (h)", "?"]
    for words in (
        ["half-life", "d1", "d2"],
        ["d1", "half-life", "d2"],
        ["d1", "d2", "half-life (h)"],
        whole,
    ):
        assert world.vocabulary.decode(world.read(words)) == whole
    chain = world.read(["d1", "targets", "pathway"])
    assert world.vocabulary.decode(chain) == ["d1", "targets", "pathway"]
    four = world.read(["d1", "targets", "^targets", "targets", "pathway"])
    with pytest.raises(LatebloomError, match="four hops"):
        world.task.check(four, world.facts, world.vocabulary)


def test_it_is_the_same_again_and_after_saving(world, tmp_path):
    again = world_of_facts(ROWS, config=CONFIG, seed=1)
    world.save(tmp_path)
    read = World.load(tmp_path)
    for other in (again, read):
        assert other.task == world.task and other.wording == world.wording
        assert other.trained == world.trained and list(other.splits) == list(world.splits)
        for split, rows in world.splits.items():
            assert np.array_equal(other.splits[split], rows)


def test_numbers_alone_are_compared_and_chain_nothing():
    rows = [(drug, "half-life", str(h)) for drug, h in HOURS.items()]
    world = world_of_facts(rows, config=FactsConfig(numbers=("auto",)), seed=0)
    assert Split.TRAIN_INFERRED not in world.splits and len(world.examples(Split.TRAIN_COMPARED))
    assert world.longest_trained == 5


def test_without_numbers_it_is_the_world_of_names():
    rows = [row for row in ROWS if row[1] in ("targets", "pathway")]
    one, other = (
        world_of_facts(rows, config=FactsConfig(numbers=numbers, inverse=True), seed=2)
        for numbers in ((), ("auto",))
    )
    assert one.task == other.task and one.task.numbers is None
    assert all(np.array_equal(one.splits[name], other.splits[name]) for name in one.splits)


def test_folds_hold_out_every_comparison_once():
    config = FactsConfig(numbers=("auto",), folds=3, ood_frac=0, valid_frac=0)
    tested = []
    for fold in range(3):
        one = world_of_facts(
            ROWS,
            config=FactsConfig(
                numbers=config.numbers, folds=3, fold=fold, ood_frac=0, valid_frac=0
            ),
            seed=0,
        )
        tested += [tuple(row) for row in one.examples(Split.TEST_COMPARED_ID)[:, :-1].tolist()]
    n = len(HOURS) * (len(HOURS) - 1) + 24 * 23
    assert len(tested) == len(set(tested)) == n


def test_what_it_cannot_do_is_said(world, tmp_path):
    more = make_table([("d30", "targets", "t0")], "more.csv")
    with pytest.raises(LatebloomError, match="places in an order"):
        tell_later(world, more, inverse=True)
    with pytest.raises(LatebloomError, match=r"world\.fillers"):
        world_of_facts(ROWS, config=FactsConfig(numbers=("auto",), fillers=True))
    with pytest.raises(FactsError, match="no such file"):
        build_world(FactsConfig(facts=str(tmp_path / "none.csv")), 0)
