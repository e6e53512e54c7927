"""Where questions that somebody has written are asked in the tests, and plain ones of them."""

from __future__ import annotations

from pathlib import Path

from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.insights.adhoc import asking, rules
from aboveboard.warehouse import Warehouse
from tests.insights.conftest import Project
from tests.insights.population import Happening, fill, population

CANARY = "a-canary-in-a-file"
OF_OTHERS = "9.9.9"
"""A version that only the other project's sessions have."""


class Place:
    """A warehouse with two projects, one of which is asked, and a file with a secret."""

    def __init__(self, directory: Path, url: str) -> None:
        self.warehouse = Warehouse(url)
        self.project = Project("aider", shipped_catalog("aider"))
        happened = population(installs=3, days=20)
        fill(self.warehouse, "aider", self.project.catalog, happened)
        theirs = [
            Happening(
                e.event, e.user_id, e.session, e.time, {**e.properties, "app_version": OF_OTHERS}
            )
            for e in happened
            if e.event == "session_start"
        ]
        fill(self.warehouse, "other", self.project.catalog, theirs)
        self.file, self.out = directory / "secret", directory / "out"
        self.file.write_text(CANARY)

    def ask(self, text: str) -> str:
        return asking.ask(self.warehouse, self.project, text).as_json()


PLAIN = [
    "SELECT count() FROM message_send",
    "SELECT main_model, sum(cost) AS c FROM message_send GROUP BY ALL ORDER BY c DESC -- top",
    "WITH a AS (SELECT session FROM exception) SELECT countIf(session IN a) FROM sessions;",
    "SELECT s.os, count() FROM command INNER JOIN sessions AS s USING (session) GROUP BY 1",
    "SELECT toStartOfWeek(time) AS w, uniqExact(user_id) FROM sessions GROUP BY w ORDER BY w",
    "SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY time) FROM command LIMIT 1",
    "SELECT windowFunnel(3600)(time, command = 'add', command = 'ask') FROM command",
    "SELECT 'file(''x'')', '{x:String}', 'a;b', '-- c', 'INTO OUTFILE' WHERE 1",
    "SELECT 1 WHERE false",
    "SELECT * EXCEPT (seq) FROM command LIMIT 1",
    "SELECT CASE WHEN 1 THEN 'a' ELSE 'b' END UNION ALL SELECT 'c'",
    "SELECT quantilesExactIf(0.5, 0.9)(cost, cost > 0) FROM message_send",
]


def refusal(place: Place, text: str) -> str | None:
    """Return why a text is no question that may be asked; None if it may."""
    try:
        asking.read(place.warehouse, place.project, text)
    except rules.RefusedError as refused:
        return str(refused)
    return None
