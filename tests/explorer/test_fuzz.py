"""The explorer's API put to what its own description allows, and to what it does not.

schemathesis reads `/openapi.json` and draws requests from it: values that fit and values that do
not, long ones, empty ones, odd characters. Whatever it asks, the server answers with a status that
the description names, with a body of the described shape, and never with an error of its own.
"""

import pytest

schemathesis = pytest.importorskip("schemathesis")

from hypothesis import HealthCheck, settings
from starlette.testclient import TestClient

from latebloom.explorer.app import make_app
from latebloom.explorer.folder import Folder

HOME = "http://127.0.0.1:8321"


@pytest.fixture(scope="module")
def described(grown):
    app = make_app(Folder(grown))
    return schemathesis.openapi.from_asgi("/openapi.json", app, headers={"host": "127.0.0.1"})


schema = schemathesis.pytest.from_fixture("described")


@schema.parametrize()
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case):
    case.headers = {**(case.headers or {}), "host": "127.0.0.1"}
    if case.path == "/api/events":
        case.query = {**(case.query or {}), "once": "true"}  # else it never ends
    case.call_and_validate()
