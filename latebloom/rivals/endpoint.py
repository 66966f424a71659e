"""One endpoint that speaks OpenAI's chat protocol.

Enters: messages. Leaves: a `Completion`. What may pass (429, 5xx, timeouts, a broken connection,
a cut or malformed answer) is tried again after a growing pause, or after the pause that the server
asks for; what will not pass by itself is an error at once.

Covers: `POST {endpoint}/chat/completions`, not streamed. Does not cover: tools, images, batches.
"""

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from latebloom.errors import RivalError
from latebloom.files import import_extra
from latebloom.rivals.answer_cache import Completion
from latebloom.rivals.prompts import Message

LOCAL = ("127.0.0.1", "localhost", "::1")
PASSING = (408, 409, 425, 429, 500, 502, 503, 504, 529)
"""Statuses that a later try may mend."""
LONGEST_PAUSE = 60.0


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
        parts = urlsplit(self.endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RivalError(
                f"--endpoint {self.endpoint!r} is no address; give one like http://127.0.0.1:8000/v1"
            )
        if not self.model:
            raise RivalError("--model is empty; name the model as the endpoint knows it")
        if self.tries < 1 or self.timeout_seconds <= 0:
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
        key = read_key(config)
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
                response = self.client.post(
                    self.config.endpoint.rstrip("/") + "/chat/completions", json=body
                )
                if response.status_code == 200:
                    return read_completion(response, time.perf_counter() - begun)
                problem = RivalError(f"{self.config.endpoint} says {self.complaint(response)}")
                if response.status_code not in PASSING:
                    raise problem
                wait = asked_pause(response)
            except self.httpx.HTTPError as error:
                what = str(error) or type(error).__name__
                problem = RivalError(f"{self.config.endpoint} cannot be reached: {what}")
            except MalformedAnswerError as error:
                problem = error
            if attempt == self.config.tries:
                raise problem
            self.pause(wait or self.backoff(attempt))
        raise AssertionError("tries is at least 1")

    def backoff(self, attempt: int) -> float:
        """Seconds before the try after `attempt`."""
        pause = min(self.config.first_pause_seconds * 2.0 ** (attempt - 1), LONGEST_PAUSE)
        return pause * random.uniform(0.8, 1.2)

    def complaint(self, response: Any) -> str:
        """What the server says is wrong, in one line."""
        try:
            said = response.json()["error"]["message"]
        except (ValueError, KeyError, TypeError):
            said = response.text
        hint = f" (is {self.config.key_env} right?)" if response.status_code in (401, 403) else ""
        return f"{response.status_code}: {' '.join(str(said).split())[:200]}{hint}"


def asked_pause(response: Any) -> float:
    """The pause that the server asks for, in seconds; 0 if it does not."""
    try:
        return min(max(float(response.headers.get("retry-after", 0)), 0.0), LONGEST_PAUSE)
    except ValueError:
        return 0.0


def read_completion(response: Any, seconds: float) -> Completion:
    """The text and the tokens of an answer.

    Raises: MalformedAnswerError if it is none.
    """
    try:
        body = response.json()
        text = body["choices"][0]["message"]["content"]
        usage = body.get("usage") or {}
        read, written = (int(usage.get(f"{name}_tokens") or 0) for name in ("prompt", "completion"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise MalformedAnswerError(
            f"the answer is not in the chat protocol: {response.text[:100]!r}"
        ) from error
    if text is not None and not isinstance(text, str):
        raise MalformedAnswerError(f"the answer's content is no text: {text!r:.100}")
    return Completion(text or "", read, written, seconds)
