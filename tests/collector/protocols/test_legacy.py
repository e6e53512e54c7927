from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard import Event
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import choice, count, flag, seconds
from aboveboard.catalog.kinds import CatalogError
from aboveboard.catalog.line import hour
from aboveboard.collector.allowlist import Accepted, AllowList, Unfit, head
from aboveboard.collector.inbox.packing import IDENTITY
from aboveboard.collector.inbox.runs import Run
from aboveboard.collector.protocols import segment
from aboveboard.collector.protocols.legacy import SILENCE, Told, Translator, decode
from aboveboard.warehouse.schema import NOBODY
from tests.collector.texts import values
from tests.collector.tool import CATALOG, EVENTS, LEGACY, NOW, new_id

ALLOWLIST = AllowList(CATALOG, clock=lambda: NOW)
TRANSLATOR = Translator(ALLOWLIST)
ME = new_id()


def told(*names: str, every: int = 60, user_id: str = ME) -> list[Told]:
    return [
        Told(name, {}, user_id, NOW - 100_000 + every * number, f"{name} {number}")
        for number, name in enumerate(names)
    ]


def sessions(*groups: list[Told]) -> tuple[list[object], Accepted]:
    """Return the session of each event in the order of their tables, settled group by group."""
    accepted = Accepted()
    runs: dict[str, Run] = {}
    for group in groups:
        runs |= TRANSLATOR.settle(group, accepted, "posthog", runs.get)
    order = {each.event: None for group in groups for each in group}
    return [
        session
        for event in order
        for session in accepted.tables[event.replace("-", "_")]["session"]
    ], accepted


class TestWords:
    def test_an_alias_is_the_event_that_it_stands_for(self) -> None:
        assert TRANSLATOR.translate("command_add", {}) == ("command", {"command": "add"}, {})

    def test_a_property_is_renamed_in_its_event_only(self) -> None:
        name, kept, _ = TRANSLATOR.translate("message_send", {"model": "gpt-4o", "tokens": 1})
        assert (name, kept) == ("message_send", {"main_model": "gpt-4o", "tokens": 1})
        assert TRANSLATOR.translate("launched", {"model": "x"})[1] == {"model": "x"}

    def test_the_text_none_is_null(self) -> None:
        assert TRANSLATOR.translate("message_send", {"model": "None"})[1] == {"main_model": None}

    def test_the_text_none_is_a_text_where_the_catalog_knows_no_older_speaker(self) -> None:
        plain = Translator(AllowList(Catalog.of("tool", EVENTS)))
        assert plain.translate("message_send", {"model": "None"})[1] == {"model": "None"}

    def test_what_is_said_of_the_machine_is_no_property(self) -> None:
        said = {"tool_version": "1.2", "os_platform": "Linux", "$lib": "x", "os_release": "6.1"}
        assert TRANSLATOR.translate("launched", said) == (
            "launched",
            {},
            {"tool_version": "1.2", "os_platform": "Linux"},
        )

    def test_none_is_null_of_the_machine_too(self) -> None:
        machine = TRANSLATOR.translate("launched", {"tool_version": "None", "machine": "x"})[2]
        assert machine == {"tool_version": None, "machine": "x"}

    def test_an_event_keeps_its_own_property_though_others_say_nothing_by_that_name(self) -> None:
        class Upgraded(Event):
            """The system was."""

            machine: bool | None = flag("Whether the machine is another")
            os_release: int | None = count("How many releases")

        translator = Translator(AllowList(Catalog.of("tool", [*EVENTS, Upgraded], LEGACY)))
        said: dict[str, object] = {"machine": True, "os_release": 2, "$lib": "x"}
        assert translator.translate("upgraded", said) == (
            "upgraded",
            {"machine": True, "os_release": 2},
            {"machine": True},
        )
        assert translator.translate("uninvited", said) == ("uninvited", {}, {"machine": True})

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            (b'{"cost": NaN, "tokens": [Infinity, -Infinity, 1]}',
             {"cost": None, "tokens": [None, None, 1]}),
            (b'{"cost": 0.5}', {"cost": 0.5}),
        ],
    )  # fmt: skip
    def test_pythons_numbers_that_are_none_are_null(self, text: bytes, value: object) -> None:
        assert decode(text) == value

    @pytest.mark.parametrize("text", [b'{"a": NaN, "b": "\\ud800"}', b"{", b"NaNs", b""])
    def test_what_is_no_json_even_so_is_refused(self, text: bytes) -> None:
        with pytest.raises(segment.UNREADABLE):
            decode(text)


class TestVersion:
    """Whose version sent what is not in the catalog: the quarantine says it."""

    @pytest.mark.parametrize(
        ("said", "version"),
        [
            ({"tool_version": "1.2.3"}, "1.2.3"), ({"tool_version": "a word"}, None),
            ({"tool_version": 3}, None), ({"app_version": "1.2.3"}, None), ({}, None),
        ],
    )  # fmt: skip
    def test_is_what_the_sender_said_of_itself(
        self, said: dict[str, object], version: str | None
    ) -> None:
        accepted = Accepted()
        unknown = Told("nothing of ours", {}, ME, NOW, "seed", said)
        TRANSLATOR.settle([unknown], accepted, "posthog", lambda _: None)
        assert accepted.version == version
        assert accepted.tables == {}


class TestSessions:
    def test_a_run_is_one_session_from_its_start_to_its_end(self) -> None:
        found, accepted = sessions(told("launched", "no-repo", "message_send", "exit"))
        assert len(set(found)) == 1
        assert len(accepted.tables["sessions"]["session"]) == 1

    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            (["launched", "exit", "launched", "exit"], 2),
            (["launched", "launched"], 2),  # the first has crashed
            (["launched", "exit", "no-repo"], 2),
            (["no-repo", "exit", "launched"], 2),  # a log whose beginning was cut off
            (["no-repo", "launched", "exit"], 1),  # what comes before the first start belongs to it
            (["launched", "no-repo", "launched"], 2),
            (["no-repo", "launched", "no-repo", "launched"], 2),
            (["exit", "no-repo"], 2),
            (["exit", "launched"], 2),
        ],
    )
    def test_another_run_begins_with_a_second_start_or_after_an_end(
        self, names: list[str], expected: int
    ) -> None:
        found, accepted = sessions(told(*names))
        assert len(set(found)) == expected
        assert len(accepted.tables["sessions"]["session"]) == expected

    def test_another_run_begins_after_a_day_of_silence(self) -> None:
        same, _ = sessions(told("launched", "no-repo", every=SILENCE))
        other, _ = sessions(told("launched", "no-repo", every=SILENCE + 1))
        assert (len(set(same)), len(set(other))) == (1, 2)

    def test_a_run_goes_on_in_the_next_delivery(self) -> None:
        events = told("launched", "no-repo", "message_send", "exit")
        at_once, _ = sessions(events)
        one_by_one, accepted = sessions(*([each] for each in events))
        assert one_by_one == at_once
        assert len(accepted.tables["sessions"]["session"]) == 1

    def test_installs_do_not_share_runs(self) -> None:
        found, _ = sessions([*told("launched"), *told("launched", user_id=new_id())])
        assert len(set(found)) == 2

    def test_the_same_events_give_the_same_session_again(self) -> None:
        assert sessions(told("launched", "exit"))[0] == sessions(told("launched", "exit"))[0]

    def test_an_event_of_nobody_is_of_no_session_and_not_remembered(self) -> None:
        events = told("exception", "exception", user_id=NOBODY)
        accepted = Accepted()
        assert TRANSLATOR.settle(events, accepted, "posthog", lambda _: None) == {}
        assert accepted.tables["exception"]["session"] == [NOBODY, NOBODY]
        assert "sessions" not in accepted.tables

    def test_events_have_their_places_behind_the_start_which_is_made(self) -> None:
        _, accepted = sessions(told("launched", "message_send", "exit", "launched"))
        assert accepted.tables["sessions"]["seq"] == [0, 0]
        assert accepted.tables["launched"]["seq"] == [1, 1]
        assert accepted.tables["message_send"]["seq"] == [2]
        assert accepted.tables["exit"]["seq"] == [3]

    def test_places_go_on_in_the_next_delivery_of_the_same_run(self) -> None:
        events = told("launched", "message_send")
        runs = TRANSLATOR.settle(events, Accepted(), "posthog", lambda _: None)
        accepted = Accepted()
        TRANSLATOR.settle(told("message_send", "exit"), accepted, "posthog", runs.get)
        assert accepted.tables["message_send"]["seq"] == [3]
        assert accepted.tables["exit"]["seq"] == [4]

    def test_an_unknown_event_makes_no_session(self) -> None:
        accepted = Accepted()
        TRANSLATOR.settle(told("uninvited"), accepted, "posthog", lambda _: None)
        assert accepted.tables == {}
        assert accepted.unfit == Counter({Unfit("event", "uninvited", ""): 1})

    def test_a_start_that_names_no_session_makes_none(self) -> None:
        accepted = Accepted()
        TRANSLATOR.settle(told("session_start"), accepted, "posthog", lambda _: None)
        assert accepted.tables == {}

    def test_a_session_has_what_its_first_event_said_of_the_machine(self) -> None:
        machine = {"tool_version": "1.2.3+x", "os_platform": "Linux", "machine": "AMD64"}
        first, second = told("launched", "exit")
        first.machine, second.machine = machine, {"tool_version": "9"}
        _, accepted = sessions([first, second])
        row = {name: values[0] for name, values in accepted.tables["sessions"].items()}
        uuid.UUID(str(row.pop("session")))
        assert row == {
            "user_id": ME,
            "seq": 0,
            "time": hour(first.moment),
            "app_version": "1.2.3",
            "os": "Linux",
            "arch": "x86_64",
            "python_version": None,
            "source": "posthog",
        }

    def test_a_machine_that_no_list_has_is_other(self) -> None:
        (first,) = told("launched")
        first.machine = {"os_platform": "TempleOS", "machine": ["x"], "tool_version": "/home/me"}
        _, accepted = sessions([first])
        row = {name: values[0] for name, values in accepted.tables["sessions"].items()}
        assert (row["os"], row["arch"], row["app_version"]) == ("other", "other", None)
        assert accepted.unfit == Counter()  # it says so with every event


class TestIdentities:
    def test_an_event_that_is_stored_or_comes_twice_in_a_batch_is_left_out_and_the_rest_is_not(
        self,
    ) -> None:
        events = told("launched", "no-repo", "message_send", "uninvited", "message_send", "exit")
        for each, identity in zip(events, (1, 2, 3, 4, 3, None), strict=True):
            each.identity = uuid.UUID(int=identity).bytes if identity else None
        events[1].session = new_id()  # as a speaker of ours tells it, among the others
        asked: list[set[bytes]] = []

        def note(identities: Collection[bytes]) -> set[bytes]:
            asked.append(set(identities))
            return set(identities) - {uuid.UUID(int=1).bytes}

        accepted = Accepted()
        TRANSLATOR.settle(events, accepted, "posthog", lambda _: None, note)
        assert asked == [{uuid.UUID(int=number).bytes for number in (1, 2, 3)}]
        assert accepted.known == 2
        counts = {name: len(columns["time"]) for name, columns in accepted.tables.items()}
        assert counts == {"sessions": 1, "no_repo": 1, "message_send": 1, "exit": 1}
        assert accepted.tables["message_send"]["time"] == [hour(events[2].moment)]

    def test_rows_say_what_they_are_known_by_only_among_several_collectors(self) -> None:
        events = told("launched", "exit")
        events[0].identity = uuid.UUID(ME).bytes
        among, alone = Accepted(), Accepted()
        shared = Translator(ALLOWLIST, is_shared=True)
        for translator, accepted in ((shared, among), (TRANSLATOR, alone)):
            translator.settle(events, accepted, "posthog", lambda _: None)
        assert among.tables["launched"].pop(IDENTITY) == [ME]
        assert [among.tables[name].pop(IDENTITY) for name in ("exit", "sessions")] == [[None], [ME]]
        assert among.tables == alone.tables


class TestASenderThatNamesItsSession:
    def test_has_its_own_places_and_is_not_remembered_and_one_beside_it_has_its_run(self) -> None:
        mine = new_id()
        start, first, second = told("session_start", "message_send", "exit")
        for seq, each in enumerate((start, first, second)):
            each.session, each.seq = mine, 7 * seq
        start.properties = {"os": "Linux"}
        (nobodys,) = told("exception", user_id=NOBODY)
        (others,) = told("message_send", user_id=new_id())
        accepted = Accepted()
        runs = TRANSLATOR.settle(
            [start, nobodys, first, others, second], accepted, "posthog", lambda _: None
        )
        assert runs.keys() == {others.user_id}
        assert accepted.sessions == {mine}
        theirs = runs[others.user_id].session
        told_of = {
            name: list(zip(columns["session"], columns["seq"], strict=True))
            for name, columns in accepted.tables.items()
        }
        assert told_of == {
            "sessions": [(theirs, 0), (mine, 0)],
            "exception": [(NOBODY, 0)],
            "message_send": [(mine, 7), (theirs, 1)],
            "exit": [(mine, 14)],
        }
        assert accepted.tables["sessions"]["os"] == [None, "Linux"]
        assert accepted.tables["sessions"]["source"] == ["posthog"] * 2


@pytest.mark.parametrize(
    "legacy",
    [{"aliases": []}, {"session": {"start": 1}}, {"silent": [1]}, {"properties": {"a": 1}}],
)
def test_a_legacy_part_that_is_none_is_said_to_be_none(legacy: dict[str, object]) -> None:
    with pytest.raises(CatalogError, match="legacy"):
        Translator(AllowList(Catalog.of("tool", EVENTS, legacy)))


class Measured(Event):
    """Something was measured."""

    often: int | None = count("How often", steps=[0, 1, 10])
    long: float | None = seconds("How long", steps=[0, 0.5, 1.0])
    gone: str | None = choice("a", "b", doc="What ended on a day", expires="2020-01-01")


class TestManyAtOnce:
    """Events of one name are kept together; each must be kept as it would be alone."""

    ALLOWLIST = AllowList(Catalog.of("tool", [*EVENTS, Measured]), clock=lambda: NOW)
    NAMES = sorted({name for form in ALLOWLIST.forms.values() for name in form.kinds})
    # Equal in Python, and not the same: one must not stand for the other.
    twins: st.SearchStrategy[object] = st.sampled_from(
        [True, 1, 1.0, False, 0, 0.0, -0.0, "1", None, [], {}, 0.7, 10**30]
    )
    words = st.sampled_from(["diff", "add", "1.2.3", "gpt-4o", "openai/x", "Linux", "a"])
    properties = st.dictionaries(
        st.sampled_from([*NAMES, "uninvited"]), twins | words | values, max_size=6
    )

    @given(
        st.sampled_from(sorted(ALLOWLIST.forms.keys() - {"session_start"})),
        st.lists(st.tuples(properties, st.sampled_from([0, 1_600_000_000, NOW])), min_size=1),
    )
    def test_events_kept_together_or_one_by_one_give_the_same(
        self, event: str, told: list[tuple[dict[str, object], int]]
    ) -> None:
        heads = [head(ME, ME, seq, moment) for seq, (_, moment) in enumerate(told)]
        alone, together = Accepted(), Accepted()
        for (properties, _), fields in zip(told, heads, strict=True):
            assert self.ALLOWLIST.take(alone, event, properties, fields, "posthog")
        half = len(told) // 2
        for part in (slice(half), slice(half, None)):
            if heads[part]:
                columns = {name: [each[name] for each in heads[part]] for name in heads[0]}
                form = self.ALLOWLIST.forms[event]
                said = [said for said, _ in told[part]]
                self.ALLOWLIST.take_all(together, form, said, columns)
        assert repr(together.tables) == repr(alone.tables)
        assert (together.events, together.unfit) == (alone.events, alone.unfit)
