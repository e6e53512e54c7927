"""The demo, lived by a few people, has something true to show on every page.

It is what a newcomer sees first. Its failures pass through the same checks as anybody's, and once a
stricter check had left every error without a place, and no test saw it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from aboveboard import insights
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.demo.population import BUGGY_VERSION
from tests.collector.tool import Server, add_project
from tests.insights.population import AIDERS

pytestmark = pytest.mark.thorough

PEOPLE = 40
WHOLE = "since=61d&project=demo"
NEVER_LIVED = {
    "dropped_events", "rejected_value", "gui session", "copy-paste mode", "model warning",
    "auto_model_selection", "interactive help", "ai-comments file-add", "ai-comments execute",
    "oauth_flow_initiated", "oauth_flow_code_received", "oauth_flow_success",
    "oauth_flow_failure", "oauth_flow_failed", "oauth_flow_save_failed",
}  # fmt: skip
"""Events that no simulated person makes happen."""

Row = Mapping[str, object]


class Demo:
    """A collector that the demo's people have filled."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def page(self, path: str) -> str:
        answer = self.server.request("GET", path)
        assert answer.status == 200, (path, answer.body)
        return answer.body.decode()

    def rows(self, name: str, query: str = WHOLE) -> list[Row]:
        document = json.loads(self.page(f"/insights/{name}.json?{query}"))
        return [dict(zip(document["columns"], row, strict=True)) for row in document["rows"]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    data: Path = tmp_path_factory.mktemp("demo")
    key = add_project(data, "demo", shipped_catalog("aider"))
    server = Server(data)
    words = ["--url", f"http://127.0.0.1:{server.port}", "--key", key, "--installs", str(PEOPLE)]
    filling = subprocess.run(
        [sys.executable, "-m", "aboveboard.demo", *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (filling.returncode, filling.stderr) == (0, "")
    server.settle()
    yield Demo(server)
    server.stop()


@pytest.mark.parametrize("insight", AIDERS, ids=lambda insight: str(insight.name))
def test_every_insight_has_rows_and_every_column_of_its_page_a_value_somewhere(
    demo: Demo, insight: insights.Insight
) -> None:
    query = WHOLE + ("&event=reply" if insight.of_event else "")
    rows = demo.rows(insight.name, query)

    assert rows
    for column in insight.columns:
        values = {str(row[column]) for row in rows if row[column] is not None}
        assert values - {"0", "0.0"}, column
    page = demo.page(f"/insights/{insight.name}?{query}")
    assert "Nothing in this period" not in page
    assert "Waiting for the first event" not in page


def test_every_error_has_a_type_and_a_place_in_a_package_of_the_catalog(demo: Demo) -> None:
    failed = [row for row in demo.rows("errors") if row["kind"] != "exit"]

    assert {row["kind"] for row in failed} == {"crash", "handled error", "provider failure"}
    for row in failed:
        assert row["name"] not in (None, "other")
        assert str(row["place"]).startswith(("aider.", "litellm."))
        assert row["group"] is not None
    assert len({row["place"] for row in failed if row["kind"] != "provider failure"}) >= 3
    page = demo.page(f"/insights/errors?{WHOLE}")
    assert all(str(row["name"]) in page for row in failed)


def test_stability_shows_the_version_with_the_bug(demo: Demo) -> None:
    rows = {row["version"]: row for row in demo.rows("stability")}

    def crash_free(version: object) -> float:
        share = rows[version]["crash_free_share"]
        assert isinstance(share, float)
        return share

    assert len(rows) == 4
    assert min(rows, key=crash_free) == BUGGY_VERSION


def test_every_event_that_people_make_happen_has_a_page_with_what_it_tells(demo: Demo) -> None:
    catalog = shipped_catalog("aider")
    happened = {str(row["event"]) for row in demo.rows("events") if row["times"]}

    assert happened == set(catalog.entries) - NEVER_LIVED
    for event in sorted(happened):
        page = demo.page(f"/insights/events?{WHOLE}&event={quote(event)}")
        assert "No such event yet" not in page
        rows = demo.rows("event_properties", f"{WHOLE}&event={quote(event)}")
        told = {row["property"] for row in rows if row["what"] != "none"}
        assert told == set(catalog.entries[event].properties), event


def test_nothing_that_the_demo_sends_is_refused(demo: Demo) -> None:
    page = demo.page(f"/quarantine?{WHOLE}")

    assert "Nothing was dropped" in page


@pytest.mark.parametrize("path", ["/", "/catalog"])
def test_the_other_pages_answer(demo: Demo, path: str) -> None:
    page = demo.page(f"{path}?{WHOLE}")

    assert "Nothing of the kind in this period" not in page
    assert "message_send" in page or "Active installs" in page
