"""Passwords: what is too easy to guess, and how the others are kept, as argon2id hashes.

The parameters are OWASP's second choice (19 MiB, two passes), so that a stranger who tries costs
less memory and time than anybody's request may: about 20 ms of processor time here.
"""

from __future__ import annotations

import functools
import secrets
import unicodedata

from argon2 import PasswordHasher, low_level
from argon2.exceptions import InvalidHashError, VerificationError

SECRET_MIN = 16
"""Characters of the admin secret."""

PASSWORD_MIN = 12
"""Characters of a person's own password."""

DISTINCT_MIN = 6
"""How many characters of either differ."""

NOVEL_SHARE = 0.6
"""How much of either must not go on from what stands before it, as `aaaa`, `1234`, `abcabc` do."""

_PASSES, _KIBIBYTES, _LANES = 2, 19 * 1024, 1
_HASHER = PasswordHasher(_PASSES, _KIBIBYTES, _LANES)


def weakness(
    password: str, least: int = SECRET_MIN, called: str = "the admin secret"
) -> str | None:
    """Return what is wrong with a password; None where it is long and mixed enough."""
    enough = (
        len(password) >= least
        and len(set(password)) >= DISTINCT_MIN
        and _novel(password) >= least * NOVEL_SHARE
    )
    if enough:
        return None
    return (
        f"{called} is too easy to guess: it needs {least} characters, {DISTINCT_MIN} of them "
        "different, and no more rows and repetitions than others"
    )


def _novel(text: str) -> int:
    """Return how many characters neither go on a row (`1234`, `aaaa`) nor repeat three before."""
    return sum(
        not (
            (place >= 1 and abs(ord(letter) - ord(text[place - 1])) <= 1)
            or (place >= 2 and text[place - 2 : place + 1] in text[:place])
        )
        for place, letter in enumerate(text)
    )


def normal(password: str) -> str:
    """Return a password in one spelling: systems differ in how they put an umlaut together."""
    return unicodedata.normalize("NFC", password)


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    return _HASHER.hash(normal(password))


def matches(kept: str, password: str) -> bool:
    """Return whether a password is the one of which `kept` is kept."""
    try:
        return _HASHER.verify(kept, normal(password))
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def of_nobody() -> str:
    """Return a hash that no password fits, so that a name that is not there takes as long."""
    return hashed(secrets.token_urlsafe(32))


def stretched(password: str, salt: bytes) -> bytes:
    """Return a digest that is always the same for a password and a salt, and as slow to guess."""
    return low_level.hash_secret_raw(
        normal(password).encode(), salt, _PASSES, _KIBIBYTES, _LANES, 32, low_level.Type.ID
    )
