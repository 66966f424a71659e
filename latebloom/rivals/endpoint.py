"""One endpoint that speaks OpenAI's chat protocol.

Enters: messages. Leaves: a `Completion`. What may pass (429, 5xx, timeouts, a broken connection,
a cut or malformed answer) is tried again after a growing pause, or after the pause that the server
asks for; what will not pass by itself is an error at once.

A try ends when its time is over, however slowly the server sends; an answer is read up to a limit,
counted after decompression; the key is in no message, not even where a server echoes it.

Covers: `POST {endpoint}/chat/completions`, not streamed. Does not cover: tools, images, batches.
"""

import math
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from latebloom.errors import RivalError
from latebloom.files import import_extra
from latebloom.reading import parse_json
from latebloom.rivals.answer_cache import Completion
from latebloom.rivals.prompts import Message

LOCAL = ("127.0.0.1", "localhost", "::1")
PASSING = (408, 409, 425, 429, 500, 502, 503, 504, 529)
"""Statuses that a later try may mend."""
LONGEST_PAUSE = 60.0
LARGEST = 8 * 2**20
"""Bytes of the longest answer that is read."""


class MalformedAnswerError(RivalError):
    """The endpoint answered, and not in the protocol."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointConfig:
    """Where a language model is, and how patiently it is asked."""

    endpoint: str
    """Address up to the version, such as http://127.0.0.1:8000/v1."""
    model: str
    """The model's name there."""
    key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; an endpoint on this machine needs none."""
    timeout_seconds: float = 120.0
    """How long one try may take."""
    tries: int = 5
    """Tries for one question."""
    first_pause_seconds: float = 1.0
    """Pause before the second try; it doubles, up to a minute, and varies by a fifth."""

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.endpoint)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # such as an IPv6 address without its second bracket
            usable = False
        if not usable:
            raise RivalError(
                f"--endpoint {self.endpoint!r} is no address; give one like http://127.0.0.1:8000/v1"
            )
        if not self.model:
            raise RivalError("--model is empty; name the model as the endpoint knows it")
        if self.tries < 1 or not 0 < self.timeout_seconds < math.inf:
            raise RivalError(
                f"{self.tries} tries of {self.timeout_seconds} seconds ask nothing; give more"
            )

    @property
    def is_local(self) -> bool:
        return urlsplit(self.endpoint).hostname in LOCAL


def read_key(config: EndpointConfig) -> str:
    """The key out of the environment; "" where none is needed.

    Raises: RivalError if there is none.
    """
    key = os.environ.get(config.key_env, "").strip()
    if not key and not config.is_local:
        raise RivalError(
            f"no key for {config.endpoint}: set the environment variable {config.key_env}"
        )
    if not (key.isascii() and key.isprintable()):
        raise RivalError(
            f"the key in {config.key_env} holds an end of line or another character that no key has"
        )
    return key


class Endpoint:
    """A connection that may be used from several threads at once."""

    def __init__(
        self, config: EndpointConfig, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """pause: what waits between tries.

        Raises: RivalError without a key; MissingExtraError without the package httpx.
        """
        self.config = config
        self.pause = pause
        self.key = key = read_key(config)
        self.httpx: Any = import_extra("httpx", "llm", "asking a language model")
        self.client = self.httpx.Client(
            timeout=config.timeout_seconds,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    def close(self) -> None:
        self.client.close()

    def complete(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float
    ) -> Completion:
        """The model's text.

        Raises: RivalError if the endpoint cannot be had; MalformedAnswerError if the last try gave
        an answer that is none.
        """
        body = {
            "model": self.config.model,
            "messages": list(messages),
            "max_tokens": max_tokens,
            "temperature": temperature,
        }
        begun = time.perf_counter()
        for attempt in range(1, self.config.tries + 1):
            wait = 0.0
            try:
                response = within(self.config.timeout_seconds, lambda: self.post(body))
                if response.status_code == 200:
                    return read_completion(response, time.perf_counter() - begun)
                problem = self.problem(f"says {self.complaint(response)}")
                if response.status_code not in PASSING:
                    raise problem
                wait = asked_pause(response)
            except (self.httpx.HTTPError, self.httpx.InvalidURL, TimeoutError) as error:
                problem = self.problem(f"cannot be reached: {str(error) or type(error).__name__}")
            except MalformedAnswerError as error:
                problem = error
            if attempt == self.config.tries:
                raise problem
            self.pause(wait or self.backoff(attempt))
        raise AssertionError("tries is at least 1")

    def post(self, body: dict[str, Any]) -> "Response":
        """One try.

        Raises: httpx.HTTPError; MalformedAnswerError if the answer is too long.
        """
        place = self.config.endpoint.rstrip("/") + "/chat/completions"
        until = time.monotonic() + self.config.timeout_seconds
        content = bytearray()
        with self.client.stream("POST", place, json=body) as answer:
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > LARGEST:
                    raise MalformedAnswerError(f"the answer is longer than {LARGEST:,} bytes")
                if time.monotonic() > until:
                    break  # nobody waits for it any more
        pause = answer.headers.get("retry-after", "")
        return Response(answer.status_code, content.decode("utf-8", "replace"), pause)

    def problem(self, what: str) -> RivalError:
        """What is wrong with the endpoint, without the key."""
        told = what.replace(self.key, "[key]") if self.key else what
        return RivalError(f"{self.config.endpoint} {told}")

    def backoff(self, attempt: int) -> float:
        """Seconds before the try after `attempt`."""
        pause = min(self.config.first_pause_seconds * 2.0 ** (attempt - 1), LONGEST_PAUSE)
        return pause * random.uniform(0.8, 1.2)

    def complaint(self, response: "Response") -> str:
        """What the server says is wrong, in one line."""
        try:
            said = parse_json(response.text)["error"]["message"]
        except (ValueError, KeyError, TypeError):
            said = response.text
        if self.key:  # before it is cut short, which would leave half of it
            said = str(said).replace(self.key, "[key]")
        hint = f" (is {self.config.key_env} right?)" if response.status_code in (401, 403) else ""
        return f"{response.status_code}: {' '.join(str(said).split())[:200]}{hint}"


@dataclass(frozen=True, slots=True)
class Response:
    """What a server sent: status, content, and the header that asks for a pause."""

    status_code: int
    text: str
    retry_after: str


def within(seconds: float, call: Callable[[], Response]) -> Response:
    """What a call returns or raises, if it does so in time.

    A call that does not is left to itself: its thread ends when the server does.
    Raises: TimeoutError.
    """
    done: Future[Response] = Future()

    def work() -> None:
        try:
            done.set_result(call())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return done.result(timeout=seconds)
    except TimeoutError as error:
        raise TimeoutError(str(error) or f"no answer within {seconds:g} seconds") from error


def asked_pause(response: Response) -> float:
    """The pause that the server asks for, in seconds; 0 if it does not."""
    try:
        asked = float(response.retry_after or 0)
    except ValueError:
        return 0.0
    return min(max(asked, 0.0), LONGEST_PAUSE) if not math.isnan(asked) else 0.0


def read_completion(response: Response, seconds: float) -> Completion:
    """The text and the tokens of an answer.

    Raises: MalformedAnswerError if it is none.
    """
    try:
        body = parse_json(response.text)
        text = body["choices"][0]["message"]["content"]
        usage = body.get("usage") or {}
        read, written = (int(usage.get(f"{name}_tokens") or 0) for name in ("prompt", "completion"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise MalformedAnswerError(
            f"the answer is not in the chat protocol: {response.text[:100]!r}"
        ) from error
    if text is not None and not isinstance(text, str):
        raise MalformedAnswerError(f"the answer's content is no text: {text!r:.100}")
    return Completion(text or "", read, written, seconds)
