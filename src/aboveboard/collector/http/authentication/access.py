"""Who may do what: write keys add events; what shows them is for those whom the door knows."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

from .door import NEAR

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

    from .door import Door

    Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]

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


STRANGERS = "strangers"
"""A route's option: True where nobody is asked who they are, or a function of the address's
`file` that says so. All others are for those who are known."""

ALL_PROJECTS = "all_projects"
"""A route's option: True where what is shown is not a project's, and only for who sees them all."""


def guard(door: Door) -> Guard:
    """Return what every page and every number is behind.

    With a secret: whoever the door knows. Without one the collector listens on loopback only, and
    two kinds of strangers are told apart. A name that is not loopback's is a foreign page's that
    has pointed its own name at this machine (DNS rebinding). A request that was passed on comes
    from anywhere, though its Host is the proxy's word for this machine.

    Who it is stands in the request's scope as `user` from then on.
    """

    async def check(
        connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        if connection.scope.get("method") not in SAFE and not came_from_here(connection.headers):
            raise PermissionDeniedException("this form is answered from its own page only")
        if not door.closed():
            _check_near(connection)
            connection.scope["user"] = NEAR
            return
        strangers = handler.opt.get(STRANGERS)
        if callable(strangers):
            strangers = strangers(connection.path_params["file"])
        if strangers:
            return
        visitor = await door.visitor(connection)
        if visitor is None:
            raise NotAuthorizedException(
                "the admin secret, a password or a read token is needed",
                headers={"WWW-Authenticate": _challenge(connection.headers)},
            )
        if visitor.is_program and not _is_data(connection.scope["path"]):
            raise PermissionDeniedException(
                "a read token is for data, such as /insights/models.json and /insights/models.csv"
            )
        if visitor.project is not None and handler.opt.get(ALL_PROJECTS):
            raise PermissionDeniedException("this is for those who see all projects")
        connection.scope["user"] = visitor

    return check


SAFE = ("GET", "HEAD", "OPTIONS")


def came_from_here(headers: Mapping[str, str]) -> bool:
    """Return whether a request that changes something was sent by one of our own pages.

    Browsers say where a request was made, and no page can say otherwise: in `Sec-Fetch-Site`, or,
    the older ones and those on plain HTTP, in `Origin`. What says neither is no browser of today,
    and has no form to send. Litestar's own guard needs a cookie for this, and a token in each form.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == headers.get("host")


def _challenge(headers: Mapping[str, str]) -> str:
    """Return how to say who one is. A script of a page must not open a browser's own question."""
    if "sec-fetch-mode" in headers and headers["sec-fetch-mode"] != "navigate":
        return 'Bearer realm="aboveboard"'
    return 'Basic realm="aboveboard", charset="UTF-8"'


def _is_data(path: str) -> bool:
    return path.endswith((".json", ".csv", ".atom")) or path == "/metrics"


def _check_near(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    names = connection.headers.getall("host", [])
    if len(names) != 1 or not is_loopback(hostname(names[0])):
        raise PermissionDeniedException(
            "this address is for this machine only; "
            "set an admin secret (`aboveboard secret`) to use another name"
        )
    if was_passed_on(connection.headers.keys(), str(connection.scope.get("http_version", ""))):
        raise PermissionDeniedException(
            "this request came through a proxy; set an admin secret (`aboveboard secret`) "
            "to let others than this machine in"
        )


def was_passed_on(headers: Iterable[str], version: str) -> bool:
    """Return whether a proxy shows in a request: in a header, or in its version of HTTP.

    No browser has spoken 1.0 for decades; nginx does to what is behind it, unless told otherwise.
    """
    return version in ("1", "1.0") or any(  # as granian spells it, and as ASGI does
        _PASSED_ON.search(header.lower().replace("_", "-")) for header in headers
    )


def hostname(host: str) -> str:
    """Return a Host header without its port; nothing where it is not a name and a port."""
    match = _HOST.fullmatch(host)
    return (match["address"] or match["name"]).lower() if match else ""
