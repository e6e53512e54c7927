"""`aboveboard view`: a page of one's own, which nobody else on the machine or the web can open."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.commands.machine.viewing import server
from tests.axe import THEMES
from tests.axe import axe as axe
from tests.client import tool as example
from tests.client.conftest import Tool, tool, until
from tests.dashboard.conftest import chromium as chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["tool", "until"]  # fixtures, used by name

PROGRAM = """import signal, sys
from aboveboard.commands import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(sys.argv[1:]))"""
"""Without the packages of the environment; who runs the tests may ignore Ctrl-C."""


@pytest.fixture
def used(tool: Tool) -> Tool:
    """A tool whose collector is away, so that all waits; and a log, of which a part was sent."""
    tool.environ["TOOL_ENDPOINT"] = "http://127.0.0.1:9"
    tool.agree()
    log = tool.home / "log.jsonl"
    tool.run("send", "--analytics-log", str(log))
    first = log.read_text()
    moved = first.replace("gpt-4o", "gpt-4o-mini").replace('"time": 1', '"time": 9')
    log.write_text(re.sub(r'"time": ?\d+', '"time": 1760000400', moved) + first + "no event\n")
    tool.run("send", "--no-analytics", "--analytics-log", str(log))
    (tool.home / "catalog.json").write_text(
        json.dumps(Catalog.of("tool", example.EVENTS).as_json())
    )
    return tool


@contextlib.contextmanager
def viewing(tool: Tool, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command as an installed client alone has it; give its process and its address."""
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", PROGRAM, "view", "tool", *words],
        env=tool.environ | {"PYTHONPATH": str(Path(example.__file__ or "").parents[2] / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("tool: http://127.0.0.1:"), process.communicate()
        process.stdout.readline()
        yield process, line.split()[1]
    finally:
        process.kill()
        process.communicate()


def asked(address: str, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """Return the answer to a request: status, headers and text."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    try:
        connection.putrequest("GET", path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def opened(address: str) -> tuple[str, str]:
    """Open the page as a browser does; return its path and the cookie."""
    status, headers, _ = asked(address, f"/?{urlsplit(address).query}")
    assert status == 303
    cookie, path, *flags = headers["Set-Cookie"].split("; ")
    assert flags == ["HttpOnly", "SameSite=Strict"]
    assert path == f"Path={headers['Location']}"
    return headers["Location"], cookie


def logs(tool: Tool) -> tuple[str, ...]:
    return "--log", str(tool.home / "log.jsonl"), "--catalog", str(tool.home / "catalog.json")


def test_it_tells_what_was_sent_what_waits_and_what_each_property_is_for(used: Tool) -> None:
    waiting = used.waiting()
    with viewing(used, *logs(used)) as (process, address):
        path, cookie = opened(address)
        status, headers, page = asked(address, path, Cookie=cookie)
        assert status == 200
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Cache-Control"] == "no-store"
        assert "<script" not in page
        days = re.findall(r'<tr><th scope="row">([^<]+)</th>((?:<td>[^<]*</td>)+)</tr>', page)
        told = {day: re.findall(r"<td>([^<]*)</td>", cells) for day, cells in days}
        assert told["2025-10-09"] == ["0", "3", "0"]
        assert told["All days"] == [str(len(waiting)), "3", "3"]
        assert "Left out, no event: 1." in page
        assert "The model that answered" in page
        assert "gpt-4o" in page
        for line in waiting:
            assert line.decode().rstrip("\n").replace('"', "&quot;") in page
        used.run("send")
        again = asked(address, path, Cookie=cookie)[2]
        assert f"<td>{len(used.waiting())}</td>" in again, "loaded again, it is as it is now"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_nobody_else_opens_it(used: Tool) -> None:
    with viewing(used) as (_, address):
        place, token = urlsplit(address).netloc, urlsplit(address).query
        assert asked(address, "/")[0] == 403
        assert asked(address, "/?token=")[0] == 403
        assert asked(address, f"/?{token[:-1]}")[0] == 403
        for name in ("evil.example", f"evil.example:{place.split(':')[1]}", "localhost", ""):
            assert asked(address, f"/?{token}", Host=name)[0] == 421, name

        path, cookie = opened(address)
        assert asked(address, f"/?{token}")[0] == 403, "it opens once"
        for headers in ({}, {"Cookie": "aboveboard_view="}, {"Cookie": f"{cookie}x"}):
            assert asked(address, path, **headers)[0] == 403
        assert asked(address, "/", Cookie=cookie)[0] == 403
        assert asked(address, path, Cookie=cookie, Host="evil.example")[0] == 421
        assert asked(address, path, Cookie=f"other=1; {cookie}")[0] == 200
        port = int(place.split(":")[1])
        for other in {*socket.gethostbyname_ex(socket.gethostname())[2]} - {"127.0.0.1"}:
            with pytest.raises(OSError, match=r"refused|timed out"):
                socket.create_connection((other, port), timeout=5).close()


def test_it_ends_when_nobody_looks_and_a_stranger_does_not_keep_it(
    used: Tool, until: Callable[[Callable[[], bool]], None]
) -> None:
    with viewing(used, "--minutes", "0.02") as (process, address):

        def ended() -> bool:
            with contextlib.suppress(OSError):
                asked(address, "/")
            return process.poll() is not None

        until(ended)
        assert process.returncode == 0


def test_a_look_that_takes_longer_than_the_patience_is_answered_whole() -> None:
    made = threading.Event()

    def page() -> str:
        time.sleep(0.6)
        made.set()
        return "whole"

    with server.Server(page, 0.2) as served, ThreadPoolExecutor(1) as other:
        cookie = f"{server.COOKIE}={served.cookie}"
        look = other.submit(asked, served.address, served.path, Cookie=cookie)
        served.run()
        assert made.is_set(), "it ended while the page was made"
        assert look.result()[::2] == (200, "whole")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "nothing of a tool called nothing was found here"),
        ((), "no tool on this machine has left any files"),
        (("tool", "--catalog", "none.json", "--log", __file__), "none.json"),
        (("tool", "--log", "-"), "name its file"),
        (("tool", "--log", "nowhere.jsonl"), "nowhere.jsonl cannot be read: No such file"),
        (("tool", "--log", __file__, "--log", str(Path(__file__).parent)), "Is a directory"),
        (("tool", "--log", "/dev/zero"), "/dev/zero is no file"),
        (("tool", "--minutes", "nan"), "is no number of minutes"),
    ],
)
def test_what_cannot_be_shown_is_said(
    home: dict[str, str], words: tuple[str, ...], said: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "aboveboard", "view", *words],
        env=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr


def test_a_hostile_log_is_text(used: Tool) -> None:
    evil = "<script>alert(1)</script>\u202e\x9b2J"
    lines = [
        {"event": evil, "properties": {evil: evil}, "user_id": evil, "session": "s", "time": 1},
        {"event": "command", "properties": {"name": ["<b>"] * 9999}, "user_id": "u", "session": "s"}
        | {"time": 2**32},
    ]
    log = used.home / "evil.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines) + "[" * 100_000)
    gone = used.home / "gone.jsonl"
    gone.touch()
    with viewing(used, "--log", str(log), "--log", str(gone)) as (_, address):
        gone.unlink()
        gone.mkdir()
        path, cookie = opened(address)
        status, _, page = asked(address, path, Cookie=cookie)
    assert status == 200
    assert "<script" not in page
    assert "<b>" not in page
    assert "\u202e" not in page
    assert "cannot be read: Is a directory" in page


def test_a_log_that_never_ends_or_is_damaged_keeps_nobody_waiting(used: Tool) -> None:
    pipe, packed = used.home / "pipe", used.home / "log.gz"
    pipe.touch()
    line = {"event": "e", "properties": {}, "user_id": "u", "session": "s", "time": 1}
    packed.write_bytes(gzip.compress(json.dumps(line).encode())[:-9])
    with viewing(used, "--log", str(pipe), "--log", str(packed)) as (_, address):
        pipe.unlink()
        os.mkfifo(pipe)  # since it was named
        path, cookie = opened(address)
        status, _, page = asked(address, path, Cookie=cookie)
    assert status == 200
    assert f"{pipe} is no file" in page
    assert f"{packed} is damaged" in page


@pytest.mark.browser
@pytest.mark.thorough
def test_in_a_browser_it_is_whole_without_scripts_and_asks_for_nothing_else(
    used: Tool, chromium: Browser, axe: str
) -> None:
    requests: list[str] = []
    with viewing(used, *logs(used)) as (_, address):
        context = chromium.new_context(bypass_csp=True)  # which forbids what axe-core does
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        assert "token" not in page.url
        assert page.locator("h1").inner_text() == "tool on this machine"
        assert {urlsplit(each).netloc for each in requests} == {urlsplit(address).netloc}
        page.evaluate(axe)
        for theme, width in itertools.product(THEMES, (360, 1200)):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") == width
            told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            assert [(each["id"], each["nodes"][0]["html"]) for each in told["violations"]] == []
        context.close()
