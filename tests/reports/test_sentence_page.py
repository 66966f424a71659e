"""The page of a run on sentences says what its splits hold."""

from latebloom.reports.page import verdict
from latebloom.reports.splits import holds


def test_the_verdict_speaks_of_lines():
    rows = [{"name": "test_id", "accuracy": 1.0}, {"name": "test_ood", "accuracy": 0.5}]
    assert verdict(rows, "question") == (
        "Gets right 100 % of the new lines like those trained on, and 50.0 % of the lines that only"
        " the hierarchical rule gets right."
    )
    assert "facts" in verdict(rows, "composition")
    assert verdict(rows[:1], "sentences").endswith("new lines like those trained on.")


def test_what_a_split_holds_depends_on_the_world():
    assert holds("test_ood", "dyck") == "brackets in shapes never trained"
    assert holds("train", "tense") == "lines that are trained on"
    assert holds("test_id", "composition") == "new questions over ID facts"
    assert holds("test_hops_3", "composition") == "chains of 3 hops over ID facts"
