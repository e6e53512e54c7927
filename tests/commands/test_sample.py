from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given

from aboveboard.auditlog.reading import LogReader
from aboveboard.catalog.catalog import Catalog
from aboveboard.commands import main
from aboveboard.commands.terminal.output import write
from aboveboard.hosts.aider.catalog import CATALOG
from tests.client import tool as example
from tests.client.conftest import Tool, tool
from tests.collector.texts import numbers, with_numbers

__all__ = ["tool"]  # a fixture, used by name

USER = "c42c4e6b-f054-44d7-ae1f-6726cc41da88"
FIRST = "5bb45bb2-3f2f-4d19-8b8e-51b1bb1b6a53"
SECOND = "0d7ab4e5-0d6c-4b43-a0e9-ce9a2f9b1b0d"
NOON = 1_760_000_400
DAY = 86_400
SECRET = "correct-horse-battery"


def ours(event: str, session: str = FIRST, time: int = NOON, **properties: object) -> str:
    line = {"event": event, "properties": properties, "user_id": USER, "session": session}
    return json.dumps(line | {"time": time})


def aiders(event: str, time: int = NOON, user: str = USER, **properties: object) -> str:
    return json.dumps({"event": event, "properties": properties, "user_id": user, "time": time})


class Log:
    """A log on disk, and what the command makes of it in this process."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capsys = capsys

    def write(self, *lines: str) -> Log:
        self.path.write_text("".join(f"{line}\n" for line in lines))
        return self

    def sample(self, *words: str) -> tuple[int, str, str]:
        code = main(["sample", str(self.path), *words])
        told = self._capsys.readouterr()
        return code, told.out, told.err

    def lines(self, *words: str) -> list[dict[str, Any]]:
        """Return the sample of a log of which nothing is left out."""
        code, out, err = self.sample(*words)
        assert (code, err) == (0, "")
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Log:
    return Log(tmp_path / "log.jsonl", capsys)


class TestWhoIsInIt:
    def test_all_installs_become_one_that_never_was(self, log: Log) -> None:
        log.write(aiders("repo", num_files=1), aiders("repo", user=str(uuid.uuid4()), num_files=2))
        (user,) = {line["user_id"] for line in log.lines()}
        assert uuid.UUID(user).version == 4
        assert user not in log.path.read_text()
        assert {line["user_id"] for line in log.lines()} != {user}

    def test_each_session_becomes_another_and_stays_one(self, log: Log) -> None:
        log.write(*(ours("no-repo", session) for session in (FIRST, SECOND, FIRST)))
        first, second, again = (line["session"] for line in log.lines())
        assert first == again != second
        assert not {first, second} & {FIRST, SECOND}

    def test_runs_of_aider_which_tells_no_sessions_become_sessions(self, log: Log) -> None:
        log.write(
            aiders("launched"), aiders("no-repo"), aiders("exit", reason="/exit"),
            aiders("no-repo"), aiders("launched"),  # the log begins its second run late
            aiders("launched"), aiders("no-repo", time=NOON + 2 * DAY),
        )  # fmt: skip
        sessions = [line["session"] for line in log.lines()]
        numbers = [list(dict.fromkeys(sessions)).index(session) for session in sessions]
        assert numbers == [0, 0, 0, 1, 1, 2, 3]


class TestTimes:
    def test_are_hours_and_no_finer_whatever_the_log_has(self, log: Log) -> None:
        log.write(aiders("no-repo", time=NOON + 5), aiders("no-repo", time=NOON + 3605))
        assert [line["time"] for line in log.lines()] == [NOON, NOON + 3600]
        lines = log.lines("--format", "aider")
        assert [line["time"] for line in lines] == [NOON, NOON + 3600]

    def test_leave_the_order_to_the_place_in_the_session(self, log: Log) -> None:
        log.write(ours("command", command="add"), aiders("no-repo"), aiders("no-repo"))
        assert [line["seq"] for line in log.lines()] == [0, 0, 1]
        log.write(
            aiders("no-repo"), ours("command", command="add").replace('"time"', '"seq": 41, "time"')
        )
        assert [line["seq"] for line in log.lines()] == [0, 41]

    def test_move_together_by_whole_days_into_the_past(self, log: Log) -> None:
        log.write(aiders("no-repo"), aiders("no-repo", time=NOON + 3600))
        moved = set()
        for _ in range(8):
            first, second = (line["time"] for line in log.lines("--shift-time"))
            assert second - first == 3600
            assert (NOON - first) % DAY == 0
            assert 0 < NOON - first <= 1000 * DAY
            moved.add(first)
        assert len(moved) > 1

    def test_of_a_clock_that_was_never_set_stay_times(self, log: Log) -> None:
        log.write(aiders("no-repo", time=7))
        assert [line["time"] for line in log.lines("--shift-time")] == [0]


class TestHowMuch:
    def test_the_last_thousand_events(self, log: Log) -> None:
        log.write(*(aiders("message_send", prompt_tokens=number) for number in range(1500)))
        lines = log.lines()
        assert [line["properties"]["prompt_tokens"] for line in lines] == list(range(500, 1500))

    def test_fewer_on_request(self, log: Log) -> None:
        log.write(*(aiders("message_send", prompt_tokens=number) for number in range(9)))
        assert [line["properties"]["prompt_tokens"] for line in log.lines("-n", "2")] == [7, 8]

    def test_what_is_left_out_makes_room_for_what_is_not(self, log: Log) -> None:
        log.write(
            aiders("unknown long ago"), *(aiders("no-repo"), aiders("repo")) * 3, aiders("strange")
        )
        code, out, err = log.sample("-n", "4")
        assert (code, out.count("\n")) == (0, 4)
        assert err == ("aboveboard sample: 1 event (strange) left out, not in the catalog\n")

    @pytest.mark.parametrize("size", ["0", "-3", "many", "²", "9" * 30, "9" * 5000])
    def test_a_number_that_is_none_is_refused(
        self, log: Log, size: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            main(["sample", str(log.path), f"-n={size}"])
        assert ended.value.code == 2
        assert "is no number of events" in capsys.readouterr().err


class TestWhatIsPublished:
    """Only what the catalog knows, and of that what its kinds make of it."""

    SPOILED = (
        aiders(SECRET),
        aiders(f"command_{SECRET}"),
        ours("command", command=SECRET),
        aiders("repo", num_files=2, path=f"/home/{SECRET}"),
        aiders("exit", reason=f"it was {SECRET}"),
        aiders("cli session", main_model=f"openai/{SECRET}", edit_format=[SECRET]),
        aiders("message_send", cost=-1, prompt_tokens=1.5, main_model={"name": SECRET}),
        aiders("message_send_exception", exception=f"ValueError: no {SECRET}"),
        ours("message_send_exception", error={"type": SECRET, "frames": [SECRET], "text": SECRET}),
        ours("no-repo", session=SECRET),
    )

    @given(numbers, numbers)
    @hypothesis.example("9" * 400, "9" * 400)
    def test_no_number_is_too_large_or_odd_to_go_on(
        self, log: Log, first: str, second: str
    ) -> None:
        told = {"main_model": "#0", "prompt_tokens": "#0", "cost": "#1"}
        for keys in (
            {"properties": told},
            {"time": "#0"},
            {"seq": "#0", "time": "#1"},
            {"distinct_id": USER, "timestamp": "#0"},
        ):
            odd = with_numbers(json.loads(ours("message_send")) | keys, [first, second])
            code, out, _ = log.write(aiders("repo"), odd.decode(), ours("repo")).sample()
            assert code == 0
            for line in map(json.loads, out.splitlines()):
                assert 0 <= line["seq"] < 2**32
                for number in (line["time"], *line["properties"].values()):
                    assert number is None or 0 <= number < 2**33

    @pytest.mark.parametrize("form", ["ours", "aider"])
    def test_a_secret_gets_through_nowhere(self, log: Log, form: str) -> None:
        code, out, _ = log.write(*self.SPOILED).sample("--format", form)
        assert code == 0
        assert out.count("\n") >= 7
        assert SECRET not in out
        assert USER not in out

    def test_what_is_left_out_is_counted_by_name(self, log: Log) -> None:
        refused = (
            "exit.reason, cli session.edit_format, message_send.cost, "
            "message_send.prompt_tokens, message_send.main_model"
        )
        reduced = "message_send_exception.error, command.command, cli session.main_model"
        _, _, err = log.write(*self.SPOILED, "{").sample()
        assert err.splitlines() == [
            f"aboveboard sample: {line}"
            for line in (
                "1 line is damaged and left out",
                f"2 events ({SECRET}, command_{SECRET}) left out, not in the catalog",
                "1 property (repo.path) left out, not in the catalog",
                f"5 values ({refused}) null, not what the catalog allows",
                f"4 values ({reduced}) kept in part, as the catalog has it",
            )
        ]

    def test_everything_in_it_passes_the_catalog_again(self, log: Log) -> None:
        _, out, _ = log.write(*self.SPOILED).sample()
        for line in map(json.loads, out.splitlines()):
            kinds = CATALOG.entries[line["event"]].properties
            for name, value in line["properties"].items():
                assert kinds[name].kind.accept(value) == value
        log.write(out)
        assert len(log.lines()) == out.count("\n")

    def test_another_tool_names_its_own_catalog(self, tool: Tool, log: Log, tmp_path: Path) -> None:
        tool.run("send", "--times", "2", "--analytics-log", str(log.path))
        file = tmp_path / "catalog.json"
        file.write_text(json.dumps(Catalog.of("tool", example.EVENTS).as_json()))
        names = [line["event"] for line in log.lines("--catalog", str(file))]
        assert names == ["session_start", "command", "message_send", "message_send"]

    def test_a_catalog_is_found_in_the_tools_own_code(
        self, log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "greeter.py").write_text(
            "from aboveboard import Catalog, Event, count\n"
            "class Greeted(Event):\n"
            "    'Someone was greeted.'\n"
            "    times: int = count('How often')\n"
            "catalog = Catalog.of('greeter', [Greeted])\n"
        )
        monkeypatch.chdir(tmp_path)
        log.write(ours("greeted", times=2))
        (line,) = log.lines("--catalog", "greeter:catalog")
        assert line["properties"] == {"times": 2}

    @pytest.mark.parametrize("events", [["greeted"], ["session_start", "command", "exception"]])
    def test_a_log_of_another_tool_is_not_published_as_aiders(
        self, log: Log, events: list[str]
    ) -> None:
        log.write(*(ours(event, command=SECRET) for event in events))
        code, out, err = log.sample()
        assert (code, out) == (1, "")
        assert err == (
            f"aboveboard sample: whose events are in {log.path}? Name the tool's own catalog with "
            "--catalog (`--catalog aider` if it is aider's)\n"
        )

    @pytest.mark.parametrize(
        "line", [aiders("exit"), aiders("command_add"), ours("cli session"), ours("no-repo")]
    )
    def test_a_log_with_an_event_that_only_aider_writes_is_aiders(
        self, log: Log, line: str
    ) -> None:
        names = [told["event"] for told in log.write(ours("command"), line).lines()]
        assert names[0] == "command"
        assert len(names) == 2

    def test_a_log_that_could_be_anybodys_is_aiders_where_it_is_said(self, log: Log) -> None:
        log.write(ours("command", command="add"))
        (line,) = log.lines("--catalog", "aider")
        assert line["properties"] == {"command": "add"}

    def test_a_log_without_an_event_says_so(self, log: Log) -> None:
        assert log.write().sample() == (
            1, "", f"aboveboard sample: there is no event in {log.path}\n",
        )  # fmt: skip

    def test_a_catalog_that_is_not_there_is_named_in_one_line(self, log: Log) -> None:
        code, out, err = log.write(aiders("repo")).sample("--catalog", "nowhere.json")
        assert (code, out) == (1, "")
        assert err == (
            "aboveboard sample: nowhere.json cannot be read: No such file or directory\n"
        )


class TestAidersForm:
    def test_the_published_sample_comes_out_as_it_went_in_but_for_minutes_and_steps(
        self, log: Log, sample_log: Path
    ) -> None:
        published = [json.loads(line) for line in sample_log.read_text().splitlines()]
        for line in published:
            line["time"] -= line["time"] % 3600
            if "num_files" in line["properties"]:
                steps = [
                    step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power)
                ]
                below = [step for step in (0, *steps) if step <= line["properties"]["num_files"]]
                line["properties"]["num_files"] = max(below)
        mine = self.of(log, sample_log, "aider")
        (user,) = {line.pop("user_id") for line in mine}
        assert {line.pop("user_id") for line in published} != {user}
        assert mine == published

    def test_it_survives_our_form_and_back(self, log: Log, sample_log: Path) -> None:
        ours_ = "".join(json.dumps(line) + "\n" for line in self.of(log, sample_log, "ours"))
        (back := log.path.parent / "ours.jsonl").write_text(ours_)
        published = self.of(log, sample_log, "aider")
        again = self.of(log, back, "aider")
        for line in (*published, *again):
            del line["user_id"]
        assert again == published

    @staticmethod
    def of(log: Log, path: Path, form: str) -> list[dict[str, Any]]:
        log.path = path
        code, out, err = log.sample("--format", form)
        told = "(repo.num_files) kept in part, as the catalog has it\n"
        assert (code, err == "" or err.endswith(told), err.count("\n") < 2) == (0, True, True)
        return [json.loads(line) for line in out.splitlines()]

    def test_our_events_get_their_old_names_and_words(self, log: Log) -> None:
        error = {"type": "litellm.RateLimitError", "frames": [], "causes": []}
        log.write(
            ours("command", command="read-only"),
            ours("message_send_exception", error=error),
            ours("cli session", main_model=None, edit_format="diff"),
        )
        _, out, _ = log.sample("--format", "aider")
        lines = [json.loads(line) for line in out.splitlines()]
        assert [(line["event"], line["properties"]) for line in lines] == [
            ("command_read-only", {}),
            ("message_send_exception", {"exception": "litellm.RateLimitError"}),
            ("cli session", {"main_model": "None", "edit_format": "diff"}),
        ]
        assert list(lines[0]) == ["event", "properties", "user_id", "time"]

    def test_what_aider_has_no_word_for_is_left_out_and_counted(self, log: Log) -> None:
        log.write(
            ours("session_start", os="Linux"), ours("command", command="other"), ours("no-repo"),
        )  # fmt: skip
        _, out, err = log.sample("--format", "aider")
        assert [json.loads(line)["event"] for line in out.splitlines()] == ["no-repo"]
        assert err == (
            "aboveboard sample: 2 events (session_start, command) left out, "
            "without a word in aider's form\n"
        )


class TestTheFile:
    """It is there as a whole, or as it was before."""

    def test_is_what_would_have_been_printed(self, log: Log, tmp_path: Path) -> None:
        log.write(aiders("repo", num_files=2))
        file = tmp_path / "sample.jsonl"
        assert log.lines("-o", str(file)) == []
        with file.open("rb") as written:
            (event,) = LogReader().read(written)
        assert (event.event, event.properties) == ("repo", {"num_files": 2})
        assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", "sample.jsonl"]

    def test_can_be_read_by_others_as_a_published_file_must(self, log: Log, tmp_path: Path) -> None:
        before = os.umask(0o022)
        try:
            log.write(aiders("repo")).sample("-o", str(tmp_path / "sample.jsonl"))
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "sample.jsonl").stat().st_mode) == 0o644

    def test_that_cannot_be_written_whole_stays_as_it_was(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "sample.jsonl"
        file.write_text("before")

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write(file, b"after")
        assert file.read_text() == "before"
        assert list(tmp_path.iterdir()) == [file]

    def test_in_a_directory_that_is_not_there_is_one_line(self, log: Log) -> None:
        code, out, err = log.write(aiders("repo")).sample("-o", "/nowhere/sample.jsonl")
        assert (code, out) == (1, "")
        assert err == (
            "aboveboard sample: /nowhere/sample.jsonl cannot be written: "
            "No such file or directory\n"
        )

    def test_is_never_the_log_itself(self, log: Log, tmp_path: Path) -> None:
        log.write(aiders("repo"))
        before = log.path.read_text()
        (tmp_path / "link").symlink_to(log.path)
        for name in (log.path, tmp_path / "link"):
            code, _, err = log.sample("-o", str(name))
            assert code == 1
            assert "is the log itself" in err
        assert log.path.read_text() == before

    def test_may_be_behind_a_link_which_stays(self, log: Log, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "target")
        log.write(aiders("repo")).sample("-o", str(tmp_path / "link"))
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "target").read_text().count("\n") == 1

    def test_may_be_a_device_which_stays_one(self, log: Log) -> None:
        log.write(aiders("repo")).lines("-o", os.devnull)
        assert Path(os.devnull).is_char_device()

    def test_a_missing_log_leaves_no_file(self, log: Log, tmp_path: Path) -> None:
        code, _, err = log.sample("-o", str(tmp_path / "sample.jsonl"))
        assert (code, err.count("\n")) == (1, 1)
        assert list(tmp_path.iterdir()) == []

    def test_a_log_may_come_from_standard_input(self) -> None:
        ended = subprocess.run(
            [sys.executable, "-m", "aboveboard", "sample", "-"],
            input=aiders("repo", num_files=2),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert json.loads(ended.stdout)["properties"] == {"num_files": 2}
