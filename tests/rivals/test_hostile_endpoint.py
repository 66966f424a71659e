"""An endpoint that does not mean well: it ends in time, in one line, and without the key."""

import gzip
import http.server
import json
import threading
import time

import pytest

from latebloom.errors import RivalError
from latebloom.rivals.endpoint import Endpoint, EndpointConfig

KEY = "sk-a-key-that-nobody-may-see"
GOOD = json.dumps({"choices": [{"message": {"content": "yes"}}]}).encode()


@pytest.fixture
def serve(monkeypatch):
    """Starts a server that answers with what a function writes; gives an `Endpoint` to it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    started = []

    def start(answer, **settings):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pauses = []
        config = EndpointConfig(
            endpoint=f"http://127.0.0.1:{server.server_port}/v1",
            model="m",
            **{"tries": 1, "timeout_seconds": 20.0} | settings,
        )
        endpoint = Endpoint(config, pause=pauses.append)
        started.append((server, endpoint))
        return endpoint, pauses

    yield start
    for server, endpoint in started:
        endpoint.close()
        server.shutdown()
        server.server_close()


def ask(endpoint):
    return endpoint.complete([{"role": "user", "content": "?"}], max_tokens=5, temperature=0.0)


def send(handler, content, status=200, **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def test_a_byte_now_and_then_is_no_answer(serve):
    ended = threading.Event()

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        while not ended.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    endpoint, _ = serve(drip, timeout_seconds=0.5)
    begun = time.monotonic()
    with pytest.raises(RivalError, match=r"cannot be reached: no answer within 0\.5 seconds"):
        ask(endpoint)
    ended.set()
    assert time.monotonic() - begun < 15


def test_a_little_gzip_that_becomes_much(serve):
    bomb = gzip.compress(bytes(64 * 2**20))
    endpoint, _ = serve(lambda handler: send(handler, bomb, Content_Encoding="gzip"))
    with pytest.raises(RivalError, match="longer than 8,388,608 bytes"):
        ask(endpoint)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"choices": [{"message": {"content": "\\ud800"}}]}',
        b'{"choices": [{"message": {"content": 5}}]}',
        b'{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": 1e999}}',
        b"9" * 5000,
        b"\xff\xfe",
    ],
)
def test_an_answer_that_is_none(serve, content):
    endpoint, _ = serve(lambda handler: send(handler, content))
    with pytest.raises(RivalError) as raised:
        ask(endpoint)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("asked", "least", "most"), [("nan", 0.5, 2), ("1e999", 60, 60), ("-5", 0.5, 2)]
)
def test_a_pause_that_is_none(serve, asked, least, most):
    turns = iter([lambda h: send(h, b"", 429, Retry_After=asked), lambda h: send(h, GOOD)])
    endpoint, pauses = serve(lambda handler: next(turns)(handler), tries=2)
    assert ask(endpoint).text == "yes"
    assert len(pauses) == 1
    assert least <= pauses[0] <= most


@pytest.mark.parametrize("status", [401, 500])
def test_an_echoed_key_is_not_shown(serve, status):
    told = json.dumps({"error": {"message": "x" * 185 + f"wrong key {KEY}"}}).encode()
    endpoint, _ = serve(lambda handler: send(handler, told, status))
    with pytest.raises(RivalError) as raised:
        ask(endpoint)
    assert KEY[:8] not in str(raised.value)
    assert str(status) in str(raised.value)


@pytest.mark.parametrize("key", [f"{KEY}\nX", f"{KEY}\x00", f"{KEY}é"])
def test_a_key_that_cannot_be_sent_is_not_shown(monkeypatch, key):
    monkeypatch.setattr("os.environ", {"OPENAI_API_KEY": key})
    with pytest.raises(RivalError, match="OPENAI_API_KEY") as raised:
        Endpoint(EndpointConfig(endpoint="https://example.org/v1", model="m"))
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("address", ["http://[::1", "http://", "ftp://x", "http://x:99999", ""])
def test_an_address_that_is_none(address):
    with pytest.raises(RivalError, match="is no address"):
        EndpointConfig(endpoint=address, model="m")


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 0.0])
def test_a_patience_that_is_none(seconds):
    with pytest.raises(RivalError, match="ask nothing"):
        EndpointConfig(endpoint="http://127.0.0.1/v1", model="m", timeout_seconds=seconds)
