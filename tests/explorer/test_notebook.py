"""The widget of a notebook's cell: what its page asks is what Python answers."""

import json

import pytest

pytest.importorskip("anywidget", reason="the extra notebook brings it")

import latebloom
from latebloom.circuits.moving import Embedding, Mean, Noise, OfQuestion
from latebloom.errors import LatebloomError
from latebloom.explorer.widget import LONGEST_QUESTION
from latebloom.run import load


def told(widget, message):
    """What comes back for a message, through the widget's own way of hearing and of sending."""
    sent = []
    widget.send = lambda content, buffers=None: sent.append(content)
    widget._handle_custom_msg(message, [])
    (reply,) = sent
    return json.loads(json.dumps(reply, allow_nan=False))


def test_what_the_cell_asks_is_what_python_answers(root):
    run = load(root / "seed0")
    widget, words = latebloom.explore(run), run.world.example()
    query = [["q", word] for word in words]
    assert told(widget, {"number": 1, "path": "api/steps", "query": []}) == {
        "number": 1,
        "answer": [one.step for one in run.folder.checkpoints()],
    }
    asked = told(widget, {"number": 2, "path": "api/ask", "query": query})
    assert asked["answer"] == json.loads(json.dumps(run.ask(*words).as_dict()))
    earlier = {"number": 3, "path": "api/ask", "query": [["step", "4"], *query]}
    then = load(root / "seed0", step=4).ask(*words).as_dict()
    assert told(widget, earlier)["answer"] == json.loads(json.dumps(then))
    lens = told(widget, {"number": 4, "path": "api/lens", "query": query})["answer"]
    states = [one.as_dict() for one in run.lens(*words)]
    assert lens["states"] == json.loads(json.dumps(states))


def test_a_state_is_moved_in_the_cell_as_in_python(root):
    run = load(root / "seed0")
    rows = run.world.examples("train_inferred")[:2, :-1].tolist()
    words, other = (run.world.vocabulary.decode(row) for row in rows)
    place, end = {"loop": 1, "layer": 1, "position": 1}, {"loop": 2, "layer": 1, "position": 2}
    query = [["q", one] for one in words] + [["from", one] for one in other]
    query += [[name, str(value)] for name, value in end.items()]
    query += [[f"from_{name}", str(value)] for name, value in end.items()]
    moved = told(latebloom.explore(run), {"number": 1, "path": "api/patch", "query": query})
    wanted = run.patch(*words, **end, by=OfQuestion(other)).as_dict()
    assert moved["answer"] == json.loads(json.dumps(wanted))
    assert moved["answer"]["after"][0]["name"] == run.ask(*other).answers[0].name
    for pair, by in (
        (["noise", "7"], Noise(7)),
        (["mean", "true"], Mean()),
        (["embedding", words[0]], Embedding(words[0])),
    ):
        query = [["q", one] for one in words] + [[n, str(v)] for n, v in place.items()]
        message = {"number": 2, "path": "api/patch", "query": [*query, pair]}
        wanted = run.patch(*words, **place, by=by).as_dict()
        assert told(latebloom.explore(run), message)["answer"] == json.loads(json.dumps(wanted))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"path": "api/ask", "query": [["q", "nobody"], ["q", "r1"]]}, "unknown name"),
        ({"path": "api/ask", "query": [["q", "e1"]] * (LONGEST_QUESTION + 1)}, "at most"),
        ({"path": "api/ask", "query": [["step", "9999"], ["q", "e1"], ["q", "r1"]]}, "checkpoint"),
        ({"path": "api/ask", "query": [["step", "seven"]]}, "this cannot be asked"),
        ({"path": "api/patch", "query": [["q", "e1"], ["q", "r1"]]}, "this cannot be asked"),
        (
            {"path": "api/patch", "query": [["q", "e1"], *(["loop", "1"], ["layer", "0"])]},
            "this cannot be asked",
        ),
        ({"path": "../secret", "query": []}, "this cannot be asked"),
        ({"query": None}, "this cannot be asked"),
        ("text", "this cannot be asked"),
    ],
)
def test_what_cannot_be_asked_is_answered_in_a_line(root, message, said):
    reply = told(latebloom.explore(root / "seed0"), message)
    assert said in reply["detail"] and "\n" not in reply["detail"]
    assert "answer" not in reply


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(LatebloomError, match="no run"):
        latebloom.explore(tmp_path)
