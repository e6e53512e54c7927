"""Hosts that fork, are killed, wait for children, or cannot start any."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aboveboard.client.install import Install
from tests.client.children import children_of
from tests.client.conftest import Tool
from tests.client.places import NOBODY
from tests.conftest import ROOT
from tests.loopback import answering, body_of

Until = Callable[[Callable[[], bool]], None]


def program(tool: Tool, body: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a host of a few lines: `tool` is its analytics, `Event` what it records."""
    head = "import os, sys, time\nfrom tests.client.tool import MessageSend, analytics\n"
    event = "MessageSend(main_model='gpt-4o', edit_format=None, prompt_tokens=1, cost=None)"
    return subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            f"{head}tool = analytics()\nevent = {event}\n{body}",
            *words,
        ],
        env=tool.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestAHostThatForks:
    """At any moment, also while another thread is between two segments."""

    BODY = """
import signal, threading
from aboveboard.client.recording import segment
segment.SIZE_MAX = 400  # so that the moment comes often
tool.open({})
ended = threading.Event()
def work():
    while not ended.is_set():
        tool.record(event)
thread = threading.Thread(target=work)
thread.start()
hung = 0
for _ in range(150):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        tool.record(event)
        os._exit(0)
    hung += os.waitpid(child, 0)[1] != 0
ended.set()
thread.join()
print(hung, flush=True)
os._exit(0)
"""

    def test_its_children_record_at_once(self, tool: Tool) -> None:
        tool.agree()
        ended = program(tool, self.BODY)
        assert (ended.stdout, ended.stderr) == ("0\n", "")


class TestAHostThatIsAlwaysKilled:
    """Somebody closes the window, every time."""

    def test_what_it_left_is_sent_when_it_is_started_again(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.agree()
        assert tool.run("kill").returncode == -9
        assert recorder.requests == []

        def arrived() -> int:
            return len({json.loads(line)["session"] for line in recorder.lines()})

        for times in (1, 2, 3):
            assert tool.run("kill").returncode == -9
            # At least: the child may still find what the run that started it leaves.
            until(lambda times=times: arrived() >= times)  # type: ignore[misc]
            until(lambda: not children_of(tool))

    def test_nothing_is_started_for_a_session_that_goes_on_elsewhere(
        self, tool: Tool, recorder: Any
    ) -> None:
        tool.agree()
        going_on = tool.start("wait")
        assert going_on.stdout is not None
        assert going_on.stdout.readline() == "on\n"
        tool.run("kill")
        time.sleep(0.5)
        assert recorder.requests == []
        going_on.kill()
        going_on.communicate()


class TestAHostThatWaitsForItsChildren:
    BODY = """
tool.open({})
tool.record(event)
if sys.argv[1] == "close":
    tool.close()
if sys.argv[1] == "forget":
    tool.forget()
time.sleep(0.3)
try:
    print("met", os.waitpid(-1, os.WNOHANG), flush=True)
except ChildProcessError:
    print("none", flush=True)
os._exit(0)
"""

    @pytest.mark.parametrize("how", ["open", "close", "forget"])
    def test_it_never_meets_ours(self, tool: Tool, recorder: Any, until: Until, how: str) -> None:
        tool.agree()
        program(tool, self.BODY, "open")  # leaves something, which the next run's `open` sends
        assert program(tool, self.BODY, how).stdout == "none\n"
        until(lambda: recorder.requests != [])
        until(lambda: not children_of(tool))


class TestAHostThatHearsOfItsChildren:
    """By a signal, upon which it waits for whichever ended."""

    BODY = """
import signal, subprocess
heard = []
def hear(*_):
    try:
        heard.append(os.wait()[0])
    except ChildProcessError:
        heard.append(0)
signal.signal(signal.SIGCHLD, hear)
own = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
tool.open({})
tool.record(event)
tool.close()
print(heard, flush=True)
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
own.communicate(b"\\n")
"""

    def test_hears_of_none_of_ours_and_what_waits_is_sent_at_its_end(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.agree()
        tool.run("kill")  # leaves something, which `open` would send
        ended = program(tool, self.BODY)
        assert (ended.stdout, ended.stderr) == ("[]\n", "")
        until(lambda: len({json.loads(line)["session"] for line in recorder.lines()}) == 2)


class TestAHostWhoseSpoolIsBroken:
    """A directory lies where the sending lock should be."""

    def test_is_told_of_nothing(self, tool: Tool) -> None:
        tool.agree()
        install = Install("tool", tool.environ)
        install.remember(install.target("http://127.0.0.1:9", "key"))
        (tool.spool / "upload.lock").mkdir()
        body = "tool.open({})\ntool.record(event)\ntool.close()\nprint(tool.forget())"
        ended = program(tool, body)
        assert (ended.stdout, ended.stderr) == ("True\n", "")
        assert install.target("http://127.0.0.1:9", "key").owes()
        install.disable()
        ended = program(tool, "tool.open({})\nprint(tool.enabled)")
        assert (ended.stdout, ended.stderr) == ("False\n", "")


class TestASessionThatIsOff:
    """Where a request to erase is owed."""

    @pytest.mark.parametrize(
        ("words", "environ", "is_sent"),
        [
            (["--no-analytics"], {}, False),
            ([], {"TOOL_ANALYTICS": "0"}, False),
            ([], {"CI": "true"}, False),
            ([], {"DO_NOT_TRACK": "1"}, False),
            ([], {}, True),
        ],
    )
    def test_delivers_it_only_where_nobody_said_no_to_this_session(
        self, tool: Tool, recorder: Any, words: list[str], environ: dict[str, str], *, is_sent: bool
    ) -> None:
        tool.agree()
        install = Install("tool", tool.environ)
        install.remember(install.target(recorder.url, "key"))
        install.forget()
        install.disable()
        tool.run("send", *words, **environ)
        deadline = time.monotonic() + (20 if is_sent else 0.5)
        while not recorder.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [request.path for request in recorder.requests] == ["/v1/erase"] * is_sent


@pytest.fixture
def slow() -> Iterator[tuple[str, list[str]]]:
    """A collector that is well, and takes a moment to answer."""
    taken = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body_of(self)
            taken.append(self.headers["Idempotency-Key"])
            time.sleep(0.5)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_words: object) -> None:
            pass

    with answering(Handler) as url:
        yield url, taken


class TestAHostThatCannotStartAnything:
    """A frozen application, whose runs are shorter than the collector's answer."""

    BODY = """
sys.frozen = True
tool.open({})
tool.record(event)
time.sleep(float(sys.argv[1]))
"""

    def test_short_runs_make_no_pause(self, tool: Tool, slow: tuple[str, list[str]]) -> None:
        url, taken = slow
        tool.environ["TOOL_ENDPOINT"] = url
        tool.agree()
        for _ in range(4):
            program(tool, self.BODY, "0.25")
        assert taken != []
        assert not (tool.place / "pause").exists()
        ended = program(tool, self.BODY, "3")
        assert ended.stderr == ""
        assert len(list(tool.segments.glob("*.jsonl"))) == 1, "its own only"

    def test_a_collector_that_cannot_be_reached_makes_one(self, tool: Tool) -> None:
        tool.environ["TOOL_ENDPOINT"] = NOBODY
        tool.agree()
        for _ in range(2):
            program(tool, self.BODY, "1")
        assert (tool.place / "pause").exists()


class TestAHostWithoutRoomForAFile:
    """Too many files are open, for a moment."""

    BODY = """
import resource
from aboveboard.client.recording import segment
tool.open({})
tool.record(event)
segment.SIZE_MAX = 10  # every line needs another file
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
tool.record(event)
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
tool.record(event)
print(tool.enabled, flush=True)
os._exit(0)
"""

    def test_records_again_when_there_is_room(self, tool: Tool) -> None:
        tool.agree()
        ended = program(tool, self.BODY)
        assert (ended.stdout, ended.stderr) == ("True\n", "")
        events = [json.loads(line)["event"] for line in tool.waiting()]
        assert sorted(events) == ["message_send", "message_send", "session_start"]


def test_a_home_with_pipes_in_place_of_files_holds_nobody_up(tool: Tool) -> None:
    tool.agree()
    for path in (tool.state, tool.place / "errand.json", tool.place / "dropped"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        assert tool.run("send").stdout.startswith(("on", "off"))
        path.unlink(missing_ok=True)
        tool.agree()


def test_what_waits_for_one_service_is_not_sent_to_another_whose_form_differs(
    tool: Tool, recorder: Any, until: Until
) -> None:
    """The makers send elsewhere from this version on; a line is sent as it was logged or not."""
    tool.agree()
    tool.run("kill")
    waiting = tool.waiting()
    tool.environ["TOOL_ENDPOINT"] = f"posthog+{recorder.url}"
    tool.agree()
    tool.run("send")
    until(lambda: len(recorder.requests) >= 2)
    until(lambda: not children_of(tool))
    sent = {request.path: request.body for request in recorder.requests}
    assert set(sent) == {"/batch/", "/v1/events"}
    assert sent["/v1/events"] == b"".join(waiting)
    assert b'"user_id"' not in sent["/batch/"]
