"""The trees that a run kept, sentence by sentence over its steps."""

import shutil
from pathlib import Path

from latebloom.reports.grown_trees import trees_over_training
from latebloom.studies.checkpoints import walk
from latebloom.training.run_folder import RunFolder
from latebloom.trees.examination import TreeInstrument
from latebloom.trees.record import ProjectionConfig

OLD_RUN = Path(__file__).parents[1] / "old_runs" / "question"


def test_each_sentence_has_its_trees_in_the_order_of_the_steps(tmp_path):
    run = shutil.copytree(OLD_RUN, tmp_path / "run")
    assert trees_over_training(run) == []
    folder = RunFolder.open(run)
    wide, narrow = (ProjectionConfig(sentences=n, seed=1) for n in (12, 5))
    records = list(walk(folder, TreeInstrument.of_corpus(folder.corpus(), wide)))
    # Fewer checkpoints were measured with another config: its trees are not mixed in.
    list(walk(folder, TreeInstrument.of_corpus(folder.corpus(), narrow), step=records[-1].step))
    (run / "trees" / "step_0000099-train-12-1.json").write_text("{")
    found = trees_over_training(run)
    assert [tuple(one["words"]) for one in found] == [one.words for one in records[-1].examples]
    for i, one in enumerate(found):
        assert one["gold"] == records[-1].examples[i].gold
        assert one["trees"] == [(r.step, r.examples[i].predicted) for r in records]
    assert len(records) == 2
