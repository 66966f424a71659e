"""Chains asked hop by hop: the arithmetic by hand, the choice by validation, and what is said."""

import json

import numpy as np
import pytest
import torch

import latebloom
from latebloom.asking import hops
from latebloom.asking.calibration import MISSING, calibrate
from latebloom.asking.choosing import Asking, said, surely_ahead
from latebloom.asking.hops import BEST, RATIOS, SUM, asked_one_hop, led_on
from latebloom.asking.names import READINGS, name_logits, score_names
from latebloom.asking.set_words import lines_of
from latebloom.asking.way import HopByHop
from latebloom.cli.ask import show_answer
from latebloom.errors import LatebloomError
from latebloom.evaluation.intersections import rank_all
from latebloom.recipes.catalogue import make_recipe
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.answers import FactSets

ONWARD = {3: [[0.5, 0.1, 0.4], [0.2, 0.6, 0.2], [0.1, 0.8, 0.1]], 4: [[0.0, 0.0, 1.0]] * 3}
"""Where each of three names leads by relations 3 and 4."""


def one_hop(pairs):
    return torch.tensor([ONWARD[relation][name] for name, relation in pairs.tolist()]).log()


@pytest.mark.parametrize(
    ("merge", "wanted"),
    [
        (BEST, [0.6 * 0.5, 0.3 * 0.6, 0.6 * 0.4]),
        (SUM, [0.3 + 0.06 + 0.01, 0.06 + 0.18 + 0.08, 0.24 + 0.06 + 0.01]),
        (RATIOS, [1.0, 0.5, 0.8]),
    ],
)
def test_the_merges_by_hand(merge, wanted):
    degrees = torch.tensor([[0.6, 0.3, 0.1], [0.0, 0.0, 1.0]]).log()
    found = led_on(one_hop, degrees, np.array([3, 4]), merge).exp()
    assert found[0].tolist() == pytest.approx(wanted)
    assert found[1].tolist() == pytest.approx([0, 0, 1])


def test_of_many_bridges_the_likeliest_are_followed():
    degrees = torch.tensor([[0.2, 0.7, 0.1]]).log()
    found = led_on(one_hop, degrees, np.array([3]), SUM, most=1).exp()[0]
    assert found.tolist() == pytest.approx([0.7 * 0.2, 0.7 * 0.6, 0.7 * 0.2])


def test_a_hop_is_one_call_for_all_questions_and_parts_agree(monkeypatch):
    rng = np.random.default_rng(0)
    degrees = torch.from_numpy(rng.normal(size=(12, 3)).astype(np.float32))
    relation = rng.integers(3, 5, 12)
    calls = []

    def counted(pairs):
        calls.append(pairs)
        return one_hop(pairs)

    whole = led_on(counted, degrees, relation, SUM)
    (pairs,) = calls
    assert len(pairs) == 6 == len(np.unique(pairs, axis=0))
    monkeypatch.setattr(hops, "NUMBERS_AT_ONCE", 20)
    assert torch.allclose(led_on(counted, degrees, relation, SUM), whole) and len(calls) == 7


def test_another_way_is_taken_only_if_it_is_surely_better():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=400)
    assert surely_ahead(noise + 0.5, rng.normal(size=400))
    assert not surely_ahead(noise + 0.01, rng.normal(size=400))
    assert not surely_ahead(np.ones(1), np.zeros(1)) and not surely_ahead(noise, noise)
    assert surely_ahead(np.ones(2), np.zeros(2))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that is trained on one hop alone, so that two hops at once are strange to it. A thing's
    group tells what it has, so that a fact which is kept back can be guessed."""
    folder = tmp_path_factory.mktemp("hops")
    rows = [f"n{i},has,v{(i % 5) * 2 + k}" for i in range(40) for k in (0, 1)]
    rows += [f"n{i},likes,u{(i + k) % 5}" for i in range(40) for k in (0, 1)]
    rows += [f"v{i},leads,w{i // 2}" for i in range(10)] + [f"u{i},leads,w{i}" for i in range(5)]
    (folder / "groups.csv").write_text("\n".join(rows))
    config = (
        make_recipe("facts")
        .replace("model", d_model=32, n_heads=2)
        .replace("world", facts=str(folder / "groups.csv"), missing_frac=0.2, phi=0.0, inverse=True)
        .replace("world", ood_frac=0.0, largest_share=1.0)
        .replace("train", steps=80, eval_every=40, batch_size=64, probe=20, until="")
        .replace("train", set_loss="binary", label_smoothing=0.1)
        .replace("feed", atomic_frac=0.0)
    )
    return latebloom.grow(config, folder / "run", device="cpu", threads=1)


def question_of(run):
    return run.world.vocabulary.decode(run.world.named("test_missing")[0, :3].tolist())


def test_validation_takes_the_way_that_is_better(run):
    choice = run.asking.chain(2)
    assert choice.way.name == "hop by hop" and choice.why == "validation" and choice.query == "2p"
    assert choice.mrr["at once"] < max(choice.mrr.values()) == choice.mrr[said(choice.way)]
    assert set(choice.mrr) == {said(way) for way in run.asking.chain_ways} and len(choice.mrr) == 5
    # Longer chains, of which nothing is held out, follow; a single hop has no parts.
    assert run.asking.chain(3).way is choice.way and run.asking.chain(3).query == "2p"
    assert run.asking.chain(1).way.name == "at once"


def test_the_score_is_the_sum_over_all_bridges_worked_out_one_by_one(run):
    model, task = run.model, run.world.task
    asked = run.world.examples("test_missing")[:3, :-1]
    reading = READINGS["binary"]
    found = HopByHop(reading, SUM).score(model, task, torch.from_numpy(asked)).exp()
    for (subject, first, second), scores in zip(task.names(asked), found, strict=True):

        def led(name, relation):
            laid = torch.from_numpy(task.lay(np.array([[name, relation]])))
            return reading(name_logits(model, task, laid))[0].exp()

        wanted = sum(
            share * led(bridge, second) for bridge, share in enumerate(led(subject, first).tolist())
        )
        torch.testing.assert_close(scores, wanted, rtol=1e-4, atol=1e-7)


def test_told_facts_are_certain_and_others_are_as_the_model_has_them(run):
    task, facts = run.world.task, run.world.facts
    told = FactSets(facts)
    pairs = np.stack((facts.subject[:4], facts.relation[:4]), axis=1)
    plain = asked_one_hop(run.model, task, READINGS["binary"])(pairs)
    certain = asked_one_hop(run.model, task, READINGS["binary"], told)(pairs)
    members = torch.zeros_like(plain, dtype=torch.bool)
    for row, (subject, relation) in enumerate(pairs):
        is_told = (facts.subject == subject) & (facts.relation == relation)
        members[row, torch.from_numpy(facts.object[is_told]).long()] = True
    assert torch.equal(certain, torch.where(members, torch.zeros_like(plain), plain))
    assert (plain[members] < 0).all()


def test_what_the_model_names_itself_is_counted_without_the_table(run):
    told = FactSets(run.world.facts)
    plain, certain = HopByHop(READINGS["binary"], SUM), HopByHop(READINGS["binary"], SUM, told)
    asked = torch.from_numpy(run.world.examples("test_missing")[:5, :-1])
    model, task = run.model, run.world.task
    assert torch.equal(certain.itself(model, task, asked), plain.score(model, task, asked))
    assert not torch.equal(certain.score(model, task, asked), plain.score(model, task, asked))


def test_the_cut_is_that_of_the_way(run):
    question = question_of(run)
    answer, at_once = run.ask(*question), run.ask(*question, way="at-once")
    for one, way in ((answer, run.asking.chain(2).way), (at_once, run.asking.chain_ways[0])):
        kinds = calibrate(run.model, run.world, [("2p", MISSING)], bool(one.known), score=way.score)
        found = kinds["2p", MISSING]
        assert one.record == (found.right, found.cut.questions)
    assert answer.record[0] > at_once.record[0]


def test_a_wish_is_granted_and_said(run):
    question = question_of(run)
    at_once, parts = (run.ask(*question, way=way) for way in ("at-once", "in-parts"))
    assert at_once.asked.way.name == "at once" and at_once.asked.why == "wish"
    asked = torch.tensor([run.world.read(question)])
    scores = score_names(run.model, run.world.task, asked)[0].softmax(0)
    shares = {one.name: one.probability for one in at_once.known}
    for name, share in shares.items():
        assert share == pytest.approx(float(scores[run.world.vocabulary.ids[name]]), rel=1e-4)
    assert parts.asked.way.name == "hop by hop" and parts.guesses == run.ask(*question).guesses
    assert any("asked at once, as was wished: MRR" in line for line in lines_of(at_once))
    one_hop = run.ask(*question[:2], way="in-parts")
    assert one_hop.asked is None and any("has no parts" in note for note in one_hop.notes)


def test_it_is_said_in_words_and_in_json(run, capsys):
    answer = run.ask(*question_of(run))
    show_answer(answer, as_json=True)
    told = json.loads(capsys.readouterr().out)["asked"]
    assert told["way"] == "hop by hop" and told["why"] == "validation" and told["query"] == "2p"
    assert told["mrr"][f"hop by hop, {told['by']}"] == max(told["mrr"].values())
    show_answer(answer, as_json=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert f"asked hop by hop, {told['by']}: MRR" in printed and "; at once: 0." in printed


def test_the_choice_is_kept_with_the_run(run, monkeypatch):
    kept = run.folder.asked(run.folder.newest())
    assert kept["choices"]["2p"]["way"] == "hop by hop" and kept["cuts"]
    wanted = run.ask(*question_of(run))

    def never(*_, **__):
        raise AssertionError("validation is asked again")

    for name in ("choose", "calibrate"):
        monkeypatch.setattr(f"latebloom.asking.choosing.{name}", never)
    again = latebloom.load(run.folder.path).ask(*question_of(run))
    assert again.as_dict() == wanted.as_dict()
    # Of another checkpoint nothing is kept.
    other = latebloom.load(run.folder.path, step=40)
    assert RunFolder.open(run.folder.path).asked(run.folder.at_step(40)) == {}
    with pytest.raises(AssertionError, match="validation is asked again"):
        other.ask(*question_of(run))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("hop by hop", "side by side"),
        lambda text: "[]",
        lambda text: json.dumps(
            {"weights": json.loads(text)["weights"], "choices": 3, "cuts": [{"query": "2p"}, 7]}
        ),
    ],
)
def test_a_damaged_choice_is_made_again(run, change):
    path = run.folder.path / "asked.json"
    text = path.read_text()
    wanted = run.ask(*question_of(run)).as_dict()
    try:
        path.write_text(change(text))
        assert latebloom.load(run.folder.path).ask(*question_of(run)).as_dict() == wanted
    finally:
        path.write_text(text)


def test_the_summary_ranks_both_ways_and_covers_as_it_is_asked(run):
    summary = run.summary
    ranking, by_hops = summary["ranking"]["2p"], summary["hop_by_hop"]["2p"]
    assert {kind: one["n"] for kind, one in by_hops.items()} == {
        kind: one["n"] for kind, one in ranking.items()
    }
    assert by_hops["missing"]["mrr"] > ranking["missing"]["mrr"]
    assert by_hops["known"]["mrr"] > ranking["known"]["mrr"]
    assert summary["asked"]["2p"]["way"] == "hop by hop" and "1p" not in summary["asked"]
    again = rank_all(run.model, run.data, run.asking)
    assert again["coverage"] == summary["coverage"] and again["asked"] == summary["asked"]
    at_once = Asking(run.model, run.world)
    at_once.chain = lambda hops, wish="auto": run.asking.chain(hops, "at-once")
    covered = rank_all(run.model, run.data, at_once)["coverage"]["by_query"]["2p"]
    assert covered["mean_size"] > summary["coverage"]["by_query"]["2p"]["mean_size"]
    assert ", hop by hop" in run.report().read_text()


def test_a_run_with_one_answer_a_question_has_no_way_to_choose(tmp_path):
    rows = [f"n{i},r,n{(i * 3 + 1) % 20}" for i in range(20)]
    (tmp_path / "one.csv").write_text("\n".join(rows))
    config = make_recipe("facts").replace("world", facts=str(tmp_path / "one.csv"))
    config = config.replace("world", many_valued="error", ood_frac=0.0)
    config = config.replace("model", d_model=16, n_heads=2).replace("train", steps=2, until="")
    run = latebloom.grow(config, tmp_path / "run", device="cpu", threads=1)
    assert not run.world.task.several
    assert not (run.folder.path / "asked.json").exists()
    with pytest.raises(LatebloomError, match="this one is always asked at once"):
        run.ask("n0", "r", "r", way="in-parts")
