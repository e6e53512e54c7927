"""A request's headers and an answer, for routes that are asked thousands of times a second.

Litestar's own objects hold more than such a route asks for: making them took twenty microseconds.
So its OpenAPI would say nothing of them: `docs/openapi.json` does, and a test holds it to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from litestar.types import Receive, Scope, Send

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # Of what no page has said otherwise: nothing in it is ever run or loaded.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""What every answer carries."""

NO_STORE = {"Cache-Control": "no-store"}

_HEADERS = [
    (name.lower().encode(), value.encode())
    for name, value in {"Content-Type": "application/json", **HEADERS, **NO_STORE}.items()
]


def headers(scope: Scope) -> dict[str, str]:
    """Return a request's headers by their names in small letters; of the same ones, the first."""
    told: Any = scope["headers"]
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(told)}


class Answer:
    """An answer with status 200 and a document of JSON, as an ASGI application."""

    def __init__(self, document: object) -> None:
        self._body = msgspec.json.encode(document)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        length = (b"content-length", b"%d" % len(self._body))
        await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, length]})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})
