"""Names and ids."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latebloom.errors import UnknownNameError
from latebloom.worlds.vocabulary import Vocabulary

WORDS = Vocabulary(("JFK", "Paris", "paris", "country", "São Paulo"))


@settings(database=None, deadline=None)
@given(st.lists(st.text(), unique=True))
def test_encoding_and_decoding_undo_each_other(words):
    vocabulary = Vocabulary(tuple(words))
    assert vocabulary.encode(words) == list(range(len(words)))
    assert vocabulary.decode(range(len(words))) == words


def test_letter_case_is_forgiven_where_one_name_is_left():
    assert WORDS.id("jfk") == 0
    assert WORDS.id("são paulo") == 4
    assert (WORDS.id("Paris"), WORDS.id("paris")) == (1, 2)
    with pytest.raises(UnknownNameError):
        WORDS.id("PARIS")


def test_an_unknown_name_is_told_its_nearest():
    with pytest.raises(UnknownNameError, match="unknown name 'countri'; nearest: country"):
        WORDS.id("countri")
    assert WORDS.nearest("cou") == ["country"]
    assert WORDS.nearest("zzzzz") == []


def test_a_name_that_stands_twice_is_refused():
    with pytest.raises(ValueError, match="'a' stands twice"):
        Vocabulary(("a", "b", "a"))
