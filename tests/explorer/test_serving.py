"""The explorer as the tests in a browser and the pictures have it served."""

import json
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from benchmarks.serving import served


def test_it_answers_until_one_is_done_or_has_failed(root):
    with pytest.raises(ZeroDivisionError), served(root) as address:
        with urlopen(f"{address}/api/runs") as told:
            assert "seed0" in {row["name"] for row in json.load(told)}
        assert 1 / 0
    with pytest.raises(URLError):
        urlopen(f"{address}/api/runs")
