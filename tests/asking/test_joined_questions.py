"""Questions that join branches, read, and put to a model that was taught a table by heart."""

import numpy as np
import pytest
import torch

import latebloom
from latebloom.asking.joining import Joined, read_joined
from latebloom.asking.names import score_names
from latebloom.asking.product import lacking, product_scores
from latebloom.asking.reading import read_question, read_questions
from latebloom.asking.set_words import lines_of
from latebloom.asking.sets import ask_set
from latebloom.errors import LatebloomError
from latebloom.evaluation.ranking import rank_splits
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.recipes.catalogue import make_recipe
from latebloom.training.config import check_reach
from latebloom.worlds.chains.own import FactsConfig, world_of_facts
from latebloom.worlds.tasks.shapes import SHAPES


def names(members):
    return {one.name for one in members}


def test_and_not_leaves_what_the_first_branch_has_alone(taught):
    question = ["imatinib", "targets", "and", "not", "melanin", "^pathway"]
    answer = ask_set(*taught, question)
    assert names(answer.known) == {"ABL"} and answer.status == "follows"
    assert answer.question == tuple(question) and answer.named == 1
    assert answer.notes == ("'not' means: as far as the table tells",)
    assert answer.record is None and answer.in_set is None
    likely = {one.name: one.probability for one in answer.answers}
    assert answer.answers[0].name == "ABL" and likely["ABL"] > 0.5
    # The table puts KIT into melanin's pathway, so it is no guess, however many are asked for.
    assert "KIT" not in names(ask_set(*taught, question, top=100).answers)


def test_relations_lead_on_from_a_join(taught):
    question = ["imatinib", "targets", "and", "melanin", "^pathway", "then", "pathway", "part-of"]
    answer = ask_set(*taught, question)
    assert names(answer.known) == {"life"} and answer.known[0].bridges == ()
    both = ("imatinib", "targets", "and", "dasatinib", "targets")
    two = ask_set(*taught, [*both, "then", "pathway"])
    assert names(two.known) == {"growth"} and two.answers[0].name == "growth"
    # Left with dasatinib alone, SRC leads to adhesion; with imatinib alone KIT leads to melanin.
    status = {one.name: one.status for one in ask_set(*taught, two.question, top=100).guesses}
    assert status["adhesion"] == status["melanin"] == "inferred" and status["EGFR"] == "never told"


def test_from_a_chain_relations_lead_on_as_well(taught):
    one = ask_set(*taught, ["imatinib", "targets", "then", "pathway"])
    assert one.question == ("imatinib", "targets", "pathway")
    assert names(one.known) == {"growth", "melanin"}


@pytest.mark.parametrize(
    ("settings", "question"),
    [
        ({"fillers": True}, "n1 of r1 ? and n2 of r2 ?"),
        ({"order": "relation-first"}, "r1 n1 and r2 n2"),
        ({"order": "relation-first", "fillers": True}, "r1 of n1 ? and r2 of n2 ?"),
    ],
)
def test_branches_are_read_in_every_layout(settings, question):
    rows = [("n1", "r1", "n2"), ("n1", "r1", "n3"), ("n2", "r2", "n3"), ("n3", "r1", "n1")]
    config = FactsConfig(ood_frac=0, test_id_frac=0, largest_share=1, inverse=True, **settings)
    world = world_of_facts(rows, config=config, seed=0)
    read = read_questions(world, question.split())
    assert isinstance(read, Joined) and read.form == SHAPES["2i"].form
    assert world.vocabulary.decode(read.tokens[:4]) == ["n1", "r1", "n2", "r2"]
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_heads=2), len(world.vocabulary))
    answer = ask_set(model, world, question.split())
    assert names(answer.known) == {"n3"} and answer.status == "follows"


def test_no_branch_that_is_taken_away_is_called_a_way(taught):
    question = ["life", "^part-of", "^pathway", "and", "not", "dasatinib", "targets"]
    answer = ask_set(*taught, question)
    assert names(answer.known) == {"KIT", "EGFR"}
    assert {bridge.name for one in answer.known for bridge in one.bridges} == {"growth"}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("imatinib targets and", "after 'and' stands no branch"),
        ("and imatinib targets", "before 'and' stands no branch"),
        ("imatinib targets and and ABL ^targets", "after 'and' stands no branch"),
        ("imatinib targets not ABL ^targets", "write `and not` before a branch"),
        ("imatinib targets and KIT imatinib", "'imatinib' is no relation"),
        ("imatinib targets and targets KIT", "'targets' is a relation and cannot be the subject"),
        ("imatinib targets and KIT targts", "unknown name 'targts'; nearest: targets"),
        ("imatinib targets then KIT", "'KIT' is no relation and cannot stand as a relation after"),
        ("imatinib targets then", "after 'then' stands no branch"),
    ],
)
def test_a_branch_that_is_none_is_told_in_a_line(taught, question, said):
    with pytest.raises(LatebloomError, match=said) as caught:
        ask_set(*taught, question.split())
    assert "\n" not in str(caught.value)


def test_the_product_by_hand(taught):
    model, world = taught
    ids = world.vocabulary.ids
    row = [ids[w] for w in ("imatinib", "targets", "melanin", "^pathway")] + [0]
    both = product_scores(model, world.task, SHAPES["2i"].form, np.array([row]))[0]
    less = product_scores(model, world.task, SHAPES["2in"].form, np.array([row]))[0]
    assert int(both.argmax()) == ids["KIT"] and int(less.argmax()) == ids["ABL"]
    halves = torch.tensor([[0.5, 0.25, 0.0001]]).log()
    sure, half, no = lacking(halves, 1)[0].exp().tolist()
    assert sure < 1e-5 and half == pytest.approx(0.5) and no == pytest.approx(1, abs=1e-3)
    assert lacking(halves, 0.5)[0, 1].exp() < 1e-5


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("joined")
    rng = np.random.default_rng(0)
    rows = [
        f"n{i},r{r},n{o}"
        for i in range(25)
        for r in range(3)
        for o in rng.choice(25, rng.integers(1, 4), replace=False)
    ]
    (folder / "many.csv").write_text("\n".join(rows))
    config = (
        make_recipe("facts")
        .replace("model", d_model=16, n_heads=2, n_loops=3, window=4)
        .replace(
            "world",
            facts=str(folder / "many.csv"),
            missing_frac=0.1,
            shapes=("2i", "pi", "ip", "2in"),
            max_test=200,
        )
        .replace("train", steps=20, eval_every=10, batch_size=32, probe=20, until="")
    )
    return latebloom.grow(config, folder / "run", device="cpu", threads=1)


def test_a_run_tells_ranks_by_shape_and_the_product_beside_them(run):
    ranking, product = run.summary["ranking"], run.summary["product"]
    assert set(product) == {"2i", "pi", "ip", "2in"} and set(product) < set(ranking)
    for shape in product:
        assert set(ranking[shape]) == set(product[shape]) == {"known", "missing", "ood"}
        for kind, one in product[shape].items():
            assert one["n"] == ranking[shape][kind]["n"] and 0 < one["mrr"] < 1
            assert one["set_f1"] is None
    told = rank_splits(run.model, run.data, most=50)
    assert set(told["ranking"]) == set(ranking)
    page = run.report().read_text()
    assert "one and not another" in page and "missing, by their branches" in page


def test_a_trained_shape_is_asked_the_better_way_and_knows_its_record(run):
    world = run.world
    row = world.examples("test_missing_2in")[0, :-1].tolist()
    a, r, b, s, _ = world.vocabulary.decode(row)
    answer = run.ask(a, r, "and", "not", b, s)
    # The better of the two ways on the questions of validation, of its kind: beside known answers.
    rows = world.examples("valid_missing_2in")[:, :-1]
    sets = world.answers("valid_missing_2in")
    alike = np.flatnonzero((sets.sizes > sets.n_asked) == bool(answer.known))
    taken = run.asking.joined(SHAPES["2in"])
    assert answer.asked.way.name == taken.way.name
    at_once = score_names(run.model, world.task, torch.from_numpy(rows))
    by_branches = product_scores(run.model, world.task, SHAPES["2in"].form, rows)
    right = {}
    for way, scores in (("at once", at_once), ("its branches", by_branches)):
        right[way] = 0
        for number in alike.tolist():
            mine = sets.question == number
            asked = set(sets.member[mine & sets.asked].tolist())
            passed = set(sets.member[mine & ~sets.asked].tolist())
            first = next(
                i for i in scores[number].argsort(descending=True).tolist() if i not in passed
            )
            right[way] += first in asked
    wishes = {"at once": "at-once", "its branches": "in-parts"}
    for way, wish in wishes.items():
        wished = run.ask(a, r, "and", "not", b, s, way=wish)
        assert wished.record == (right[way], len(alike)) and len(alike)
        assert wished.asked.way.name.endswith(way) and wished.asked.why == "wish"
        assert answer.record == wished.record or taken.way.name != wished.asked.way.name
    sets = world.answers("test_missing_2in", np.array([0]))
    assert answer.held_out == tuple(world.vocabulary.decode(sets.member[sets.asked].tolist()))
    as_had = run.ask(*world.vocabulary.decode(row))
    assert as_had.guesses == answer.guesses and as_had.known == answer.known
    assert any("first guess right in" in line for line in lines_of(answer))
    # A shape that is not trained has no record, and is answered by its branches.
    other = a, r, "and", b, s, "and", "n3", "r1"
    assert run.ask(*other).record is None and run.ask(*other).asked.why == "usual"
    with pytest.raises(LatebloomError, match="not trained on questions like this one"):
        run.ask(*other, way="at-once")


def test_branches_may_stand_in_any_order(run):
    world = run.world
    a, r, t, b, s, _ = world.vocabulary.decode(world.examples("train_pi")[0, :-1].tolist())
    one, other = (run.ask(*q) for q in ((a, r, t, "and", b, s), (b, s, "and", a, r, t)))
    assert names(one.known) == names(other.known)
    assert one.guesses[0].probability == pytest.approx(other.guesses[0].probability)
    read = read_joined(world, (b, s, "and", a, r, t), read_question)
    shape, as_trained = read.trained_in(world)
    assert shape.name == "pi" and as_trained.form == shape.form
    assert as_trained.tokens[:3] == tuple(world.read([a, r, t]))


def test_what_a_run_joins_is_read_as_joined(run):
    assert isinstance(read_questions(run.world, ["n1", "r1", "and", "n2", "r2"]), Joined)
    assert isinstance(read_questions(run.world, ["n1", "r1"]), list)
    with pytest.raises(LatebloomError, match="is trained on no such question"):
        run.ask("n1", "r1", "r2", "n2", "r1", "r2", "and")
    with pytest.raises(LatebloomError, match="after 'and' stands no branch"):
        run.ask("n1", "r1", "r2", "and")
    with pytest.raises(LatebloomError, match="after 'then' stands no branch"):
        run.ask("n1", "r1", "and", "n2", "r2", "then")
    loud, usual = (run.ask(*q.split()) for q in ("n1 r1 n2 r2 AND", "n1 r1 and n2 r2"))
    assert loud.known == usual.known and loud.guesses == usual.guesses


def test_what_looks_at_one_chain_still_does(run, tmp_path):
    question = run.world.example()
    assert run.members(*question)[0].bridge == "bridge 1"
    row = run.world.examples("test_2i")[0, :-1].tolist()
    assert run.lens(*run.world.vocabulary.decode(row))
    (tmp_path / "more.csv").write_text("n1,r1,n24\nnew,r1,n2\n")
    with pytest.raises(LatebloomError, match="joins branches, and learns nothing later"):
        run.learn(tmp_path / "more.csv", tmp_path / "learned")


def test_a_model_that_cannot_see_both_branches_is_refused():
    world = FactsConfig(shapes=("2i", "ip"))
    config = make_recipe("facts").replace("world", shapes=world.shapes)
    with pytest.raises(LatebloomError, match=r"set model\.window 4"):
        check_reach(config)
    with pytest.raises(LatebloomError, match=r"set model\.n_loops 3"):
        check_reach(config.replace("model", window=4))
    check_reach(config.replace("model", window=4, n_loops=3))
    check_reach(make_recipe("facts"))


def test_an_entity_called_and_is_no_join():
    rows = [("and", "r", "b"), ("and", "r", "c"), ("b", "r", "c"), ("c", "r", "and")]
    config = FactsConfig(shapes=("2i",), ood_frac=0, largest_share=1, inverse=True)
    world = world_of_facts(rows, config=config, seed=0)
    assert "and (join)" in world.vocabulary.ids
    assert read_questions(world, ["and", "r"]) == world.read(["and", "r"])
    read = read_questions(world, ["b", "r", "c", "^r", "and (join)"])
    assert isinstance(read, Joined) and read.form == SHAPES["2i"].form
    assert read_questions(world, ["b", "r", "and (join)", "c", "^r"]).tokens[:4] == read.tokens[:4]
