"""People who may look: each has a name, and a password of their own that they choose themselves.

Who is added gets an invitation: a code that works once, within a week. The operator passes it on in
a way that they trust, and with it the person chooses a password, which nobody else knows.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import passwords
from .register import RegisterError, check_name

if TYPE_CHECKING:
    from .register import Register

ADMIN = "admin"
"""The name that stands for the admin secret; nobody else can have it."""

INVITED_SECONDS = 7 * 86400


@dataclass(frozen=True)
class Person:
    """A person.

    Args:
        name: What they sign in with.
        project: The only one that they see; None for all.
        password: The hash of theirs; None before they have chosen one.
        invited_until: Until when the code works, in seconds since 1970; None if it was used.
        added: Seconds since 1970.
        used: The last day on which they signed in, as days since 1970; None if never.
    """

    name: str
    project: str | None
    password: str | None
    invited_until: int | None
    added: int
    used: int | None


class Accounts:
    """The people of a register."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def all(self) -> list[Person]:
        """Return everybody, by name."""
        return self._select("ORDER BY name")

    def find(self, name: str) -> Person | None:
        """Return the person of a name."""
        found = self._select("WHERE name = ?", passwords.normal(name).strip())
        return found[0] if found else None

    def invite(self, name: str, project: str | None = None) -> str:
        """Add a person without a password; return the code with which they choose one.

        Raises:
            RegisterError: the name is taken or cannot be, or there is no such project.
        """
        code = secrets.token_urlsafe(18)
        until = int(time.time()) + INVITED_SECONDS
        self._insert(name, project, None, _digest(code), until)
        return code

    def add(self, name: str, password: str, project: str | None = None) -> None:
        """Add a person with a password.

        Raises:
            RegisterError: the name or the password cannot be, or there is no such project.
        """
        _check(password)
        self._insert(name, project, passwords.hashed(password), None, None)

    def is_invited(self, name: str, code: str) -> bool:
        """Return whether a code is the one that a person was given, and works still."""
        digest = self._invitation(name)
        # Compared also where nobody is invited, so that a name shows in no time.
        return hmac.compare_digest(digest or bytes(32), _digest(code)) and digest is not None

    def accept(self, name: str, code: str, password: str) -> bool:
        """Give an invited person the password that they chose; return whether the code worked.

        Raises:
            RegisterError: the password is too easy to guess.
        """
        _check(password)
        kept = passwords.hashed(password)
        with self._register.writing() as connection:
            changed = connection.execute(
                "UPDATE person SET password = ?, invitation = NULL, invited_until = NULL"
                " WHERE name = ? AND invitation = ? AND invited_until > ?",
                (kept, passwords.normal(name).strip(), _digest(code), int(time.time())),
            ).rowcount
        return changed == 1

    def remove(self, name: str) -> None:
        """Let a person in no more: their password, invitation and sessions end.

        Raises:
            RegisterError: there is nobody of that name.
        """
        name = passwords.normal(name).strip()
        with self._register.writing() as connection:
            connection.execute("DELETE FROM session WHERE name = ?", (name,))
            if not connection.execute("DELETE FROM person WHERE name = ?", (name,)).rowcount:
                raise RegisterError(f"there is nobody of the name {name!r}: see `people list`")

    def note_used(self, name: str, day: int) -> None:
        """Write down the day of a sign-in."""
        with self._register.writing() as connection:
            connection.execute("UPDATE person SET used = ? WHERE name = ?", (day, name))

    def _insert(
        self,
        name: str,
        project: str | None,
        password: str | None,
        invitation: bytes | None,
        until: int | None,
    ) -> None:
        name = check_name(name)
        self._register.check_project(project)
        if name == ADMIN:
            raise RegisterError(f"{ADMIN} is who has the admin secret: choose another name")
        with self._register.writing() as connection:
            added = connection.execute(
                "INSERT INTO person VALUES (?, ?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING",
                (name, project, password, invitation, until, int(time.time())),
            ).rowcount
            if not added:
                raise RegisterError(
                    f"there is somebody of the name {name!r}: to give them another invitation, "
                    "remove them first"
                )

    def _invitation(self, name: str) -> bytes | None:
        rows = self._register.select(
            "SELECT invitation FROM person WHERE name = ? AND invited_until > ?",
            (passwords.normal(name).strip(), int(time.time())),
        )
        return bytes(rows[0][0]) if rows and isinstance(rows[0][0], bytes) else None

    def _select(self, which: str, *values: object) -> list[Person]:
        return [
            Person(*row)  # type: ignore[arg-type]  # as the table has it
            for row in self._register.select(
                # `which` is written in this file
                "SELECT name, project, password, invited_until, added, used FROM person "  # noqa: S608
                + which,
                values,
            )
        ]


def _check(password: str) -> None:
    wrong = passwords.weakness(password, passwords.PASSWORD_MIN, "the password")
    if wrong is not None:
        raise RegisterError(wrong)


def _digest(code: str) -> bytes:
    """Return what is kept of a code: it is random, so that a plain digest tells nothing of it."""
    return hashlib.sha256(code.strip().encode()).digest()
