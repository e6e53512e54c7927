"""`aboveboard compare`: which of two is used more, out of what is published."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from aboveboard.commands import main
from aboveboard.publishing import site, writing
from aboveboard.publishing.content import numbers
from aboveboard.publishing.reading import source
from tests.conftest import ROOT
from tests.loopback import answering
from tests.publishing.releases import release
from tests.publishing.sites import ABOUT, CATALOG

SITES = {
    "noisy": [release("2026-09", installs=500), release("2026-10")],
    "exact": [release("2026-10", kind="exact")],
    "few": [release("2026-10", installs=30)],
}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory: Path = tmp_path_factory.mktemp("sites")
    for name, every in SITES.items():
        writing.write(directory / name, site.files(CATALOG, every, ABOUT))
    return directory


def compare(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    code = main(["compare", *map(str, words)])
    told = capsys.readouterr()
    return code, told.out, told.err


class Files(BaseHTTPRequestHandler):
    """A web server of a site, and of what else strangers may answer."""

    root: Path

    def do_GET(self) -> None:
        if self.path.startswith("/away/"):
            self.send_response(302)
            self.send_header("Location", "http://localhost.example/v1/latest.json")
            self.end_headers()
        elif self.path.startswith("/old/"):
            self.send_response(301)
            self.send_header("Location", self.path.replace("/old/", "/noisy/"))
            self.end_headers()
        elif self.path.startswith("/round/"):
            self.send_response(302)
            self.send_header("Location", f"{self.path}x")
            self.end_headers()
        elif self.path.startswith("/endless/"):
            self.send_response(200)
            self.end_headers()
            for _ in range(2 * source.SIZE_MOST >> 20):
                self.wfile.write(b"[" * (1 << 20))
        else:
            file = self.root / self.path.lstrip("/")
            self.send_response(200 if file.is_file() else 404)
            self.end_headers()
            self.wfile.write(file.read_bytes() if file.is_file() else b"")

    def log_message(self, *_: object) -> None:
        pass


def test_the_answer_says_how_sure_it_is(sites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = compare(capsys, sites / "noisy", "linux", "Darwin")
    assert (code, err) == (0, "")
    assert out.startswith("tool, 2026-10: 900 opted-in installs, each number ± 25 for noise\n")
    assert "Linux is used more than Darwin, by 22.2 points (15.0 to 29.3)." in out
    assert "Opted-in installs are not all installs." in out

    words = (sites / "noisy", "Windows", "other", "--period", "2026-09")
    assert "Windows is used more than other, by 8.0 points" in compare(capsys, *words)[1]
    assert (
        "cannot be told which is used more (Windows: withheld)"
        in compare(capsys, sites / "exact", "Linux", "Windows")[1]
    )
    assert "(too few installs were active)" in compare(capsys, sites / "few", "Linux", "Darwin")[1]


def test_json_has_the_same(sites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = sites / "exact/v1/tables/os.json"
    code, out, _ = compare(capsys, file, "Darwin", "Linux", "--json")
    told = json.loads(out)
    (answer,) = told["answers"]
    assert (code, told["period"], told["installs"]) == (0, "2026-10", 900)
    assert (answer["verdict"], answer["more"], answer["table"]) == ("certain", "Linux", "os")
    assert answer["share_difference"] == pytest.approx(-2 / 9)
    assert answer["share_difference_95"][1] < 0
    out = compare(capsys, file, "Windows", "Linux", "--json")[1]
    assert json.loads(out)["answers"][0]["verdict"] == "cannot_be_told"


def test_a_rare_value_of_a_long_table_is_found_where_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers, "SHORT", 3)
    out = tmp_path / "out"
    writing.write(out, site.files(CATALOG, [release()], ABOUT))
    assert "Linux is used more than other" in compare(capsys, out, "Linux", "other")[1]
    alone = tmp_path / "alone.json"
    alone.write_bytes((out / "v1/latest.json").read_bytes())
    code, _, err = compare(capsys, alone, "Linux", "other")
    assert (code, "name the site, where the rest of it is" in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("noisy", "Windws", "Linux"), 2, "'Windws' is not published in os, say.word; near it are"),
        (("noisy", "Linux", "d,e"), 2, "two values of the same table can be compared"),
        (("noisy", "Linux", "LINUX"), 2, "are one and the same in it: Linux"),
        (("noisy", "Linux", "Darwin", "--table", "x"), 2, "'x' is no table of it: use os, say"),
        (("noisy", "Linux", "Darwin", "--period", "2026-12"), 1, "says which periods are out"),
        (("noisy", "Linux", "Darwin", "--period", "../.."), 1, "is no period"),
        (("noisy/v1/catalog.json", "a", "b"), 1, "is no file of numbers"),
        (("noisy/index.html", "a", "b"), 1, "is no file of numbers"),
        (("n" * 5000, "a", "b"), 1, "cannot be read: File name too long"),
        (("nowhere", "a", "b"), 1, "is not there: name a file of a site's v1/"),
        (("http://example.org/", "a", "b"), 1, "use https"),
        (("ftp://example.org/", "a", "b"), 1, "begins with https://"),
        (("https://me:word@example.org/", "a", "b"), 1, "leave them out, example.org"),
        (("http://[::1", "a", "b"), 1, "is no address"),
        (("https://example.org/x.json", "a", "b"), 1, "is no file of a site's v1/"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_line(
    sites: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    first = words[0] if "://" in words[0] else str(sites / words[0])
    ended, out, err = compare(capsys, first, *words[1:])
    assert (ended, out, err.count("\n")) == (code, "", 1)
    assert said in err


def test_a_table_of_which_all_is_withheld_answers_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = release("2026-10", kind="exact")
    made.tables[0].counts[:] = [None] * 4
    writing.write(tmp_path / "out", site.files(CATALOG, [made], ABOUT))
    code, _, err = compare(capsys, tmp_path / "out", "Linux", "Darwin")
    assert (code, "every number of os is withheld in 2026-10" in err) == (1, True)


def test_a_site_answers_at_its_address(sites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handler = type("Served", (Files,), {"root": sites})
    with answering(handler) as url:
        for named in ("noisy", "noisy/", "noisy/index.html", "old", "noisy/v1/latest.json"):
            code, out, err = compare(capsys, f"{url}/{named}", "Linux", "Darwin")
            assert (code, err) == (0, ""), named
            assert "Linux is used more" in out
        for named, said in (
            ("away", "sends on to http://localhost.example: name that address yourself"),
            ("round", "answered 302"),
            ("endless", "it is too long"),
            ("nothing", "answered 404"),
        ):
            code, out, err = compare(capsys, f"{url}/{named}", "Linux", "Darwin")
            assert (code, out, err.count("\n")) == (1, "", 1)
            assert said in err
    assert "cannot be reached" in compare(capsys, f"{url}/noisy", "Linux", "Darwin")[2]


def test_a_server_that_dribbles_is_not_waited_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "SECONDS", 0.3)
    gone = threading.Event()

    class Dribbling(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not gone.wait(0.1):
                self.wfile.write(b" ")

        def log_message(self, *_: object) -> None:
            pass

    with answering(Dribbling) as url:
        code, _, err = compare(capsys, url, "a", "b")
        gone.set()
    assert (code, "did not answer within 0.3 seconds" in err) == (1, True)


def test_it_needs_nothing_but_the_standard_library(sites: Path) -> None:
    program = "import sys; from aboveboard.commands import main; sys.exit(main(sys.argv[1:]))"
    ended = subprocess.run(
        [sys.executable, "-S", "-c", program, "compare", sites / "noisy", "Linux", "Darwin"],
        env={"PYTHONPATH": str(ROOT / "src"), "HOME": "/nowhere", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Linux is used more" in ended.stdout
