"""What the tests of the rivals share: a small world of each task."""

import pytest


@pytest.fixture
def comparison_world():
    from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison

    return make_comparison(
        ComparisonConfig(entities=12, attributes=2, values=4, ood_frac=0.2, phi=2), 0
    )


@pytest.fixture
def hidden_world():
    from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes

    config = HiddenAttributesConfig(
        entities=24, attributes=3, values=4, ood_frac=0.25, within_frac=0.1, across_frac=0.2
    )
    return make_hidden_attributes(config, seed=0)
