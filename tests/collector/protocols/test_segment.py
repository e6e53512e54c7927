from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import Event, choice, count, flag
from aboveboard.catalog.line import hour
from aboveboard.client.decision.statefile import StateFile
from aboveboard.collector.allowlist import UNFIT_MAX, Accepted, AllowList, Unfit
from aboveboard.collector.inbox import packing
from aboveboard.collector.protocols.segment import (
    NO_PLACE,
    NO_SESSION,
    NO_TIME,
    NO_USER_ID,
    NOT_AN_EVENT,
    NOT_IN_CATALOG,
    NOT_JSON,
    TOO_DEEP,
    TOO_LONG,
    TOO_MANY_PROPERTIES,
    SegmentReader,
)
from tests.client import tool
from tests.client.places import NOBODY
from tests.collector.texts import encoded, leaks, values
from tests.collector.tool import CATALOG, NOW, Install

READER = SegmentReader(AllowList(CATALOG, clock=lambda: NOW))
ME = Install()
END = time.strftime("%Y-%m-%d", time.gmtime(NOW))
LAST = NOW // 86_400 * 86_400 - 3_600
"""The last hour before that day."""


def columns(accepted: Accepted, table: str) -> dict[str, list[object]]:
    return {
        name: values
        for name, values in accepted.tables[table].items()
        if name not in ("user_id", "session", "seq", "time")
    }


class TestWhatIsTaken:
    def test_a_line_has_one_event_and_an_event_one_line(self) -> None:
        """Found by the fuzzer: alone an event on two lines was taken."""
        broken = ME.line("exit").replace(b", ", b",\n", 1)
        assert READER.read(broken).rejected == [(1, NOT_JSON), (2, NOT_JSON)]
        both = ME.line("exit").strip() + ME.line("exit") + b"\n"
        assert READER.read(both).rejected == [(1, NOT_JSON)]
        blank = READER.read(ME.line("exit") + b"\n" + ME.line("exit"))
        assert blank.tables["exit"]["seq"] == [0, 2]

    def test_a_line_that_is_no_utf_8_is_refused_also_where_no_field_of_it_is_concerned(
        self,
    ) -> None:
        """Found by the fuzzer: alone such a line was taken, beside a bad line it was refused."""
        line = ME.line("exit", more=1).replace(b"more", b"mor\xef")
        assert READER.read(line).rejected == [(1, NOT_JSON)]
        assert READER.read(line + b"{}\n").rejected == [(1, NOT_JSON), (2, NOT_AN_EVENT)]

    def test_a_segment_becomes_columns_of_its_events_tables(self) -> None:
        body = ME.segment(2) + ME.line("no-repo", {"found": True}) + ME.line("exit")
        accepted = READER.read(body)
        assert accepted.events == 5
        assert accepted.rejected == []
        assert set(accepted.tables) == {"sessions", "message_send", "no_repo", "exit"}
        assert accepted.tables["message_send"] == {
            "user_id": [ME.user_id] * 2,
            "session": [ME.session] * 2,
            "seq": [1, 2],
            "time": [hour(NOW)] * 2,
            "main_model": ["gpt-4o"] * 2,
            "edit_format": ["diff"] * 2,
            "tokens": [7] * 2,
            "cost": [0.5] * 2,
        }
        assert columns(accepted, "sessions") == {
            "app_version": ["1.2.3"],
            "os": ["Linux"],
            "arch": ["x86_64"],
            "python_version": ["3.12.1"],
            "source": ["aboveboard"],
        }
        assert accepted.sessions == {ME.session}

    def test_lines_of_0_1_0_are_taken_with_the_hour_and_their_place_in_the_segment(self) -> None:
        body = b"".join(ME.line("launched", time=NOW - 60 + second) for second in range(3))
        exact = READER.read(body).tables["launched"]
        assert exact["seq"] == [0, 1, 2]
        assert exact["time"] == [hour(NOW - 60 + second) for second in range(3)]
        each = READER.read(b"\n" + body + b"{").tables["launched"]
        assert each["seq"] == [1, 2, 3]
        assert each["time"] == exact["time"]

    @pytest.mark.parametrize("torn", [b"", b"{"])
    def test_a_line_says_its_own_place(self, torn: bytes) -> None:
        body = ME.line("launched", seq=7) + ME.line("launched", seq=2**32 - 1) + torn
        assert READER.read(body).tables["launched"]["seq"] == [7, 2**32 - 1]

    def test_a_property_that_is_left_out_is_null(self) -> None:
        accepted = READER.read(ME.line("message_send", {"tokens": 1}))
        assert columns(accepted, "message_send") == {
            "main_model": [None],
            "edit_format": [None],
            "tokens": [1],
            "cost": [None],
        }

    def test_a_reduced_exception_fills_its_three_columns(self) -> None:
        error = {"type": "KeyError", "frames": ["tool.main:run:3", "elsewhere:f:1"]}
        told = columns(READER.read(ME.line("exception", {"error": error})), "exception")
        assert told["error_type"] == ["KeyError"]
        assert told["error_frames"] == [["tool.main:run:3"]]
        (fingerprint,) = told["error_fingerprint"]
        assert isinstance(fingerprint, str)
        assert len(fingerprint) == 16

    def test_a_version_is_rebuilt_and_an_undeclared_command_is_other(self) -> None:
        body = ME.line("plugin", {"plugin_version": "1.02+local"})
        body += ME.line("command", {"command": "rm -rf"}) + ME.line("command", {"command": "add"})
        accepted = READER.read(body)
        assert columns(accepted, "plugin") == {"plugin_version": ["1.2"]}
        assert columns(accepted, "command") == {"command": ["other", "add"]}
        assert accepted.unfit == Counter()

    def test_every_line_that_the_client_writes_is_taken_as_it_is(
        self, home: dict[str, str], tmp_path: Path
    ) -> None:
        log = tmp_path / "log"
        state = Path(home["HOME"]) / ".config/tool/analytics.json"
        StateFile(str(state)).agree(Catalog.of("tool", tool.EVENTS).terms(), NOBODY)
        words = ["send", "--times", "3", "--analytics-log", str(log)]
        subprocess.run([sys.executable, tool.__file__, *words], env=home, check=True)
        reader = SegmentReader(AllowList(Catalog.of("tool", tool.EVENTS)))
        accepted = reader.read(log.read_bytes())
        assert (accepted.rejected, accepted.unfit) == ([], Counter())
        assert accepted.events == len(log.read_bytes().splitlines()) == 5
        assert columns(accepted, "message_send")["prompt_tokens"] == [0, 1, 2]
        assert columns(accepted, "sessions")["app_version"] == ["1.2.3"]

    def test_empty_lines_and_foreign_line_ends_are_no_events(self) -> None:
        line = ME.line("launched").strip()
        for body in (b"\n\n" + line + b"\r\n\n" + line, line + b"\n \n" + line + b"\n{"):
            assert READER.read(body).events == 2


class TestWhatIsNot:
    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (b'{"event": "laun', NOT_JSON),
            (b"\xff\xfe", NOT_JSON),
            (b"[" * 60_000, TOO_DEEP),
            (b"[" * 100_000, TOO_LONG),
            (ME.line("launched", note="x" * 70_000), TOO_LONG),
            (ME.line("launched", dict.fromkeys(map(str, range(501)))), TOO_MANY_PROPERTIES),
            (b'{"time": NaN}', NOT_JSON),
            (b"[]", NOT_AN_EVENT),
            (b'"launched"', NOT_AN_EVENT),
            (ME.line("launched", [1]), NOT_AN_EVENT),  # type: ignore[arg-type]
            (ME.line("launched", user_id="someone@example.org"), NO_USER_ID),
            (ME.line("launched", user_id="6ba7b810-9dad-11d1-80b4-00c04fd430c8"), NO_USER_ID),
            (ME.line("launched", user_id=None), NO_USER_ID),
            (ME.line("launched", user_id=7), NO_USER_ID),
            (ME.line("launched", user_id=1.5), NO_USER_ID),
            (ME.line("launched", user_id=True), NO_USER_ID),
            (ME.line("launched", user_id=[ME.user_id]), NO_USER_ID),
            (ME.line("launched", user_id={ME.user_id: 1}), NO_USER_ID),
            (ME.line("launched", session=[ME.session]), NO_SESSION),
            (ME.line("launched", session={}), NO_SESSION),
            (ME.line("launched", session=None), NO_SESSION),
            (ME.line("launched", session="1"), NO_SESSION),
            (ME.line("launched", session=7), NO_SESSION),
            (ME.line("launched", seq=-1), NO_PLACE),
            (ME.line("launched", seq=2**32), NO_PLACE),
            (ME.line("launched", seq=1.5), NO_PLACE),
            (ME.line("launched", seq=None), NO_PLACE),
            (ME.line("launched", seq=True), NO_PLACE),
            (ME.line("launched", time="now"), NO_TIME),
            (ME.line("launched", time=True), NO_TIME),
            (ME.line("launched", time=0), NO_TIME),
            (ME.line("launched", time=NOW * 1000), NO_TIME),
            (ME.line("launched", time=1e999), NOT_JSON),
            (ME.line("uninvited"), NOT_IN_CATALOG),
            (ME.line(None), NOT_IN_CATALOG),  # type: ignore[arg-type]
            (ME.line({"a": 1}), NOT_IN_CATALOG),  # type: ignore[arg-type]
        ],
        ids=lambda value: value if isinstance(value, str) else "line",
    )
    def test_a_line_gets_its_verdict_and_the_others_are_taken(
        self, line: bytes, reason: str
    ) -> None:
        accepted = READER.read(ME.line("launched") + line.strip() + b"\n" + ME.line("exit"))
        assert accepted.rejected == [(2, reason)]
        assert accepted.events == 2
        assert set(accepted.tables) == {"launched", "exit"}

    def test_a_torn_last_line_is_only_its_own_loss(self) -> None:
        body = ME.segment(3)
        accepted = READER.read(body[:-9])
        assert accepted.events == 3
        assert accepted.rejected == [(4, NOT_JSON)]

    @pytest.mark.parametrize(
        "told",
        [
            {"main_model": 1},
            {"edit_format": "/home/me"},
            {"edit_format": ["diff"]},
            {"tokens": -1},
            {"tokens": True},
            {"tokens": 1.0},
            {"tokens": "7"},
            {"cost": "much"},
            {"cost": 2e15},
        ],
        ids=str,
    )
    def test_a_value_that_does_not_fit_is_null_and_counted(self, told: dict[str, object]) -> None:
        (name,) = told
        accepted = READER.read(ME.line("message_send", told) + ME.line("message_send", told))
        assert columns(accepted, "message_send")[name] == [None, None]
        assert accepted.unfit == Counter({Unfit("value", "message_send", name): 2})
        assert accepted.rejected == []

    def test_a_private_model_leaves_its_provider_at_most(self) -> None:
        told = [{"main_model": "openai/my-own"}, {"main_model": "my-own"}]
        accepted = READER.read(b"".join(ME.line("message_send", each) for each in told))
        assert columns(accepted, "message_send")["main_model"] == ["openai/REDACTED", None]

    def test_an_unknown_property_is_dropped_and_counted(self) -> None:
        accepted = READER.read(ME.line("launched", {"path": "/home/me"}))
        assert columns(accepted, "launched") == {}
        assert accepted.unfit == Counter({Unfit("property", "launched", "path"): 1})

    def test_an_unknown_event_is_counted(self) -> None:
        accepted = READER.read(ME.line("uninvited") * 2 + ME.line("launched"))
        assert accepted.unfit == Counter({Unfit("event", "uninvited", ""): 2})


EVENTS = [*CATALOG.entries, "uninvited"]
NAMES = sorted({name for entry in CATALOG.entries.values() for name in entry.properties})
fitting = st.sampled_from(
    [None, True, 0, 7, 0.5, "diff", "add", "1.2.3", "gpt-4o", "openai/x", "KeyError: me", "Linux"]
)
properties = st.dictionaries(st.sampled_from(NAMES), fitting | values, max_size=5)
lines = st.builds(
    ME.line,
    st.sampled_from(EVENTS),
    properties,
    time=st.sampled_from([NOW, NOW, NOW, NOW - 5.5, -1]),
)


class TestWhateverComes:
    @given(st.binary())
    def test_no_bytes_break_it(self, body: bytes) -> None:
        assert READER.read(body).events == 0

    @given(st.lists(values.map(encoded)))
    def test_no_json_breaks_it_and_none_is_kept(self, told: list[bytes]) -> None:
        assert READER.read(b"\n".join(told)).tables == {}

    @given(st.lists(lines, max_size=8))
    def test_no_text_of_a_sender_is_kept(self, told: list[bytes]) -> None:
        accepted = READER.read(b"".join(told))
        assert not leaks(accepted.tables)
        assert not leaks(accepted.rejected)
        packed = packing.pack(accepted.tables)
        merged: dict[str, dict[str, list[object]]] = {}
        packing.unpack_into(merged, packed)
        told_at_all = {  # a column that says nothing is not packed, and is null where it is kept
            table: {name: each for name, each in columns.items() if set(map(str, each)) != {"None"}}
            for table, columns in accepted.tables.items()
        }
        assert merged == told_at_all

    @given(st.lists(st.builds(ME.line, st.sampled_from(EVENTS[:-1]), properties), max_size=8))
    def test_lines_read_together_or_one_by_one_give_the_same(self, told: list[bytes]) -> None:
        body = b"".join(told)
        together = READER.read(body)
        one_by_one = READER.read(body + b"{")  # the torn line makes each be read on its own
        assert one_by_one.rejected == [*together.rejected, (len(told) + 1, NOT_JSON)]
        assert one_by_one.tables == together.tables
        assert one_by_one.unfit == together.unfit + Counter({Unfit(NOT_JSON, "", ""): 1})
        assert (
            one_by_one.events
            == together.events
            == sum(len(table["time"]) for table in together.tables.values())
        )

    def test_the_order_of_a_tables_events_is_that_of_the_lines(self) -> None:
        numbers = random.Random(1).sample(range(1000), 200)
        body = b"".join(ME.line("message_send", {"tokens": number}) for number in numbers)
        assert READER.read(body).tables["message_send"]["tokens"] == numbers

    def test_keys_that_the_wire_does_not_know_are_left_out(self) -> None:
        accepted = READER.read(ME.line("launched", ip="10.0.0.1", hostname="mine"))
        assert accepted.events == 1
        assert "10.0.0.1" not in json.dumps(accepted.tables)


class Going(Event):
    """Something that is collected for a while."""

    kept: str | None = choice("a", "b", doc="What goes on")
    word: str | None = choice("a", "b", doc="What ends", expires=END)
    size: int | None = count("What ends as well", expires=END)


class Gone(Event, expires=END):
    """Something that ends as a whole."""

    flag: bool | None = flag("What goes with it")


class TestWhatHasExpired:
    """An older version of the tool knows nothing of the day, or a clock of its user's is wrong."""

    READER = SegmentReader(AllowList(Catalog.of("tool", [Going, Gone]), clock=lambda: NOW))

    def body(self, *times: int) -> bytes:
        told = {"kept": "a", "word": "b", "size": 3}
        return b"".join(ME.line("going", told, time=moment) for moment in times)

    @pytest.mark.parametrize("beside", [b"", b"{}\n"])
    def test_a_property_is_null_from_its_day_on_and_an_event_is_not_taken(
        self, beside: bytes
    ) -> None:
        """With a line that is none beside them, each is read on its own."""
        found = self.READER.read(beside + self.body(LAST, LAST + 3600))
        assert columns(found, "going") == {
            "kept": ["a", "a"],
            "word": ["b", None],
            "size": [3, None],
        }
        gone = ME.line("gone", {"flag": True}, time=LAST)
        over = ME.line("gone", {"flag": True}, time=LAST + 3600)
        found = self.READER.read(beside + gone + over + self.body(LAST))
        lines = 1 if beside else 0
        assert columns(found, "gone") == {"flag": [True]}
        assert found.rejected[lines:] == [(lines + 2, NOT_IN_CATALOG)]
        assert found.unfit[Unfit("event", "gone", "")] == 1
        assert len(found.tables["going"]["time"]) == 1

    def test_an_older_version_is_not_counted_as_one_that_sends_what_does_not_fit(self) -> None:
        assert not self.READER.read(self.body(LAST + 3600)).unfit


def test_a_body_of_invented_names_is_counted_whole_under_few_of_them() -> None:
    def counts_of(names: int) -> Counter[Unfit]:
        told = {f"invented{number}": number for number in range(100)}
        lines = [
            Install().line("no-repo", {f"{name}_{row}": value for name, value in told.items()})
            for row in range(names // 100)
        ]
        return READER.read(b"".join(lines) + b"{}\n").unfit

    few, many = counts_of(400), counts_of(2 * UNFIT_MAX)
    assert few.total() == len(few) == 401
    assert many.total() == 2 * UNFIT_MAX + 1
    assert len(many) <= UNFIT_MAX + 2
    assert many[Unfit("property", "(other)", "(other)")] == UNFIT_MAX
    assert many[Unfit(NOT_AN_EVENT, "", "")] == 1
