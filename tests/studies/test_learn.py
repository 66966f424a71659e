"""Learning facts later: a new run, the old one as it was, and the truth about what came of it."""

import hashlib
import json

import numpy as np
import pytest

import latebloom
from latebloom.cli.app import app
from latebloom.errors import LatebloomError
from latebloom.studies.learn import AFRESH, FACTS_FILE
from latebloom.studies.learned import Learned, Share
from latebloom.training.config import RunConfig


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    config = latebloom.make_recipe("composition").replace(
        "world", entities=12, relations=4, out_degree=4, ood_frac=0.2, phi=2.0, test_id_frac=0.1
    )
    config = config.replace("model", d_model=16, n_heads=2)
    config = config.replace("train", steps=4, batch_size=16, eval_every=2, until="")
    latebloom.grow(config, folder / "run")
    (folder / "more.csv").write_text(
        "subject,relation,object\nnew,r0,e1\nnew,color,blue\ne0,r0,e0\n"
    )
    return folder


def prints(folder):
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_what_was_learned_is_a_new_run_and_the_old_one_stays(grown):
    before = prints(grown / "run")
    run = latebloom.load(grown / "run")
    new, learned = run.learn(grown / "more.csv", grown / "learned", steps=3, device="cpu")
    assert prints(grown / "run") == before
    assert learned.new.of == 3 and learned.steps == 3 and learned.source.endswith("more.csv")
    assert {"new", "color", "blue"} <= set(new.world.vocabulary.words)
    assert new.ask("new", "color").truth == "blue" and new.ask("e0", "r0").truth == "e0"
    assert new.summary["learned"] == learned.as_dict()
    assert [row["step"] for row in new.metrics()] == [3]
    # The old facts are rehearsed from the weights that were there: nothing starts again.
    assert new.at(0).step == 0
    told = (grown / "learned" / FACTS_FILE).read_text().splitlines()
    assert len(told) == 1 + len(new.world.facts) and "new,color,blue" in told


def test_the_config_beside_it_grows_a_new_run_over_all_facts(grown):
    latebloom.load(grown / "run").learn(grown / "more.csv", grown / "afresh", steps=1, device="cpu")
    config = RunConfig.from_toml((grown / "afresh" / AFRESH).read_text())
    assert config.train == latebloom.load(grown / "run").config.train
    world = latebloom.build_world(config.replace("world", phi=1.0).world, 0)
    words = world.vocabulary.words
    assert ("new", "color", "blue") in {tuple(words[i] for i in r) for r in world.facts.rows()}


def test_learning_again_begins_with_the_rates_of_the_first_training(grown):
    run = latebloom.load(grown / "run")
    once, _ = run.learn(grown / "more.csv", grown / "once", steps=1, device="cpu")
    (grown / "still.csv").write_text("subject,relation,object\nnew,r1,e2\n")
    twice, learned = once.learn(grown / "still.csv", grown / "twice", steps=1, device="cpu")
    assert twice.config.train.lr == once.config.train.lr < run.config.train.lr
    assert learned.new.of == 1 and twice.ask("new", "color").truth == "blue"
    assert len(twice.world.facts) == len(once.world.facts) + 1


def test_a_batch_holds_new_facts_and_old_ones(grown):
    new, _ = latebloom.load(grown / "run").learn(
        grown / "more.csv", grown / "batches", steps=1, device="cpu"
    )
    from latebloom.training.feed import make_feed

    batch = make_feed(new.config, new.data, new.model.device).batch(1)
    assert [len(group.answers) for group in batch if group.atomic] == [6, 4]
    assert sum(len(group.answers) for group in batch) == 16
    later = {tuple(row) for row in new.world.examples("atomic_later")[:, :-1].tolist()}
    assert {tuple(row) for row in batch[-1].tokens.tolist()} <= later


def share(right, of=100):
    return Share(right, of)


@pytest.mark.parametrize(
    ("changed", "there"),
    [
        ({}, True),
        ({"new": share(98)}, False),
        ({"kept": share(98)}, False),
        ({"composed": share(80)}, False),
        ({"held_out": share(97)}, False),
        ({"kept": share(0, 0), "composed": share(0, 0), "held_out": share(0, 0)}, True),
        ({"held_out_before": share(60), "held_out": share(60), "composed": share(55)}, True),
    ],
)
def test_it_got_there_only_if_all_of_it_is_good(changed, there):
    all_right = dict.fromkeys(
        ("new", "kept", "composed", "held_out_before", "held_out"), share(100)
    )
    learned = Learned(
        source="more.csv",
        run="run",
        told={"added": 1},
        steps=1,
        seconds=1.0,
        facts="",
        **(all_right | changed),
    )
    assert learned.got_there is there and learned.as_dict()["got_there"] is there


def test_the_command_says_that_a_new_run_is_better(grown, capsys):
    words = ["learn", str(grown / "run"), "--facts", str(grown / "more.csv"), "--steps", "1"]
    with pytest.raises(SystemExit) as left:
        app([*words, "--out", str(grown / "shown")], exit_on_error=False)
    assert left.value.code == 3
    printed = capsys.readouterr().out
    assert "new facts right: " in printed and "a new run over all facts is better" in printed
    with pytest.raises(SystemExit):
        app([*words, "--json", "--quiet"], exit_on_error=False)
    told = json.loads(capsys.readouterr().out)
    assert told["got_there"] is False and told["new"]["of"] == 3
    assert (grown / "run-learned" / "summary.json").is_file()  # its name when none is given


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("subject,relation,object\ne0,r0,e1\ne0,r0,e2\n", "is both"),
        ("subject,relation,object\nr0,e0,e1\n", "look whether columns are exchanged"),
        ("", "it is empty"),
        ("subject,relation,object\ne0,r0\n", "2 columns where the first row has 3"),
    ],
)
def test_what_cannot_be_learned_leaves_nothing_behind(grown, text, message):
    path = grown / "bad.csv"
    path.write_text(text)
    with pytest.raises(LatebloomError, match=message):
        latebloom.load(grown / "run").learn(path, grown / "nothing")
    assert not (grown / "nothing").exists()


def test_a_run_does_not_learn_into_itself(grown):
    with pytest.raises(LatebloomError, match="is the run that learns"):
        latebloom.load(grown / "run").learn(grown / "more.csv", grown / "run", overwrite=True)


@pytest.mark.slow
def test_corrected_facts_are_known_and_composed_and_nothing_is_lost(tmp_path):
    run = latebloom.grow(latebloom.make_recipe("composition"), tmp_path / "run")
    words, rows = run.world.vocabulary.words, run.world.facts.rows()
    chosen = rows[np.random.default_rng(7).permutation(len(rows))[:20]]
    lines = [f"{words[s]},{words[r]},{words[(o + 1) % 100]}" for s, r, o in chosen]
    (tmp_path / "more.csv").write_text("\n".join(["subject,relation,object", *lines]))
    _, learned = run.learn(tmp_path / "more.csv", tmp_path / "new")
    assert learned.got_there and learned.told["corrected"] == 20
    assert learned.composed.share >= 0.99 and learned.kept.share >= 0.999
