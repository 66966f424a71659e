"""The page says what the splits of its run hold, by what the run folder says of them."""

from latebloom.reports.page import verdict
from latebloom.reports.splits import style_of
from latebloom.worlds.sentences.tasks import DyckTask, QuestionTask
from latebloom.worlds.splits import Split, SplitMeaning
from latebloom.worlds.tasks.chain import ChainTask


def rows(task, **accuracy):
    meanings = {split: task.meaning(split) for split in accuracy}
    return [
        {"name": name, "accuracy": share, "main": style.main, "style": style}
        for name, share in accuracy.items()
        for style in [style_of(name, meanings)]
    ]


def test_the_verdict_speaks_of_lines():
    asked = {"train": 1.0, "test_id": 1.0, "test_ood": 0.5, "test_apart": 0.25}
    assert verdict(rows(QuestionTask(), **asked), "sentences") == (
        "Gets right 100 % of the new lines like those trained on, and 50.0 % of the questions whose"
        " main auxiliary is not the first, and 25.0 % of the questions whose main auxiliary is"
        " neither the first nor the last."
    )
    assert verdict(rows(ChainTask(), test_id=0.5), "questions") == (
        "Answers 50.0 % of the new questions over facts that training composes."
    )
    assert verdict(rows(QuestionTask(), train=1.0), "sentences") == ""


def test_what_a_split_holds_is_its_meaning_in_the_run():
    own = {"test_ood": DyckTask().meaning(Split.TEST_OOD)}
    assert style_of("test_ood", own).holds == "brackets in shapes never trained"
    assert style_of("train", {"train": SplitMeaning("words")}).holds == "words"
    assert style_of("test_hops_3").holds == "chains of 3 hops over ID facts"
    assert style_of("unheard").holds == ""
