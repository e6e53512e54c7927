"""What is compared is what a few lines of Python count on both sides."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.conftest import in_turn
from tests.insights.compared import ASKED, compared
from tests.insights.conftest import Data
from tests.insights.population import AIDERS, Happening

NOW, THEN = ("2026-10-01", "2026-10-15"), ("2026-09-16", "2026-09-30")


def model_of(event: Happening) -> str | None:
    model = event.properties["main_model"]
    return None if model is None else str(model)


def those(data: Data, event: str, days: tuple[str, str]) -> list[Happening]:
    return [
        each
        for each in data.happened
        if each.event == event and days[0] <= each.time.date().isoformat() <= days[1]
    ]


def test_every_model_s_share_is_compared_with_that_of_the_days_before(data: Data) -> None:
    now, then = (
        Counter(model_of(event) for event in those(data, "message_send", days))
        for days in (NOW, THEN)
    )
    found = compared(data, "models")

    assert {key[0] for key in found.rows} == {*now, *then}
    for model in {*now, *then}:
        share = found.of((model,), "message_share")
        assert share is not None
        assert share.by is not None
        assert share.now == pytest.approx(now[model] / now.total())
        assert share.then == pytest.approx(then[model] / then.total())
        assert share.by.value == pytest.approx(share.now - share.then)  # type: ignore[operator]
        assert share.by.low < share.by.value < share.by.high


@pytest.mark.parametrize(
    "measure", in_turn(["installs", "sessions", "messages", "cost"], ["installs", "cost"])
)
def test_every_total_has_a_change_with_its_interval(data: Data, measure: str) -> None:
    now, then = (data.ask("totals", {"since": a, "until": b}).records()[0] for a, b in (NOW, THEN))
    found = compared(data, "totals").of((), measure)

    assert found is not None
    assert found.by is not None
    assert (found.now, found.then) == (now[measure], then[measure])
    assert found.by.value == pytest.approx(float(now[measure]) / float(then[measure]) - 1)  # type: ignore[arg-type]
    assert found.by.low < found.by.value < found.by.high


def test_a_version_is_compared_with_another(data: Data) -> None:
    found = compared(data, "crash_free", {**ASKED, "compare": "0.86.0..0.86.1"})
    old, new = (
        data.ask("crash_free", {**ASKED, "version": version}).records()[0]
        for version in ("0.86.0", "0.86.1")
    )
    share = found.of((), "crash_free_share")

    assert share is not None
    assert share.now == pytest.approx(new["crash_free_share"])
    assert share.then == pytest.approx(old["crash_free_share"])


@pytest.mark.parametrize(
    "name", in_turn([each.name for each in AIDERS if each.key], ["models", "errors"])
)
def test_whatever_has_rows_can_be_compared(data: Data, name: str) -> None:
    rows = compared(data, name).rows

    assert rows
    assert any(each.by is not None for row in rows.values() for each in row.values())


def test_the_first_row_is_compared_with_the_second_of_the_same_table(data: Data) -> None:
    rows = data.ask("models", ASKED).records()
    found = compared(data, "models").between(
        (rows[0]["model"],), (rows[1]["model"],), "message_share"
    )

    assert found is not None
    assert found.value == pytest.approx(rows[0]["message_share"] - rows[1]["message_share"])  # type: ignore[operator]


def test_a_filter_by_a_property_keeps_the_sessions_in_which_it_was(data: Data) -> None:
    chosen = {
        each.session
        for each in data.happened
        if each.event == "message_send" and each.properties["main_model"] == "gpt-5"
    }
    days = ("2026-09-20", "2026-10-19")
    asked = {"since": days[0], "until": days[1]}
    inside = [each for each in those(data, "command", days) if each.session in chosen]
    rows = data.ask("commands", {**asked, "where": "message_send.main_model:gpt-5"}).records()

    assert inside
    assert sum(int(row["uses"] or 0) for row in rows if row["kind"] == "command") == len(inside)
