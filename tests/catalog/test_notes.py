"""What is said of an event or a property beside what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aboveboard import Catalog, CatalogError, Event, choice, count, flag
from aboveboard.catalog.notes import NAMES
from aboveboard.client.decision import consent
from aboveboard.client.files.appendfile import AuditLog
from aboveboard.client.recording.session import Session

DAY = 86_400
END = 1_811_808_000
"""2027-06-01 in UTC, in seconds since 1970."""


class Ran(Event, why="To know what is used", owner="ana@tool.example", since="1.4"):
    """A command ran."""

    how: str = choice("fast", "slow", doc="How", issue="https://tool.example/issues/7")
    files: int = count("Files", steps=True, expires="2027-06-01")


class Tried(Event, expires="2027-06-01"):
    """Something was tried."""

    again: bool = flag("Whether it was tried before")


class Looked(Event, expires="2027-06-01"):
    """Somebody looked."""


CATALOG = Catalog.of("tool", [Ran, Tried, Looked])
DOCUMENT: dict[str, Any] = json.loads(json.dumps(CATALOG.as_json()))


def written(log: Path, moment: float, *events: Event, covered: Any = None) -> list[Any]:
    """Return the properties of what a session writes of some events, at a moment."""
    clock: list[float] = [END - 30 * DAY]
    session = Session(
        catalog=CATALOG,
        covered=CATALOG.terms() if covered is None else covered,
        user_id=None,
        log=AuditLog(str(log)),
        clock=lambda: clock[0],
    )
    for event in events:  # the session has begun before
        session.record(event)
    log.write_text("")
    clock[0] = moment
    for event in events:
        session.record(event)
    session.finish()
    return [json.loads(line)["properties"] for line in log.read_text().splitlines()]


class TestNotes:
    def test_stand_in_the_catalogs_json_and_come_back(self) -> None:
        ran = next(event for event in DOCUMENT["events"] if event["name"] == "ran")
        assert (ran["why"], ran["owner"], ran["since"]) == (
            "To know what is used",
            "ana@tool.example",
            "1.4",
        )
        assert ran["properties"][0]["issue"] == "https://tool.example/issues/7"
        assert ran["properties"][1]["expires"] == "2027-06-01"
        again = Catalog.from_json(DOCUMENT)
        assert again.as_json() == DOCUMENT
        assert again.entries["ran"].notes.owner == "ana@tool.example"
        assert again.entries["ran"].unknown == {}

    def test_no_change_of_words_asks_anybody_again(self) -> None:
        changed = json.loads(json.dumps(DOCUMENT))
        for event in changed["events"]:
            for part in (event, *event["properties"]):
                part.update(doc="Other", why="Other", owner="o", issue="https://o", since="9")
        assert Catalog.from_json(changed).terms() == CATALOG.terms()

    @pytest.mark.parametrize(
        ("note", "said"),
        [
            ({"expires": "soon"}, "expires is a day, such as 2027-06-30, not 'soon'"),
            ({"expires": "2027-02-29"}, "expires is a day"),
            ({"expires": "2100-02-29"}, "expires is a day"),
            ({"expires": "2027-13-01"}, "expires is a day"),
            ({"expires": 20270601}, "expires is a day"),
            ({"issue": "#7"}, "issue is a web address"),
            ({"why": "two\nlines"}, "why is one line"),
            ({"owner": 3}, "owner is a line of text"),
            ({"since": "x" * 501}, "since is one line"),
        ],
    )
    def test_one_that_cannot_be_used_is_refused_in_one_line(
        self, note: dict[str, Any], said: str
    ) -> None:
        with pytest.raises(CatalogError, match=said) as refused:
            flag("Whether", **note)
        assert "\n" not in str(refused.value)
        with pytest.raises(CatalogError, match=said):
            type("Noted", (Event,), {"__doc__": "It."}, **note)
        document = {"format": 1, "app": "tool", "events": [
            {"name": "e", "doc": "It.", "properties": [], **note}]}  # fmt: skip
        with pytest.raises(CatalogError, match=said):
            Catalog.from_json(document)

    @pytest.mark.parametrize("day", ["2024-02-29", "2000-02-29", "2027-12-31"])
    def test_a_day_of_the_calendar_can_be_one_of_expiry(self, day: str) -> None:
        assert flag("Whether", expires=day) is not None


class TestWhatHasExpired:
    """From the beginning of the day on, in UTC, also in a session that began before."""

    def test_is_recorded_until_the_day_before(self, tmp_path: Path) -> None:
        events = Ran(how="fast", files=7), Tried(again=True), Looked()
        assert written(tmp_path / "log", END - 1, *events) == [
            {"how": "fast", "files": 5},
            {"again": True},
            {},
        ]

    def test_is_null_as_a_property_and_nothing_as_an_event(self, tmp_path: Path) -> None:
        events = Ran(how="fast", files=7), Tried(again=True), Looked()
        assert written(tmp_path / "log", END, *events) == [{"how": "fast", "files": None}]

    def test_is_not_counted_as_a_value_that_did_not_fit(self, tmp_path: Path) -> None:
        ran = Ran(how="fast", files="many")  # type: ignore[arg-type]
        lines = written(tmp_path / "log", END, ran)
        assert [line for line in lines if line.get("in_property")] == [
            {"in_event": "ran", "in_property": "files", "times": 1}  # of the time before
        ]

    def test_ends_on_the_day_that_was_agreed_to_where_that_is_earlier(self, tmp_path: Path) -> None:
        agreed = {"ran": {"how": "choice until:2027-05-15", "files": "count"}}
        covered = consent.overlap(agreed, CATALOG.terms())
        told = written(tmp_path / "log", END - 10 * DAY, Ran(how="fast", files=7), covered=covered)
        assert told == [{"how": None, "files": 5}]


def test_every_note_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs/catalog.md").read_text()
    assert [name for name in NAMES if f"| `{name}` |" not in text] == []
