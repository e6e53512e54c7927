"""Audit logs as a person brings them: ours, and the one that stock aider writes.

A line is known by what it says, of its time the hour, and by how many equal lines stand before it
in its file, so the same log twice counts once, and of a log that has grown only what is new is
taken. Lines of ours name their session, and a session that has come over the wire is left alone.
aider's lines name none: sessions are made from the lines in their order, the known ones too, so
that a grown log goes on where it was. That takes the times as they stand in the file; what is kept
of them is the hour.

Order is the place in the file. Lines of a session that was off name nobody (`user_id` is null):
they are taken as events of no install.
"""

from __future__ import annotations

import hashlib
import math
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from aboveboard.catalog.line import EVENT, PROPERTIES, SESSION, TIME, USER_ID, hour
from aboveboard.collector.allowlist import Accepted, Unfit, is_plausible, is_random_id
from aboveboard.collector.inbox.inbox import Delivery
from aboveboard.collector.inbox.runs import Run
from aboveboard.collector.protocols import segment
from aboveboard.collector.protocols.legacy import Told, decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import BinaryIO

    from aboveboard.collector.inbox.inbox import Inbox
    from aboveboard.collector.inbox.memory import Memory
    from aboveboard.collector.service import Reader

SOURCE = "import"

LINE_MAX = 2**20
CHUNK = 5_000
"""Lines in one transaction."""


@dataclass
class Summary:
    """What became of a log's lines."""

    taken: int = 0
    known: int = 0
    damaged: int = 0
    cut_off: int = 0
    """Packed logs that end in a damaged place."""

    nobodys: int = 0
    """Events taken that name no install: of sessions that were off."""

    installs: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    """Sessions that were received from the wire already."""

    erased: int = 0
    """Events of installs that were erased, which are left out."""

    older: int = 0
    """Events that are older than what the project keeps."""

    senders: set[str] = field(default_factory=set)
    """Installs of older logs that sent events too; what they sent cannot be told from the log's."""

    unfit: Counter[Unfit] = field(default_factory=Counter)

    def add(self, other: Summary) -> None:
        self.taken += other.taken
        self.known += other.known
        self.damaged += other.damaged
        self.nobodys += other.nobodys
        self.erased += other.erased
        self.older += other.older
        self.cut_off += other.cut_off
        self.installs |= other.installs
        self.sent |= other.sent
        self.senders |= other.senders
        self.unfit += other.unfit


def lines(file: BinaryIO) -> Iterator[bytes]:
    """Return a file's lines, those that are too long cut short: they are damaged."""
    while line := file.readline(LINE_MAX):
        yield line
        while len(line) == LINE_MAX and not line.endswith(b"\n"):
            line = file.readline(LINE_MAX)


@dataclass(frozen=True)
class _Line:
    """A line, and what can be said of it before the inbox is asked."""

    told: dict[str, object] | None
    """What its JSON says; None if it is none."""

    identity: bytes
    older: bytes
    """Its identity as 0.1.0 had it, which was of all its bytes; empty if that took no log here."""

    place: int
    """How many lines of its session stand before it in the file."""

    @property
    def user_id(self) -> str:
        """The install that it names; empty if it names none."""
        said = self.told.get(USER_ID) if self.told else None
        return said if is_random_id(said) and isinstance(said, str) else ""


class LogImport:
    """Takes one file's lines, in their order, into the inbox.

    Args:
        reader: What reads the project's events.
        inbox: Where they go.
    """

    def __init__(self, reader: Reader, inbox: Inbox) -> None:
        self._reader = reader
        self._inbox = inbox
        self._seen: Counter[bytes] = Counter()
        self._places: Counter[str] = Counter()
        self._runs: dict[str, Run] = {}
        self._is_older = inbox.has_older_imports(reader.project.name)

    def take(self, chunk: Iterable[bytes]) -> Summary:
        """Store what is new of the next lines; on return it is on the disk.

        Raises:
            UnavailableError: nothing of them is stored, and the file cannot be gone on with.
        """
        lines = [self._line(line) for line in map(bytes.strip, chunk) if line]
        attempt = _Attempt(self._reader, lines, self._runs)
        delivery = Delivery(
            self._reader.project.name, uuid.uuid4(), Accepted(), attempt.settle, is_live=False
        )
        self._inbox.check_room(delivery.project)
        self._inbox.commit([delivery])
        self._runs |= attempt.runs
        return attempt.summary

    def _line(self, line: bytes) -> _Line:
        try:
            told = decode(line)
        except segment.UNREADABLE:
            told = None
        if not isinstance(told, dict) or not isinstance(told.get(EVENT), str):
            return _Line(None, b"", b"", 0)
        place, session = 0, told.get(SESSION)
        if isinstance(session, str):
            place = self._places[session]
            self._places[session] += 1
        older = self._numbered(line) if self._is_older else b""
        return _Line(told, self._numbered(_without_the_second(told)), older, place)

    def _numbered(self, said: bytes) -> bytes:
        digest = hashlib.sha256(said).digest()[:16]
        self._seen[digest] += 1
        return hashlib.sha256(b"%b %d" % (digest, self._seen[digest])).digest()[:16]


def _without_the_second(told: dict[str, object]) -> bytes:
    """Return what a line says, of its time the hour.

    A hash of the second would tell the second to whoever tries all 3,600.
    """
    moment = told.get(TIME)
    # Not math.isfinite, which raises over a whole number that is too large for a float.
    if isinstance(moment, int | float) and -math.inf < moment < math.inf:
        told = {**told, TIME: hour(moment)}
    return msgspec.json.encode(told, order="sorted")


class _Attempt:
    """Settles one chunk inside the inbox's transaction; again from the start where it is undone."""

    def __init__(self, reader: Reader, lines: list[_Line], before: Mapping[str, Run]) -> None:
        self._reader = reader
        self._lines = lines
        self._before = before
        self.summary = Summary()
        self.runs: dict[str, Run] = {}

    def settle(self, memory: Memory) -> Accepted:
        self.summary = Summary()
        self.runs = {}
        accepted = Accepted()
        erased = memory.erased({user for line in self._lines if (user := line.user_id)})
        for line in self._lines:
            if erased and line.user_id in erased:
                self.summary.erased += 1
                continue
            if line.told is None:
                self.summary.damaged += 1
                continue
            was, seed = _recall(memory, line)
            taken = self._settle_line(memory, accepted, line, seed, was)
            if taken is not None and taken != was:
                memory.remember_line(line.identity, taken=taken)
        accepted.sessions.clear()  # those are remembered that came over the wire
        self.summary.taken = accepted.events
        self.summary.unfit += accepted.unfit
        return accepted

    def _settle_line(
        self,
        memory: Memory,
        accepted: Accepted,
        line: _Line,
        seed: bytes,
        was: bool | None,
    ) -> bool | None:
        """Return whether the line is to be remembered as taken or as unknown; None for neither.

        A line whose event the catalog does not have yet may be taken another time.
        """
        assert line.told is not None
        if SESSION in line.told:
            return self._settle_ours(memory, accepted, line.told, line.place, was)
        return self._settle_legacy(memory, accepted, line.told, seed, was)

    def _settle_ours(
        self,
        memory: Memory,
        accepted: Accepted,
        told: Mapping[str, object],
        place: int,
        was: bool | None,
    ) -> bool | None:
        if was:
            self.summary.known += 1
            return True
        session = told[SESSION]
        if is_random_id(session) and self._was_sent(memory, str(session)):
            self.summary.sent.add(str(session))
            return None
        if not self._is_known(str(told[EVENT]), was, accepted):
            return False
        refused = self._reader.segments.take(told, accepted, SOURCE, place=place, takes_nobody=True)
        if refused == segment.TOO_OLD:
            self.summary.older += 1
            return None
        if refused is not None:
            self.summary.damaged += 1
            return None
        if told[USER_ID] is None:
            self.summary.nobodys += 1
        else:
            self.summary.installs.add(str(told[USER_ID]))
        return True

    def _settle_legacy(
        self,
        memory: Memory,
        accepted: Accepted,
        told: Mapping[str, object],
        seed: bytes,
        was: bool | None,
    ) -> bool | None:
        properties, user_id, moment = told.get(PROPERTIES), told.get(USER_ID), told.get(TIME)
        now = self._reader.allowlist.clock()
        if (
            not isinstance(properties, dict)
            or not isinstance(user_id, str)
            or not is_random_id(user_id)
            or not isinstance(moment, int | float)
            or not is_plausible(moment, now, imported=True)
        ):
            self.summary.damaged += 1
            return None
        if not is_plausible(moment, now, imported=True, days=self._reader.allowlist.days):
            self.summary.older += 1
            return None
        translator = self._reader.translator
        event, kept, machine = translator.translate(str(told[EVENT]), properties)
        if not self._is_known(event, was, accepted):
            return False
        each = Told(event, kept, user_id, int(moment), seed.hex(), machine)
        before = self.runs.get(user_id) or self._before.get(user_id)
        run = self.runs[user_id] = translator.follow(before, each)
        if was:
            self.summary.known += 1
            return True
        if before is None or before.session != run.session:
            translator.start_session(each, run, accepted, SOURCE)
        translator.keep(each, run.session, run.next - 1, accepted, SOURCE)
        if user_id not in self.summary.installs:
            self.summary.installs.add(user_id)
            if memory.recall(user_id) is not None:
                self.summary.senders.add(user_id)
        return True

    def _is_known(self, event: str, was: bool | None, accepted: Accepted) -> bool:
        """Return whether the catalog has the event; where not, count it, in quarantine once."""
        if event in self._reader.allowlist.forms:
            return True
        counted = accepted.unfit if was is None else self.summary.unfit
        counted[Unfit("event", event, "")] += 1
        return False

    def _was_sent(self, memory: Memory, session: str) -> bool:
        return session in self.summary.sent or memory.was_sent(session)


def _recall(memory: Memory, line: _Line) -> tuple[bool | None, bytes]:
    """Return what is remembered of a line, and what a session that it begins is named after."""
    was = memory.recall_line(line.identity)
    if line.older:
        older = memory.recall_older_line(line.older)
        if older:
            return True, line.older
        was = older if was is None else was
    return was, line.identity
