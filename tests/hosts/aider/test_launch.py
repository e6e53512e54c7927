"""How aider is found and started: whose process it is, where it sends to, what if it is unknown.

Where nothing of aider itself is needed, its place is taken by a package of that name that says what
it was given.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from aboveboard.hosts.aider import installed
from tests.hosts.aider.person import Person
from tests.hosts.aider.wire import listener

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hosts.aider.conftest import StockAider

AT_ONCE = ("--no-git", "--no-check-update", "sub")

MAIN = """
import json, os, sys, time
from aider.analytics import Analytics

def main():
    analytics = Analytics(logfile=None, permanently_disable="--analytics-disable" in sys.argv)
    if analytics.need_to_ask(True):
        raise SystemExit("it would ask")
    analytics.enable()
    analytics.event("launched")
    print(json.dumps({
        "argv": sys.argv, "pid": os.getpid(), "directory": os.getcwd(), "path": sys.path,
        "kind": type(analytics).__module__, "version": sys.version_info[:2],
    }), flush=True)
    if "wait" in sys.argv:
        time.sleep(60)
    return 3
"""
ANALYTICS = """
raise ImportError("the stock module was imported")
class Analytics:
    def enable(self): ...
    def disable(self, permanently): ...
    def need_to_ask(self, args_analytics): ...
    def event(self, event_name, main_model=None, **kwargs): ...
"""
ARGS = "def get_parser(files, root): ..."


class Stand:
    """Something that is called aider, and a person who starts it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.packages = directory / "packages"
        self.bin = directory / "bin"
        for path in (self.home, self.bin, self.packages / "aider"):
            path.mkdir(parents=True)
        self.environ = {
            "HOME": str(self.home),
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "PYTHONPATH": str(self.packages),
        }
        self.write("0.86.9")

    def write(self, version: str, analytics: str = ANALYTICS) -> None:
        package = self.packages / "aider"
        (package / "__init__.py").write_text(f"__version__ = {version!r}\n")
        (package / "main.py").write_text(MAIN)
        (package / "args.py").write_text(ARGS)
        (package / "analytics.py").write_text(analytics)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "aboveboard", "aider", *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            env=self.environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


class TestTheProcess:
    def test_is_aiders_own_from_the_start_to_the_exit_code(self, stand: Stand) -> None:
        process = subprocess.Popen(
            stand.command("a"),
            env=stand.environ,
            cwd=stand.home,
            stdout=subprocess.PIPE,
            text=True,
        )
        output, _ = process.communicate(timeout=180)
        said = json.loads(output)
        assert said["pid"] == process.pid, "there is no process in between"
        assert said["directory"] == str(stand.home)
        assert process.returncode == 3

    @pytest.mark.parametrize(
        "words",
        [
            (),
            ("--help",),
            ("--version", "-h"),
            ("--", "a b", ""),
            ("serve", "--model", "x", "*.py"),
        ],
    )
    def test_gives_aider_every_word_as_it_was(self, stand: Stand, words: tuple[str, ...]) -> None:
        said = json.loads(stand.run(*words).stdout)
        assert said["argv"][1:] == list(words)
        assert os.path.basename(said["argv"][0]) == "aider"

    def test_ends_by_a_signal_as_aider_does(self, stand: Stand) -> None:
        process = subprocess.Popen(
            stand.command("wait"), env=stand.environ, cwd=stand.home, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=180)
        assert process.returncode == -signal.SIGTERM

    def test_makes_nothing_importable_that_was_not(self, stand: Stand) -> None:
        said = json.loads(stand.run().stdout)
        own = os.path.dirname(os.path.dirname(installed.LAUNCH))
        assert not [place for place in said["path"] if place.startswith(own)]
        assert "" not in said["path"]
        assert str(stand.home) not in said["path"], "nor what lies where it was started"


class TestFindingAider:
    @pytest.fixture
    def elsewhere(self, stand: Stand) -> Stand:
        """An aider that only a program on the PATH can find."""
        del stand.environ["PYTHONPATH"]
        (stand.bin / "python").symlink_to(sys.executable)
        return stand

    def program(self, stand: Stand, first: str) -> None:
        program = stand.bin / "aider"
        program.write_text(f"{first}\nimport aider.main\n")
        program.chmod(0o755)

    def test_nowhere_says_in_one_line_what_to_do(self, elsewhere: Stand) -> None:
        outcome = elsewhere.run()
        assert outcome.returncode == 1
        assert outcome.stdout == ""
        assert outcome.stderr.count("\n") == 1
        assert "aider is not installed" in outcome.stderr
        assert "pip install aider-install" in outcome.stderr

    def test_an_environment_without_it_says_so_too(self, elsewhere: Stand) -> None:
        self.program(elsewhere, f"#!{sys.executable}")
        outcome = elsewhere.run()
        assert (outcome.returncode, outcome.stderr.count("\n")) == (1, 1)
        assert "has no aider" in outcome.stderr

    def test_a_program_that_is_no_python_says_so_too(self, elsewhere: Stand) -> None:
        self.program(elsewhere, "#!/bin/bash")
        outcome = elsewhere.run()
        assert (outcome.returncode, outcome.stderr.count("\n")) == (1, 1)
        assert "does not say which Python it runs on" in outcome.stderr

    @pytest.mark.parametrize(
        ("first", "words"),
        [
            ("#!{python}", []),
            ("#!{python} -s -E", ["-s", "-E"]),
            ("#!/usr/bin/env {python}", []),
            ("#!/usr/bin/env -S {python} -u", ["-u"]),
            ("#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''", []),
            ("#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''", []),
        ],
    )
    def test_by_the_python_that_its_program_names(
        self, elsewhere: Stand, first: str, words: list[str]
    ) -> None:
        python = str(elsewhere.bin / "python")
        self.program(elsewhere, first.format(python=python))
        assert installed.python_of(str(elsewhere.bin / "aider")) == [python, *words]

    def test_by_the_python_in_a_launcher_of_windows(self, elsewhere: Stand) -> None:
        python = elsewhere.bin / "python.exe"
        python.touch()
        launcher = elsewhere.bin / "aider.exe"
        launcher.write_bytes(b"MZ\0 code \0#!" + str(python).encode() + b"\r\nPK\3\4")
        assert installed.python_of(str(launcher)) == [str(python)]


class TestAnUnknownAider:
    @pytest.mark.parametrize("version", ["0.91.0", "1.86.0", "0.8.1", "0.8x", "main"])
    def test_runs_with_analytics_off_and_one_line_that_says_why(
        self, stand: Stand, version: str
    ) -> None:
        stand.write(version)
        outcome = stand.run("--analytics")
        assert outcome.returncode == 3
        assert json.loads(outcome.stdout)["argv"][1:] == ["--analytics"]
        assert outcome.stderr == (
            f"aboveboard: analytics are off: aider {version} is not known to this aboveboard\n"
        )
        assert list(stand.home.rglob("*")) == []

    def test_with_other_analytics_than_known_runs_with_them_off(self, stand: Stand) -> None:
        stand.write("0.87.0", "class Analytics:\n    def event(self, name): ...\n")
        outcome = stand.run()
        assert outcome.returncode == 3
        assert outcome.stderr.count("\n") == 1
        assert "are not as known" in outcome.stderr

    @pytest.mark.parametrize(
        "words",
        [("--analytics-disable",), ("a.py", "--analytics-d", "--help"), ("-x", "--analytics-dis")],
    )
    def test_can_be_disabled_for_good_all_the_same(
        self, stand: Stand, words: tuple[str, ...]
    ) -> None:
        stand.write("0.91.0")
        stand.run(*words)
        kept = json.loads((stand.home / ".aider/analytics.json").read_text())
        assert kept["permanently_disable"] is True

    @pytest.mark.parametrize("words", [("--", "--analytics-disable"), ("--analytics-disabled",)])
    def test_is_disabled_by_no_other_word(self, stand: Stand, words: tuple[str, ...]) -> None:
        stand.write("0.91.0")
        stand.run(*words)
        assert list(stand.home.rglob("*.json")) == []

    @pytest.mark.parametrize("version", ["0.80.0", "0.86.2", "0.89.1.dev3+g1234", "0.86.2+import"])
    def test_is_none_of_these(self, stand: Stand, version: str) -> None:
        stand.write(version)
        outcome = stand.run()
        assert "not known" not in outcome.stderr
        assert json.loads(outcome.stdout)["kind"] == "aboveboard.hosts.aider.analytics"


@pytest.mark.thorough
@pytest.mark.aider
class TestWhereItSends:
    @pytest.fixture
    def person(self, stock_aider: StockAider, tmp_path: Path) -> Person:
        person = Person(tmp_path / "person", stock_aider)
        (person.repository / "sub").mkdir()
        return person

    def test_nowhere_means_off_and_the_log_is_kept(self, person: Person) -> None:
        log = ("--analytics-log", str(person.log))
        with person.at_terminal(person.aboveboard("--analytics", *log, *AT_ONCE)) as terminal:
            assert terminal.end() == 1
        assert "there is no place to send them to" in terminal.screen
        assert "Allow collection" not in terminal.screen, "nothing is asked for"
        assert [line["event"] for line in person.logged()] == ["session_start", "launched", "exit"]
        assert not person.spool.exists()

    def test_aiders_own_flags_send_posthogs_protocol(self, person: Person) -> None:
        person.sends_to("http://127.0.0.1:9", "another")
        with listener() as posthog:
            person.agreed(f"posthog+{posthog.url}")
            (person.home / ".aider.conf.yml").write_text(f"analytics-posthog-host: {posthog.url}\n")
            person.environ["AIDER_ANALYTICS_POSTHOG_PROJECT_API_KEY"] = "phc_key"
            log = ("--analytics-log", str(person.log))
            assert person.run(person.aboveboard(*log, *AT_ONCE))[0] == 1
            person.has_sent()
            ((path, _, body),) = posthog.requests
        assert path == "/batch/"
        batch = json.loads(body)
        assert batch["api_key"] == "phc_key"
        assert [event["event"] for event in batch["batch"]] == ["session_start", "launched", "exit"]
        assert person.log.read_bytes().splitlines() == [
            line.rstrip(b",") for line in body[body.index(b"[") + 1 : -2].splitlines()
        ], "the log is what was sent, in this protocol too"

    @pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "posthog+http://127.0.0.1:9"])
    def test_a_key_is_sent_to_nobody_but_whom_it_is_for(
        self, person: Person, endpoint: str
    ) -> None:
        person.sends_to(endpoint, "pk_for_another")
        with listener() as posthog:
            person.agreed(f"posthog+{posthog.url}")
            code, output = person.run(
                person.aboveboard("--analytics-posthog-host", posthog.url, "--analytics", *AT_ONCE)
            )
            assert code == 1
            assert "there is no place to send them to" in output
            assert person.waiting() == []
            assert posthog.requests == []

    def test_an_aider_that_starts_over_in_another_repository_is_one_session(
        self, person: Person
    ) -> None:
        with listener() as collector:
            person.sends_to(collector.url)
            person.agreed()
            outside = person.repository
            inside, person.repository = outside.name, person.home
            person.run(
                person.aboveboard("--model", "gpt-4o", "--no-check-update", "--exit",
                                  "--no-show-model-warnings", "--yes-always", inside)
            )  # fmt: skip
            person.has_sent()
            lines = [json.loads(line) for line in collector.body().splitlines()]
        told = [(line["event"], line["properties"].get("reason")) for line in lines]
        assert told[:4] == [
            ("session_start", None),
            ("launched", None),
            ("exit", "Recursing with correct repo"),
            ("launched", None),
        ]
        assert told[-1] == ("exit", "Exit flag set")
        assert len({line["session"] for line in lines}) == 1

    def test_a_file_of_the_repositorys_cannot_say_where(self, person: Person) -> None:
        with listener() as wanted, listener() as unwanted:
            person.sends_to(wanted.url)
            person.agreed()
            (person.repository / ".env").write_text(f"ABOVEBOARD_ENDPOINT={unwanted.url}\n")
            person.run(person.aboveboard(*AT_ONCE))
            person.has_sent()
            assert len(wanted.requests) == 1
            assert unwanted.requests == []
