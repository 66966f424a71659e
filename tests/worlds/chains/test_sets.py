"""Worlds whose questions have several answers: what is told, held out, and asked."""

from pathlib import Path

import numpy as np
import pytest

from latebloom.errors import FactsError, WorldError
from latebloom.worlds.answers import FactSets, follow_sets
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.graph import GraphConfig
from latebloom.worlds.chains.own import FactsConfig, make_facts_world
from latebloom.worlds.chains.triples import missing_facts
from latebloom.worlds.data import load_data
from latebloom.worlds.validation import undivided


def write_many(path: Path, n: int = 40, relations: int = 3, seed: int = 0) -> Path:
    """A table in which each pair has one to three objects."""
    rng = np.random.default_rng(seed)
    rows = [
        f"n{i},r{r},n{o}"
        for i in range(n)
        for r in range(relations)
        for o in rng.choice(n, rng.integers(1, 4), replace=False)
    ]
    path.write_text("\n".join(rows))
    return path


@pytest.fixture
def many(tmp_path: Path) -> str:
    return str(write_many(tmp_path / "many.csv"))


def names_of(world, split):
    return [tuple(row[:-1]) for row in world.examples(split).tolist()]


def test_all_objects_of_a_pair_are_its_answers(tmp_path):
    (tmp_path / "t.csv").write_text(
        "imatinib,targets,ABL\nimatinib,targets,KIT\nKIT,pathway,P1\nABL,pathway,P2\nABL,pathway,P1"
    )
    world = build_world(FactsConfig(facts=str(tmp_path / "t.csv"), ood_frac=0, largest_share=1), 0)
    ids = world.vocabulary.ids
    told = {
        q: set(world.answers("atomic_id").of(i)) for i, q in enumerate(names_of(world, "atomic_id"))
    }
    assert told[ids["imatinib"], ids["targets"]] == {ids["ABL"], ids["KIT"]}
    question = (ids["imatinib"], ids["targets"], ids["pathway"])
    assert names_of(world, "train_inferred") == [question]
    assert set(world.answers("train_inferred").of(0)) == {ids["P1"], ids["P2"]}
    assert len(world.trained_facts()) == 5


def test_a_table_with_one_object_a_pair_is_the_world_that_it_was(tmp_path):
    rows = [f"n{i},r{r},n{(i * 3 + r) % 20}" for i in range(20) for r in range(2)]
    (tmp_path / "one.csv").write_text("\n".join(rows))
    kept, dropped = (
        make_facts_world(FactsConfig(facts=str(tmp_path / "one.csv"), many_valued=policy), 5)
        for policy in ("keep", "drop")
    )
    assert kept.task == dropped.task and kept.task.name == "composition" and not kept.sets
    for split, examples in dropped.splits.items():
        assert (kept.splits[split] == examples).all()


def test_nothing_held_out_is_trained_and_tests_are_asked_for_what_they_say(many):
    config = FactsConfig(facts=many, missing_frac=0.1, inverse=True, ood_frac=0.1)
    world = make_facts_world(config, 3)
    trained = set(names_of(world, "train_inferred"))
    told = FactSets(world.facts)
    inside = FactSets(world.facts, ~world.facts.ood)
    ood = {tuple(row) for row in world.facts.rows()[world.facts.ood][:, :2].tolist()}
    for split in world.tested:
        if world.examples(split).shape[1] == 4:
            assert not trained & set(names_of(world, split)), split
    for split in ("train_inferred", "test_id"):
        questions = world.examples(split)[:, :-1]
        with_all, without_ood = (follow_sets(questions, [g]) for g in (told, inside))
        assert (with_all[-1].sizes == without_ood[-1].sizes).all()
        for question, bridges in zip(questions.tolist(), with_all[0].question, strict=False):
            assert tuple(question[:2]) not in ood, bridges
    for split in ("test_links", "test_missing"):
        sets = world.answers(split)
        known = follow_sets(world.examples(split)[:, :-1], [told])[-1]
        assert (sets.asked == ~sets.among(known)).all() and (sets.n_asked > 0).all()
    sets = world.answers("test_id")
    assert sets.asked.all()
    assert (follow_sets(world.examples("test_id")[:, :-1], [told])[-1].member == sets.member).all()


def test_ood_answers_are_reached_over_ood_pairs_alone(many):
    world = make_facts_world(FactsConfig(facts=many, ood_frac=0.3, inverse=True), 1)
    inside, outside = (
        FactSets(world.facts, ~world.facts.ood),
        FactSets(world.facts, world.facts.ood),
    )
    ways = {"test_oi": (outside, inside), "test_io": (inside, outside), "test_ood": (outside,) * 2}
    for split, graphs in ways.items():
        sets = world.answers(split)
        reached = follow_sets(world.examples(split)[:, :-1], graphs)[-1]
        assert sets.asked.any() and sets.among(reached)[sets.asked].all(), split


def test_missing_facts_leave_each_name_a_fact_that_is_told():
    rng = np.random.default_rng(0)
    rows = np.stack(
        (rng.integers(0, 20, 200), rng.integers(20, 23, 200), rng.integers(0, 20, 200)), 1
    )
    mask = missing_facts(rows, 0.3, np.random.default_rng(1))
    assert mask.sum() == 60
    assert set(rows[~mask].ravel()) == set(rows.ravel())
    with pytest.raises(WorldError, match="can be spared"):
        missing_facts(rows[:5], 0.9, np.random.default_rng(1))


def test_an_inverse_leads_back(many):
    world = make_facts_world(FactsConfig(facts=many, inverse=True, ood_frac=0), 0)
    rows = {tuple(world.vocabulary.decode(row)) for row in world.facts.rows().tolist()}
    assert {(o, f"^{r}", s) for s, r, o in rows if not r.startswith("^")} == {
        row for row in rows if row[1].startswith("^")
    }


def test_the_same_seed_gives_the_same_bytes_and_they_come_back(many, tmp_path):
    config = FactsConfig(facts=many, missing_frac=0.1, inverse=True)
    saved = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        build_world(config, 4).save(tmp_path / name)
        saved.append([p.read_bytes() for p in sorted((tmp_path / name).iterdir())])
    assert saved[0] == saved[1]
    made, read = build_world(config, 4), load_data(tmp_path / "one")
    assert read.task == made.task and set(read.sets) == set(made.sets)
    for split in made.splits:
        assert (read.answers(split).member == made.answers(split).member).all()


def test_validation_takes_sets_along_and_gives_them_back(many):
    config = FactsConfig(facts=many, missing_frac=0.1)
    whole, divided = make_facts_world(config, 2), build_world(config, 2)

    def of(world, split):
        sets = world.answers(split)
        return {q: (sets.of(i)) for i, q in enumerate(names_of(world, split))}

    assert of(divided, "test_missing") | of(divided, "valid_missing") == of(whole, "test_missing")
    assert of(undivided(divided), "test_missing") == of(whole, "test_missing")


def test_questions_that_nearly_everything_answers_are_left_out(many):
    world = make_facts_world(FactsConfig(facts=many, largest_share=0.1), 0)
    assert world.answers("train_inferred").sizes.max() <= 4


def test_three_hops_hold_no_question_of_the_tests_and_ask_for_what_they_say(many):
    config = FactsConfig(facts=many, missing_frac=0.1, inverse=True, ood_frac=0.1, hops=3)
    world = make_facts_world(config, 3)
    told = FactSets(world.facts)
    held_out = {q for s in ("test_id", "test_missing") for q in names_of(world, s)}
    ood = {tuple(row) for row in world.facts.rows()[world.facts.ood][:, :2].tolist()}
    trained = names_of(world, "train_hops_3")
    assert len(trained) > 100 and not set(trained) & set(names_of(world, "test_hops_3"))
    reached = follow_sets(world.examples("train_hops_3")[:, :-1], [told])
    assert (reached[-1].sizes > 0).all()
    for row, (s, r1, r2, r3) in enumerate(trained):
        assert (s, r1) not in ood and (s, r1, r2) not in held_out
        assert not {(b, r2, r3) for b in reached[0].of(row)} & held_out
        assert not {(b, r2) for b in reached[0].of(row)} & ood
        assert not {(b, r3) for b in reached[1].of(row)} & ood
    sets = world.answers("test_missing_3")
    known = follow_sets(world.examples("test_missing_3")[:, :-1], [told])[-1]
    assert (sets.asked == ~sets.among(known)).all() and (sets.n_asked > 0).all()
    assert world.answers("test_hops_3").asked.all()


@pytest.mark.parametrize("changed", [{"hops": 4}, {"test_hops": (3,)}, {"augment": "both"}])
def test_settings_that_sets_do_not_know_are_refused(many, changed):
    with pytest.raises(WorldError, match="--many-valued drop"):
        make_facts_world(FactsConfig(facts=many, **changed), 0)


def write_graph(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


TRAIN = "a\tr\tb\nb\ts\tc\nb\ts\td\nc\tr\ta\nd\tr\te\ne\ts\ta\na\ts\te\n"


def test_a_graph_by_hand(tmp_path):
    told: list[str] = []
    folder = write_graph(
        tmp_path / "g", train=TRAIN, valid="a\tr\td\n", test="e\tr\tb\nx\tr\ta\na\tr\tb\n"
    )
    config = GraphConfig(folder=str(folder), inverse=False, test_id_frac=0, largest_share=1)
    world = build_world(config, 0, told.append)
    assert "left out: 1 of these (about names that train.txt lacks)" in told
    words = world.vocabulary.decode

    def asked(split):
        sets = world.answers(split)
        return {
            " ".join(words(q)): (
                words(sets.of(i)),
                words(sets.take(np.array([i])).member[sets.take(np.array([i])).asked]),
            )
            for i, q in enumerate(names_of(world, split))
        }

    assert asked("test_links") == {"e r": (["b"], ["b"])}
    # In validation the fact of the test is right, too, and passed over.
    assert asked("valid_links") == {"a r": (["b", "d"], ["d"])}
    assert asked("test_missing")["e r s"] == (["c", "d"], ["c", "d"])
    assert asked("valid_missing")["a r r"] == (["e"], ["e"])


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"train": TRAIN}, "test.txt is not there"),
        ({"train": "a\tr\n", "test": "a\tr\tb\n"}, "no column 3"),
        ({"train": TRAIN + "a\tr\n", "test": "a\tr\te\n"}, r"train.txt, line 8: 2 columns"),
        ({"train": "", "test": "a\tr\tb\n"}, "holds no facts"),
    ],
)
def test_a_folder_that_is_no_graph_is_refused(tmp_path, files, said):
    folder = write_graph(tmp_path / "g", **files)
    with pytest.raises(FactsError, match=said):
        build_world(GraphConfig(folder=str(folder)), 0)


def test_no_folder_at_all_is_refused():
    with pytest.raises(FactsError, match="--graph DIR"):
        build_world(GraphConfig(), 0)


def test_the_files_of_a_known_graph_are_found_in_pykeen_without_importing_it(tmp_path, monkeypatch):
    package = tmp_path / "site" / "pykeen"
    (package / "datasets").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    write_graph(package / "datasets" / "nations", train=TRAIN, test="a\tr\te\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "site")
    found = build_world(GraphConfig(folder="nations"), 0)
    assert len(found.facts) == len(
        build_world(GraphConfig(folder=str(package / "datasets" / "nations")), 0).facts
    )
    # A folder of one's own of that name comes first.
    write_graph(tmp_path / "nations", train=TRAIN)
    with pytest.raises(FactsError, match=r"^nations/test\.txt is not there"):
        build_world(GraphConfig(folder="nations"), 0)


def test_a_known_graph_that_is_not_here_says_where_it_comes_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        FactsError, match=r"^the files of umls come with .* pip install 'latebloom\[graphs\]'"
    ):
        build_world(GraphConfig(folder="umls"), 0)
