"""A property may have any name that a catalog allows, also one that a question's SQL gives."""

from __future__ import annotations

import re
import uuid
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from aboveboard import insights
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import RESERVED, Event, choice, count, dollars, flag
from aboveboard.insights.insight import QUESTIONS
from aboveboard.warehouse import Warehouse, embedded
from tests.insights.conftest import Project
from tests.insights.population import Happening, fill

KINDS = (
    lambda: choice("a", "b", doc="A word"),
    lambda: count("How many"),
    lambda: flag("Whether"),
    lambda: dollars("How much"),
)
VALUES = ("a", 7, True, 0.5)
TODAY = date(2026, 11, 21)


def _names() -> list[str]:
    """Return every name that the questions' SQL gives to something, if a property may have it."""
    sql = "".join(file.read_text() for file in QUESTIONS.iterdir() if file.name.endswith(".sql"))
    named = set(re.findall(r"\bAS ([a-z]\w*)", sql)) | set(re.findall(r"\b([a-z]\w*) AS \(", sql))
    return sorted(named - RESERVED)


@pytest.fixture
def project() -> Project:
    def thing(kind: int) -> type[Event]:
        body: dict[str, object] = {"__doc__": "Something happened."}
        body["__annotations__"] = dict.fromkeys(_names(), "object")
        body |= {
            name: KINDS[(number + kind) % len(KINDS)]() for number, name in enumerate(_names())
        }
        return type(f"Thing{kind}", (Event,), body)

    return Project("named", Catalog.of("named", [thing(kind) for kind in range(len(KINDS))]))


@pytest.mark.thorough
def test_every_question_of_an_event_is_answered(project: Project, tmp_path: Path) -> None:
    names = _names()
    assert {"times", "installs", "place", "value"} <= set(names)
    me, session = uuid.uuid4(), uuid.uuid4()
    happened = [
        Happening(
            f"thing{kind}",
            me,
            session,
            datetime(2026, 11, 18, tzinfo=UTC),
            {name: VALUES[(number + kind) % len(KINDS)] for number, name in enumerate(names)},
        )
        for kind in range(len(KINDS))
    ]
    with closing(Warehouse(embedded(tmp_path))) as warehouse:
        fill(warehouse, project.name, project.catalog, happened)
        for insight in insights.offered(project.catalog):
            events = [each.event for each in happened] if insight.of_event else [None]
            for event in events:
                asked = {"since": "2026-11-01", "until": "2026-11-21"}
                told = asked | ({"event": event} if event else {})
                for filters in (told, told | {"os": "Linux"}):
                    read = insights.Filters.from_query(filters, TODAY)
                    assert insight.run(warehouse, project, read) is not None, insight.name
