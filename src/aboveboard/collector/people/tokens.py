"""Read tokens: for programs that fetch JSON and CSV. Each has a name, and can be revoked by itself.

A token is 256 random bits, so a plain digest of it is kept, and looking that up by an index tells a
stranger nothing: who could choose the digest would know the token.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .register import RegisterError, check_name

if TYPE_CHECKING:
    from .register import Register

PREFIX = "abr_"


@dataclass(frozen=True)
class Token:
    """What is known of a token; itself it is shown once, when it is made.

    Args:
        name: What people call it.
        project: The only one that it reads; None for all.
        added: Seconds since 1970.
        used: The last day on which it was used, as days since 1970; None if never.
        revoked: Seconds since 1970; None for one that is in use.
    """

    name: str
    project: str | None
    added: int
    used: int | None
    revoked: int | None


class Tokens:
    """The read tokens of a register."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def all(self) -> list[Token]:
        """Return every token, the revoked ones too, in the order in which they were made."""
        return self._select("ORDER BY added, name")

    def add(self, name: str, project: str | None = None) -> str:
        """Make a token; return it.

        Raises:
            RegisterError: the name is taken or cannot be, or there is no such project.
        """
        name = check_name(name)
        self._register.check_project(project)
        token = PREFIX + secrets.token_urlsafe(32)
        with self._register.writing() as connection:
            added = connection.execute(
                "INSERT INTO read_token VALUES (?, ?, ?, ?, NULL, NULL) ON CONFLICT DO NOTHING",
                (name, _digest(token), project, int(time.time())),
            ).rowcount
            if not added:
                raise RegisterError(f"there is, or was, a token {name!r}: choose another name")
        return token

    def find(self, token: str) -> Token | None:
        """Return the token in use that this is."""
        found = self._select("WHERE digest = ? AND revoked IS NULL", _digest(token))
        return found[0] if found else None

    def revoke(self, name: str) -> None:
        """Have a token read nothing any more.

        Raises:
            RegisterError: there is none of that name in use.
        """
        with self._register.writing() as connection:
            if not connection.execute(
                "UPDATE read_token SET revoked = ? WHERE name = ? AND revoked IS NULL",
                (int(time.time()), name),
            ).rowcount:
                raise RegisterError(f"there is no token {name!r} in use: see `tokens list`")

    def note_used(self, name: str, day: int) -> None:
        """Write down the day of a use."""
        with self._register.writing() as connection:
            connection.execute("UPDATE read_token SET used = ? WHERE name = ?", (day, name))

    def _select(self, which: str, *values: object) -> list[Token]:
        return [
            Token(*row)  # type: ignore[arg-type]  # as the table has it
            for row in self._register.select(
                # `which` is written in this file
                "SELECT name, project, added, used, revoked FROM read_token "  # noqa: S608
                + which,
                values,
            )
        ]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
