"""In what two configs differ."""

from latebloom.recipes.catalogue import make_recipe
from latebloom.training.differences import difference, differences


def test_fields_that_differ_with_both_values():
    config = make_recipe("composition")
    other = config.replace("world", phi=2.0).replace("train", steps=30)
    assert differences(config, other) == {"world.phi": (9.0, 2.0), "train.steps": (400, 30)}
    assert difference(config, other) == "world.phi is 9.0, not 2.0"
    assert difference(config, config) == "nothing differs"


def test_a_field_that_only_one_of_them_has():
    found = differences(make_recipe("composition"), make_recipe("comparison"))
    assert found["world.attributes"] == (None, 10)
    assert found["world.hops"] == (2, None)
