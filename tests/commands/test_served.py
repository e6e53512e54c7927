"""What a running server answers at its edges, and how it keeps its files."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from aboveboard.collector.service import lock
from tests import forked
from tests.collector.tool import Install, Server, add_project

PATHS = (
    "/", "/insights/models", "/insights/models.json", "/insights/models.csv", "/catalog",
    "/quarantine", "/quarantine.json", "/healthz", "/readyz", "/metrics",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("data")
    data.chmod(0o755)
    add_project(data)
    for file in data.iterdir():
        file.chmod(0o644)  # as an older aboveboard left them
    running = Server(data)
    running.send(running.key(), Install().segment(3))
    yield running
    running.stop()


class TestHead:
    @pytest.mark.parametrize("path", PATHS)
    def test_is_get_without_a_body(self, server: Server, path: str) -> None:
        head, got = server.request("HEAD", path), server.request("GET", path)
        assert (head.status, head.body) == (got.status, b"")
        assert head.headers["Content-Type"] == got.headers["Content-Type"]

    def test_of_what_is_not_there_is_404(self, server: Server) -> None:
        assert server.request("HEAD", "/nowhere").status == 404

    def test_where_events_are_sent_is_refused(self, server: Server) -> None:
        assert server.request("HEAD", "/v1/events").status == 405


class TestWhatIsNotThere:
    @pytest.mark.parametrize("path", ["/nowhere", "/insights", "/insights/x/y", "/%00", "/.env"])
    def test_is_a_page_for_a_browser(self, server: Server, path: str) -> None:
        answer = server.request("GET", path, headers={"Accept": "text/html"})
        assert answer.status == 404
        assert answer.headers["Content-Type"].startswith("text/html")
        assert b"<h1>There is nothing here</h1>" in answer.body

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "/v1/x"), ("GET", "/x.json"), ("PUT", "/x")]
    )
    def test_is_json_for_a_program(self, server: Server, method: str, path: str) -> None:
        answer = server.request(method, path)
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")
        assert b'"error"' in answer.body

    @pytest.mark.parametrize(
        "path", [*PATHS, "/nowhere", "/v1/x", "/x.json", "/v1/events", "/flags"]
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_and_everything_else_lets_nothing_be_loaded(
        self, server: Server, method: str, path: str
    ) -> None:
        headers = server.request(method, path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert len(headers.get_all("Content-Security-Policy") or []) == 1


def test_nobody_else_can_read_a_file_with_keys_or_events(server: Server) -> None:
    data = Path(server.data)
    assert (data / "projects.sqlite").exists()
    for file in data.iterdir():
        mode = stat.S_IMODE(file.stat().st_mode)
        assert mode & 0o077 == 0, f"{file.name} is {mode:o}"


def test_a_command_that_meets_another_one_says_to_wait_for_it(tmp_path: Path) -> None:
    add_project(tmp_path)
    other = lock(tmp_path)
    try:
        told = forked.aboveboard("export", "--project", "tool", "--data", str(tmp_path))
    finally:
        other.release()
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == (
        f"aboveboard export: another aboveboard works in {tmp_path}, and is no collector that "
        "could be asked (yet): run this again when it has ended\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        "query --project tool 1",
        "errors --project tool",
        "export --project tool",
        "erase --project tool --since 2026-01-01 --yes",
        "projects list",
        "projects export",
        "projects set tool --retention 30d",
    ],
)
def test_a_mistyped_directory_is_told_and_not_made(tmp_path: Path, words: str) -> None:
    mistyped = tmp_path / "daat"
    told = forked.aboveboard(*words.split(), "--data", str(mistyped))
    assert (told.returncode, told.stdout) == (1, "")
    (line,) = told.stderr.splitlines()
    assert line.endswith(
        f": there is no directory {mistyped}: name another with --data, or begin with "
        "`aboveboard serve`"
    )
    assert not mistyped.exists()
