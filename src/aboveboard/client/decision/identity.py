"""Ids: the install's, which its secret proves, and those of sessions and segments."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def new_identity() -> dict[str, object]:
    """Return a new id and the random secret from which it was made."""
    secret = os.urandom(32).hex()
    return {"uuid": id_of(secret), "secret": secret}


def id_of(secret: str) -> str:
    """Return the id that belongs to a secret of 64 hex digits.

    A UUID4 whose 122 random bits are the first of the secret's SHA-256, so that who has the secret
    can prove to be the install, and nobody can find the secret from the id.
    """
    from aboveboard.catalog.digest import sha256

    return _uuid4(sha256(bytes.fromhex(secret)).digest()[:16])


def new_id() -> str:
    """Return a random UUID4 as text."""
    return _uuid4(os.urandom(16))


def _uuid4(sixteen: bytes) -> str:
    # By hand: the `uuid` module would cost the host two milliseconds.
    random = bytearray(sixteen)
    random[6] = random[6] & 0x0F | 0x40
    random[8] = random[8] & 0x3F | 0x80
    digits = random.hex()
    return "-".join(_groups(digits))


def is_id(value: object) -> bool:
    """Return whether `value` is a UUID in its usual form."""
    if not isinstance(value, str) or len(value) != 36:
        return False
    groups = value.split("-")
    return [len(group) for group in groups] == [8, 4, 4, 4, 12] and all(
        letter in "0123456789abcdefABCDEF" for group in groups for letter in group
    )


def _groups(digits: str) -> Iterator[str]:
    start = 0
    for length in (8, 4, 4, 4, 12):
        yield digits[start : start + length]
        start += length


def is_secret_of(secret: str, user_id: object) -> bool:
    """Return whether an id was made from a secret."""
    try:
        return len(secret) == 64 and id_of(secret) == user_id
    except ValueError:
        return False
