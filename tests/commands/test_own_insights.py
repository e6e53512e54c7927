"""`serve --insights DIR`: a maker's own questions, as pages and as data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import forked
from tests.collector.tool import Install, Server, add_project
from tests.commands.insights import SHOWN, SQL, put


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("own")
    put(directory / "insights")
    put(
        directory / "insights",
        "formats",
        "-- Which edit formats are there?\nSELECT edit_format, count() AS messages\n"
        "FROM message_send JOIN sessions USING session GROUP BY ALL; -- a last word",
        columns={
            "edit_format": {"label": "Format", "kind": "code"},
            "messages": {"label": "Messages", "kind": "count"},
        },
        chart={"kind": "bars", "x": "edit_format", "y": "messages"},
    )
    put(directory / "insights", "elsewhere", needs=["no_such_event"])
    data = directory / "data"
    add_project(data)
    server = Server(data, "--insights", str(directory / "insights"))
    server.send(server.key(), Install().segment(3))
    server.send(server.key(), Install().segment(2))
    server.settle()
    yield server
    if server.process.poll() is None:
        server.stop()


class TestServed:
    def test_its_page_has_the_question_the_chart_and_the_table(self, served: Server) -> None:
        page = served.request("GET", "/insights/edit_formats", headers={"Accept": "text/html"})
        text = page.body.decode()
        assert page.status == 200
        assert "In which formats are edits asked for, day by day?" in text
        assert '"field":"format"' in text
        assert '<data value="5"' in text

    def test_it_stands_in_the_navigation_of_projects_that_can_answer_it(
        self, served: Server
    ) -> None:
        front = served.request("GET", "/", headers={"Accept": "text/html"}).body.decode()
        assert ">Edit formats</a>" in front
        assert "/insights/elsewhere" not in front
        other = served.request("GET", "/insights/elsewhere.json")
        assert other.status == 404

    @pytest.mark.parametrize("name", ["edit_formats", "formats"])
    def test_it_is_data_and_a_picture_as_ours_are(self, served: Server, name: str) -> None:
        table: Any = served.request("GET", f"/insights/{name}.json").json()
        (row,) = table["rows"]
        assert row[-2:] == ["diff", 5]
        assert b",5" in served.request("GET", f"/insights/{name}.csv").body
        svg = served.request("GET", f"/insights/{name}.svg")
        assert (svg.status, svg.headers["Content-Type"]) == (200, "image/svg+xml")
        assert b"Messages" in svg.body
        assert b"FROM message_send" in served.request("GET", f"/insights/{name}.sql").body

    @pytest.mark.parametrize(
        ("query", "messages"),
        [
            ("version=1.2.3", 5),
            ("version=9.9", 0),
            ("os=Darwin", 0),
            ("since=2020-01-01&until=2020-01-31", 0),
            ("where=message_send.edit_format:diff", 5),
            ("where=message_send.edit_format:whole", 0),
        ],
    )
    def test_what_the_bar_chooses_is_what_its_tables_have(
        self, served: Server, query: str, messages: int
    ) -> None:
        rows: Any = served.request("GET", f"/insights/formats.json?{query}").json()["rows"]
        assert sum(row[1] for row in rows) == messages

    def test_one_that_fails_when_it_is_asked_is_a_page_and_a_line_of_the_log(
        self, tmp_path: Path
    ) -> None:
        """So is one that is no fault of the SQL's alone: nothing fails without a word."""
        put(
            tmp_path / "insights",
            "failing",
            "-- What fails on its first row?\n"
            "SELECT sum(intDiv(1, seq - seq)) AS messages FROM message_send",
            columns={"messages": {"label": "Messages", "kind": "count"}},
            chart=None,
        )
        add_project(tmp_path / "data")
        server = Server(tmp_path / "data", "--insights", str(tmp_path / "insights"))
        server.send(server.key(), Install().segment(1))
        server.settle()
        page = server.request("GET", "/insights/failing", headers={"Accept": "text/html"})
        assert page.status == 422
        assert b"This insight cannot be answered" in page.body
        assert b"failing.sql: " in page.body
        data = server.request("GET", "/insights/failing.json")
        assert (data.status, list(data.json())) == (422, ["error"])
        assert server.request("GET", "/").status == 200
        _, said = server.stop()
        assert said.count("an insight of your own failed: failing.sql: ") == 2


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "sql that is none": ({"sql": "-- What?\nSELEC 1"}, "edit_formats.sql: "),
    "a table that is not there": (
        {"sql": "-- What?\nSELECT 1 AS day FROM system.tables"},
        "edit_formats.sql, asked of project tool: there is no table system.tables here",
    ),
    "a function that is not allowed": (
        {"sql": "-- What?\nSELECT file('/etc/passwd') AS day"},
        "the function file cannot be used here",
    ),
    "a setting": (
        {"sql": "-- What?\nSELECT 1 AS day SETTINGS readonly = 0"},
        "edit_formats.sql, asked of project tool: ",
    ),
    "columns that it does not answer": (
        {"columns": {**SHOWN["columns"], "clicks": {"label": "Clicks", "kind": "count"}}},
        "edit_formats.sql answers no column clicks, which edit_formats.json shows",
    ),
    "a chart that nobody knows": (
        {"chart": {"kind": "pie", "x": "day", "y": "messages"}},
        "edit_formats.json: there is no chart 'pie': use line or bars",
    ),
    "a chart that lacks a part": (
        {"chart": {"kind": "line", "x": "day"}},
        "edit_formats.json: the chart lacks its y: name one of the columns",
    ),
    "a chart of no column": (
        {"chart": {"kind": "line", "x": "day", "y": "clicks"}},
        "the chart's y is 'clicks', which is no column of it",
    ),
    "no question": ({"sql": SQL.partition("\n")[2]}, "the first line is the question in words"),
    "no title": ({"title": None}, "edit_formats.json: Object missing required field `title`"),
    "a name of ours": ({"name": "models"}, "models.sql: aboveboard has an insight models itself"),
    "a name that is none": ({"name": "Of-mine"}, "Of-mine.sql: a name has small letters"),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("data")
    add_project(directory)
    return directory


class TestFaults:
    """Each is told at the start, in a line, and nothing is served."""

    def told(self, data: Path, directory: Path) -> list[str]:
        ended = forked.aboveboard("serve", "--data", str(data), "--insights", str(directory))
        assert ended.returncode == 2, ended
        assert "Traceback" not in ended.stderr
        return ended.stderr.splitlines()

    @pytest.mark.thorough
    @pytest.mark.parametrize("fault", FAULTS)
    def test_of_one_file(self, data: Path, tmp_path: Path, fault: str) -> None:
        changes, words = FAULTS[fault]
        put(tmp_path / "insights", **changes)
        (line,) = self.told(data, tmp_path / "insights")
        assert line.startswith("aboveboard serve: --insights: ")
        assert words in line

    def test_of_several_files_a_line_each(self, data: Path, tmp_path: Path) -> None:
        directory = tmp_path / "insights"
        put(directory)
        put(directory, "pies", chart={"kind": "pie", "x": "day", "y": "messages"})
        put(directory, "half")
        os.unlink(directory / "half.json")
        lines = self.told(data, directory)
        assert len(lines) == 2
        assert "half.sql has no half.json beside it, which says the title and the col" in lines[0]
        assert "pies.json: there is no chart 'pie'" in lines[1]
        put(directory, "half", "-- What?\nSELECT count() AS day FRM message_send")
        os.unlink(directory / "pies.sql")
        os.unlink(directory / "pies.json")
        (line,) = self.told(data, directory)
        assert "half.sql" in line

    def test_a_directory_that_is_not_there(self, data: Path, tmp_path: Path) -> None:
        (line,) = self.told(data, tmp_path / "nowhere")
        assert line.endswith("nowhere: No such file or directory")
