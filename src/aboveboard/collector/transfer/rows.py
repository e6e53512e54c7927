"""An export's lines as rows, each value checked against the catalog like one that is sent.

An export's equal lines follow one another. They become one row that says how many there are, so
that a chunk of any size has each of them once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from aboveboard.catalog.kinds import REJECTED
from aboveboard.catalog.line import SEQ, SEQ_MAX, SESSION, TIME, USER_ID, hour
from aboveboard.collector.allowlist import (
    AllowList,
    Form,
    Unfit,
    UnfitCounts,
    is_plausible,
    is_random_id,
)
from aboveboard.collector.protocols.segment import LINE_MAX, UNREADABLE
from aboveboard.warehouse import schema
from aboveboard.warehouse.columns import of_property, split
from aboveboard.warehouse.transfer.exchange import COPIES, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.collector.allowlist import Columns

MARK = "aboveboard_export"
"""The key of an export's first line, by which it is known."""

FORMAT = 1

CHUNK = 50_000
"""Different lines in one chunk: a bound on memory, and on what is repeated after a kill."""

CHUNKS_MAX = 4
"""How many times as many it has at most."""


class _Line(msgspec.Struct, gc=False):
    event: str
    properties: dict[str, Any]
    user_id: str | None
    session: str | None
    seq: int
    time: int
    source: str | None = None


@dataclass
class Chunk:
    """Rows that are added at once, and what was not taken."""

    tables: dict[str, Columns] = field(default_factory=dict)
    lines: int = 0
    events: int = 0
    damaged: int = 0
    nobodys: int = 0
    older: int = 0
    """Events that are older than what the project keeps: ClickHouse would remove them again."""

    unfit: Counter[Unfit] = field(default_factory=UnfitCounts)


def header(project: str, version: str, told: dict[str, object]) -> bytes:
    """Return an export's first line."""
    return (
        msgspec.json.encode({MARK: FORMAT, "project": project, "version": version, **told}) + b"\n"
    )


def is_header(line: bytes) -> bool:
    """Return whether a line begins an export."""
    return line.startswith(b'{"%b"' % MARK.encode())


def folded(lines: Iterable[bytes]) -> Iterator[list[tuple[bytes, int]]]:
    """Yield chunks of lines, each with how often it stands there in a row.

    A chunk does not end among lines of one place in a session: without what the catalog does not
    have, they may be equal.
    """
    chunk: list[tuple[bytes, int]] = []
    before, copies = b"", 0
    for line in lines:
        if line == before:
            copies += 1
            continue
        if copies:
            chunk.append((before, copies))
            if len(chunk) >= CHUNK and (
                _place(line) != _place(before) or len(chunk) >= CHUNK * CHUNKS_MAX
            ):
                yield chunk
                chunk = []
        before, copies = line, 1
    if copies:
        chunk.append((before, copies))
    if chunk:
        yield chunk


def _place(line: bytes) -> bytes:
    return line.rpartition(b'"%b"' % USER_ID.encode())[2]


class ExportReader:
    """Reads an export's lines for one project.

    Args:
        allowlist: What may be kept.
    """

    def __init__(self, allowlist: AllowList) -> None:
        self._allowlist = allowlist
        self._decoder = msgspec.json.Decoder(_Line)
        self._kinds = {event: _Properties(form) for event, form in allowlist.forms.items()}

    @property
    def catalog(self) -> Catalog:
        return self._allowlist.catalog

    def read(self, lines: Iterable[tuple[bytes, int]]) -> Chunk:
        """Return what may be kept of a chunk's lines."""
        chunk = Chunk()
        now = self._allowlist.clock()
        known: dict[str | None, bool] = {None: True}
        by_event: dict[str, list[tuple[_Line, int]]] = {}
        for line, copies in lines:
            chunk.lines += copies
            each = self._decoded(line)
            if (
                each is None
                or not self._is_id(each.user_id, known)
                or not self._is_id(each.session, known)
                or not 0 <= each.seq <= SEQ_MAX
                or not is_plausible(each.time, now, imported=True)
            ):
                chunk.damaged += copies
                continue
            if not is_plausible(each.time, now, imported=True, days=self._allowlist.days):
                chunk.older += copies
                continue
            if each.event not in self._kinds:
                chunk.unfit[Unfit("event", each.event, "")] += copies
                continue
            chunk.events += copies
            chunk.nobodys += copies if each.user_id is None else 0
            by_event.setdefault(each.event, []).append((each, copies))
        for event, group in by_event.items():
            form = self._allowlist.forms[event]
            chunk.tables[form.table] = self._columns(form, group, chunk.unfit)
        return chunk

    def _decoded(self, line: bytes) -> _Line | None:
        if len(line) > LINE_MAX:
            return None
        try:
            return self._decoder.decode(line)
        except (msgspec.ValidationError, *UNREADABLE):
            return None

    def _is_id(self, told: str | None, known: dict[str | None, bool]) -> bool:
        found = known.get(told)
        if found is None:
            found = known[told] = is_random_id(told)
        return found

    def _columns(
        self, form: Form, group: list[tuple[_Line, int]], unfit: Counter[Unfit]
    ) -> Columns:
        columns: Columns = {
            USER_ID: [each.user_id or schema.NOBODY for each, _ in group],
            SESSION: [each.session or schema.NOBODY for each, _ in group],
            SEQ: [each.seq for each, _ in group],
            TIME: [hour(each.time) for each, _ in group],
        }
        told = [each.properties for each, _ in group]
        columns |= self._kinds[form.event].columns(told, unfit)
        if form.table == schema.SESSIONS:
            columns[SOURCE] = [
                each.source if each.source in schema.SOURCES else schema.SOURCES[-1]
                for each, _ in group
            ]
        columns[COPIES] = [copies for _, copies in group]
        return columns


class _Properties:
    """Makes an event's properties columns, each different value checked once."""

    def __init__(self, form: Form) -> None:
        self._event = form.event
        self._kinds = form.kinds
        self._columns = {
            name: [each.name for each in of_property(name, kind)]
            for name, kind in form.kinds.items()
        }
        self._split = {name: split(kind) for name, kind in form.kinds.items()}

    def columns(self, told: list[dict[str, Any]], unfit: Counter[Unfit]) -> Columns:
        found: Columns = {}
        for name in self._kinds:
            kept = self._kept(name, [each.get(name) for each in told], unfit)
            parts = self._split[name]
            if parts is None:
                found[self._columns[name][0]] = kept
            else:
                divided = zip(*map(parts, kept), strict=True)
                found |= zip(self._columns[name], map(list, divided), strict=True)
        unknown: Counter[str] = Counter()
        for each in told:
            if not each.keys() <= self._kinds.keys():
                unknown.update(each.keys() - self._kinds.keys())
        for name, times in unknown.items():
            unfit[Unfit("property", self._event, name)] += times
        return found

    def _kept(self, name: str, values: list[Any], unfit: Counter[Unfit]) -> list[object]:
        accept = self._kinds[name].accept
        verdicts: dict[tuple[type, Any], object] = {}
        kept: list[object] = []
        for value in values:
            if value is None:
                kept.append(None)
                continue
            try:
                key = type(value), value  # a true is no 1
                verdict = (
                    verdicts[key] if key in verdicts else verdicts.setdefault(key, accept(value))
                )
            except TypeError:  # an object or a list has no hash
                verdict = accept(value)
            if verdict is REJECTED:
                unfit[Unfit("value", self._event, name)] += 1
                verdict = None
            kept.append(verdict)
        return kept
