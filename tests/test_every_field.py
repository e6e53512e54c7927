"""A line's field is declared once, in catalog/line.py; whoever needs more of it has that.

Each failure names the file that has forgotten a field. CONTRIBUTING.md lists them in order.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Container
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aboveboard import Catalog, Event, count
from aboveboard.auditlog.reading import LoggedEvent, read_line
from aboveboard.auditlog.sample import Sample
from aboveboard.catalog import line
from aboveboard.catalog.event import RESERVED
from aboveboard.client.recipients import wire
from aboveboard.client.recording.session import Session, session_start
from aboveboard.collector.allowlist import Accepted, AllowList
from aboveboard.collector.inbox import packing
from aboveboard.collector.protocols import posthog, segment
from aboveboard.collector.protocols.legacy import Translator
from aboveboard.dashboard.pages import quarantine
from aboveboard.warehouse import schema

ROOT = Path(__file__).parents[1]
FIELDS = {field.name: field for field in line.FIELDS}
NOW = time.time()

each_field = pytest.mark.parametrize("name", FIELDS)


class Saved(Event):
    """Something was saved."""

    times: int = count("How often")


CATALOG = Catalog.of("tool", [Saved])
USER, SESSION = str(uuid.uuid4()), str(uuid.uuid4())


def lines(form: type[wire.Ours] | type[wire.PostHog] = wire.Ours) -> bytes:
    """Return a session as the client writes it."""
    covered = CATALOG.terms()
    session = Session(catalog=CATALOG, covered=covered, user_id=USER, form=form, clock=lambda: NOW)
    told = session.line(session_start("1.2.3"))
    return told + b"".join(session.line(Saved(times=times)) for times in range(3))


def taken(body: bytes) -> Accepted:
    return segment.SegmentReader(AllowList(CATALOG, clock=lambda: NOW)).read(body)


def has(known: Container[str], name: str, file: str) -> None:
    assert name in known, f"{file} has nothing for {name!r}: add it there"


class TestWhoWrites:
    def test_the_client_writes_all_fields_in_their_order(self) -> None:
        for told in map(json.loads, lines().splitlines()):
            assert tuple(told) == line.KEYS, "client/recipients/wire.py, Ours"
            for name, field in FIELDS.items():
                assert field.fits(told[name]), f"client/recipients/wire.py, Ours: {name}"

    def test_a_published_sample_has_them_too(self) -> None:
        sample = Sample(CATALOG, 10)
        sample.take(filter(None, map(read_line, lines().splitlines())))
        for told in map(json.loads, sample.lines()):
            assert tuple(told) == line.KEYS, "auditlog/sample.py, `lines`"

    @each_field
    def test_no_property_has_a_field_s_name_and_the_documentation_does(self, name: str) -> None:
        has(RESERVED, name, "catalog/event.py")
        protocol = (ROOT / "docs/protocol.md").read_text()
        table = protocol.partition("| `event` | a name")[2].partition("\n\n")[0]
        assert f"`{name}`" in table, "docs/protocol.md, the table of a line's keys"
        assert f'"{name}": ' in protocol, "docs/protocol.md, the line above that table"


class TestWhoReads:
    @each_field
    def test_a_log_is_read_with_all_fields(self, name: str) -> None:
        has(LoggedEvent._fields, name, "auditlog/reading.py, LoggedEvent,")
        first = lines().splitlines()[0]
        told = read_line(first)
        assert told is not None
        assert getattr(told, name) == json.loads(first)[name], "auditlog/reading.py, `read_line`"

    @each_field
    def test_the_collector_keeps_each_field_by_the_fast_way_and_line_by_line(
        self, name: str
    ) -> None:
        body = lines()
        saved = [json.loads(each)[name] for each in body.splitlines()[1:]]
        for accepted in (taken(body), taken(body + b"{")):
            assert accepted.tables["saved"][name] == saved, "collector/protocols/segment.py"

    @each_field
    def test_the_collector_knows_which_fields_a_line_may_lack(self, name: str) -> None:
        whole = [json.loads(each) for each in lines().splitlines()]
        for told in whole:
            del told[name]
        body = b"".join(json.dumps(told).encode() + b"\n" for told in whole)
        for accepted in (taken(body), taken(body + b"{")):
            wanted = len(whole) if FIELDS[name].is_optional else 0
            assert accepted.events == wanted, "collector/protocols/segment.py"
        needed = FIELDS[name].is_optional or f" {name}" in segment.NOT_AN_EVENT
        assert needed, "collector/protocols/segment.py, NOT_AN_EVENT"

    @each_field
    def test_the_collector_refuses_what_a_field_does_not_take(self, name: str) -> None:
        field = FIELDS[name]
        wrong: list[Any] = [True, [], "x", -1, 1.5 if field.most else None]
        wrong += [field.most + 1] if field.most is not None else []
        for value in wrong:
            whole = [{**json.loads(each), name: value} for each in lines().splitlines()]
            body = b"".join(json.dumps(told).encode() + b"\n" for told in whole)
            accepted = taken(body)
            assert accepted.events == 0, f"collector/protocols/segment.py takes {value!r}"
            assert {name in reason for _, reason in accepted.rejected} == {True}

    def test_what_posthog_s_form_says_is_kept_as_ours_is(self) -> None:
        allowlist = AllowList(CATALOG, clock=lambda: NOW)
        events = msgspec.json.decode(b"[" + b",".join(lines(wire.PostHog).splitlines()) + b"]")
        translator = Translator(allowlist)
        told, unfit = posthog.read(events, allowlist, translator)
        accepted = Accepted(unfit=unfit)
        translator.settle(told, accepted, "posthog", lambda _: None)
        ours = taken(lines()).tables["saved"]
        for name in FIELDS:
            kept = accepted.tables["saved"][name]
            if name == line.SESSION:
                assert len(set(kept)) == len(set(ours[name])) == 1
            else:
                assert kept == ours[name], f"wire.py, PostHog, or posthog.py: {name}"


class TestWhoKeeps:
    @each_field
    def test_every_table_has_a_column_for_each_field(self, name: str) -> None:
        has(schema.FIELD_TYPES, name, "warehouse/schema.py, FIELD_TYPES,")
        type_, _ = schema.FIELD_TYPES[name]
        if FIELDS[name].is_optional and name != line.SEQ:  # which gets one where a line lacks it
            assert type_.startswith("Nullable("), "warehouse/schema.py: a line may lack it"
        for table in schema.tables(CATALOG):
            assert name in [column.name for column in table.columns]

    @each_field
    def test_rows_that_wait_keep_each_field_beside_rows_that_lack_an_optional_one(
        self, name: str
    ) -> None:
        tables = taken(lines()).tables
        lacking = {
            table: {column: told for column, told in columns.items() if column != name}
            for table, columns in tables.items()
        }
        merged: dict[str, dict[str, list[object]]] = {}
        packing.unpack_into(merged, packing.pack(tables))
        assert merged == tables
        if FIELDS[name].is_optional and name != line.SEQ:  # 0.1.0's rows lack it, and get one
            packing.unpack_into(merged, packing.pack(lacking))
            nothing = [None] * len(tables["saved"][name])
            assert merged["saved"][name] == tables["saved"][name] + nothing

    @pytest.mark.parametrize("name", sorted(FIELDS.keys() - {line.SESSION}))
    def test_the_quarantine_has_words_for_a_field_that_does_not_fit(self, name: str) -> None:
        # PostHog's clients need not tell a session: one is made.
        has(quarantine.OF_THE_LINE, name, "dashboard/pages/quarantine.py, OF_THE_LINE,")
