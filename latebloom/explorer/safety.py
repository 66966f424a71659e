"""Who may ask the explorer: pages of this machine, under a name that it knows.

A page of another site that is open in the same browser can send requests to 127.0.0.1 as well. It
cannot choose the `Origin` that the browser adds, nor, if it points a name of its own at this
machine (DNS rebinding), the `Host`. So both are checked.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL = ("127.0.0.1", "localhost", "::1")
"""The names of this machine."""
LONGEST = 16_000
"""Bytes of a query at most."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What every answer tells the browser."""


def host_of(address: str) -> str:
    """The host in `host:port` or `[::1]:port`; empty where there is none to be read."""
    try:
        return urlsplit(f"//{address}").hostname or ""
    except ValueError:
        return ""


def same_site(origin: str, host: str) -> bool:
    """Whether an origin such as `http://127.0.0.1:8321` is the host that was asked."""
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False


class OnlyOurs:
    """Lets through what comes from a page of this server, or from no page at all."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = LOCAL) -> None:
        self.app = app
        self.hosts = frozenset(hosts)

    def refused(self, scope: Scope) -> str:
        """Why a request is not answered; empty if it is."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host_of(host) not in self.hosts:
            return "this server does not answer to that host name"
        origin = headers.get("origin")
        if origin is not None and not same_site(origin, host):
            return "pages of other sites may not ask this server"
        if headers.get("sec-fetch-site") == "cross-site" and scope["path"].startswith("/api/"):
            return "pages of other sites may not ask this server"
        if len(scope.get("query_string", b"")) > LONGEST:
            return f"a question has at most {LONGEST:,} bytes"
        return ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *added]}
            await send(message)

        reason = self.refused(scope)
        answer = JSONResponse({"detail": reason}, status_code=403) if reason else self.app
        await answer(scope, receive, with_headers)
