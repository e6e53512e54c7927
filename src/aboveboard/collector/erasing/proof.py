"""The proof that whoever asks is the install: the secret that its id was made from."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass

import msgspec

from aboveboard.collector.allowlist import is_random_id

BODY_MAX = 1_024
"""Bytes of a request. An honest one has 130."""

_SECRET = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


class NoProofError(ValueError):
    """The request proves nothing, and never will; the text says why."""


@dataclass(frozen=True)
class Asked:
    """Who asks to be erased.

    Args:
        user_id: The install's UUID, in small letters.
        is_proved: Whether its secret came with it; else a person is to decide.
    """

    user_id: str
    is_proved: bool


class _Body(msgspec.Struct):
    user_id: str
    secret: str | None


def read(body: bytes) -> Asked:
    """Return who asks, from the body of `POST /v1/erase`.

    Raises:
        NoProofError: it is no such request, or the secret is another install's.
    """
    try:
        told = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NoProofError("not a request to erase: user_id and secret are needed") from None
    if not is_random_id(told.user_id):
        raise NoProofError("user_id is no random UUID")
    user_id = str(uuid.UUID(told.user_id))
    if told.secret is None:
        return Asked(user_id, is_proved=False)
    if not _SECRET.fullmatch(told.secret):
        raise NoProofError("the secret is not 64 hex digits")
    if not hmac.compare_digest(id_of(bytes.fromhex(told.secret)), user_id):
        raise NoProofError("the secret is not this install's")
    return Asked(user_id, is_proved=True)


def id_of(secret: bytes) -> str:
    """Return the id that a client makes from its secret."""
    return str(uuid.UUID(bytes=hashlib.sha256(secret).digest()[:16], version=4))
