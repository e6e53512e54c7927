from __future__ import annotations

import copy
import json
import math
import time
import uuid
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.catalog.line import hour
from aboveboard.client.recipients import wire
from aboveboard.collector.allowlist import Accepted, Unfit
from aboveboard.collector.protocols import posthog
from aboveboard.collector.protocols.legacy import Told
from aboveboard.warehouse.schema import NOBODY
from tests.collector.protocols.batches import ALLOWLIST, CRASH, ME, TRANSLATOR, body, event
from tests.collector.texts import encoded, leaks, values
from tests.collector.tool import CATALOG, NOW, new_id


def read(*events: dict[str, object]) -> tuple[list[Told], Counter[Unfit]]:
    return posthog.read(list(events), ALLOWLIST, TRANSLATOR)


def settle(*events: dict[str, object]) -> Accepted:
    told, unfit = read(*events)
    accepted = Accepted(unfit=unfit)
    TRANSLATOR.settle(told, accepted, posthog.SOURCE, lambda _: None)
    return accepted


class TestBodies:
    @pytest.mark.parametrize(
        "document",
        [
            {"batch": [event("launched")], "api_key": "k"},
            {"batch": [event("launched")], "token": "k", "sent_at": "now"},
            {"api_key": "k", **event("launched")},
            event("launched", properties={"token": "k"}),
            [event("launched", properties={"token": "k"}), event("exit")],
        ],
        ids=["batch", "token", "one event", "token in properties", "list"],
    )
    def test_every_form_of_a_clients_body_is_read(self, document: object) -> None:
        batch = posthog.parse(json.dumps(document).encode())
        assert batch.key == "k"
        assert batch.events[0]["event"] == "launched"

    @pytest.mark.parametrize(
        "sent",
        [b"", b"{", b"7", b"{}", b'{"batch": {}, "api_key": "k"}', b'{"api_key": ""}', b"[]"],
    )
    def test_what_is_no_clients_body_is_malformed(self, sent: bytes) -> None:
        with pytest.raises(posthog.MalformedError):
            posthog.parse(sent)

    def test_a_number_that_is_none_is_null_and_costs_nothing_else(self) -> None:
        (sent,) = posthog.parse(body(event("message_send", properties={"cost": math.nan}))).events
        assert sent["properties"] == {"cost": None}

    def test_a_batch_is_found_under_the_id_that_0_1_0_gave_it(self) -> None:
        events = [event("launched"), event("exit")]
        first = posthog.parse(body(*events, sentAt="2026-01-01T00:00:00Z")).former_id
        again = posthog.parse(body(*events, sentAt="2026-01-01T00:00:09Z")).former_id
        other = posthog.parse(body(event("launched"), events[1])).former_id
        assert None is not first == again != other
        assert posthog.parse(body(event("launched", uuid=None))).former_id is None


class TestEvents:
    def test_an_event_has_its_time_its_install_and_what_it_says_of_the_machine(self) -> None:
        ((told,), unfit) = read(event("launched"))
        assert (told.event, told.user_id, told.moment) == ("launched", ME, hour(NOW - 60))
        assert told.machine == {"tool_version": "1.2.3"}
        assert unfit == Counter()

    @pytest.mark.parametrize(
        "wrong", [7, 1.5, True, [ME], {"id": ME}, None], ids=lambda each: type(each).__name__
    )
    @pytest.mark.parametrize("key", ["distinct_id", "uuid"])
    def test_an_id_that_is_no_text_costs_no_other_event(self, key: str, wrong: object) -> None:
        told, _ = read(event("launched"), event("message_send", **{key: wrong}), event("exit"))
        others = [each.event for each in told if each.user_id == ME]
        assert others == ["launched", *(["message_send"] if key == "uuid" else []), "exit"]

    @pytest.mark.parametrize(
        "form", ["T15:44:40.519686+00:00", "T17:44:40+02:00", "T15:44:40Z", "T15:44:40"]
    )
    def test_times_are_read_as_clients_write_them_and_only_their_hour_is_kept(
        self, form: str
    ) -> None:
        day = NOW // 86_400 * 86_400 - 30 * 86_400
        timestamp = time.strftime("%Y-%m-%d", time.gmtime(day)) + form
        (each,) = read(event("launched", timestamp=timestamp))[0]
        assert each.moment == day + 15 * 3600

    def test_an_event_without_a_time_happened_now(self) -> None:
        (each,) = read(event("launched", timestamp=None))[0]
        assert each.moment == hour(NOW)

    def test_an_event_older_than_what_is_kept_is_dropped_and_counted(self) -> None:
        told = [
            event("launched", timestamp=f"{year}-06-01T00:00:00Z") for year in range(2010, 2024)
        ]
        assert read(*told) == ([], Counter({Unfit("value", "launched", "time"): 14}))

    @pytest.mark.parametrize(
        "timestamp", ["", "yesterday", 7, "0001-01-01T00:00:00+23:59", "2999-01-01"]
    )
    def test_an_event_of_no_possible_time_is_dropped_and_counted(self, timestamp: object) -> None:
        assert read(event("launched", timestamp=timestamp)) == (
            [],
            Counter({Unfit("value", "launched", "time"): 1}),
        )

    @pytest.mark.parametrize("user_id", [None, "", "me@example.org", 7, NOBODY])
    def test_an_event_of_an_install_that_says_who_it_is_is_dropped_and_counted(
        self, user_id: object
    ) -> None:
        assert read(event("launched", distinct_id=user_id)) == (
            [],
            Counter({Unfit("value", "launched", "user_id"): 1}),
        )

    @pytest.mark.parametrize("name", ["$identify", "$set", "$feature_flag_called", "$pageview"])
    def test_posthogs_own_events_are_dropped_without_a_word(self, name: str) -> None:
        assert read(event(name)) == ([], Counter())

    def test_events_come_in_the_order_of_their_times(self) -> None:
        late, early = event("exit", timestamp=None), event("launched")
        assert [each.event for each in read(late, early)[0]] == ["launched", "exit"]


class TestOurClientInPostHogsForm:
    def test_its_sessions_are_its_own(self) -> None:
        session = new_id()
        lines = wire.PostHog(ME, session, lambda: NOW)
        segment = "".join(
            lines.beginning(name) + text + lines.ending(not text)
            for name, text in [
                ("session_start", '"os": "Linux"'),
                ("launched", ""),
                ("launched", ""),
            ]
        )
        batch = posthog.parse(wire.PostHog.body(segment.encode(), "the key"))
        assert batch.key == "the key"
        accepted = settle(*batch.events)
        assert accepted.unfit == Counter()
        assert accepted.sessions == {session}
        assert accepted.tables["sessions"]["session"] == [session]
        assert accepted.tables["sessions"]["os"] == ["Linux"]
        assert accepted.tables["launched"]["session"] == [session, session]


class TestCrashes:
    def test_a_crash_keeps_its_type_and_the_tools_own_frames(self) -> None:
        (columns,) = (table for name, table in settle(CRASH).tables.items() if name == "exception")
        assert columns["error_type"] == ["KeyError"]
        assert columns["error_frames"] == [["tool.main:main:84"]]

    def test_nothing_else_of_a_crash_is_kept(self) -> None:
        kept = repr(settle(CRASH))
        for private in ("secret", "/home/me", "the cause", "__main__"):
            assert private not in kept

    def test_a_packages_exception_is_called_by_its_package(self) -> None:
        crash = copy.deepcopy(CRASH)
        crash["properties"]["$exception_list"][-1] |= {"type": "Odd", "module": "tool.errors"}  # type: ignore[index]
        assert settle(crash).tables["exception"]["error_type"] == ["tool.Odd"]

    def test_a_crash_belongs_to_the_install_that_the_rest_of_the_batch_names(self) -> None:
        told, _ = read(event("launched"), CRASH)
        assert {each.user_id for each in told} == {ME}

    def test_a_crash_alone_is_nobodys(self) -> None:
        ((told,), _) = read(CRASH)
        assert told.user_id == NOBODY

    @pytest.mark.parametrize("chain", [None, [], [7], {}, [{"type": 7}], [{"stacktrace": [1]}]])
    def test_a_crash_that_says_nothing_is_still_one(self, chain: object) -> None:
        crash = {**CRASH, "properties": {"$exception_list": chain, "distinct_id": ME}}
        kept = settle(crash)
        assert kept.tables["exception"]["error_type"] in ([None], ["other"])


class TestWhateverComes:
    @given(st.binary())
    def test_no_bytes_break_it(self, sent: bytes) -> None:
        with pytest.raises(posthog.MalformedError):
            posthog.parse(sent)

    @given(values)
    def test_no_json_breaks_it(self, document: object) -> None:
        for sent in (
            document,
            {"api_key": "k", "batch": document},
            {"api_key": "k", "a": document},
        ):
            try:
                batch = posthog.parse(encoded(sent))
            except posthog.MalformedError:
                continue
            assert isinstance(batch.former_id, uuid.UUID | None)
            assert settle(*batch.events).tables == {}

    @given(
        st.sampled_from([*CATALOG.entries, "command_add", "$exception", "uninvited"]),
        st.dictionaries(
            st.sampled_from(
                ["main_model", "model", "error", "command", "tool_version", "$exception_list"]
            ),
            values,
        ),
    )
    def test_no_text_of_a_sender_is_kept(self, name: str, properties: dict[str, object]) -> None:
        sent = event(name, properties=properties)
        batch = posthog.parse(b'{"api_key": "k", "batch": [%b]}' % encoded(sent))
        assert not leaks(settle(*batch.events).tables)
