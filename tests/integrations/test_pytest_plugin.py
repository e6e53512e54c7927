"""The plugin as a maker has it: suites of their own, that pass and that must fail."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from aboveboard.integrations import capture, guard, pytest_plugin

pytest_plugins = ["pytester"]

MODULE = pytest_plugin.__name__
# Loaded here once, so that suites which run in this process add no audit hook each.
LAZY = [capture.__name__, guard.__name__]

TOOL = """
import sys
from aboveboard import Analytics, Event, choice, count
from aboveboard.integrations.argparse import add_flags, open_session
import argparse

class Greeting(Event):
    "Somebody was greeted."
    times: int = count("How often")
    tone: str = choice("warm", "cool", doc="How", default=None)

analytics = Analytics(
    app="greeter", version="1.0", catalog=[Greeting], endpoint="http://127.0.0.1:9", key="k"
)

def main(*words):
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=1)
    add_flags(parser, analytics)
    args = parser.parse_args(words)
    open_session(analytics, args)
    analytics.record(Greeting(times=args.times, tone="warm"))
"""

Suite = Callable[..., pytest.RunResult]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Run a suite of a maker's, with the tool above beside it."""
    monkeypatch.setenv("COLUMNS", "400")  # whole lines in the summary
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others take longer than the suite

    def run(tests: str, *options: str) -> pytest.RunResult:
        pytester.syspathinsert()
        pytester.makepyfile(tool=TOOL)
        header = "import os, sys, pytest\nfrom tool import Greeting, analytics, main\n\n"
        pytester.makepyfile(test_suite=header + tests)
        return pytester.runpytest_inprocess("-p", MODULE, *options)

    return run


class TestWhatIsCaptured:
    """The fixture `aboveboard_events`."""

    def test_the_events_that_would_be_sent_in_order(self, suite: Suite) -> None:
        result = suite(
            """
def test_all(aboveboard_events):
    main("--times", "3")
    assert aboveboard_events.names() == ["session_start", "greeting"]
    assert aboveboard_events.only("greeting") == {"times": 3, "tone": "warm"}
    assert aboveboard_events.only(Greeting) == {"times": 3, "tone": "warm"}
    analytics.record(Greeting(times=4, tone="cool"))
    assert [event["times"] for event in aboveboard_events.named("greeting")] == [3, 4]
    assert len(aboveboard_events) == 3
    assert aboveboard_events[1]["event"] == "greeting"
    assert set(aboveboard_events[-1]) == {
            "event", "properties", "user_id", "session", "seq", "time"
        }
    assert [e["event"] for e in aboveboard_events[:2]] == ["session_start", "greeting"]
    aboveboard_events.assert_nothing_rejected()
"""
        )
        result.assert_outcomes(passed=1)

    def test_the_lines_are_the_sessions_own_bytes(self, suite: Suite) -> None:
        result = suite(
            """
def test_bytes(aboveboard_events, tmp_path):
    log = tmp_path / "log.jsonl"
    main("--analytics-log", str(log))
    assert b"".join(aboveboard_events.lines) == log.read_bytes()
"""
        )
        result.assert_outcomes(passed=1)

    def test_each_test_begins_afresh_with_the_same_analytics(self, suite: Suite) -> None:
        result = suite(
            """
@pytest.mark.parametrize("times", [1, 2])
def test_twice(aboveboard_events, times):
    assert len(aboveboard_events) == 0
    assert not analytics.enabled
    main("--times", str(times))
    assert analytics.enabled
    assert aboveboard_events.only("greeting")["times"] == times
"""
        )
        result.assert_outcomes(passed=2)

    def test_consent_is_what_the_test_says(self, suite: Suite) -> None:
        result = suite(
            """
@pytest.mark.parametrize("consent", [None, False])
def test_without(aboveboard_events, consent, capsys):
    aboveboard_events.consent = consent
    main("--analytics")
    assert not analytics.enabled
    assert list(aboveboard_events) == []
    assert ("permanently disabled" in capsys.readouterr().err) is (consent is False)

def test_a_no_on_the_command_line(aboveboard_events):
    main("--no-analytics")
    assert list(aboveboard_events) == []

def test_forever(aboveboard_events):
    main("--analytics-disable")
    assert list(aboveboard_events) == []
    assert (os.path.expanduser("~/.config/greeter/analytics.json"), True) in [
        (os.path.join(d, f), True) for d, _, fs in os.walk(os.environ["HOME"]) for f in fs
    ]

@pytest.mark.parametrize("name", ["DO_NOT_TRACK", "GREETER_ANALYTICS"])
def test_a_variable_of_the_tests(aboveboard_events, monkeypatch, name):
    monkeypatch.setenv(name, "1" if name == "DO_NOT_TRACK" else "0")
    main()
    assert list(aboveboard_events) == []
"""
        )
        result.assert_outcomes(passed=6)

    def test_what_a_makers_own_shell_says_is_no_part_of_a_test(
        self, suite: Suite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {"DO_NOT_TRACK": "1", "GREETER_ANALYTICS": "0", "CI": "1"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(pytest_plugin, "_AT_START", dict(os.environ))
        result = suite("def test_it(aboveboard_events):\n    main()\n    assert analytics.enabled")
        result.assert_outcomes(passed=1)
        assert os.environ["DO_NOT_TRACK"] == "1"

    def test_a_program_that_the_test_starts_is_nobody_who_agreed(self, suite: Suite) -> None:
        result = suite(
            """
import subprocess

def test_process(aboveboard_events):
    main()
    analytics.close()
    told = "import tool; tool.main(); print(tool.analytics.enabled)"
    ended = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("False\\n", "")
"""
        )
        result.assert_outcomes(passed=1)

    def test_a_no_that_is_kept_before_a_session_opens_is_the_tests_own(
        self, suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        result = suite(
            """
def test_no(aboveboard_events, capsys):
    with pytest.raises(SystemExit):
        main("--analytics-disable", "--help")
    assert "permanently disabled" in capsys.readouterr().err
    main()
    assert list(aboveboard_events) == []

def test_after(aboveboard_events):
    main()
    assert aboveboard_events.names() == ["session_start", "greeting"]
"""
        )
        result.assert_outcomes(passed=2)
        assert not (tmp_path / ".config").exists()

    def test_the_home_that_a_maker_really_has_is_untouched(
        self, suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also by an analytics that was made, and opened, before any test."""
        monkeypatch.setenv("HOME", str(tmp_path))
        result = suite(
            """
import pytest
import tool
from aboveboard import Analytics, CatalogError
early = Analytics(app="early", version="1", catalog=[Greeting], endpoint="http://127.0.0.1:9",
                  key="k", directory="~/.early")
early.open()

def test_it(aboveboard_events):
    main()
    with pytest.raises(CatalogError, match="before the session of early was opened"):
        early.record(Greeting(times=1))
    assert not early.enabled, "not opened in this test"
    early.open()
    early.record(Greeting(times=2))
    early.close()
    assert [e["times"] for e in aboveboard_events.named(Greeting)] == [1, 2]
    home = os.environ["HOME"]
    found = {os.path.relpath(os.path.join(d, f), home) for d, _, fs in os.walk(home) for f in fs}
    assert any("early/recipients/" in name and "/segments/" in name for name in found), found

def test_after():
    assert early._lifetime.is_opened and not early.enabled
"""
        )
        result.assert_outcomes(passed=2)
        assert list(tmp_path.iterdir()) == []

    def test_crash_hooks_are_as_they_were_after_a_test(self, suite: Suite) -> None:
        result = suite(
            """
from aboveboard import Analytics
import threading
hooks = []

def test_one(aboveboard_events):
    hooks.extend([sys.excepthook, threading.excepthook])
    tool = Analytics(app="t", version="1", catalog=[], endpoint="http://127.0.0.1:9", key="k",
                     packages=["test_suite"])
    tool.open()
    assert sys.excepthook is not hooks[0]
    try:
        raise KeyError("secret")
    except KeyError as error:
        tool.exception(error)
    told = aboveboard_events.only("exception")
    assert (told["error"]["type"], told["handled"]) == ("KeyError", True)

def test_two():
    assert sys.excepthook is hooks[0]
"""
        )
        result.assert_outcomes(passed=2)

    def test_posthogs_form_is_captured_too(self, suite: Suite) -> None:
        result = suite(
            """
from aboveboard import Analytics

def test_it(aboveboard_events):
    tool = Analytics(app="t", version="1", catalog=[Greeting], key="k",
                     endpoint="posthog+https://posthog.example")
    tool.open()
    tool.record(Greeting(times=2))
    assert aboveboard_events.only(Greeting) == {"times": 2, "tone": None}
"""
        )
        result.assert_outcomes(passed=1)


class TestWhatFails:
    """Tests that must fail, each with one line that says what to look at."""

    def failed(self, result: pytest.RunResult, line: str) -> None:
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines([f"FAILED *{line}*"])

    def test_asking_for_the_one_event_of_none_or_many(self, suite: Suite) -> None:
        result = suite(
            "def test_it(aboveboard_events):\n    main()\n    aboveboard_events.only('gone')",
        )
        self.failed(
            result,
            "AssertionError: 0 events are called 'gone', not one; captured: "
            "['session_start', 'greeting'[]]".replace("['s", "[[]'s"),
        )

    @pytest.mark.parametrize("end", ["", "    analytics.close()\n"])
    def test_a_rejected_value_names_event_and_property(self, suite: Suite, end: str) -> None:
        result = suite(
            "def test_it(aboveboard_events):\n"
            "    main()\n"
            "    analytics.record(Greeting(times='secret', tone='warm'))\n"
            "    analytics.record(Greeting(times=-1, tone='cold'))\n"
            f"{end}"
            "    aboveboard_events.assert_nothing_rejected()\n"
        )
        self.failed(
            result,
            "AssertionError: values that do not fit their kind would be sent as null: "
            "greeting.times (2 times), greeting.tone",
        )

    def test_a_socket(self, suite: Suite) -> None:
        result = suite(
            """
def test_it(aboveboard_events):
    from aboveboard.client.delivery import upload
    try:
        upload.Connection("http://127.0.0.1:9", {}).post("/", b"", {})
    except OSError:
        pass
"""
        )
        self.failed(
            result, "aboveboard: the client would have opened a socket (socket.*), and no test may"
        )
        assert "Traceback" not in result.stdout.str()

    def test_a_child(self, suite: Suite) -> None:
        result = suite(
            """
def test_it(aboveboard_events):
    from aboveboard.client.delivery import spawn
    main()
    try:
        spawn._start_by_subprocess([sys.executable, "-c", ""], {})
    except OSError:
        pass
"""
        )
        self.failed(result, "aboveboard: the client would have started a child process (*)")

    def test_a_file_outside(self, suite: Suite, pytester: pytest.Pytester) -> None:
        outside = pytester.path / "outside.jsonl"
        result = suite(
            f"def test_it(aboveboard_events):\n    main('--analytics-log', {str(outside)!r})"
        )
        self.failed(
            result, f"aboveboard: the client would have written to {outside}, outside of the test's"
        )
        assert not outside.exists()

    def test_a_file_outside_however_it_is_opened_for_writing(
        self, suite: Suite, pytester: pytest.Pytester
    ) -> None:
        ways = [
            *(f"open(path, {mode!r})" for mode in ("a", "ab", "a+", "w", "x", "r+")),
            "io.FileIO(path, 'a')",
            *(f"os.open(path, os.{flag})" for flag in ("O_CREAT", "O_WRONLY", "O_RDWR", "O_TRUNC")),
            "os.open(path, os.O_RDONLY | os.O_APPEND)",
        ]
        outside = pytester.path / "outside"
        outside.write_text("as it was")
        result = suite(
            f"""
@pytest.mark.parametrize("how", {ways!r})
def test_it(aboveboard_events, how):
    clients = {{"__name__": "aboveboard.client.made_up", "path": {str(outside)!r}}}
    exec("import io, os", clients)
    with pytest.raises(PermissionError):
        exec(how, clients)
    exec("open(path).close()", clients)
"""
        )
        result.assert_outcomes(failed=len(ways))
        said = f"aboveboard: the client would have written to {outside}, "
        assert sum(said in line for line in result.outlines if "FAILED" in line) == len(ways)
        assert outside.read_text() == "as it was"

    def test_a_test_that_fails_for_it_says_so_too(
        self, suite: Suite, pytester: pytest.Pytester
    ) -> None:
        result = suite(
            "def test_it(aboveboard_events):\n"
            f"    main('--analytics-log', {str(pytester.path / 'x')!r})\n"
            "    aboveboard_events.only('greeting')\n"
        )
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*aboveboard*", "aboveboard: the client would have written*"])

    def test_what_the_host_and_its_tests_do_is_their_own(self, suite: Suite) -> None:
        result = suite(
            """
import socket, subprocess

def test_it(aboveboard_events):
    main()
    socket.create_server(("127.0.0.1", 0)).close()
    subprocess.run([sys.executable, "-c", ""], check=True)
    open("beside.txt", "w").close()

def test_a_hook_that_was_there_before(aboveboard_events):
    from aboveboard import Analytics
    def hook(*failed):
        open("crash.txt", "w").close()
    sys.excepthook = hook
    tool = Analytics(app="t", version="1", catalog=[], endpoint="http://127.0.0.1:9", key="k",
                     packages=["test_suite"])
    tool.open()
    sys.excepthook(KeyError, KeyError(), None)
    assert os.path.exists("crash.txt")
"""
        )
        result.assert_outcomes(passed=2)


class TestAWholeSuite:
    """The ini option, and what the plugin is where nobody asked for it."""

    TESTS = "def test_it(tmp_path):\n    main()\n    assert analytics.enabled is {}\n"

    def test_the_option_guards_every_test(self, suite: Suite) -> None:
        suite(self.TESTS.format(True), "-o", "aboveboard_guard=true").assert_outcomes(passed=1)

    def test_without_it_nothing_is_staged(self, suite: Suite) -> None:
        suite(self.TESTS.format(False)).assert_outcomes(passed=1)

    def test_a_suite_that_uses_nothing_of_it_loads_nothing_for_it(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(
            f"import sys\n\ndef test_it():\n    assert not sys.modules.keys() & set({LAZY})\n"
        )
        # As the installed package has pytest load it; else as its name does.
        loaded = any(point.value == MODULE for point in metadata.entry_points(group="pytest11"))
        loading = () if loaded else ("-p", MODULE)
        pytester.runpytest_subprocess(*loading).assert_outcomes(passed=1)
