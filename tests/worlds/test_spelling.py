"""Spellings of one name: what is forgiven, and what never is."""

import pytest

from latebloom.worlds.spelling import bare, folded, mixes_alphabets, skeleton


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u00b5-opioid", "\u03bc-opioid"),  # the micro sign and the Greek letter
        ("KIT\u200b", "KIT"),
        ("Zu\u0308rich", "Zürich"),
        ("\uff2bIT", "KIT"),
        ("type  2\u00a0diabetes", "type 2 diabetes"),
    ],
)
def test_what_cannot_be_seen_does_not_count(one, other):
    assert one != other and bare(one) == bare(other)


def test_letter_case_and_separators():
    assert folded("Aspirin") == folded("ASPIRIN") != bare("Aspirin")
    assert len({skeleton(name) for name in ("TNF-α", "TNF alpha", "tnfα", "TNF‐Alpha")}) == 1
    assert skeleton("Crohn's disease") == skeleton("Crohns disease")


@pytest.mark.parametrize(
    ("one", "other"), [("1.5", "15"), ("2-3", "23"), ("Na+", "Na"), ("TNF-α", "TNF-β"), ("-", "")]
)
def test_two_things_stay_two(one, other):
    assert skeleton(one) != skeleton(other)


def test_letters_of_two_alphabets():
    assert mixes_alphabets("\u0430spirin") and not mixes_alphabets("aspirin")
    assert not mixes_alphabets("TNF-α")
