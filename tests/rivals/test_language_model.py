"""The language model: the protocol and its failures, against a server in this process."""

import json
import re
import socket
import sys

import pytest

from latebloom.errors import MissingExtraError, RivalError
from latebloom.rivals.answer_cache import AnswerCache, Completion
from latebloom.rivals.contest import Contest
from latebloom.rivals.endpoint import Endpoint, EndpointConfig, MalformedAnswerError
from latebloom.rivals.language_model import LanguageModel, LanguageModelConfig
from latebloom.rivals.memory import Memory
from latebloom.rivals.prompts import read_reply, write_messages
from latebloom.rivals.retrieval import Bm25, Retrieval

pytest.importorskip("httpx")

HELLO = [{"role": "user", "content": "hello"}]
ANSWERS = {"less than": 0, "equal to": 1, "greater than": 2}


def make_endpoint(server, pauses=None, **settings):
    config = EndpointConfig(endpoint=server.address, model="m", **settings)
    return Endpoint(config, pause=(pauses if pauses is not None else []).append)


def ask(endpoint):
    try:
        return endpoint.complete(HELLO, max_tokens=5, temperature=0.0)
    finally:
        endpoint.close()


def make_rival(server, world, cache=None, **settings):
    memory = Memory.of(world)
    retrieval = settings.pop("retrieval", None)
    config = LanguageModelConfig(
        endpoint=server.address, model="m", first_pause_seconds=0.001, tries=2, **settings
    )
    return LanguageModel(
        memory, config, cache=cache, retrieval=retrieval and Retrieval(memory, retrieval, k=6)
    )


def questions(world, split="test_ood"):
    return world.splits[split][:, :-1]


# The endpoint


def test_a_request_is_in_the_protocol(chat_server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    completion = ask(make_endpoint(chat_server))
    assert (completion.text, completion.prompt_tokens, completion.completion_tokens) == (
        "equal to",
        11,
        3,
    )
    path, body = chat_server.requests[0]
    assert path == "/v1/chat/completions"
    assert body == {"model": "m", "messages": HELLO, "max_tokens": 5, "temperature": 0.0}
    assert chat_server.keys == ["Bearer secret"]


@pytest.mark.parametrize(
    "failure", [500, 503, 429, "__slow_down__", "__malformed__", "__not_json__", "__cut__"]
)
def test_what_passes_is_tried_again(chat_server, failure):
    chat_server.script.extend([failure, failure])
    pauses = []
    assert ask(make_endpoint(chat_server, pauses)).text == "equal to"
    assert len(chat_server.requests) == 3
    if failure == "__slow_down__":
        assert pauses == [7.0, 7.0]
    else:
        assert 0.8 <= pauses[0] <= 1.2 and 1.6 <= pauses[1] <= 2.4


def test_a_timeout_is_tried_again(chat_server):
    chat_server.script.append("__timeout__")
    assert ask(make_endpoint(chat_server, timeout_seconds=0.2)).text == "equal to"
    assert len(chat_server.requests) == 2


@pytest.mark.parametrize(
    ("failure", "error", "message"),
    [
        (503, RivalError, "says 503: no such thing"),
        ("__cut__", RivalError, "cannot be reached"),
        ("__malformed__", MalformedAnswerError, "not in the chat protocol"),
    ],
)
def test_the_last_try_is_the_last(chat_server, failure, error, message):
    chat_server.script.extend([failure] * 9)
    with pytest.raises(error, match=message):
        ask(make_endpoint(chat_server, tries=3))
    assert len(chat_server.requests) == 3


@pytest.mark.parametrize(
    ("status", "message"),
    [(404, "404: no such thing"), (401, "OPENAI_API_KEY right"), (400, "400")],
)
def test_what_does_not_pass_is_not_tried_again(chat_server, status, message):
    chat_server.script.append(status)
    with pytest.raises(RivalError, match=message):
        ask(make_endpoint(chat_server))
    assert len(chat_server.requests) == 1


def test_an_endpoint_that_is_down_is_named():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = EndpointConfig(endpoint=f"http://127.0.0.1:{port}/v1", model="m", tries=2)
    with pytest.raises(RivalError, match=f"127.0.0.1:{port}/v1 cannot be reached"):
        ask(Endpoint(config, pause=lambda seconds: None))


def test_without_a_key_a_far_endpoint_is_not_asked(monkeypatch):
    monkeypatch.delenv("FAR_KEY", raising=False)
    config = EndpointConfig(endpoint="https://far.example/v1", model="m", key_env="FAR_KEY")
    with pytest.raises(RivalError, match=r"no key for https://far\.example/v1: set .* FAR_KEY"):
        Endpoint(config)


def test_without_its_package_the_extra_is_named(chat_server, monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'latebloom\[llm\]'"):
        make_endpoint(chat_server)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"endpoint": "localhost:8000"}, "is no address"),
        ({"model": ""}, "--model is empty"),
        ({"tries": 0}, "0 tries"),
        ({"at_once": 0}, "0 questions at once"),
    ],
)
def test_settings_that_ask_nothing_are_refused(settings, message):
    with pytest.raises(RivalError, match=message):
        LanguageModelConfig(**({"endpoint": "http://127.0.0.1/v1", "model": "m"} | settings))


# Reading


@pytest.mark.parametrize(
    ("text", "style", "kind", "answer"),
    [
        ("greater than", "direct", "answered", 2),
        (" **Greater than.**\n", "direct", "answered", 2),
        ("Final answer: less than", "direct", "answered", 0),
        ("Cannot decide.", "direct", "cannot decide", -1),
        ("I think that it is greater than.", "direct", "invalid", -1),
        ("", "direct", "invalid", -1),
        ("greater than", "cot", "invalid", -1),
        ("a is less.\nFinal answer: equal to.", "cot", "answered", 1),
        ("Final answer: less than\nNo. Final Answer: **equal to**", "cot", "answered", 1),
        ("Final answer: it is equal to", "cot", "invalid", -1),
        ("Final answer: cannot decide", "cot", "cannot decide", -1),
    ],
)
def test_an_answer_must_stand_alone(text, style, kind, answer):
    reply = read_reply(text, ANSWERS, style)
    assert (reply.kind, reply.answer) == (kind, answer)


def test_names_that_differ_by_case_must_be_written_right():
    answers = {"Co": 1, "CO": 2, "fe": 3, "Fe": 3}
    assert [read_reply(t, answers, "direct").answer for t in ("Co", "CO", "co", "FE")] == [
        1,
        2,
        -1,
        3,
    ]


# The rival


def test_prompts_hold_the_facts_about_what_is_asked(chat_server, comparison_world):
    rival = make_rival(chat_server, comparison_world)
    prompts, left_out = rival.prompts(questions(comparison_world)[:1])
    told = prompts[0][1]["content"]
    attribute = comparison_world.vocabulary.words[questions(comparison_world)[0, 0]]
    assert len(re.findall(f"The {attribute} of", told)) == 12
    assert left_out == 0
    small = make_rival(chat_server, comparison_world, context_tokens=30)
    prompts, left_out = small.prompts(questions(comparison_world)[:1])
    assert 0 < len(re.findall("The a", prompts[0][1]["content"])) < 12
    assert 0 < left_out < 1


def test_the_four_ways_of_asking_differ(chat_server, comparison_world):
    index = Bm25(Memory.of(comparison_world).texts)
    rivals = [
        make_rival(chat_server, comparison_world, style=style, retrieval=found)
        for style in ("direct", "cot")
        for found in (None, index)
    ]
    assert [rival.name for rival in rivals] == [
        "m, direct", "m, direct + bm25, k 6", "m, cot", "m, cot + bm25, k 6",
    ]  # fmt: skip
    prompts = {json.dumps(r.prompts(questions(comparison_world)[:1])[0]) for r in rivals}
    assert len(prompts) == 4


def test_a_model_that_reasons_well_scores(chat_server, comparison_world):
    def reason(body):
        told = body["messages"][1]["content"]
        value = dict(re.findall(r"^The a\d+ of (e\d+) is v(\d+)\.$", told, re.M))
        first, second = re.search(r"of (e\d+) less than, .* of (e\d+)\?", told).groups()
        a, b = int(value[first]), int(value[second])
        return "Final answer: " + ("less than", "equal to", "greater than")[(a > b) - (a < b) + 1]

    chat_server.answer = reason
    rival = make_rival(chat_server, comparison_world, style="cot")
    row = Contest.run(comparison_world, [rival], splits=["test_ood"]).rows[0]
    assert row.correct == row.n > 0
    assert row.tokens == 14 and row.seconds > 0


def test_prose_and_malformed_answers_count_as_invalid(chat_server, comparison_world):
    chat_server.script.extend(["I would rather not say.", "__malformed__", "__malformed__"])
    rival = make_rival(chat_server, comparison_world, at_once=1)
    replies = rival.answer(questions(comparison_world)[:3])
    assert [reply.kind for reply in replies] == ["invalid", "invalid", "answered"]


def test_no_more_questions_are_under_way_than_allowed(chat_server, hidden_world):
    chat_server.delay = 0.02
    make_rival(chat_server, hidden_world, at_once=3).answer(
        questions(hidden_world, "test_easy")[:9]
    )
    assert len(chat_server.requests) == 9
    assert 1 < chat_server.most_at_once <= 3


def test_a_contest_that_stopped_goes_on_where_it_was(chat_server, hidden_world, tmp_path):
    asked = questions(hidden_world, "test_easy")[:6]
    path = tmp_path / "rivals" / "answers.jsonl"
    chat_server.script.extend(["less than", "equal to", "greater than", 503, 503])
    rival = make_rival(chat_server, hidden_world, AnswerCache(path), at_once=1)
    with pytest.raises(RivalError, match=r"3 answers so far are in .*answers\.jsonl"):
        rival.answer(asked)
    with path.open("a") as file:
        file.write('{"key": "cut')
    again = make_rival(chat_server, hidden_world, AnswerCache(path), at_once=1)
    assert again.estimate(asked).cached == 3
    before = len(chat_server.requests)
    replies = again.answer(asked)
    assert len(chat_server.requests) - before == 3
    first = len(hidden_world.vocabulary) - 3
    assert [reply.answer - first for reply in replies] == [0, 1, 2, 1, 1, 1]
    assert len(AnswerCache(path).kept) == 6


def test_another_model_or_style_is_asked_anew(chat_server, comparison_world, tmp_path):
    cache = AnswerCache(tmp_path / "answers.jsonl")
    asked = questions(comparison_world)[:2]
    make_rival(chat_server, comparison_world, cache).answer(asked)
    assert make_rival(chat_server, comparison_world, cache).estimate(asked).requests == 0
    other = make_rival(chat_server, comparison_world, cache, style="cot")
    assert other.estimate(asked).requests == 2


def test_the_estimate_asks_nothing_and_counts_what_will_be_paid(chat_server, comparison_world):
    rival = make_rival(chat_server, comparison_world, price_in=2.0, price_out=10.0)
    estimate = rival.estimate(questions(comparison_world)[:2])
    assert not chat_server.requests
    assert estimate.requests == 2 and estimate.completion_tokens == 48
    expected = (2 * estimate.prompt_tokens + 10 * 48) / 1e6
    assert estimate.dollars == pytest.approx(expected)
    assert "2 requests (0 answered before)" in str(estimate)


def test_the_key_is_nowhere_on_the_disk(chat_server, comparison_world, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    cache = AnswerCache(tmp_path / "answers.jsonl")
    make_rival(chat_server, comparison_world, cache).answer(questions(comparison_world)[:1])
    assert chat_server.keys == ["Bearer secret-key"]
    assert "secret-key" not in cache.path.read_text()


def test_a_cached_completion_reads_back(tmp_path):
    one = Completion("größer", 3, 2, 0.5)
    AnswerCache(tmp_path / "a.jsonl").put("k", one)
    assert AnswerCache(tmp_path / "a.jsonl").get("k") == one


def test_messages_offer_the_possible_answers():
    _, asked = write_messages(["F."], "Q?", style="direct", labels=list(ANSWERS))
    assert "less than, equal to, greater than, cannot decide" in asked["content"]
    told, asked = write_messages([], "Q?", style="cot", remark="R.")
    assert "(no fact was found)" in asked["content"] and "Final answer:" in asked["content"]
    assert "The answer is one name" in asked["content"] and told["content"].endswith("R.")
