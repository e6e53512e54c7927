"""What an `Authorization` header says."""

from __future__ import annotations

import base64


def bearer(header: str | None) -> str | None:
    """Return the token of an `Authorization: Bearer` header."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def told(header: str | None) -> str | None:
    """Return the secret that a header tells: Bearer's token, or the password of any user."""
    token = bearer(header)
    if token is not None:
        return token
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:  # no base64, no ASCII, no UTF-8
        return None
