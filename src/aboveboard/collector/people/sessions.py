"""Sessions of who has signed in: a signed cookie that names a row here.

The signature and its age are looked at first, so that what a stranger makes up reaches no table.
The row is what ends a session at once: with a sign-out, and with the password or the secret that it
was begun with, of which it has a digest.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, URLSafeTimedSerializer

if TYPE_CHECKING:
    from .register import Register

LASTS = 7 * 86400
"""Seconds from a sign-in to the end of its session, used or not."""

MOST = 50
"""Sessions that a person has at once; another ends the oldest."""


class Sessions:
    """The sessions of a register."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._signer = URLSafeTimedSerializer(register.signing_key(), salt="session")

    def start(self, name: str, credential: bytes) -> str:
        """Begin a session; return the cookie.

        Args:
            name: Whose it is.
            credential: What the session ends with when it changes: a password's hash.
        """
        identity, now = secrets.token_urlsafe(24), int(time.time())
        with self._register.writing() as connection:
            connection.execute("DELETE FROM session WHERE until <= ?", (now,))
            connection.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?)",
                (_digest(identity), name, hashlib.sha256(credential).digest(), now + LASTS),
            )
            connection.execute(
                "DELETE FROM session WHERE name = ? AND id NOT IN"
                " (SELECT id FROM session WHERE name = ? ORDER BY until DESC, rowid DESC LIMIT ?)",
                (name, name, MOST),
            )
        return str(self._signer.dumps(identity))

    def whose(self, cookie: str) -> tuple[str, bytes] | None:
        """Return whose session a cookie is, and the digest of what it was begun with."""
        identity = self._identity(cookie)
        if identity is None:
            return None
        rows = self._register.select(
            "SELECT name, credential FROM session WHERE id = ? AND until > ?",
            (_digest(identity), int(time.time())),
        )
        return (str(rows[0][0]), bytes(rows[0][1])) if rows else None  # type: ignore[call-overload]

    def end(self, cookie: str) -> None:
        """End a session; whoever has copied its cookie has nothing."""
        identity = self._identity(cookie)
        if identity is not None:
            with self._register.writing() as connection:
                connection.execute("DELETE FROM session WHERE id = ?", (_digest(identity),))

    def _identity(self, cookie: str) -> str | None:
        try:
            return str(self._signer.loads(cookie, max_age=LASTS))
        except BadSignature:  # also of one that is too old
            return None


def is_of(digest: bytes, credential: bytes) -> bool:
    """Return whether a session was begun with this credential, by the digest that it has."""
    return hmac.compare_digest(digest, hashlib.sha256(credential).digest())


def _digest(identity: str) -> bytes:
    return hashlib.sha256(identity.encode()).digest()
