"""The gate: whether a delivery is taken now, and what it counts once it is stored.

It is asked twice: before a body is read, whether its key may send at all, and then for the installs
that it names. What was stored is counted afterwards, so that neither a delivery that comes again
nor one that a full disk has refused counts. Deliveries that are at the gate together are all let
in; what they bring is counted all the same, and who comes next waits for longer.

An install that is known is never refused since too many new ones come: made-up installs cannot
keep real ones out.
"""

from __future__ import annotations

import math
import secrets
import time
from collections import Counter, defaultdict
from hashlib import blake2b
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from aboveboard.catalog.line import SESSION, USER_ID
from aboveboard.warehouse import schema

from .buckets import Buckets, Places
from .known import BITS, Known
from .limits import ALL, INSTALL, SESSIONS, Limit, Limits, Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from aboveboard.collector.allowlist import Accepted


_PLACES = Struct(">HHII")
"""A digest as an install's two buckets, of `buckets.PLACES`, and its two bits."""


class OverLimitError(Exception):
    """A delivery is not taken now.

    Args:
        project: Whose it is.
        limit: Which limit is reached.
        wait: Seconds until there is room again.
    """

    def __init__(self, project: str, limit: Limit, wait: int) -> None:
        super().__init__(limit.reason)
        self.project = project
        self.limit = limit
        self.wait = wait


class Sender(NamedTuple):
    """With which key something comes, for which project, and what that allows."""

    key: str
    project: str
    limits: Limits


class _Install(NamedTuple):
    buckets: Places
    bits: tuple[int, int]


Installs = dict[str, _Install]
"""The installs of a delivery, and where their numbers are. Nobody is none."""


class Gate:
    """Decides for all projects. For the event loop's thread, but for `remember`.

    Args:
        clock: Tells the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(16)
        self._keys: dict[tuple[str, Limit], float] = {}
        """When the bucket of a write key is empty. Only keys that are known come here."""

        self._buckets = {each: Buckets() for each in ALL if each.whose == INSTALL}
        self._known = Known()
        self.knows = False
        """Whether the installs of the warehouse were remembered. Until then none is refused for
        being new."""

        self.refused: Counter[tuple[str, str]] = Counter()
        """Deliveries by project and limit's name."""

    def check_key(self, sender: Sender) -> None:
        """Raise `OverLimitError` if nothing of a key is taken now."""
        now = self._clock()
        for rate in sender.limits.of_key:
            late = self._keys.get((sender.key, rate.limit), now) - now
            if late > rate.full:
                raise self._over(sender.project, rate, late)

    def check_installs(self, sender: Sender, users: Collection[str]) -> Installs:
        """Return what `count` needs to know of the installs of a delivery.

        Raises:
            OverLimitError: nothing of one of them is taken now.
        """
        now = self._clock()
        key, project, limits = sender
        over = None
        for rate in limits.of_new_installs:
            late = self._keys.get((key, rate.limit), now) - now
            if late > rate.full and self.knows:
                over = rate, late
        installs = {}
        for user in users:
            if user == schema.NOBODY:
                continue
            install = installs[user] = self._install(project, schema.key(user))
            for rate in limits.of_install:
                late = self._buckets[rate.limit].empty(install.buckets) - now
                if late > rate.full:
                    raise self._over(project, rate, late)
            if over is not None and install.bits not in self._known:
                raise self._over(project, *over)
        return installs

    def count(self, sender: Sender, accepted: Accepted, installs: Installs) -> None:
        """Count what was stored of a delivery, and its lines that were not."""
        now = self._clock()
        lines = accepted.events + len(accepted.rejected) + accepted.erased
        sessions = _sessions(accepted)
        for rate in sender.limits.of_key:
            times = len(sessions) if rate.limit.counts == SESSIONS else lines
            self._fill_key(sender.key, rate, times, now)
        if not accepted.events:
            return
        if len(installs) == 1:
            shares: Mapping[object, tuple[int, int]] = dict.fromkeys(
                installs, (accepted.events, len(sessions))
            )
        else:
            shares = _by_install(accepted, sessions)
        new = 0
        for user, install in installs.items():
            events, begun = shares.get(user, (0, 0))
            for rate in sender.limits.of_install:
                times = begun if rate.limit.counts == SESSIONS else events
                if times:
                    self._buckets[rate.limit].add(install.buckets, times * rate.cost, now)
            if events and install.bits not in self._known:
                self._known.add(install.bits)
                new += 1
        if new and self.knows:
            for rate in sender.limits.of_new_installs:
                self._fill_key(sender.key, rate, new, now)

    def remember(self, project: str, keys: Iterable[int]) -> None:
        """Have installs, by their keys in the warehouse, be known. For any thread."""
        for key in keys:
            self._known.add(self._install(project, key).bits)

    def _over(self, project: str, rate: Rate, late: float) -> OverLimitError:
        """Return the refusal for a bucket that takes so many seconds to empty."""
        self.refused[project, rate.limit.name] += 1
        wait = late - rate.limit.seconds + rate.cost  # until there is room for one
        return OverLimitError(project, rate.limit, max(1, math.ceil(wait)))

    def _fill_key(self, key: str, rate: Rate, times: int, now: float) -> None:
        of = key, rate.limit
        empty = self._keys.get(of, now)
        self._keys[of] = max(now, empty) + times * rate.cost

    def _install(self, project: str, key: int) -> _Install:
        """Return the places of an install; who does not have the secret cannot choose them."""
        said = key.to_bytes(8, "big") + project.encode()
        digest = blake2b(said, key=self._secret, digest_size=_PLACES.size).digest()
        one, other, first, second = _PLACES.unpack(digest)
        return _Install((one, other), (first % BITS, second % BITS))


def _sessions(accepted: Accepted) -> set[object]:
    """Return the sessions of a delivery: all that it names, and those that begin in it."""
    begun = accepted.tables.get(schema.SESSIONS)
    return accepted.sessions.union(begun[SESSION]) if begun else set(accepted.sessions)


def _by_install(accepted: Accepted, there: set[object]) -> dict[object, tuple[int, int]]:
    """Return how many events and sessions a delivery has of each of its installs."""
    events: Counter[object] = Counter()
    sessions: defaultdict[object, set[object]] = defaultdict(set)
    for columns in accepted.tables.values():
        events.update(columns[USER_ID])
        for user, session in set(zip(columns[USER_ID], columns[SESSION], strict=True)):
            if session in there:
                sessions[user].add(session)
    return {user: (times, len(sessions[user])) for user, times in events.items()}
