"""Asking a model that was taught a small table by heart: status first, then the set."""

import json

import numpy as np
import pytest
from taught import DRUGS

from latebloom.asking.set_words import lines_of
from latebloom.asking.sets import ask_set, refuse_new_facts
from latebloom.errors import LatebloomError, UnknownNameError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.own import FactsConfig
from latebloom.worlds.data import as_world


def names(members):
    return {one.name for one in members}


def test_what_the_table_holds_is_told(taught):
    answer = ask_set(*taught, ["imatinib", "targets"])
    assert answer.status == "told" and answer.supported
    assert names(answer.known) == {"ABL", "KIT"} and answer.named == 2
    assert not names(answer.known) & names(answer.guesses)
    assert lines_of(answer)[0] == "told: the table holds 2 answers; the model names 2 of 2"
    assert "nothing of the kind was held out" in "\n".join(lines_of(answer))


def test_what_facts_lead_to_follows_over_its_bridges(taught):
    answer = ask_set(*taught, ["imatinib", "targets", "pathway"])
    assert answer.status == "follows" and names(answer.known) == {"growth", "melanin"}
    by_name = {one.name: one for one in answer.known}
    assert {b.name for b in by_name["growth"].bridges} == {"ABL", "KIT"}
    assert {b.name for b in by_name["melanin"].bridges} == {"KIT"}
    assert all(b.before and b.after for one in answer.known for b in one.bridges)


def test_an_intersection_is_what_all_branches_have(taught):
    question = ["imatinib", "targets", "and", "growth", "^pathway"]
    answer = ask_set(*taught, question)
    assert answer.status == "follows" and names(answer.known) == {"ABL", "KIT"}
    assert answer.question == tuple(question) and answer.notes == ()
    three = ask_set(*taught, [*question, "and", "melanin", "^pathway"])
    assert names(three.known) == {"KIT"}
    # Two of the three branches hold for ABL: it lacks a single fact.
    assert {one.name: one.status for one in three.guesses}["ABL"] == "inferred"
    none = ask_set(*taught, ["gefitinib", "targets", "and", "melanin", "^pathway"])
    assert not none.known and none.status in ("inferred", "never told")


def test_a_branch_may_have_two_hops(taught):
    answer = ask_set(*taught, ["gefitinib", "targets", "pathway", "and", "life", "^part-of"])
    assert names(answer.known) == {"growth"}
    assert [bridge.name for bridge in answer.known[0].bridges] == ["EGFR"]


def test_an_inverse_relation_can_be_asked(taught):
    answer = ask_set(*taught, ["ABL", "^targets"])
    assert names(answer.known) == {"imatinib", "dasatinib"}


def test_what_lacks_one_fact_is_inferred_and_what_nothing_supports_is_never_told(taught):
    one = ask_set(*taught, ["gefitinib", "targets", "^pathway"])
    assert one.status in ("inferred", "never told") and not one.known
    never = ask_set(*taught, ["life", "targets"])
    assert never.status == "never told" and not never.supported and not never.known
    assert lines_of(never)[0].startswith("never told: nothing in the table")
    shares = [sum(b.share for b in g.bridges) for g in one.guesses]
    assert all(0 < share <= 1 + 1e-9 for share in shares)


def test_as_json(taught):
    table = json.loads(json.dumps(ask_set(*taught, ["imatinib", "targets", "pathway"]).as_dict()))
    assert table["status"] == "follows" and table["record"] is None
    assert {"name", "status", "probability", "bridges"} == set(table["known"][0])


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (["imatinib", "target"], "unknown name 'target'; nearest: targets"),
        (["imatinb", "targets"], "unknown name 'imatinb'; nearest: imatinib"),
        (["imatinib", "ABL"], "'ABL' is no relation"),
        (["targets", "targets"], "'targets' is a relation and cannot be the subject"),
    ],
)
def test_a_name_in_the_wrong_place_is_answered_by_names_that_fit(taught, question, said):
    with pytest.raises(LatebloomError, match=said):
        ask_set(*taught, question)


def test_without_inverses_an_inverse_says_so(tmp_path):
    path = tmp_path / "drugs.csv"
    path.write_text(DRUGS)
    config = FactsConfig(facts=str(path), ood_frac=0, largest_share=1)
    world = as_world(build_world(config, 0), path)
    model = Transformer(ModelConfig(d_model=16, n_heads=2), len(world.vocabulary))
    with pytest.raises(LatebloomError, match="grow it with --inverse"):
        ask_set(model, world, ["ABL", "^targets"])
    with pytest.raises(UnknownNameError):
        ask_set(model, world, ["ABL", "^target"])
    with pytest.raises(LatebloomError, match="--top is 0"):
        ask_set(model, world, ["imatinib", "targets"], top=0)


def test_facts_that_come_later_are_refused():
    refuse_new_facts(None)
    with pytest.raises(LatebloomError, match="latebloom learn RUN"):
        refuse_new_facts(object())


def test_probabilities_are_those_of_names_that_may_be_answers(taught):
    answer = ask_set(*taught, ["imatinib", "targets"], top=1000)
    n = taught[1].task.entities
    assert len(answer.answers) == n
    assert np.isclose(sum(one.probability for one in answer.known), 1, atol=0.1)
