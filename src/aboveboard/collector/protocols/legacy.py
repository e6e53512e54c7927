"""How an app spoke before it had aboveboard, as its catalog's `legacy` part tells.

Older speakers send no session and other names: events under aliases, properties renamed, facts
about the machine with every event, null as the text "None". Here they become events of the
catalog, and runs become sessions.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from aboveboard.catalog.kinds import REJECTED, CatalogError, Choice
from aboveboard.collector.allowlist import Accepted, AllowList, head
from aboveboard.collector.inbox.packing import IDENTITY
from aboveboard.collector.inbox.runs import Run
from aboveboard.warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

SILENCE = 86_400
"""Seconds after which whatever comes is another run."""


def decode(text: bytes) -> object:
    """Return the value of JSON as older speakers write it: Python's NaN and Infinity are null.

    Raises:
        One of `segment.UNREADABLE`: it is no JSON, even so.
    """
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        try:
            # Written anew, so that what json reads and msgspec does not (half a character, say)
            # is refused all the same.
            again = json.dumps(json.loads(text, parse_constant=lambda _: None))
        except ValueError:
            raise msgspec.DecodeError from None
        return msgspec.json.decode(again)


class _Alias(msgspec.Struct):
    event: str
    properties: dict[str, Any] = {}


class _Session(msgspec.Struct):
    start: str | None = None
    end: str | None = None
    properties: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}


class _Legacy(msgspec.Struct):
    aliases: dict[str, _Alias] = {}
    properties: dict[str, dict[str, str]] = {}
    session: _Session = msgspec.field(default_factory=_Session)
    silent: list[str] = []


@dataclass(slots=True)
class Told:
    """One event in the catalog's words, checked but for its session."""

    event: str
    properties: Mapping[str, object]
    user_id: str
    moment: int
    seed: str
    """What tells this event from all others of its install; a session's id is made from it, so
    nothing in it can be guessed from when it happened."""

    machine: Mapping[str, object] = field(default_factory=dict)
    """What the sender said about itself beside the event's own properties."""

    session: str | None = None
    """The session, where the sender said it and tells its start itself."""

    seq: int = 0
    """The place in that session."""

    identity: bytes | None = None
    """What it is known by when it comes again."""


class Wording(NamedTuple):
    """What becomes of an event, by its name and its properties' names alone."""

    event: str
    given: dict[str, object]
    """What its name tells beside them."""

    kept: list[tuple[str, str]]
    """The properties that are kept, and what each is called in the catalog."""

    machine: list[str]
    null: str | None
    """The text that stands for null."""

    def of(
        self, properties: Mapping[str, object]
    ) -> tuple[str, dict[str, object], dict[str, object]]:
        """Return one event, as `Translator.translate` does."""
        null = self.null
        kept = self.given.copy()
        for key, word in self.kept:
            value = properties[key]
            kept[word] = None if value == null else value
        machine = {}
        for key in self.machine:
            value = properties[key]
            machine[key] = None if value == null else value
        return self.event, kept, machine


class Translator:
    """Translates an older speaker's events for one project.

    Args:
        allowlist: The project's.
        is_shared: Whether other collectors have the same warehouse, so that rows say what they are
            known by.

    Raises:
        CatalogError: the catalog's legacy part is not as docs/catalog.md has it.
    """

    def __init__(self, allowlist: AllowList, *, is_shared: bool = False) -> None:
        self._allowlist = allowlist
        self._is_shared = is_shared
        self.days = allowlist.days
        legacy = allowlist.catalog.legacy
        self._says_none = legacy is not None
        try:
            self._legacy = msgspec.convert(legacy or {}, _Legacy)
        except msgspec.ValidationError as error:
            raise CatalogError(f"the catalog's legacy part: {error}") from None
        self._machine = frozenset(self._legacy.session.properties.values())
        self._silent = frozenset(self._legacy.silent)

    def translate(
        self, event: str, properties: Mapping[str, object]
    ) -> tuple[str, dict[str, object], dict[str, object]]:
        """Return the event's name, properties, and what it says of the machine, in our words."""
        return self.wording(event, properties).of(properties)

    def wording(self, event: str, names: Iterable[str]) -> Wording:
        """Return what becomes of an event that has properties of these names."""
        alias = self._legacy.aliases.get(event)
        name = alias.event if alias else event
        form = self._allowlist.forms.get(name)
        own = form.kinds.keys() if form else ()
        renamed = self._legacy.properties.get(name, {})
        kept = []
        machine = []
        for key in names:
            if key in self._machine:
                machine.append(key)
            word = renamed.get(key, key)
            if word in own or not (
                key.startswith("$") or key in self._machine or key in self._silent
            ):
                kept.append((key, word))
        given = dict(alias.properties) if alias else {}
        return Wording(name, given, kept, machine, "None" if self._says_none else None)

    def settle(
        self,
        told: list[Told],
        accepted: Accepted,
        source: str,
        recall: Callable[[str], Run | None],
        note: Callable[[Collection[bytes]], set[bytes]] = set,
    ) -> dict[str, Run]:
        """Give each event its session and add it to `accepted`, with a row for each new session.

        Args:
            told: The events, in the order in which they happened.
            accepted: What they are added to.
            source: What the sessions' `source` says.
            recall: What is remembered of an install.
            note: Told the identities of all that is to be stored, once; returns those that are
                not stored yet.

        Returns:
            What is to be remembered now, by install.
        """
        runs: dict[str, Run] = {}
        there = []
        for each in told:
            if self._allowlist.form(each.event, each.moment, accepted.unfit) is None:
                accepted.version = self._version(each) or accepted.version
            elif each.session is not None or each.event != schema.SESSION_START:
                there.append(each)  # a start without a session is made here, for the run
        new = note({each.identity for each in there if each.identity is not None})
        rows: dict[str, list[tuple[Told, str, int]]] = defaultdict(list)
        for each in there:
            if each.identity is not None:
                if each.identity not in new:
                    accepted.known += 1
                    continue
                new.remove(each.identity)  # twice in one batch is once
            if each.user_id == schema.NOBODY:
                rows[each.event].append((each, schema.NOBODY, 0))
                continue
            if each.session is not None:
                accepted.sessions.add(each.session)
                rows[each.event].append((each, each.session, each.seq))
                continue
            before = runs.get(each.user_id) or recall(each.user_id)
            run = runs[each.user_id] = self.follow(before, each)
            if before is None or before.session != run.session:
                self.start_session(each, run, accepted, source)
            rows[each.event].append((each, run.session, run.next - 1))
        for event, of_event in rows.items():
            self._keep_all(event, of_event, accepted, source)
        return runs

    def _version(self, told: Told) -> str | None:
        """Return the app's version that came with an event."""
        form = self._allowlist.forms.get(schema.SESSION_START)
        name = self._legacy.session.properties.get("app_version", "")
        if form is None or "app_version" not in form.kinds:
            return None
        kept = form.kinds["app_version"].accept(told.machine.get(name))
        return kept if isinstance(kept, str) else None

    def follow(self, before: Run | None, told: Told) -> Run:
        """Return the run that an event belongs to, the one before it or a new one, with the event.

        A run ends with its last event, with another's first, or after a day of silence. Place 0 of
        a new run is its start's, which is made here and not told.
        """
        rule = self._legacy.session
        starts = told.event == rule.start
        ends = told.event == rule.end
        if (
            before is None
            or before.ended
            or (starts and before.started)
            or abs(told.moment - before.last) > SILENCE
        ):
            session = str(uuid.uuid5(uuid.UUID(told.user_id), told.seed))
            return Run(session, told.moment, starts, ends, 2)
        last, started = max(before.last, told.moment), before.started or starts
        return Run(before.session, last, started, ends, before.next + 1)

    def start_session(self, told: Told, run: Run, accepted: Accepted, source: str) -> None:
        """Add the session's row, from what its first event says of the machine."""
        form = self._allowlist.forms.get(schema.SESSION_START)
        if form is None:
            return
        said: dict[str, object] = {}
        for name, kind in form.kinds.items():
            value = told.machine.get(self._legacy.session.properties.get(name, ""))
            if isinstance(value, str):
                value = self._legacy.session.values.get(name, {}).get(value, value)
            if kind.accept(value) is REJECTED:
                value = "other" if isinstance(kind, Choice) and "other" in kind.choices else None
            said[name] = value
        fields = self._fields(told, run.session, 0)
        row = fields | form.row(said, told.moment, accepted.unfit)
        accepted.add(form.table, row | {"source": source})

    def keep(self, told: Told, session: str, seq: int, accepted: Accepted, source: str) -> None:
        fields = self._fields(told, session, seq)
        self._allowlist.take(accepted, told.event, told.properties, fields, source)

    def _keep_all(
        self, event: str, rows: list[tuple[Told, str, int]], accepted: Accepted, source: str
    ) -> None:
        """Keep events of one name, each with its session and its place in that."""
        if event == schema.SESSION_START:
            for each, session, seq in rows:
                self.keep(each, session, seq, accepted, source)
            return
        heads = [self._fields(*row) for row in rows]
        fields = {name: [head[name] for head in heads] for name in heads[0]}
        properties = [each.properties for each, _, _ in rows]
        self._allowlist.take_all(accepted, self._allowlist.forms[event], properties, fields)

    def _fields(self, told: Told, session: str, seq: int) -> dict[str, object]:
        fields = head(told.user_id, session, seq, told.moment)
        if self._is_shared:
            fields[IDENTITY] = str(uuid.UUID(bytes=told.identity)) if told.identity else None
        return fields
