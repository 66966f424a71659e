"""The explorer's API put to what its own description allows, and to what it does not.

schemathesis reads `/openapi.json` and draws requests from it: values that fit and values that do
not, long ones, empty ones, odd characters. Whatever it asks, the server answers with a status that
the description names, with a body of the described shape, and never with an error of its own.
"""

import pytest

pytest.importorskip("schemathesis")

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from latebloom.explorer.app import make_app
from latebloom.explorer.folder import Folder
from latebloom.run import load

HOST = "127.0.0.1:8321"
PATHS = (
    "/run",
    *(
        f"/api/{name}"
        for name in ("runs", "studies", "records", "steps", "ask", "lens", "patch", "events")
    ),
)
NAMES = ("seed0", "seed1", "study/phi1")
EXAMPLES = 15


@pytest.fixture(scope="module")
def questions(grown) -> list[list[str]]:
    """Questions that the runs can be asked."""
    world = load(grown / "seed0").world
    rows = world.examples("train_inferred")[:10, :-1].tolist()
    return [world.vocabulary.decode(row) for row in rows]


@pytest.fixture(scope="module")
def operations(grown) -> dict:
    """What the description says can be asked, by path."""
    app = make_app(Folder(grown))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"host": HOST})
    return {one.ok().path: one.ok() for one in schema.get_all_operations()}


def of_real_runs(cases, questions):
    """Requests about runs that there are, and most of them with a question that can be asked."""

    def told(case, name, question):
        case.query = {**(case.query or {}), "name": name}
        if question is not None and "q" in case.query:
            case.query["q"] = question
        if question is not None and "loop" in case.query:  # a state that there is, and one source
            kept = {key: one for key, one in case.query.items() if key in ("name", "q", "top")}
            case.query = kept | {"loop": 1, "layer": 1, "position": 1, "noise": 3}
        return case

    chosen = st.one_of(st.sampled_from(questions), st.none())
    return st.builds(told, cases, st.sampled_from(NAMES), chosen)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("mode", "real"),
    [
        (GenerationMode.POSITIVE, False),
        (GenerationMode.NEGATIVE, False),
        (GenerationMode.POSITIVE, True),
    ],
    ids=["fits", "does-not-fit", "of-real-runs"],
)
def test_every_answer_is_as_described(operations, questions, path, mode, real):
    operation, asked = operations[path], []
    if mode is GenerationMode.NEGATIVE and not list(operation.query):
        pytest.skip("it takes no values, so none can be wrong")
    cases = operation.as_strategy(generation_mode=mode)

    @given(case=of_real_runs(cases, questions) if real else cases)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def put(case):
        case.headers = {**(case.headers or {}), "host": HOST}
        if path == "/api/events":
            case.query = {**(case.query or {}), "once": "true"}  # else it never ends
        asked.append(case.call_and_validate().status_code)

    put()
    assert asked
    assert 200 in asked or not real


def test_the_description_names_every_path(operations):
    assert set(operations) == set(PATHS)
