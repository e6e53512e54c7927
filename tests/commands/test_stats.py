from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import pty
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aboveboard.auditlog.reading import LogReader, read_line
from aboveboard.auditlog.sample import Sample
from aboveboard.auditlog.tally import Tally
from aboveboard.collector.allowlist import AllowList
from aboveboard.collector.inbox.runs import Run
from aboveboard.collector.protocols.legacy import Told, Translator
from aboveboard.commands import main
from aboveboard.hosts.aider.catalog import CATALOG
from tests.client.conftest import Tool, tool
from tests.collector.texts import numbers, with_numbers
from tests.conftest import ROOT

__all__ = ["tool"]  # a fixture, used by name

USER = "c42c4e6b-f054-44d7-ae1f-6726cc41da88"
SESSION = "5bb45bb2-3f2f-4d19-8b8e-51b1bb1b6a53"
NOON = 1_760_000_400
"""2025-10-09, nine in the morning in UTC."""

DAY = 86_400

SAMPLE_RUNS = 146
"""140 begin with `launched`; six more go on after an `exit`, as `import` and `sample` have them."""


def ours(event: str, time: int = NOON, **properties: object) -> str:
    line = {"event": event, "properties": properties, "user_id": USER, "session": SESSION}
    return json.dumps(line | {"time": time})


def aiders(event: str, time: int = NOON, **properties: object) -> str:
    return json.dumps({"event": event, "properties": properties, "user_id": USER, "time": time})


def message(model: str | None = "gpt-4o", time: int = NOON, **properties: object) -> str:
    told: dict[str, Any] = {"main_model": model, "prompt_tokens": 100, "completion_tokens": 20}
    return ours("message_send", time, **(told | {"cost": 0.5} | properties))


class Log:
    """A log on disk, and what the command says of it in this process."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capsys = capsys

    def write(self, *lines: str | bytes) -> Log:
        encoded = [line if isinstance(line, bytes) else line.encode() for line in lines]
        self.path.write_bytes(b"".join(line + b"\n" for line in encoded))
        return self

    def stats(self, *words: str) -> tuple[int, str, str]:
        code = main(["stats", str(self.path), *words])
        told = self._capsys.readouterr()
        return code, told.out, told.err

    def text(self, *words: str) -> str:
        code, out, err = self.stats(*words)
        assert (code, err) == (0, "")
        return out

    def json(self, *words: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.text("--json", *words))
        return told


@pytest.fixture
def log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Log:
    return Log(tmp_path / "log.jsonl", capsys)


def run(*words: str, given: bytes = b"", **environ: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "aboveboard", "stats", *words],
        input=given,
        env={**os.environ, **environ},
        capture_output=True,
        timeout=60,
        check=False,
    )


def section(text: str, heading: str) -> list[str]:
    """Return the lines below a heading."""
    _, found, below = f"\n{text}".partition(f"\n{heading}\n")
    assert found, f"there is no {heading} in:\n{text}"
    return below.partition("\n\n")[0].splitlines()


def counts(text: str, heading: str) -> dict[str, int]:
    rows = [re.match(r"  (.*?)\s+([\d,]+)(?:  |$)", line) for line in section(text, heading)]
    return {row[1]: int(row[2].replace(",", "")) for row in rows if row}


class TestTheFormsOfALog:
    """Ours, stock aider's, and ours in PostHog's words."""

    def test_the_published_sample_of_aider_adds_up(self, log: Log, sample_log: Path) -> None:
        events = [json.loads(line) for line in sample_log.read_text().splitlines()]
        sent = [event["properties"] for event in events if event["event"] == "message_send"]
        log.path = sample_log
        told = log.json()
        assert told["events"] == len(events) == 1000
        assert told["damaged"] == 0
        assert told["sessions"] == SAMPLE_RUNS
        assert told["messages"]["messages"] == len(sent)
        assert told["messages"]["tokens_sent"] == sum(each["prompt_tokens"] for each in sent)
        assert told["messages"]["cost"] == pytest.approx(sum(each["cost"] for each in sent))
        by_model = Counter(each["main_model"] for each in sent)
        assert {each["model"]: each["messages"] for each in told["models"]} == by_model
        assert told["edit_formats"] == Counter(each["edit_format"] for each in sent)
        words = (event["event"] for event in events)
        commands = Counter(word[8:] for word in words if word.startswith("command_"))
        assert told["commands"] == commands

    def test_a_log_that_a_tool_has_just_written_is_read(self, tool: Tool, log: Log) -> None:
        tool.run("send", "--times", "3", "--analytics-log", str(log.path))
        told = log.json()
        assert (told["sessions"], told["installs"]) == (1, 0)  # it was off, and names nobody
        assert told["commands"] == {"send": 1}
        assert told["models"] == [
            {
                "event": "message_send", "model": "gpt-4o", "messages": 3,
                "tokens_sent": 0 + 1 + 2, "tokens_received": 0, "cost": (0 + 1 + 2) / 8,
                "unpriced": 0,
            }
        ]  # fmt: skip

    def test_a_log_for_posthog_says_the_same(self, tool: Tool, log: Log) -> None:
        tool.environ["TOOL_ENDPOINT"] = "posthog+http://127.0.0.1:9"
        tool.run("send", "--times", "3", "--analytics-log", str(log.path))
        assert b"distinct_id" in log.path.read_bytes()
        told = log.json()
        assert (told["sessions"], told["installs"], told["commands"]) == (1, 0, {"send": 1})
        assert told["messages"]["tokens_sent"] == 0 + 1 + 2
        assert "$lib" not in told["values"]["command"]

    def test_aiders_word_for_nothing_is_nothing(self, log: Log) -> None:
        log.write(
            aiders("message_send", main_model="None", prompt_tokens=1, cost="None"),
            aiders("model warning", main_model="None"),
        )
        (model,) = log.json()["models"]
        assert (model["model"], model["cost"], model["unpriced"]) == (None, None, 1)
        assert "None" not in log.text()

    def test_calls_through_litellm_are_messages_and_their_errors_are_told(self, log: Log) -> None:
        log.write(
            ours("model_call", request_model="gpt-4o", response_model="gpt-4o-2024-08-06",
                 input_tokens=7, output_tokens=2, cost=0.25, error_type=None),
            ours("model_call", request_model="gpt-4o", input_tokens=None,
                 error_type="RateLimitError"),
        )  # fmt: skip
        text = log.text()
        assert counts(text, "Errors") == {"RateLimitError": 1}
        (_, first, second, total) = section(text, "Models")
        assert first.split() == ["gpt-4o", "1", "0", "0", "unknown"]
        assert second.split() == ["gpt-4o-2024-08-06", "1", "7", "2", "$0.25"]
        assert total.split() == ["all", "2", "7", "2", "$0.25+"]

    def test_one_message_that_two_events_tell_of_is_counted_once(self, log: Log) -> None:
        log.write(message(), ours("model_call", request_model="gpt-4o", input_tokens=100, cost=0.5))
        assert log.json()["messages"]["messages"] == 1
        assert log.json()["messages"]["cost"] == 0.5
        text = log.text()
        assert "Models, by message_send\n" in text
        assert "Models, by model_call\n" in text
        assert "  message_send  1 message, 120 tokens, $0.50\n" in text
        assert "  model_call    1 message, 100 tokens, $0.50\n" in text
        assert "cost  " not in text.partition("Messages by day")[0]


class TestCost:
    """A cost that is not known is said to be unknown, and is never nothing."""

    def test_of_messages_whose_cost_nobody_knows_is_unknown(self, log: Log) -> None:
        log.write(message(cost=None), message(cost=None))
        assert log.json()["messages"]["cost"] is None
        text = log.text()
        assert "cost      unknown\n" in text
        assert section(text, "Models")[1].split() == ["gpt-4o", "2", "200", "40", "unknown"]
        assert "$" not in text

    def test_of_some_messages_that_is_unknown_is_said_beside_the_sum(self, log: Log) -> None:
        log.write(message(cost=0.5), message("local", cost=None), message(cost=0.25))
        assert log.json()["messages"] | {"cost": 0.75, "unpriced": 1} == log.json()["messages"]
        text = log.text()
        assert "cost      $0.75, and of 1 message unknown\n" in text
        costs = {line.split()[0]: line.split()[-1] for line in section(text, "Models")[1:]}
        assert costs == {"gpt-4o": "$0.75", "local": "unknown", "all": "$0.75+"}

    def test_that_is_nothing_is_nothing(self, log: Log) -> None:
        log.write(message(cost=0), message(cost=0.0))
        assert "cost      $0.00\n" in log.text()
        assert log.json()["messages"]["cost"] == 0


class TestPackedLogs:
    """What rotates logs packs them too."""

    @pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
    def test_are_read_whatever_their_name(self, log: Log, pack: Callable[[bytes], bytes]) -> None:
        log.write(message(), message())
        plain = log.json()
        log.path.write_bytes(pack(log.path.read_bytes()))
        assert log.json() == plain

    def test_are_read_beside_plain_ones_and_from_standard_input(self, log: Log) -> None:
        line = (message() + "\n").encode()
        log.path.write_bytes(line)
        rotated = log.path.with_suffix(".1.gz")
        rotated.write_bytes(gzip.compress(line * 2))
        both = run(str(log.path), str(rotated), "--json")
        assert json.loads(both.stdout)["messages"]["messages"] == 3
        told = run("-", "--json", given=gzip.compress(line * 2))
        assert json.loads(told.stdout)["messages"]["messages"] == 2

    @pytest.mark.thorough
    @pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
    @pytest.mark.parametrize("left", [0.3, 0.9])
    def test_that_are_cut_off_or_damaged_count_to_that_place(
        self, log: Log, pack: Callable[[bytes], bytes], left: float
    ) -> None:
        lines = [message(time=NOON + number * 7919) for number in range(20_000)]
        packed = pack(("\n".join(lines) + "\n").encode())
        place = int(len(packed) * left)
        for broken in (packed[:place], packed[:place] + b"\0" * 4000 + packed[place:]):
            log.path.write_bytes(broken)
            code, _, err = log.stats("--json")
            assert "Traceback" not in err
            assert "a log is damaged or cut off" in err
            assert code in (0, 1)  # 1 where nothing at all stands before that place

    def test_a_line_without_an_end_is_given_up(self) -> None:
        ended = run("/dev/zero", "--json")
        assert b"a log is damaged or cut off: what stands behind that" in ended.stderr
        assert b"Traceback" not in ended.stderr


class TestSessions:
    """`stats`, `sample` and `import` have the same sessions."""

    @given(
        told=st.lists(
            st.tuples(
                st.sampled_from(("launched", "exit", "message_send", "cli session")),
                st.sampled_from((0, 60, 86_400, 86_401, 200_000, -300_000)),
                st.sampled_from((USER, SESSION)),
            ),
            min_size=1,
            max_size=30,
        )
    )
    def test_of_a_log_that_tells_none_are_the_runs_that_a_collector_makes(
        self, told: list[tuple[str, int, str]]
    ) -> None:
        lines, moment = [], NOON
        for event, later, user_id in told:
            moment += later
            line = {"event": event, "properties": {}, "user_id": user_id, "time": moment}
            lines.append(json.dumps(line).encode())
        tally = Tally()
        events = [read for line in lines if (read := read_line(line))]
        tally.count(events)
        sample = Sample(CATALOG, 1000)
        sample.take(events)
        published = [json.loads(line)["session"] for line in sample.lines()]
        translator = Translator(AllowList(CATALOG))
        runs: dict[str, Run] = {}
        taken = []
        for number, read in enumerate(events):
            assert read.user_id is not None
            each = Told(read.event, {}, read.user_id, int(read.time), str(number))
            runs[read.user_id] = translator.follow(runs.get(read.user_id), each)
            taken.append(runs[read.user_id].session)
        assert _alike(published) == _alike(taken)
        assert tally.sessions == len(set(taken))


def _alike(names: list[str]) -> list[int]:
    """Return for each name when it came first: what two namings of the same things share."""
    return [names.index(name) for name in names]


class TestAnyOtherTool:
    """Where no model was asked, the events and their words are counted."""

    def test_each_choice_is_counted(self, log: Log) -> None:
        log.write(
            ours("export", format="png", quiet=True, pages=3),
            ours("export", format="svg", quiet=False),
            ours("export", format="png", quiet=None),
            ours("exception", error={"type": "ValueError", "frames": []}),
        )
        text = log.text()
        assert counts(text, "Events") == {"export": 3, "exception": 1}
        assert counts(text, "export: format") == {"png": 2, "svg": 1}
        assert counts(text, "export: quiet") == {"yes": 1, "no": 1}
        assert counts(text, "Errors") == {"ValueError": 1}
        assert "pages" not in text
        assert "Models" not in text

    def test_each_choice_is_counted_of_a_log_with_messages_on_request(self, log: Log) -> None:
        log.write(message(), ours("reply", edits="applied"), ours("reply", edits="failed"))
        assert "reply: edits" not in log.text()
        assert counts(log.text("--values"), "reply: edits") == {"applied": 1, "failed": 1}

    def test_free_text_in_a_log_is_not_counted_without_end(self, log: Log) -> None:
        log.write(*(ours("note", text=f"text {number}") for number in range(250)))
        values = log.json()["values"]["note"]["text"]
        assert len(values) == 101
        assert values["(others)"] == 150


class TestDays:
    def test_a_day_on_which_nothing_happened_is_shown_empty(self, log: Log) -> None:
        log.write(message(), message(time=NOON + 2 * DAY), message(time=NOON + 2 * DAY))
        days = section(log.text(), "Messages by day")
        assert [line.split()[1] for line in days] == ["1", "0", "2"]
        assert [line.count("█") for line in days] == [20, 0, 40]

    @pytest.mark.parametrize(
        ("later", "heading", "first"),
        [
            (30 * DAY, "day", "2025-10-09"),
            (31 * DAY, "week", "2025-10-06"),
            (300 * DAY, "month", "2025-10"),
            (2000 * DAY, "year", "2025"),
        ],
    )
    def test_a_longer_time_has_longer_steps(
        self, log: Log, later: int, heading: str, first: str
    ) -> None:
        log.write(message(), message(time=NOON + later))
        chart = section(log.text(), f"Messages by {heading}")
        assert chart[0].split()[0] == first
        assert len(chart) <= 36

    def test_a_day_is_what_it_was_where_the_person_lives(self, log: Log) -> None:
        log.write(message(time=NOON))
        days = {
            zone: json.loads(run(str(log.path), "--json", TZ=zone).stdout)["days"][0]["day"]
            for zone in ("UTC", "Pacific/Kiritimati", "Pacific/Niue")
        }
        assert days == {
            "UTC": "2025-10-09", "Pacific/Kiritimati": "2025-10-09", "Pacific/Niue": "2025-10-08",
        }  # fmt: skip

    def test_the_first_and_the_last_day_that_are_named_count(self, log: Log) -> None:
        log.write(*(message(time=NOON + day * DAY) for day in range(5)))
        told = log.json("--since", "2025-10-10", "--until", "2025-10-12")
        assert [day["day"] for day in told["days"]] == ["2025-10-10", "2025-10-11", "2025-10-12"]
        assert told["events"] == told["messages"]["messages"] == 3

    def test_a_day_that_is_none_is_refused_in_one_line(
        self, log: Log, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            main(["stats", str(log.path), "--since", "yesterday"])
        assert ended.value.code == 2
        assert "'yesterday' is no day; write it as 2025-08-13" in capsys.readouterr().err

    def test_days_without_events_are_said_to_have_none(self, log: Log) -> None:
        code, out, err = log.write(message()).stats("--since", "2026-01-01")
        assert (code, out) == (1, "")
        assert err.count("\n") == 1
        assert "is from these days" in err


DAMAGED = [
    b"{",
    b"[]",
    b"7",
    b'"event"',
    b"[" * 100_000,
    b"\xff\xfe",
    b"x" * 3_000_000,
    b'{"event": "prompt", "properties": {}, "user_id": "u", "time": "now"}',
    b'{"event": "prompt", "properties": {}, "user_id": "u", "time": true}',
    b'{"event": "prompt", "properties": {}, "user_id": "u", "time": 1e99}',
    b'{"event": "prompt", "properties": {}, "user_id": "u", "time": NaN}',
    b'{"event": "prompt", "properties": [], "user_id": "u", "time": 1}',
    b'{"event": "", "properties": {}, "user_id": "u", "time": 1}',
    b'{"event": "prompt", "properties": {}, "user_id": 7, "time": 1}',
    b'{"event": "prompt", "properties": {}, "user_id": "u", "session": 7, "time": 1}',
    b'{"event": "prompt", "properties": {}, "distinct_id": "u", "timestamp": "once"}',
    b'{"event": "prompt", "properties": {}, "distinct_id": "u", "timestamp": "0001-01-01T00:00"}',
    message().encode()[:-9],
]


CLAIMS: list[dict[str, object]] = [
    {"properties": {"main_model": "m", "prompt_tokens": "#0", "cost": "#1"}},
    {"properties": {"main_model": "#0", "output_tokens": "#1"}},
    {"properties": {"error": {"type": "#0"}, "flag": "#1"}},
    {"time": "#0", "seq": "#1"},
    {"distinct_id": "#0", "timestamp": "#1"},
    {"distinct_id": USER, "timestamp": "#1", "properties": {"$session_id": "#0"}},
    {"session": None, "time": "#0"},
]
"""What differs from a line that is fine; `#0` and `#1` are numbers."""


class TestDamage:
    """A log is a file like any other: cut, joined, edited, or not there."""

    @pytest.mark.parametrize("line", DAMAGED, ids=lambda line: line[:24].decode("latin-1"))
    def test_a_damaged_line_is_counted_and_left_out(self, log: Log, line: bytes) -> None:
        code, out, err = log.write(message(), line, b"", b"  ", message()).stats("--json")
        assert (code, err) == (0, "aboveboard stats: 1 line is damaged and left out\n")
        told = json.loads(out)
        assert (told["damaged"], told["events"]) == (1, 2)

    def test_a_last_line_that_is_still_being_written_is_left_out(self, log: Log) -> None:
        log.path.write_text(f"{message()}\n{message()[:40]}")
        _, out, err = log.stats("--json")
        assert json.loads(out)["events"] == 1
        assert "1 line is damaged" in err

    def test_a_log_with_a_byte_order_mark_and_windows_line_ends_is_whole(self, log: Log) -> None:
        log.path.write_bytes(b"\xef\xbb\xbf" + f"{message()}\r\n{message()}\r\n".encode())
        assert log.json()["events"] == 2

    @given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
    def test_no_bytes_are_too_strange_to_go_on(self, line: bytes) -> None:
        list(LogReader().read(io.BytesIO(line)))

    @given(st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda below: st.lists(below, max_size=3) | st.dictionaries(
            st.sampled_from(["event", "properties", "user_id", "session", "time", "distinct_id",
                             "timestamp", "$session_id"]), below, max_size=8),
    ))  # fmt: skip
    def test_no_json_is_too_strange_to_go_on(self, document: object) -> None:
        read_line(json.dumps(document).encode())

    @given(numbers, numbers, st.sampled_from(CLAIMS))
    @example("9" * 400, "9" * 400, CLAIMS[0])  # too large for a float
    @example("9" * 4300, "9" * 4300, CLAIMS[0])  # whose sum Python does not print
    @example("1e999", "1e308", CLAIMS[0])
    def test_no_number_is_too_large_or_odd_to_go_on(
        self, log: Log, first: str, second: str, claim: dict[str, object]
    ) -> None:
        line = with_numbers(json.loads(message()) | claim, [first, second])
        log.write(message(), line, line)
        for words in ((), ("--json",), ("--values",)):
            code, out, _ = log.stats(*words)
            assert code == 0
            assert not re.search(r"\b(inf|nan|infinity)\b", out, re.IGNORECASE)
        told = json.loads(log.stats("--json")[1])
        assert told["events"] + told["damaged"] == 3

    def test_a_number_of_tokens_or_dollars_that_no_message_has_is_none(self, log: Log) -> None:
        odd = with_numbers(json.loads(message(cost="#0", prompt_tokens="#0")), ["9" * 400])
        told = log.write(message(), odd).json()
        assert told["messages"]["tokens_sent"] == 100
        assert (told["messages"]["cost"], told["messages"]["unpriced"]) == (0.5, 1)

    @pytest.mark.parametrize("name", ["missing.jsonl", "."])
    def test_a_log_that_cannot_be_read_is_named_in_one_line(self, log: Log, name: str) -> None:
        log.path = log.path.parent / name
        code, out, err = log.stats()
        assert (code, out) == (1, "")
        assert err.startswith(f"aboveboard stats: {log.path} cannot be read: ")
        assert err.count("\n") == 1

    def test_an_empty_log_says_how_to_get_one(self, log: Log) -> None:
        code, out, err = log.write().stats()
        assert (code, out) == (1, "")
        assert err == (
            f"aboveboard stats: there is no event in {log.path}; "
            "`--analytics-log FILE` makes a tool write one\n"
        )


class TestWhereItIsShown:
    LONG = "openrouter/" + "a-very-long-name-of-a-model-" * 4

    def test_several_logs_and_standard_input_are_one(self, log: Log) -> None:
        log.write(message())
        ended = run(str(log.path), "-", "--json", given=f"{message()}\n{message()}".encode())
        assert ended.returncode == 0
        assert json.loads(ended.stdout)["events"] == 3

    @pytest.mark.parametrize("width", [20, 40, 64, 80, 500])
    def test_no_line_is_wider_than_the_terminal(
        self, log: Log, width: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(width))
        log.write(
            message(self.LONG, edit_format="diff"),
            message(self.LONG, edit_format="diff" * 30),
            ours("command", command="add" * 20),
        )
        widest = max(map(len, log.text().splitlines()))
        assert 40 <= widest <= 100
        assert widest <= max(width, 72)  # a table of numbers has its least width

    def test_where_there_is_only_ascii_it_is_ascii(self, log: Log) -> None:
        log.write(message(), message("größe"), message(self.LONG))
        ended = run(str(log.path), PYTHONIOENCODING="ascii", PYTHONUTF8="0", COLUMNS="60")
        assert (ended.returncode, ended.stderr) == (0, b"")
        text = ended.stdout.decode("ascii")
        assert "gr??e" in text
        assert "####" in text
        assert "..." in text

    def test_colours_are_for_terminals_and_for_those_who_want_them(self, log: Log) -> None:
        log.write(message())
        assert b"\x1b" not in run(str(log.path)).stdout
        assert b"\x1b[1m" in on_terminal(log.path)
        assert b"\x1b" not in on_terminal(log.path, NO_COLOR="1")
        assert b"\x1b" not in on_terminal(log.path, TERM="dumb")

    def test_what_a_log_says_cannot_steer_the_terminal(self, log: Log) -> None:
        evil = "\x1b]0;owned\x07\x9b2J\u202e"
        log.write(
            message(evil, edit_format=evil), ours(evil, NOON, **{evil: evil}), ours("a", b=evil)
        )
        for words in ((), ("--json",)):
            code, out, _ = log.stats(*words)
            assert code == 0
            assert all(letter.isprintable() for line in out.splitlines() for letter in line)

    def test_it_needs_nothing_but_the_standard_library(self, log: Log) -> None:
        log.write(message())
        program = "import sys; from aboveboard.commands import main; sys.exit(main(sys.argv[1:]))"
        ended = subprocess.run(
            [sys.executable, "-S", "-c", program, "stats", str(log.path)],
            env={"PYTHONPATH": str(ROOT / "src"), "HOME": "/nowhere", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "gpt-4o" in ended.stdout

    def test_a_reader_who_leaves_early_hears_no_complaint(self, log: Log) -> None:
        log.write(*(ours(f"event {number}") for number in range(20_000)))
        process = subprocess.Popen(
            [sys.executable, "-m", "aboveboard", "stats", str(log.path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait(timeout=60) == 1


def on_terminal(path: Path, **environ: str) -> bytes:
    """Return what a terminal is sent."""
    master, slave = pty.openpty()
    given = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "aboveboard", "stats", str(path)],
        stdin=subprocess.DEVNULL,
        stdout=slave,
        env=given | {"TERM": "xterm"} | environ,
    )
    os.close(slave)
    screen = b""
    with contextlib.suppress(OSError):  # the other side has closed
        while data := os.read(master, 65536):
            screen += data
    os.close(master)
    assert process.wait(timeout=60) == 0
    return screen
