"""Who may do what: write keys add events, the admin secret opens everything that shows them."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from typing import TYPE_CHECKING, Any

from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

    Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]


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
    listens on loopback only, and a name that is not loopback's is a foreign page's that has
    pointed its own name at this machine (DNS rebinding): it may not read what is here.
    """

    def check(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        if secret is None:
            if not is_loopback(hostname(connection.headers.get("host", ""))):
                raise PermissionDeniedException(
                    "this address is for this machine only; "
                    "start `aboveboard serve` with --admin-secret to use another name"
                )
            return
        told = _told(connection.headers.get("authorization"))
        if told is None or not hmac.compare_digest(told.encode(), secret.encode()):
            raise NotAuthorizedException(
                "the admin secret is needed",
                headers={"WWW-Authenticate": 'Basic realm="aboveboard", charset="UTF-8"'},
            )

    return check


def hostname(host: str) -> str:
    """Return a Host header without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _told(authorization: str | None) -> str | None:
    token = bearer(authorization)
    if token is not None:
        return token
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None
