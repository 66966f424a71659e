"""Times are bounded: nobody waits for ever, and a slow model holds up only those who ask it."""

import asyncio
import http.client
import socket
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pytest

pytest.importorskip("fastapi")

import uvicorn
from starlette.testclient import TestClient

from benchmarks.serving import free_port
from latebloom.explorer import app as explorer
from latebloom.explorer.app import make_app
from latebloom.explorer.ending import Ending
from latebloom.explorer.models import Models
from latebloom.explorer.turns import BusyError, Turns

HOME = "http://127.0.0.1:8321"


@pytest.fixture
def held(monkeypatch):
    """Models that answer nothing until they are let go; tells when one has begun."""
    begun, go, lens = threading.Event(), threading.Event(), Models.lens

    def slow(self, *words, **options):
        begun.set()
        assert go.wait(60)
        return lens(self, *words, **options)

    monkeypatch.setattr(Models, "lens", slow)
    yield begun, go
    go.set()


def asked(client):
    return client.get("/api/lens", params={"name": "seed0"})


def test_a_question_that_takes_too_long_is_given_up_in_a_line(folder, held):
    _, go = held
    client = TestClient(make_app(folder, patience=0.3), base_url=HOME)
    told = asked(client)
    assert told.status_code == 503
    assert told.headers["retry-after"]
    assert "no answer within 0.3 seconds" in told.json()["detail"]
    go.set()
    for _ in range(100):  # what was given up ends by itself, and then the next one has its turn
        told = asked(client)
        if told.status_code == 200:
            break
    assert told.json()["step"] == 12


def test_no_more_wait_than_there_are_places_and_the_list_is_answered_meanwhile(folder, held):
    begun, go = held
    client = TestClient(make_app(folder, waiting=2), base_url=HOME)
    with ThreadPoolExecutor(3) as readers:
        first = readers.submit(asked, client)
        assert begun.wait(30)
        second = readers.submit(asked, client)
        third = readers.submit(asked, client)
        # Which of the two comes first is chance; the other finds no place left.
        (refused,), _ = wait((second, third), timeout=30, return_when=FIRST_COMPLETED)
        assert refused.result().status_code == 503
        assert "2 questions are waiting" in refused.result().json()["detail"]
        assert client.get("/api/runs").status_code == 200
        assert client.get("/run", params={"name": "seed0"}).status_code == 200
        assert not first.done()
        go.set()
        served = {first, second, third} - {refused}
        assert [one.result().status_code for one in served] == [200, 200]


def test_work_that_was_given_up_before_its_turn_is_never_done():
    turns, go, done = Turns(workers=1, most=2, seconds=0.1), threading.Event(), []

    async def two():
        slow = asyncio.create_task(turns.take(lambda: go.wait(30)))
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="no answer within"):
            await turns.take(lambda: done.append("worked"))
        with pytest.raises(BusyError, match="no answer within"):
            await slow
        go.set()
        while True:
            try:
                return await turns.take(lambda: "next")
            except BusyError:
                await asyncio.sleep(0.01)

    assert asyncio.run(two()) == "next"
    assert done == []


def test_nobody_waits_on_when_the_end_begins():
    ending, go, done = Ending(), threading.Event(), []
    turns = Turns(workers=1, most=2, seconds=60, ending=ending)

    async def two():
        slow = asyncio.create_task(turns.take(lambda: go.wait(30)))
        behind = asyncio.create_task(turns.take(lambda: done.append("worked")))
        await asyncio.sleep(0.05)
        assert not slow.done()
        ending.begin()
        return await asyncio.gather(slow, behind, return_exceptions=True)

    try:
        told = asyncio.run(two())
    finally:
        go.set()
    assert [type(one) for one in told] == [BusyError] * 2
    assert {str(one) for one in told} == {"the explorer ends"}
    assert turns.ending is ending and done == []


def test_what_the_work_raises_is_raised():
    async def wrong():
        await Turns(workers=1, most=1, seconds=30).take(lambda: {}["nothing"])

    with pytest.raises(KeyError, match="nothing"):
        asyncio.run(wrong())


def test_the_server_takes_so_many_connections_at_most(folder, monkeypatch):
    monkeypatch.setattr(explorer, "AT_ONCE", 3)
    made, run = {}, uvicorn.Server.run

    def noted(server):
        made["server"] = server
        run(server)

    monkeypatch.setattr(uvicorn.Server, "run", noted)
    port, ending = free_port(), Ending()
    told = (make_app(folder, ending=ending), "127.0.0.1", port, ending)
    thread = threading.Thread(target=explorer.serve, args=told, daemon=True)
    thread.start()
    while not (made and made["server"].started):
        time.sleep(0.02)

    def status() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/api/runs")
        told = connection.getresponse()
        told.read()
        connection.close()
        return told.status

    assert status() == 200
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    assert status() == 503
    for one in idle:
        one.close()
    for _ in range(300):
        if status() == 200:
            break
        time.sleep(0.02)
    assert status() == 200
    made["server"].should_exit = True
    thread.join(10)
