"""The door: who a request comes from, and how somebody signs in and out.

The admin secret opens everything, as Bearer, as the password of any user (Basic), or at the sign-in
page. People sign in with passwords of their own. A read token opens JSON and CSV. The secret of the
environment is compared with a keyed digest; everything else that a person chose is kept as
argon2id, which one thread looks at, one at a time.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from litestar.exceptions import TooManyRequestsException

from aboveboard.collector.people import passwords, sessions
from aboveboard.collector.people.accounts import ADMIN, Accounts
from aboveboard.collector.people.tokens import PREFIX, Tokens
from aboveboard.collector.projects.keys import today

from . import authorization

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.connection import ASGIConnection

    from aboveboard.collector.people.register import Register

T = TypeVar("T")

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)  # a sign-in is to be told, though all goes well

COOKIE = "aboveboard_session"

WAITING_MAX = 32
"""Passwords that may wait to be looked at. More are told to come again."""

REST = 3
"""How many times as long as a wrong password took is rested after it: what a flood of them may take
of a processor is a quarter of one."""


@dataclass(frozen=True)
class Visitor:
    """Who asks.

    Args:
        name: What people call them.
        project: The only project that they see; None for all.
        is_admin: Whether they may see everything of the collector itself too.
        is_program: Whether they read JSON and CSV only.
        signed_in: Whether they have a session, which they can end.
    """

    name: str
    project: str | None = None
    is_admin: bool = False
    is_program: bool = False
    signed_in: bool = False

    def may_see(self, project: str) -> bool:
        return self.project in (None, project)


NEAR = Visitor("", is_admin=True)
"""Who is at this machine, where no secret is asked for."""


class Door:
    """Knows whom a collector lets in. For the event loop's thread.

    Args:
        register: Where the hashes, people, tokens and sessions are.
        secret: The admin secret of this run, in place of the one in the register.
        always_closed: Whether nobody is let in while there is no secret: others than this machine
            reach the address.
    """

    def __init__(
        self, register: Register, secret: str | None = None, *, always_closed: bool = False
    ) -> None:
        self.lasts = sessions.LASTS
        self._register = register
        self._accounts = Accounts(register)
        self._tokens = Tokens(register)
        self._sessions = sessions.Sessions(register)
        self._always_closed = always_closed
        self._pepper = secrets.token_bytes(32)
        self._of_run: bytes | None = None
        self._credential = b""
        if secret is not None:
            self._of_run = self._digest(secret)
            self._credential = passwords.stretched(secret, register.signing_key())
        self._right: tuple[bytes, str] | None = None
        """The last secret that was right, as a digest, and the hash that it was right for."""

        self._noted: set[tuple[str, int]] = set()
        self._failures = Failures()
        self._looks = Looks()
        self._told = 0.0
        self._untold = 0

    def closed(self) -> bool:
        """Return whether strangers are kept out; otherwise this machine is let in as it is."""
        return (
            self._always_closed or self._of_run is not None or self._register.secret() is not None
        )

    async def visitor(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Visitor | None:
        """Return who asks, None for nobody who is known.

        Raises:
            TooManyRequestsException: too many passwords are being looked at.
        """
        header = connection.headers.get("authorization")
        if header is None:
            return self.signed_in(connection.cookies.get(COOKIE))
        told = authorization.told(header)
        if told is None:
            return None  # a browser asks without one first, and is to be asked for it
        if told.startswith(PREFIX):
            token = self._tokens.find(told)
            if token is not None:
                self._note(token.name, token.used)
                return Visitor(token.name, token.project, is_program=True)
        elif await self._is_secret(told):
            return Visitor(ADMIN, is_admin=True)
        await self._failed()
        return None

    def signed_in(self, cookie: str | None) -> Visitor | None:
        """Return whose session a cookie is."""
        found = self._sessions.whose(cookie) if cookie else None
        if found is None:
            return None
        name, digest = found
        if name == ADMIN:
            credential = self._admin_credential()
            if credential is None or not sessions.is_of(digest, credential):
                return None
            return Visitor(ADMIN, is_admin=True, signed_in=True)
        person = self._accounts.find(name)
        if person is None or person.password is None:
            return None
        if not sessions.is_of(digest, person.password.encode()):
            return None
        return Visitor(name, person.project, signed_in=True)

    async def sign_in(self, name: str, password: str) -> str | None:
        """Return the cookie of a new session; None where name and password do not fit.

        Raises:
            TooManyRequestsException: too many passwords are being looked at.
        """
        name = passwords.normal(name).strip()
        credential: bytes | None
        if name in ("", ADMIN):
            name, credential = ADMIN, None
            if await self._is_secret(password):
                credential = self._admin_credential()
        else:
            person = self._accounts.find(name)
            kept = person.password if person is not None else None
            fits = await self._looks.at(kept or passwords.of_nobody(), password)
            credential = kept.encode() if fits and kept is not None else None
        if credential is None:
            await self._failed()
            return None
        return await self._start(name, credential)

    async def accept(self, name: str, code: str, password: str) -> str | None:
        """Give an invited person their password; return the cookie, None where the code is wrong.

        Raises:
            RegisterError: the password is too easy to guess; the code works still.
            TooManyRequestsException: too many passwords are being looked at.
        """
        if not self._accounts.is_invited(name, code):
            await self._failed()
            return None
        if not await self._looks.run(lambda: self._accounts.accept(name, code, password)):
            return None
        person = self._accounts.find(name)
        if person is None or person.password is None:
            return None
        return await self._start(person.name, person.password.encode())

    async def sign_out(self, cookie: str | None) -> None:
        """End a session."""
        if cookie:
            await asyncio.to_thread(self._sessions.end, cookie)

    async def _start(self, name: str, credential: bytes) -> str:
        cookie = await asyncio.to_thread(self._sessions.start, name, credential)
        if name != ADMIN:
            await asyncio.to_thread(self._accounts.note_used, name, today())
        log.info("%s signed in", "the admin" if name == ADMIN else name)
        return cookie

    async def _is_secret(self, told: str) -> bool:
        digest = self._digest(told)
        if self._of_run is not None:
            return hmac.compare_digest(digest, self._of_run)
        kept = self._register.secret()
        if kept is None:
            return False
        if self._right is not None:
            right, of = self._right
            if of == kept and hmac.compare_digest(digest, right):
                return True
        if not await self._looks.at(kept, told):
            return False
        self._right = (digest, kept)
        return True

    def _admin_credential(self) -> bytes | None:
        """Return what the admin's sessions end with when it changes."""
        if self._of_run is not None:
            return self._credential
        kept = self._register.secret()
        return None if kept is None else kept.encode()

    def _digest(self, told: str) -> bytes:
        return hmac.digest(self._pepper, passwords.normal(told).encode(), "sha256")

    def _note(self, name: str, used: int | None) -> None:
        """Have the day of a token's use written down, once a day, by a thread."""
        day = today()
        if used == day or (name, day) in self._noted:
            return
        self._noted = {each for each in self._noted if each[1] == day} | {(name, day)}
        asyncio.get_running_loop().run_in_executor(None, self._tokens.note_used, name, day)

    async def _failed(self) -> None:
        """Tell of a failed sign-in, a line a minute at most, and keep whoever tried waiting."""
        self._untold += 1
        now = time.monotonic()
        if not self._told or now - self._told >= 60:
            log.warning("sign-ins that failed since the last line: %d", self._untold)
            self._told, self._untold = now, 0
        await asyncio.sleep(self._failures.pause())


class Looks:
    """Looks at passwords: in a thread of its own, one at a time, and resting after a wrong one."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "passwords")
        self._waiting = 0

    async def at(self, kept: str, password: str) -> bool:
        """Return whether a password is the one of which `kept` is kept."""
        return await self.run(lambda: _look(kept, password))

    async def run(self, work: Callable[[], T]) -> T:
        """Return what some work gives, as slow as a password's.

        Raises:
            TooManyRequestsException: too much waits already.
        """
        if self._waiting >= WAITING_MAX:
            raise TooManyRequestsException(
                "too many sign-ins at once: try again in a moment", headers={"Retry-After": "5"}
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1


def _look(kept: str, password: str) -> bool:
    begun = time.monotonic()
    if passwords.matches(kept, password):
        return True
    time.sleep(REST * (time.monotonic() - begun))
    return False


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
