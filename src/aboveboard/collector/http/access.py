"""Who may do what: write keys add events, the admin secret opens everything that shows them."""

from __future__ import annotations

import asyncio
import base64
import hmac
import ipaddress
import re
import time
from typing import TYPE_CHECKING, Any

from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

    Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]

SECRET_MIN = 16
SECRET_DISTINCT_MIN = 6
"""Characters of an admin secret, and how many of them differ."""

_HOST = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?", re.ASCII
)

_PASSED_ON = re.compile(
    r"""
    forward | proxy  # X-Forwarded-For, Forwarded, X-Forward-For, Max-Forwards, WL-Proxy-Client-IP
    | (?:^|-) (?: via | hops? | ips? | addr | https | ssl | scheme | tunnel | real ) (?:-|$)
    | ^(?: x-host | x-rewrite-url | x-request-start | early-data | surrogate-capability
        | cdn-loop | x-cloud-trace-context | x-amzn-trace-id )$
    | ^(?: x-original- | x-goog-iap- | ngrok- | cf- | (?:x-)? (?: akamai | amz-cf | appengine | arr
        | azure | cloudfront | envoy | fastly | fly | heroku | nf | railway | sucuri | tailscale
        | varnish | vercel ) (?:-|$) )
    """,
    re.VERBOSE,
)
"""What proxies, tunnels and content networks add, as their manuals have it: names of their own, and
the words that all such names are made of. No browser sends any of these."""


def is_loopback(host: str) -> bool:
    """Return whether a name or address is this machine's own and no other's."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bearer(authorization: str | None) -> str | None:
    """Return the token of an `Authorization: Bearer` header."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def guard(secret: str | None) -> Guard:
    """Return what every page and every number is behind.

    With a secret: that, as Bearer or as the password of any user. Without one the collector
    listens on loopback only, and two kinds of strangers are told apart. A name that is not
    loopback's is a foreign page's that has pointed its own name at this machine (DNS rebinding).
    A request that was passed on comes from anywhere, though its Host is the proxy's word for this
    machine.
    """
    failures = Failures()

    async def check(
        connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
    ) -> None:
        if secret is None:
            _check_near(connection)
            return
        told = _told(connection.headers.get("authorization"))
        if told is None or not hmac.compare_digest(told.encode(), secret.encode()):
            if told is not None:  # a browser asks without one first, and is to be asked for it
                await asyncio.sleep(failures.pause())
            raise NotAuthorizedException(
                "the admin secret is needed",
                headers={"WWW-Authenticate": 'Basic realm="aboveboard", charset="UTF-8"'},
            )

    return check


def _check_near(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    names = connection.headers.getall("host", [])
    if len(names) != 1 or not is_loopback(hostname(names[0])):
        raise PermissionDeniedException(
            "this address is for this machine only; "
            "start `aboveboard serve` with --admin-secret to use another name"
        )
    if was_passed_on(connection.headers.keys(), str(connection.scope.get("http_version", ""))):
        raise PermissionDeniedException(
            "this request came through a proxy; start `aboveboard serve` with --admin-secret "
            "to let others than this machine in"
        )


def was_passed_on(headers: Iterable[str], version: str) -> bool:
    """Return whether a proxy shows in a request: in a header, or in its version of HTTP.

    No browser has spoken 1.0 for decades; nginx does to what is behind it, unless told otherwise.
    """
    return version in ("1", "1.0") or any(  # as granian spells it, and as ASGI does
        _PASSED_ON.search(header.lower().replace("_", "-")) for header in headers
    )


class Failures:
    """Sign-ins that failed: each waits a turn of its own, whoever tried. The right secret never.

    Nothing is kept of who tried, so that there is nothing to fill and nobody to lock out.
    """

    FREE = 5
    """Failures in a row that wait for nothing: a person's typing errors."""

    EVERY = 0.5
    """Seconds from one turn to the next."""

    LONGEST = 10.0
    """Seconds that one waits at most: each holds a connection, of which there are so many only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = clock()

    def pause(self) -> float:
        """Return for how many seconds this failure is not answered."""
        now = self._clock()
        self._next = max(self._next, now - self.FREE * self.EVERY) + self.EVERY
        self._next = min(self._next, now + self.LONGEST)
        return max(0.0, self._next - now)


def weakness(secret: str) -> str | None:
    """Return what is wrong with an admin secret; None where it is long and mixed enough."""
    if len(secret) < SECRET_MIN or len(set(secret)) < SECRET_DISTINCT_MIN:
        return (
            f"the admin secret is too easy to guess: it needs {SECRET_MIN} characters, "
            f"{SECRET_DISTINCT_MIN} of them different; make one with "
            '`python3 -c "import secrets; print(secrets.token_urlsafe(32))"`'
        )
    return None


def hostname(host: str) -> str:
    """Return a Host header without its port; nothing where it is not a name and a port."""
    match = _HOST.fullmatch(host)
    return (match["address"] or match["name"]).lower() if match else ""


def _told(authorization: str | None) -> str | None:
    token = bearer(authorization)
    if token is not None:
        return token
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:  # no base64, no ASCII, no UTF-8
        return None
