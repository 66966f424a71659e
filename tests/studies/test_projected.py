"""Tree projections over a run: a record a checkpoint, kept, the same when taken up again."""

import json
from dataclasses import replace

import pytest

from latebloom.circuits.record import ExaminationConfig
from latebloom.errors import CorpusError, LatebloomError, RunFolderError
from latebloom.model.config import ModelConfig
from latebloom.reports.page import write_report
from latebloom.reports.projected import write_tree_figures
from latebloom.run import load
from latebloom.studies.checkpoints import walk
from latebloom.studies.grow import grow
from latebloom.training.config import RunConfig, SentenceFeedConfig, TrainConfig
from latebloom.training.run_folder import RunFolder
from latebloom.trees.examination import TreeInstrument
from latebloom.trees.record import ProjectionConfig
from latebloom.trees.scores import score_trees, sentences_to_project
from latebloom.worlds.sentences.question import QuestionConfig

CONFIG = RunConfig(
    recipe="question",
    world=QuestionConfig(train=60, test_id=20, test_ood=20, test_apart=20),
    model=ModelConfig(
        d_model=16, n_layers=2, n_heads=2, n_loops=1, feedback="none", positions="rotary"
    ),
    feed=SentenceFeedConfig(),
    train=TrainConfig(
        steps=8,
        batch_size=10,
        eval_every=4,
        checkpoint_every=20,
        until="",
    ),
)
ASKED = ProjectionConfig(sentences=12, examples=2)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    grow(CONFIG, path)
    return RunFolder.open(path)


def project(run, config, *, step=None, progress=lambda step, done, total: None):
    instrument = TreeInstrument.of_corpus(run.corpus(), config, progress=progress)
    return walk(run, instrument, step=step)


def test_every_checkpoint_has_its_record(run):
    records = list(project(run, ASKED))
    assert [r.step for r in records] == [c.step for c in run.checkpoints()] == [0, 4, 8]
    loaded = load(run.path, step=8)
    lines = sentences_to_project(loaded.corpus, 12, 0)
    alone = score_trees(loaded.model, lines)
    assert records[-1].t_score_published == pytest.approx(alone.t_score_published)
    assert records[-1].t_parseval["chart"].f1 == alone.parseval["chart"].f1
    assert records[0].t_parseval["random"] == records[-1].t_parseval["random"]
    assert len(records[-1].attention_entropy) == 2
    for example in records[-1].examples:
        n = len(example.words)
        assert (0, n - 1) in example.predicted
        assert len(example.predicted) == n - 1


def test_what_was_measured_is_not_measured_again(run):
    first = list(project(run, ASKED))
    told = []
    path = run.path / "trees" / "step_0000004-train-12-0.json"
    path.write_text('{"format": 1, "conf')
    again = list(project(run, ASKED, progress=lambda step, done, _: told.append((step, done))))
    assert [one.as_dict() for one in again] == [one.as_dict() for one in first]
    assert {step for step, _ in told} == {4}
    counted = [done for _, done in told]
    assert len(counted) > 2
    assert counted == sorted(counted)
    assert counted[-1] == 12
    assert json.loads(path.read_text())["step"] == 4


def test_another_measurement_stands_beside_the_first(run):
    first = next(project(run, ASKED, step=8))
    for other in (replace(ASKED, sentences=5), replace(ASKED, seed=1)):
        record = next(project(run, other, step=8))
        assert record.t_score_published != first.t_score_published
    told = []
    again = project(run, ASKED, step=8, progress=lambda step, done, _: told.append(done))
    assert next(again).as_dict() == first.as_dict()
    assert told == []


def test_figures_stand_in_the_report(run):
    records = list(project(run, ASKED))
    drawn = write_tree_figures(run.path, records)
    assert [path.name for path in drawn] == [
        "tree-projections.svg",
        "tree-of-sentence-1.svg",
        "tree-of-sentence-2.svg",
    ]
    assert drawn[0].read_text().count("<!-- training step -->") == 1
    word = records[-1].examples[0].words[0]
    assert f">{word}</text>" in drawn[1].read_text()
    page = write_report(run.path).read_text()
    assert "Tree of sentence 2" in page
    before = drawn[0].read_bytes()
    assert write_tree_figures(run.path, records)[0].read_bytes() == before


def test_what_cannot_be_projected_is_told(run, tmp_path, small_config):
    with pytest.raises(CorpusError, match="it has train, test_id, test_ood"):
        list(project(run, replace(ASKED, split="dev")))
    with pytest.raises(CorpusError, match="--sentences is 0"):
        ProjectionConfig(sentences=0)
    grow(replace(small_config, train=replace(small_config.train, steps=1)), tmp_path / "facts")
    with pytest.raises(RunFolderError, match="holds no sentences"):
        list(project(RunFolder.open(tmp_path / "facts"), ASKED))
    assert not (tmp_path / "facts" / "trees").exists()


def test_a_negative_seed_is_refused():
    with pytest.raises(LatebloomError, match="seed is -1"):
        ProjectionConfig(seed=-1)
    with pytest.raises(LatebloomError, match="seed is -1"):
        ExaminationConfig(seed=-1)
