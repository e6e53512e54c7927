"""Requests that are answered in front of Litestar, since thousands of them come a second.

Litestar finds a route, and makes objects of the request and of the answer; that is a sixth of what
the event loop does for a single event. An address that takes events needs none of it: its path is
looked up, and a function answers. What that function refuses is raised again in Litestar's route of
the same address, whose table of errors has the answers; and every other method or spelling of the
address comes there by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from litestar import Request
    from litestar.types import Receive, Scope

    from .messages import Answer

    Take = Callable[[Scope, Receive], Awaitable[Answer]]
    """Takes what a request brings, and returns the answer; raises why it does not."""

_REFUSED = "refused"
"""Under which word a scope has what a `Take` raised."""


async def taken(take: Take, scope: Any, receive: Receive) -> Answer | None:
    """Return what answers a request; None if Litestar is to, by its route of this address."""
    try:
        return await take(scope, receive)
    except Exception as error:  # noqa: BLE001  # the route raises it again
        scope[_REFUSED] = error
        return None


async def route(take: Take, request: Request[Any, Any, Any]) -> Answer:
    """Return what a route answers: raise what was raised in front of it, if it was there."""
    scope: Any = request.scope
    if _REFUSED in scope:
        raise scope.pop(_REFUSED)  # no longer in the scope, which its traceback refers to
    return await take(request.scope, request.receive)
