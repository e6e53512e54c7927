"""The sums that the SQL gives of a share, against leaving out one install at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from uuid import UUID

from tests.insights.conftest import Data
from tests.insights.plain import kind_of, use_of
from tests.insights.shares import hold, hold_robust, ones, tally

PERIOD = {"since": "2026-09-20", "until": "2026-10-19"}


class TestFromTheData:
    """The SQL's standard errors are those of leaving out one install at a time, done plainly."""

    def test_the_share_of_messages_and_of_tokens(self, data: Data) -> None:
        answers = [
            event
            for event in data.happened
            if event.event == "message_send"
            and PERIOD["since"] <= event.time.date().isoformat() <= PERIOD["until"]
        ]
        for column, weight in (
            ("message", lambda _event: 1),
            ("token", lambda event: event.properties["total_tokens"]),
        ):
            of: dict[UUID, float] = defaultdict(float)
            its: dict[Hashable, dict[UUID, float]] = defaultdict(lambda: defaultdict(float))
            for event in answers:
                of[event.user_id] += weight(event)
                its[event.properties["main_model"]][event.user_id] += weight(event)
            rows = data.ask("models", PERIOD).records()
            hold(rows, f"{column}_share", [(its[row["model"]], of) for row in rows])
            hold_robust(rows, f"{column}_share", [(its[row["model"]], of) for row in rows])

    def test_the_share_of_installs(self, data: Data) -> None:
        began = {
            event.user_id
            for event in data.happened
            if event.event == "session_start"
            and PERIOD["since"] <= event.time.date().isoformat() <= PERIOD["until"]
        }
        rows = data.ask("commands", PERIOD).records()
        assert len(rows) > 10
        used: dict[object, set[UUID]] = defaultdict(set)
        for event in data.happened:
            if PERIOD["since"] <= event.time.date().isoformat() <= PERIOD["until"]:
                used[use_of(event)] |= {event.user_id} & began
        counts = [(ones(used[row["kind"], row["name"]]), ones(began)) for row in rows]
        hold(rows, "install_share", counts)
        hold_robust(rows, "install_share", counts)

    def test_the_share_of_sessions_overall_and_of_a_version(self, data: Data) -> None:
        began = {
            event.session: event
            for event in data.happened
            if event.event == "session_start"
            and PERIOD["since"] <= event.time.date().isoformat() <= PERIOD["until"]
        }
        kinds: dict[object, set[UUID]] = defaultdict(set)
        for event in data.happened:
            kinds[kind_of(event)].add(event.session)
        rows = data.ask("stability", PERIOD).records()
        assert len(rows) > 2
        for name, kind in (("crash_free_share", "crash"), ("provider_share", "provider failure")):
            counts = []
            for row in rows:
                its = {
                    session
                    for session, event in began.items()
                    if event.properties["app_version"] == row["version"]
                }
                failed = its & kinds[kind]
                chosen = its - failed if name == "crash_free_share" else failed
                counts.append(
                    tuple(tally(began[each].user_id for each in some) for some in (chosen, its))
                )
            hold(rows, name, [(some, of) for some, of in counts])
            hold_robust(rows, name, [(some, of) for some, of in counts])
