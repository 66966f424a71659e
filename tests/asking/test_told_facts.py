"""Both memories, by hand: a model that knows five facts, and a few facts told since."""

import numpy as np
import pytest
import torch

from latebloom.asking.answer import ask
from latebloom.asking.told_facts import NewFacts, ask_both, load_new_facts
from latebloom.errors import FactsError, LatebloomError, UnknownNameError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Pass, Transformer
from latebloom.worlds.atomic import Facts
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World

WORDS = (
    "JFK",
    "TXL",
    "USA",
    "Germany",
    "Washington",
    "Berlin",
    "Rhine",
    "country",
    "capital",
    "on",
)
TRAINED = [
    ("JFK", "country", "USA"),
    ("TXL", "country", "Germany"),
    ("USA", "capital", "Washington"),
    ("Germany", "capital", "Berlin"),
    ("Berlin", "on", "Rhine"),
]


class Knower(Transformer):
    """Knows the trained facts; keeps what it is asked, in names."""

    def __init__(self, world, **settings):
        super().__init__(ModelConfig(d_model=16, n_heads=2, **settings), len(world.vocabulary))
        self.world = world
        self.asked = []

    def forward(self, tokens, at=None, *, n_loops=None, **_):
        self.asked.append(" ".join(self.world.vocabulary.decode(tokens[0].tolist())))
        task = self.world.task
        told = task.tell(self.world.facts, tokens[0].tolist(), self.world.vocabulary)
        logits = torch.zeros(n_loops, 1, tokens.shape[1], self.d_vocab)
        for step, name in zip(task.steps(tokens.shape[1]), told.path, strict=False):
            logits[:, 0, step.position, name] = 20.0
        if told.answer is not None:
            logits[:, 0, -1, told.answer] = 20.0
        return Pass(logits)


def laid_out(world, order):
    """The same world, its questions with fillers and in this order."""
    words = Vocabulary((*WORDS, "of", "?"))
    task = ChainTask(Layout(order, words.ids["of"], words.ids["?"]))
    splits = {
        name: np.concatenate((task.lay(rows[:, :-1]), rows[:, -1:]), axis=1)
        for name, rows in world.splits.items()
    }
    return World(task, words, world.facts, splits, world.trained)


@pytest.fixture
def world():
    vocabulary = Vocabulary(WORDS)
    rows = np.array([vocabulary.encode(fact) for fact in TRAINED], np.int32)
    ood = np.array([False, False, False, True, False])
    inferred = np.array([vocabulary.encode(("JFK", "country", "capital", "Washington"))], np.int32)
    return World(
        ChainTask(),
        vocabulary,
        Facts(*rows.T, ood),
        {"atomic_id": rows, "train_inferred": inferred},
        ("atomic_id", "train_inferred"),
    )


def told(world, *facts):
    table = {(s, r): o for s, r, o in facts}
    return NewFacts("new.csv", table)


def said(answer):
    """The path that was taken, in names."""
    return [*(guess.name for guess in answer.bridges), answer.answers[0].name]


def test_a_new_airport_the_model_does_the_rest(world):
    model = Knower(world)
    answer = ask_both(
        model, world, told(world, ("BER", "country", "Germany")), ["BER", "country", "capital"]
    )
    assert said(answer) == ["Germany", "Berlin"]
    assert answer.hops == ("new", "ood")
    assert (answer.truth, answer.true_bridges, answer.shown) == ("Berlin", ("Germany",), False)
    assert answer.notes == (
        "hop 1, BER country: from new.csv",
        "hop 2, Germany capital: from the model",
    )
    assert model.asked == ["Germany capital"]


def test_a_new_fact_at_the_last_hop_has_one_answer(world):
    new = told(world, ("Washington", "on", "Potomac"))
    answer = ask_both(Knower(world), world, new, ["JFK", "country", "capital", "on"])
    assert said(answer) == ["USA", "Washington", "Potomac"]
    assert answer.hops == ("id", "id", "new")
    assert [guess.probability for guess in answer.answers] == [1.0]
    assert answer.truth == "Potomac"


def test_a_new_fact_in_the_middle_is_believed_over_a_trained_one(world):
    model = Knower(world)
    new = told(world, ("Germany", "capital", "Bonn"), ("Bonn", "on", "Rhine"))
    answer = ask_both(model, world, new, ["TXL", "country", "capital", "on"])
    assert said(answer) == ["Germany", "Bonn", "Rhine"]
    assert answer.hops == ("id", "new", "new")
    assert "hop 2, Germany capital: from new.csv; training had Berlin" in answer.notes
    assert answer.truth == "Rhine"


def test_a_looped_model_is_asked_for_many_hops_at_once_others_one_by_one(world):
    question = ["TXL", "country", "capital", "on"]
    new = told(world, ("Rome", "on", "Tiber"))
    looped, plain = Knower(world), Knower(world, n_loops=1, feedback="none")
    answers = [ask_both(model, world, new, question) for model in (looped, plain)]
    assert looped.asked == ["TXL country capital on"]
    assert plain.asked == ["TXL country", "Germany capital", "Berlin on"]
    assert said(answers[0]) == said(answers[1]) == ["Germany", "Berlin", "Rhine"]
    assert answers[0].answers[0].probability > 0.99


def test_a_relation_the_model_has_no_token_for_is_bridged_by_new_facts(world):
    model = Knower(world)
    new = told(world, ("Germany", "neighbour", "USA"))
    answer = ask_both(model, world, new, ["TXL", "country", "neighbour", "capital"])
    assert said(answer) == ["Germany", "USA", "Washington"]
    assert model.asked == ["TXL country", "USA capital"]


def test_an_unknown_entity_that_no_new_fact_leaves_is_one_line(world):
    new = told(world, ("JFK", "country", "Atlantis"))
    with pytest.raises(
        LatebloomError, match=r"no token for 'Atlantis', and new\.csv does not tell"
    ):
        ask_both(Knower(world), world, new, ["JFK", "country", "capital"])


def test_what_no_memory_tells_is_noted(world):
    new = told(world, ("BER", "country", "Germany"))
    answer = ask_both(Knower(world), world, new, ["BER", "country", "on"])
    assert answer.truth is None
    assert answer.hops == ("new", "unknown")
    assert answer.notes[1].endswith("the trained facts do not tell it")


def test_a_wrong_hop_leads_the_rest_astray_and_the_truth_stays(world):
    class Mistaken(Knower):
        def forward(self, tokens, at=None, *, n_loops=None, **_):
            logits = super().forward(tokens, at, n_loops=n_loops).logits
            logits[:, :, 1] = 0.0
            logits[:, :, 1, self.world.vocabulary.id("USA")] = 20.0
            return Pass(logits)

    new = told(world, ("USA", "capital", "Philadelphia"))
    answer = ask_both(Mistaken(world), world, new, ["TXL", "country", "capital"])
    assert said(answer) == ["USA", "Philadelphia"]
    assert (answer.truth, answer.true_bridges) == ("Berlin", ("Germany",))


def test_with_no_new_fact_in_the_way_a_trained_question_is_shown(world):
    new = told(world, ("BER", "country", "Germany"))
    assert ask_both(Knower(world), world, new, ["JFK", "country", "capital"]).shown
    renewed = told(world, ("JFK", "country", "USA"))
    assert not ask_both(Knower(world), world, renewed, ["JFK", "country", "capital"]).shown


def test_names_of_both_memories_are_found_letter_case_forgiven(world, tmp_path):
    (tmp_path / "new.csv").write_text("subject,relation,object\nBER,COUNTRY,germany\n")
    new = load_new_facts(tmp_path / "new.csv", world.vocabulary)
    assert new.object == {("BER", "country"): "Germany"}
    answer = ask_both(Knower(world), world, new, ["ber", "Country", "capital"])
    assert answer.question == ("BER", "country", "capital")
    assert answer.answers[0].name == "Berlin"
    with pytest.raises(UnknownNameError, match="nearest: BER"):
        ask_both(Knower(world), world, new, ["BERX", "country"])


def test_new_facts_that_contradict_each_other_are_refused(world, tmp_path):
    (tmp_path / "new.csv").write_text("BER,country,Germany\nBER,country,germany\n")
    assert len(load_new_facts(tmp_path / "new.csv", world.vocabulary).object) == 1
    (tmp_path / "new.csv").write_text("BER,country,Germany\nBER,country,USA\n")
    with pytest.raises(FactsError, match="BER country is both Germany and USA"):
        load_new_facts(tmp_path / "new.csv", world.vocabulary)


def test_where_a_run_compares_there_are_no_hops_to_enter_at():
    compared = make_comparison(ComparisonConfig(entities=12, attributes=2, values=4, ood_frac=0), 0)
    with pytest.raises(LatebloomError, match="this run asks no chains"):
        ask_both(Knower(compared), compared, told(compared), ["a0", "e1", "e2"])


BOTH_WAYS = {"attention": "both", "feedback": "restart", "positions": "rotary"}


@pytest.mark.parametrize("written", ["capital of country of BER ?", "capital country BER"])
def test_the_question_stands_as_the_run_lays_it_out(world, written):
    world = laid_out(world, "relation-first")
    model, new = Knower(world, **BOTH_WAYS), told(world, ("BER", "country", "Germany"))
    answer = ask_both(model, world, new, written.split())
    assert answer.names == ("BER", "country", "capital")
    assert " ".join(answer.question) == "capital of country of BER ?"
    assert said(answer) == ["Germany", "Berlin"]
    assert answer.hops == ("new", "ood")
    assert model.asked == ["capital of Germany ?"]


def test_a_model_that_sees_the_subject_last_is_asked_one_hop_at_a_time(world):
    """Causally, `capital of country of TXL ?` has no place where the bridge stands alone."""
    world, question = laid_out(world, "relation-first"), ["capital", "country", "TXL"]
    causal, both = Knower(world), Knower(world, **BOTH_WAYS)
    for model in (causal, both):
        assert said(ask_both(model, world, told(world), question)) == ["Germany", "Berlin"]
    assert causal.asked == ["country of TXL ?", "capital of Germany ?"]
    assert both.asked == ["capital of country of TXL ?"]
    assert ask(causal, world, question).bridges == ()
    assert [guess.name for guess in ask(both, world, question).bridges] == ["Germany"]
