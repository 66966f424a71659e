"""What several tests of asking share."""

import pytest
from taught import DRUGS, taught_by_heart


@pytest.fixture(scope="package")
def taught(tmp_path_factory):
    """A model that knows `DRUGS` by heart, and its world."""
    return taught_by_heart(DRUGS, tmp_path_factory.mktemp("table"))
