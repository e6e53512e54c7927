from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.catalog.line import HOUR, hour
from aboveboard.collector.allowlist import AllowList
from aboveboard.collector.protocols import clocks, posthog
from aboveboard.collector.protocols.segment import NO_TIME, SegmentReader
from tests.collector.protocols.batches import ALLOWLIST, TRANSLATOR, event
from tests.collector.tool import CATALOG, NOW, Install

DAY = 86_400
READER = SegmentReader(AllowList(CATALOG, clock=lambda: NOW))


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


@pytest.mark.parametrize("torn", [b"", b"{"], ids=["whole", "torn"])
class TestASegment:
    """Of an install whose clock is wrong."""

    @pytest.mark.parametrize("ahead", [-4000 * DAY, -2 * DAY, 2 * DAY, 300 * DAY])
    def test_gets_the_right_hours(self, torn: bytes, ahead: int) -> None:
        body = Install().line("launched", time=hour(NOW + ahead - 3 * DAY))
        clock = clocks.of_header(str(hour(NOW + ahead)), NOW)
        accepted = READER.read(body + torn, clock=clock)
        assert accepted.tables["launched"]["time"] == [hour(NOW - 3 * DAY)]

    def test_is_refused_if_it_does_not_say_when_it_was_sent(self, torn: bytes) -> None:
        accepted = READER.read(Install().line("launched", time=NOW + 2 * DAY) + torn)
        assert accepted.rejected[0] == (1, NO_TIME)

    def test_is_left_as_it_is_if_the_clock_is_right_however_late_it_comes(
        self, torn: bytes
    ) -> None:
        body = Install().line("launched", time=hour(NOW - 90 * DAY))
        for sent in (NOW, NOW + 3 * HOUR, NOW - 5 * HOUR):
            clock = clocks.of_header(str(hour(sent)), NOW)
            accepted = READER.read(body + torn, clock=clock)
            assert accepted.tables["launched"]["time"] == [hour(NOW - 90 * DAY)]


class TestABatch:
    """Of an install whose clock is wrong."""

    @pytest.mark.parametrize("ahead", [-400 * DAY, 2 * DAY])
    @pytest.mark.parametrize("name", ["sentAt", "sent_at"])
    def test_gets_the_right_hours(self, ahead: int, name: str) -> None:
        sent = event("launched", timestamp=iso(NOW + ahead - DAY))
        document = {"batch": [sent], "api_key": "k", name: iso(NOW + ahead)}
        told, unfit = posthog.read([sent], ALLOWLIST, TRANSLATOR, posthog._sent(document))
        assert [each.moment for each in told] == [hour(NOW - DAY)]
        assert not unfit

    def test_of_history_is_left_as_it_is(self) -> None:
        document = {"historical_migration": True, "sentAt": iso(NOW - 90 * DAY)}
        assert posthog._sent(document) is None

    def test_that_says_it_was_sent_before_it_happened_says_nothing(self) -> None:
        sent = event("launched", timestamp=iso(NOW - DAY))
        told, _ = posthog.read([sent], ALLOWLIST, TRANSLATOR, iso(NOW - 90 * DAY))
        assert [each.moment for each in told] == [hour(NOW - DAY)]


@given(st.text() | st.sampled_from(["-1", "1e9", "9" * 13, "nan", "\u0661"]))
def test_no_header_breaks_it(told: str) -> None:
    assert clocks.of_header(told, NOW).true(NOW + HOUR) is not None


@pytest.mark.parametrize("told", [None, 7, "", "soon", "9999-99-99", "0001-01-01T00:00:00+23:59"])
def test_no_time_of_sending_is_a_clock_that_is_right(told: object) -> None:
    assert clocks.of_text(told, NOW) == clocks.RIGHT
