"""Parts of one's own in a training: callbacks, a loss, optimizers, a world."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from latebloom.errors import LatebloomError, RunFolderError, TrainingError
from latebloom.studies.grow import grow, resume
from latebloom.training.checkpoint import list_checkpoints
from latebloom.training.config import SentenceFeedConfig
from latebloom.training.listener import Silence
from latebloom.training.milestones import MOST
from latebloom.training.objective import Supervision, batch_loss
from latebloom.training.own import Own
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.build import GivenConfig, build_world
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig
from latebloom.worlds.splits import for_choosing


class Hear(Silence):
    """Keeps what it is told."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


class Killed(BaseException):
    """Stands for a death that nobody catches."""


def metrics(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def newest(folder):
    return list_checkpoints(folder / "checkpoints")[-1]


def weights(folder, at=-1):
    return list_checkpoints(folder / "checkpoints")[at].tensors("model")


# Callbacks


def test_what_a_callback_returns_stands_in_the_record(small_config, tmp_path):
    moments = []

    def norm(moment):
        moments.append((moment.step, moment.record is not None, moment.loss))
        return {"norm": float(moment.model.embed.weight.detach().norm())}

    def number_of_rows(moment):
        return {"rows": sum(len(group.answers) for group in moment.batch)}

    grow(small_config, tmp_path / "run", own=Own(callbacks=(norm, number_of_rows)))
    plain = grow(small_config, tmp_path / "plain")
    assert [step for step, _, _ in moments] == list(range(1, 25))
    assert [step for step, evaluated, _ in moments if evaluated] == [8, 16, 24]
    records = metrics(tmp_path / "run")
    assert [r["rows"] for r in records] == [16, 16, 16]
    last = weights(tmp_path / "run")["embed.weight"]
    assert records[-1]["norm"] == pytest.approx(float(last.norm()), rel=1e-5)
    # The loss of the record is the mean over the steps since the one before.
    losses = [loss for _, _, loss in moments]
    assert records[1]["loss"] == pytest.approx(np.mean(losses[8:16]))
    # They only look: the run is the one without them.
    for name, tensor in weights(tmp_path / "plain").items():
        assert torch.equal(tensor, weights(tmp_path / "run")[name])
    assert plain["stopped_by"] == "steps"


def test_the_trained_and_the_measured_model_differ_where_weights_are_averaged(
    small_config, tmp_path
):
    seen = []

    def look(moment):
        seen.append((moment.model, moment.measured))

    grow(small_config, tmp_path / "plain", own=Own(callbacks=(look,)))
    assert all(model is measured for model, measured in seen)
    seen.clear()
    average = small_config.replace("train", average_frac=0.9)
    grow(average, tmp_path / "average", own=Own(callbacks=(look,)))
    assert all(model is not measured for model, measured in seen)


def test_a_callback_stops_the_run_and_it_can_go_on(small_config, tmp_path):
    def enough(moment):
        if moment.step == 11:
            moment.stop()

    told = grow(small_config, tmp_path / "run", own=Own(callbacks=(enough,)))
    assert (told["stopped_by"], told["steps"]) == ("callback", 11)
    assert newest(tmp_path / "run").step == 11
    assert [r["step"] for r in metrics(tmp_path / "run")] == [8]
    # A callback changes nothing that is computed, so a run goes on without it.
    again = resume(tmp_path / "run")
    assert (again["stopped_by"], again["steps"]) == ("steps", 24)
    whole = grow(small_config, tmp_path / "whole")
    assert again["splits"] == whole["splits"]
    for name, tensor in weights(tmp_path / "whole").items():
        assert torch.equal(tensor, weights(tmp_path / "run")[name])


def test_a_metric_may_not_take_the_name_of_another(small_config, tmp_path):
    def bad(moment):
        return {"loss": 0.0, "mine": 1.0}

    with pytest.raises(TrainingError, match=r"a callback returned loss, .* another name"):
        grow(small_config, tmp_path / "run", own=Own(callbacks=(bad,)))


# Loss and optimizers


def doubled(model, batch):
    return 2 * batch_loss(model, batch, Supervision(every_loop=True, label_smoothing=0.0))


def still(model, told):
    """Moves nothing; keeps the peak that the schedule starts from."""
    assert told.steps == 24
    return [torch.optim.SGD(model.parameters(), lr=0.0)]


def test_an_own_loss_is_the_one_that_is_trained_and_recorded(small_config, tmp_path):
    own = Own(loss=doubled, optimizers=still)
    grow(small_config, tmp_path / "own", own=own)
    grow(small_config, tmp_path / "plain", own=Own(optimizers=still))
    pairs = zip(metrics(tmp_path / "own"), metrics(tmp_path / "plain"), strict=True)
    for one, other in pairs:
        assert one["loss"] == pytest.approx(2 * other["loss"], rel=1e-5)
        assert one["accuracy"] == other["accuracy"]


def test_own_optimizers_move_the_weights(small_config, tmp_path):
    grow(small_config, tmp_path / "still", own=Own(optimizers=still))
    first, last = weights(tmp_path / "still", 0), weights(tmp_path / "still")
    assert newest(tmp_path / "still").step == 24
    for name, tensor in first.items():
        assert torch.equal(tensor, last[name])

    def down(model, told):
        return [torch.optim.SGD(model.parameters(), lr=0.1)]

    grow(small_config, tmp_path / "down", own=Own(optimizers=down))
    moved = weights(tmp_path / "down")
    assert not torch.equal(moved["embed.weight"], first["embed.weight"])


def test_parts_that_change_the_numbers_are_required_again(small_config, tmp_path):
    def dies(moment):
        if moment.step == 13:
            raise Killed

    own = Own(loss=doubled)
    whole = grow(small_config, tmp_path / "whole", own=own)
    with pytest.raises(Killed):
        grow(small_config, tmp_path / "run", own=replace(own, callbacks=(dies,)))
    assert RunFolder.open(tmp_path / "run").machine().own == ["loss"]
    with pytest.raises(RunFolderError, match=r"with loss of one's own.*Own\(loss=\.\.\.\)\)"):
        resume(tmp_path / "run")
    with pytest.raises(RunFolderError, match="with latebloom's optimizers"):
        resume(tmp_path / "run", own=replace(own, optimizers=still))
    assert resume(tmp_path / "run", own=own)["splits"] == whole["splits"]
    for name, tensor in weights(tmp_path / "whole").items():
        assert torch.equal(tensor, weights(tmp_path / "run")[name])


def test_a_run_without_own_parts_is_not_gone_on_with_by_them(small_config, tmp_path):
    grow(small_config, tmp_path / "run")
    with pytest.raises(RunFolderError, match="with latebloom's loss"):
        resume(tmp_path / "run", own=Own(loss=doubled))


# A world


def test_a_world_of_ones_own_is_trained_on_and_kept(small_config, small_world, tmp_path):
    given = replace(small_config, world=GivenConfig(name="mine"))
    grow(given, tmp_path / "run", own=Own(world=small_world))
    grow(small_config.with_seed(3), tmp_path / "made")
    run = RunFolder.open(tmp_path / "run")
    assert run.config().world == GivenConfig(name="mine")
    for split, rows in small_world.splits.items():
        np.testing.assert_array_equal(run.world().splits[split], rows)
    # The world of `small_config` with seed 3 is `small_world`: so these are the same run.
    for name, tensor in weights(tmp_path / "made").items():
        assert torch.equal(tensor, weights(tmp_path / "run")[name])


def test_a_given_world_that_is_not_given_is_asked_for(small_config, small_world, tmp_path):
    given = replace(small_config, world=GivenConfig(name="mine"))
    with pytest.raises(LatebloomError, match=r"'mine' was handed in from Python.*Own\(world="):
        grow(given, tmp_path / "run")
    wrong = replace(given, feed=SentenceFeedConfig(), model=small_config.model)
    with pytest.raises(LatebloomError, match="give feed=QuestionFeedConfig"):
        grow(wrong, tmp_path / "wrong", own=Own(world=small_world))


# What a world that asks otherwise makes of a run


def test_a_world_without_ood_facts_stops_by_the_other_splits(small_config, tmp_path):
    rule = "valid_id>=0.0 and valid_ood>=0.99"
    config = small_config.replace("world", ood_frac=0.0).replace("train", until=rule)
    hear = Hear()
    told = grow(config, tmp_path / "run", listener=hear)
    assert "test_ood" not in told["splits"]
    assert hear.notes == [
        "until: this world holds out no valid_ood, so the rule goes by the others"
    ]
    assert (told["stopped_by"], told["steps"]) == ("until", 24)
    shutil.rmtree(tmp_path / "run")
    alone = config.replace("train", until="test_ood>=0.99")
    with pytest.raises(LatebloomError, match="none of these splits"):
        grow(alone, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_seed_of_the_world_is_its_own(small_config):
    config = small_config.replace(seed=8)
    one, other = (build_world(c.world, c.world_seed) for c in (small_config, config))
    np.testing.assert_array_equal(one.facts.object, other.facts.object)
    third = build_world(config.world, config.with_seed(8).world_seed)
    assert not np.array_equal(one.facts.object, third.facts.object)


def test_hidden_values_have_their_phases_in_the_records(small_config, tmp_path):
    world = HiddenAttributesConfig(
        entities=24, attributes=3, values=4, ood_frac=0.25, within_frac=0.1, across_frac=0.2
    )
    train = replace(small_config.train, until="valid_hard>=0.0")
    told = grow(replace(small_config, world=world, train=train), tmp_path / "run")
    assert told["stopped_by"] == "until"
    task = RunFolder.open(tmp_path / "run").world().task
    for record in metrics(tmp_path / "run"):
        decided = for_choosing(record["accuracy"])
        assert record["phase"] == task.phase(decided, MOST)
        assert decided["test_hard"] == record["accuracy"]["valid_hard"]
        assert task.phase(decided | {"test_hard": 1.0}, MOST) == "systematic"
