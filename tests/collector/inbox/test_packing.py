"""Rows as they wait: whatever deliveries are merged, each row says what its delivery said."""

from __future__ import annotations

import uuid

import msgspec

from aboveboard.catalog.line import SEQ, SESSION, TIME, USER_ID
from aboveboard.collector.allowlist import Accepted, Columns
from aboveboard.collector.inbox.packing import (
    IDENTITY,
    identify,
    identities,
    pack,
    unpack_into,
    without,
)
from aboveboard.warehouse import schema

HOUR = 1_764_000_000
ADA, BOB = (str(uuid.UUID(int=number)) for number in (1, 2))
ONE, TWO = (str(uuid.UUID(int=number)) for number in (11, 12))


def rows(tables: dict[str, Columns]) -> dict[str, list[dict[str, object]]]:
    """Return what each row says; a null says nothing."""
    return {
        table: [
            {name: value for name, value in zip(columns, values, strict=True) if value is not None}
            for values in zip(*columns.values(), strict=True)
        ]
        for table, columns in tables.items()
    }


def exits(*times: int, **more: list[object]) -> dict[str, Columns]:
    many = len(times)
    return {
        "exit": {
            USER_ID: [ADA] * many,
            SESSION: [ONE] * many,
            SEQ: list(range(many)),
            TIME: list(times),
            **more,
        }
    }


class TestMerging:
    def test_a_row_says_the_same_whatever_it_waited_with(self) -> None:
        deliveries = [
            exits(HOUR, HOUR, reason=["done", "done"], code=[1, 1]),
            exits(HOUR, reason=[None]) | {"launched": exits(HOUR + 3600)["exit"]},
            exits(HOUR, HOUR + 3600, reason=[None, None], newer=["a", None]),
            exits(HOUR, HOUR, reason=["done", None], newer=[None, "b"]),
            exits(HOUR, HOUR, HOUR, reason=["done", "failed", "done"]),
        ]
        merged: dict[str, Columns] = {}
        for each in deliveries:
            assert unpack_into(merged, pack(each)) is False
        assert rows(merged) == {
            "exit": [row for each in deliveries for row in rows(each)["exit"]],
            "launched": rows(deliveries[1])["launched"],
        }

    def test_what_all_rows_say_waits_once_and_what_none_says_not_at_all(self) -> None:
        packed = msgspec.msgpack.decode(pack(exits(HOUR, HOUR, none=[None, None], code=[1, 1])))
        assert packed == {
            "exit": {USER_ID: ADA, SESSION: ONE, SEQ: [0, 1], TIME: [HOUR, HOUR], "code": [1, 1]}
        }


class TestWhatRowsAreKnownBy:
    def test_is_told_beside_them_and_is_no_column_of_theirs(self) -> None:
        first, second = Accepted(tables=exits(HOUR, HOUR)), Accepted(tables=exits(HOUR))
        identify(first, TWO)
        merged: dict[str, Columns] = {"launched": exits(HOUR)["exit"]}
        for accepted in (first, second):
            unpack_into(merged, pack(accepted.tables))
        assert identities(merged) == {"exit": [TWO, TWO, None]}
        assert IDENTITY not in merged["exit"]

    def test_rows_that_are_left_out_are_no_others(self) -> None:
        tables = exits(HOUR, HOUR + 3600, HOUR + 7200, reason=["a", "b", "c"])
        tables |= {"launched": exits(HOUR)["exit"], "crash": exits(HOUR)["exit"]}
        left = without(tables, {"exit": [True, False, True], "crash": [True]})
        assert {name: columns[TIME] for name, columns in left.items()} == {
            "exit": [HOUR + 3600],
            "launched": [HOUR],
        }
        assert left["exit"]["reason"] == ["b"]
        assert without(tables, {"exit": [False] * 3}) == tables


class TestABodyOfTheFirstRelease:
    """It has times to the second and no places; an event of nobody has a session of its own."""

    def body(self, tables: dict[str, dict[str, object]]) -> dict[str, Columns]:
        merged: dict[str, Columns] = {}
        assert unpack_into(merged, msgspec.msgpack.encode(tables)) is True
        return merged

    def test_has_its_places_from_its_times_and_loses_the_minutes(self) -> None:
        merged = self.body(
            {
                "exit": {USER_ID: ADA, SESSION: [ONE, TWO], TIME: [HOUR + 90, HOUR + 95]},
                "launched": {USER_ID: ADA, SESSION: ONE, TIME: [HOUR + 60, HOUR + 70]},
                schema.SESSIONS: {USER_ID: ADA, SESSION: ONE, TIME: [HOUR + 60]},
            }
        )
        assert {name: columns[SEQ] for name, columns in merged.items()} == {
            schema.SESSIONS: [0],
            "launched": [1, 2],
            "exit": [3, 0],
        }
        assert {each for columns in merged.values() for each in columns[TIME]} == {HOUR}

    def test_of_nobody_tells_no_session(self) -> None:
        merged = self.body(
            {
                schema.SESSIONS: {
                    USER_ID: [ADA, schema.NOBODY], SESSION: [ONE, TWO], TIME: [HOUR, HOUR + 5],
                    "os": ["Linux", "Windows"], "arch": "arm64",
                },
                "exit": {USER_ID: [schema.NOBODY, ADA], SESSION: [TWO, ONE], TIME: [HOUR, HOUR]},
                "launched": {USER_ID: schema.NOBODY, SESSION: TWO, TIME: [HOUR]},
            }
        )  # fmt: skip
        assert rows(merged)[schema.SESSIONS] == [
            {USER_ID: ADA, SESSION: ONE, SEQ: 0, TIME: HOUR, "os": "Linux", "arch": "arm64"}
        ]
        assert merged["exit"][SESSION] == [schema.NOBODY, ONE]
        assert merged["launched"][SESSION] == [schema.NOBODY]
        left = self.body(
            {
                schema.SESSIONS: {USER_ID: schema.NOBODY, SESSION: TWO, TIME: [HOUR]},
                "exit": {USER_ID: ADA, SESSION: ONE, TIME: [HOUR]},
            }
        )
        assert left.keys() == {"exit"}
