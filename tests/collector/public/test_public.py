"""`/public/NAME`: the published site of a project that is turned on, and nothing else."""

from __future__ import annotations

import base64
import functools
import gzip
import http.client
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aboveboard import dashboard
from aboveboard.collector.app import create_app
from aboveboard.collector.http.authentication.door import Door
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.public import site as served
from aboveboard.collector.service import Collector
from aboveboard.publishing import site, writing
from aboveboard.publishing.content.about import About
from aboveboard.warehouse.connection import Warehouse
from tests.collector.tool import CATALOG
from tests.dashboard.conftest import serving
from tests.publishing.releases import release

BASE = "/analytics"
SECRET = "correct-horse-battery-staple-7"
LARGE = bytes(range(256)) * 5_000

Answer = tuple[int, http.client.HTTPMessage, bytes]


@functools.cache
def files() -> dict[str, bytes]:
    """Return a published site."""
    return site.files(CATALOG, [release("2026-09"), release()], About("CC0-1.0"))


class Place:
    def __init__(self, port: int, data: Path) -> None:
        self.port, self.data = port, data

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=told)
        answer = connection.getresponse()
        with closing(connection):
            return answer.status, answer.headers, answer.read()

    def turn(self, name: str, *, on: bool) -> None:
        """Turn a site on or off as another process does."""
        with closing(Projects(self.data)) as projects:
            projects.show(name, public=on)

    def publish(self, files: Mapping[str, bytes], name: str = "tool") -> Path:
        out = self.data / served.DIRECTORY / name
        writing.write(out, files)
        return out


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data: Path = tmp_path_factory.mktemp("data")
    with closing(Collector(data)) as collector:
        for name in ("tool", "other"):
            collector.add_project(name, CATALOG)
        collector.start()
        app = create_app(
            collector,
            dashboard.routes(),
            errors=dashboard.errors(),
            door=Door(collector.register, SECRET),
            base_path=BASE,
        )
        with serving(app) as url:
            yield Place(int(url.rpartition(":")[2]), data)


@pytest.fixture(autouse=True)
def _turned_on(place: Place) -> None:
    place.publish({**files(), "v1/large.parquet": LARGE})
    place.turn("tool", on=True)


def test_every_file_of_a_site_is_there_as_it_was_published(place: Place) -> None:
    for name, content in files().items():
        status, headers, body = place.ask(f"{BASE}/public/tool/{name}")
        assert (status, body) == (200, content), name
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "script" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "public, max-age=300"
        assert headers["Set-Cookie"] is None
    kinds = {
        "index.html": "text/html; charset=utf-8",
        "v1/latest.json": "application/json",
        "v1/metrics.txt": "text/plain; version=0.0.4; charset=utf-8",
        "v1/periods/2026-10/os.csv": "text/csv; header=present; charset=utf-8",
        "v1/large.parquet": "application/vnd.apache.parquet",
    }
    for name, kind in kinds.items():
        assert place.ask(f"/public/tool/{name}")[1]["Content-Type"] == kind
    assert place.ask(f"{BASE}/public/tool/")[2] == files()["index.html"]


def test_a_folder_s_address_ends_with_a_slash_so_that_links_lead_somewhere(place: Place) -> None:
    status, headers, _ = place.ask(f"{BASE}/public/tool")
    assert (status, headers["Location"]) == (308, f"{BASE}/public/tool/")


def test_what_has_not_changed_is_not_sent_again(place: Place) -> None:
    for name in ("index.html", "v1/large.parquet"):
        _, headers, body = place.ask(f"/public/tool/{name}")
        tag = headers["ETag"]
        for known in (tag, f'"other", W/{tag}', "*"):
            status, again, nothing = place.ask(f"/public/tool/{name}", If_None_Match=known)
            assert (status, nothing, again["ETag"]) == (304, b"", tag)
        assert place.ask(f"/public/tool/{name}", If_None_Match='"other"')[::2] == (200, body)
        status, head, nothing = place.ask(f"/public/tool/{name}", "HEAD")
        assert (status, nothing, head["ETag"]) == (200, b"", tag)
    packed = place.ask("/public/tool/index.html", Accept_Encoding="br, gzip;q=0.5")
    assert (packed[1]["Content-Encoding"], packed[1]["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(packed[2]) == files()["index.html"]
    assert packed[1]["ETag"] != place.ask("/public/tool/index.html")[1]["ETag"]
    refused = place.ask("/public/tool/index.html", Accept_Encoding="gzip;q=0")
    assert (refused[1]["Content-Encoding"], refused[2]) == (None, files()["index.html"])


def test_a_large_file_comes_from_the_disk(place: Place) -> None:
    status, headers, body = place.ask("/public/tool/v1/large.parquet", Accept_Encoding="gzip")
    assert (status, headers["Content-Length"]) == (200, str(len(LARGE)))
    assert body == LARGE


@pytest.mark.parametrize("later", [LARGE[::-1], LARGE[::-1] + LARGE, b"short"])
def test_a_large_file_that_is_replaced_is_never_sent_as_the_one_of_before(
    tmp_path: Path, later: bytes
) -> None:
    out = tmp_path / served.DIRECTORY / "tool"
    writing.write(out, {"large.parquet": LARGE})
    sites = served.Sites(tmp_path)
    found = sites.find("tool", "large.parquet")
    assert found is not None
    begun = sites.blocks("tool", found)
    first = next(begun)
    writing.write(out, {"large.parquet": later})
    with pytest.raises(OSError, match="another one now"):
        next(sites.blocks("tool", found))
    # Whoever has begun to read has the file of before to its end.
    assert first + b"".join(begun) == LARGE


def test_the_next_site_is_shown_as_soon_as_it_is_written(place: Place) -> None:
    assert place.ask("/public/tool/v1/recency.json")[2] == files()["v1/recency.json"]
    place.publish({"index.html": b"new", "v1/recency.json": b"{}"})
    assert place.ask("/public/tool/v1/recency.json")[2] == b"{}"
    assert place.ask("/public/tool/")[2] == b"new"
    assert place.ask("/public/tool/method.html")[0] == 404


def test_a_project_that_is_off_is_as_one_that_there_is_not(place: Place) -> None:
    place.publish(files(), "other")
    place.publish(files(), "nobody")  # a directory without a project
    paths = ("", "/", "/index.html", "/v1/latest.json", "/nothing", "/%2e%2e/tool/index.html")

    def told(name: str) -> list[tuple[int, dict[str, str], bytes]]:
        answers = [place.ask(f"/public/{name}{path}") for path in paths]
        return [
            (status, {k: v for k, v in headers.items() if k != "date"}, body)
            for status, headers, body in answers
        ]

    unknown = told("unknown")
    assert {status for status, _, _ in unknown} == {404}
    assert told("other") == told("nobody") == unknown
    place.turn("other", on=True)
    assert place.ask("/public/other/")[0] == 200
    place.turn("other", on=False)
    assert told("other") == unknown


def test_nothing_but_what_a_site_names_is_ever_sent(place: Place, tmp_path: Path) -> None:
    out = place.data / served.DIRECTORY / "tool"
    (place.data / "beside").write_text("secret")
    (out / "unnamed.txt").write_text("secret")
    os.mkfifo(out / "pipe")
    os.symlink(place.data / "projects.sqlite", out / "link.json")
    os.symlink(place.data, out / "up")
    names = out / "v1/files.txt"
    names.write_text(
        names.read_text()
        + "link.json\nup/beside\n../../beside\n/etc/passwd\npipe\nv1\n.\n\nv1//latest.json\n"
    )
    for path in (
        *("unnamed.txt", "link.json", "up/beside", "../../beside", "%2e%2e/%2e%2e/beside", "pipe"),
        *("..%2f..%2fbeside", "/etc/passwd", "%2fetc%2fpasswd", "v1", "v1/", "."),
        "v1//latest.json",
        *("v1%00", "v1/latest.json/", "index.html%00.json", "%ff", "x" * 5000, "index.html?x=/.."),
    ):
        status, _, body = place.ask(f"/public/tool/{path}")
        assert status == (200 if "?" in path else 404), path
        assert b"secret" not in body
        assert b"SQLite" not in body
    for project in ("..", "%2e%2e", ".", "%00", "tool%2f..%2f..", "TOOL"):
        assert place.ask(f"/public/{project}/projects.sqlite")[0] == 404, project
    assert place.ask("/public/tool/link.json", "POST")[0] == 405
    (out / "unnamed.txt").unlink()
    for each in ("pipe", "link.json", "up"):
        (out / each).unlink()


def test_memory_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "MEMORY", 100_000)
    files = {f"{number}.json": os.urandom(20_000) for number in range(20)}
    writing.write(tmp_path / served.DIRECTORY / "tool", files)
    sites = served.Sites(tmp_path)
    for _ in range(2):
        for name, content in files.items():
            found = sites.find("tool", name)
            assert found is not None
            assert found.content == content
            assert sites._weight <= 100_000
            assert sites._weight == sum(each.weight for each in sites._kept.values())


def test_no_request_of_a_stranger_reaches_the_warehouse(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("query", "read_only", "client", "explain", "present", "_reader"):
        usual = getattr(Warehouse, name)

        def watched(*told: Any, name: str = name, usual: Any = usual, **more: Any) -> Any:
            asked.append(name)
            return usual(*told, **more)

        monkeypatch.setattr(Warehouse, name, watched)
    for path in (
        *(f"tool/{name}" for name in files()),
        *("tool", "tool/", "tool/none.json", "tool/../../insights/totals.json", "other/", "%00"),
        *(
            "tool/index.html?since=2026-01-01&where=os:Linux",
            "tool/v1/tables/os.json?project=other",
        ),
    ):
        place.ask(f"/public/{path}")
        place.ask(f"{BASE}/public/{path}", If_None_Match='"x"')
    assert asked == []
    word = base64.b64encode(f"admin:{SECRET}".encode()).decode()
    status = place.ask(f"{BASE}/insights/totals.json", Authorization=f"Basic {word}")[0]
    assert status == 200
    assert asked, "what the dashboard asks is seen here"


def test_the_rest_still_asks_who_one_is(place: Place) -> None:
    for path in ("/", "/insights/totals.json", "/catalog.json", "/metrics"):
        assert place.ask(f"{BASE}{path}")[0] == 401
    told = json.loads(place.ask("/public/tool/v1/latest.json")[2])
    assert told["period"] == "2026-10"
