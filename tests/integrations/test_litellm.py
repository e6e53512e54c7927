from __future__ import annotations

import builtins
import datetime
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aboveboard import Analytics
from aboveboard.catalog.event import values_of
from aboveboard.catalog.models import public_name
from aboveboard.integrations import litellm as integration
from aboveboard.integrations.litellm import ERRORS, PROVIDERS, ModelCall, Recorder, record_calls
from tests.conftest import ROOT, missing
from tests.hosts.aider.fake_llm import FakeLLM, Reply, fake_llm

SECRET = "correct-horse-battery"
"""Stands wherever litellm is given anything that a person wrote or owns."""

PYTHON = ROOT / ".cache" / "aider" / "bin" / "python"

HOST = r"""
import asyncio, json, os, sys, time
from aboveboard import Analytics
from aboveboard.integrations.litellm import ModelCall, record_calls

url, log, secret, *wanted = sys.argv[1:]
analytics = Analytics(
    app="tool", version="1.0", catalog=[ModelCall], endpoint="http://127.0.0.1:9", key="k"
)
analytics.open({"analytics_log": log})
for _ in range(2):  # once more changes nothing
    record_calls(analytics)
import litellm
litellm.suppress_debug_info = True
callbacks = [each for each in litellm.callbacks if hasattr(each, "recorder")]
assert len(callbacks) == 1, litellm.callbacks


def options(**more):
    return {
        "model": "openai/gpt-4o",
        "messages": [{"role": "user", "content": secret}],
        "api_base": f"{url}/{secret}/v1",
        "api_key": secret,
        "user": secret,
        "metadata": {"note": secret},
        "extra_headers": {"x-note": secret},
        "litellm_call_id": f"{secret} {more}",
        "max_retries": 0,
        **more,
    }


def read(stream):
    return [chunk for chunk in stream]


def failing(call):
    try:
        call()
    except Exception as error:
        return type(error).__name__
    raise AssertionError("it did not fail")


async def ask(**more):
    answer = await litellm.acompletion(**options(**more))
    if more.get("stream"):
        answer = [chunk async for chunk in answer]
    await asyncio.sleep(0.2)  # litellm reports in the background of the loop
    return answer


class Broken:
    "An analytics that fails, as ours never should."
    def record(self, event):
        raise RuntimeError(secret)


def with_broken_analytics():
    recorder = callbacks[0].recorder
    recorder.analytics, kept = Broken(), recorder.analytics
    try:
        return litellm.completion(**options(top_p=0.1))
    finally:
        time.sleep(0.5)
        recorder.analytics = kept


SCENARIOS = {
    "plain": lambda: litellm.completion(**options()),
    "stream": lambda: read(litellm.completion(
        **options(stream=True, stream_options={"include_usage": True}))),
    "stream without usage": lambda: read(litellm.completion(**options(stream=True, top_p=0.5))),
    "async": lambda: asyncio.run(ask(top_p=0.2)),
    "async stream": lambda: asyncio.run(
        ask(stream=True, stream_options={"include_usage": True}, top_p=0.3)),
    "rate limit": lambda: failing(lambda: litellm.completion(**options(top_p=0.4))),
    "async rate limit": lambda: failing(lambda: asyncio.run(ask(top_p=0.6))),
    "stream rate limit": lambda: failing(
        lambda: read(litellm.completion(**options(stream=True, top_p=0.7)))),
    "bad key": lambda: failing(lambda: litellm.completion(**options(top_p=0.8))),
    "private model": lambda: litellm.completion(**options(model=f"openai/{secret}")),
    "unknown provider": lambda: failing(
        lambda: litellm.completion(**options(model=f"{secret}/{secret}"))),
    "retried inside": lambda: litellm.completion(**options(max_retries=2, top_p=0.9)),
    "router": lambda: litellm.Router(
        model_list=[{"model_name": secret, "litellm_params": {
            name: value for name, value in options().items()
            if name not in ("messages", "litellm_call_id")}}],
        num_retries=1,
    ).completion(model=secret, messages=[{"role": "user", "content": secret}]),
    "nobody reads on": lambda: next(iter(litellm.completion(**options(stream=True, top_p=1.0)))),
    "broken analytics": with_broken_analytics,
    "async at once": lambda: asyncio.run(litellm.acompletion(**options())),
}
EVENTS = {"router": 2, "nobody reads on": 0, "broken analytics": 0}


def lines():
    with open(log, encoding="utf-8") as file:
        told = [json.loads(line) for line in file]
    return [each["properties"] for each in told if each["event"] == "model_call"]


told = {}
for name in wanted or [name for name in SCENARIOS if name != "async at once"]:
    before = len(lines())
    SCENARIOS[name]()
    deadline = time.monotonic() + 20
    while wanted == [] and len(lines()) < before + EVENTS.get(name, 1):
        assert time.monotonic() < deadline, name
        time.sleep(0.01)
    told[name] = lines()[before:]
assert secret not in repr(vars(callbacks[0].recorder))
print(json.dumps(told))
"""
"""A tool that asks models through litellm in every way, and prints what each left in the log."""

ANSWER = Reply(f"the answer is {SECRET}")
BUSY = Reply(status=429, error=f"no more, {SECRET}")

SCRIPT = [
    ANSWER, ANSWER, ANSWER, ANSWER, ANSWER,
    BUSY, BUSY, BUSY, Reply(status=401, error=f"{SECRET} is no key"),
    ANSWER,  # the private model; the unknown provider is never asked
    BUSY, ANSWER,  # retried inside
    BUSY, ANSWER,  # by the router
    ANSWER, ANSWER,
]  # fmt: skip

aider = pytest.mark.aider


def run(
    llm: FakeLLM, directory: Path, *scenarios: str
) -> tuple[subprocess.CompletedProcess[str], Path]:
    if not (ROOT / ".cache" / "aider" / "ready").exists():
        missing("a litellm (python tools/environment.py aider installs one, with aider)")
    log = directory / "log.jsonl"
    program = directory / "host.py"
    program.write_text(HOST)
    ended = subprocess.run(
        [PYTHON, program, llm.address, log, SECRET, *scenarios],
        env={
            "HOME": str(directory), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True", "no_proxy": "127.0.0.1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended, log


class Told:
    """What one run of the tool printed and left in its log."""

    def __init__(self, output: str, errors: str, log: bytes) -> None:
        self.calls: dict[str, list[dict[str, Any]]] = json.loads(output.splitlines()[-1])
        self.errors = errors
        self.log = log

    def one(self, scenario: str) -> dict[str, Any]:
        (call,) = self.calls[scenario]
        return call


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with fake_llm(*SCRIPT) as llm:
        ended, log = run(llm, tmp_path_factory.mktemp("litellm"))
        yield Told(ended.stdout, ended.stderr, log.read_bytes())


@pytest.mark.thorough
class TestWhatIsTold:
    """By the real litellm, asking a model on loopback."""

    pytestmark = aider

    def test_of_a_plain_call(self, told: Told) -> None:
        call = told.one("plain")
        assert call.pop("duration") > 0
        assert call.pop("cost") == pytest.approx(1200 * 2.5e-6 + 34 * 1e-5)
        assert call == {
            "operation_name": "chat",
            "provider_name": "openai",
            "request_model": "gpt-4o",
            "response_model": "gpt-4o",
            "request_stream": False,
            "input_tokens": 1200,
            "output_tokens": 34,
            "cache_read_input_tokens": None,
            "time_to_first_chunk": None,
            "error_type": None,
        }

    @pytest.mark.parametrize("scenario", ["stream", "async stream"])
    def test_of_a_streamed_answer_the_first_piece_too(self, told: Told, scenario: str) -> None:
        call = told.one(scenario)
        assert call["request_stream"] is True
        assert 0 < call["time_to_first_chunk"] <= call["duration"]
        assert (call["output_tokens"], call["error_type"]) == (34, None)

    def test_tokens_are_litellms_estimate_where_a_stream_does_not_count_them(
        self, told: Told
    ) -> None:
        call = told.one("stream without usage")
        assert 0 < call["input_tokens"] < 100
        assert call["cost"] > 0

    @pytest.mark.parametrize("scenario", ["async", "stream without usage", "retried inside"])
    def test_each_call_is_one_event(self, told: Told, scenario: str) -> None:
        assert told.one(scenario)["error_type"] is None

    @pytest.mark.parametrize(
        ("scenario", "error"),
        [
            ("rate limit", "RateLimitError"),
            ("async rate limit", "RateLimitError"),
            ("stream rate limit", "RateLimitError"),
            ("bad key", "AuthenticationError"),
            ("unknown provider", "BadRequestError"),
        ],
    )
    def test_of_a_failure_its_type(self, told: Told, scenario: str, error: str) -> None:
        call = told.one(scenario)
        assert call["error_type"] == error
        assert call["duration"] >= 0
        assert (call["cost"], call["input_tokens"], call["response_model"]) == (None, None, None)

    def test_a_retry_of_the_router_is_a_call_of_its_own(self, told: Told) -> None:
        errors = [call["error_type"] for call in told.calls["router"]]
        assert errors == ["RateLimitError", None]

    def test_a_private_model_is_its_provider(self, told: Told) -> None:
        call = told.one("private model")
        assert call["request_model"] == call["response_model"] == "openai/REDACTED"
        assert call["cost"] is None
        assert told.one("unknown provider")["request_model"] is None

    def test_what_litellm_does_not_report_is_not_told(self, told: Told) -> None:
        assert told.calls["nobody reads on"] == told.calls["broken analytics"] == []

    def test_no_secret_is_in_the_log(self, told: Told) -> None:
        assert len(told.log.splitlines()) > 10
        assert SECRET.encode() not in told.log
        for part in SECRET.split("-"):
            assert part.encode() not in told.log

    def test_the_tool_hears_nothing_even_of_an_analytics_that_breaks(self, told: Told) -> None:
        assert "LoggingError" not in told.errors
        assert "Traceback" not in told.errors

    def test_a_tool_that_ends_at_once_loses_nothing(self, tmp_path: Path) -> None:
        with fake_llm(ANSWER) as llm:
            _, log = run(llm, tmp_path, "plain", "stream", "async at once")
        events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
        assert events == ["session_start"] + 3 * ["model_call"]


@pytest.mark.thorough
class TestTheExample:
    """examples/litellm_tool.py, as a person would try it."""

    TOOL = ROOT / "examples" / "litellm_tool.py"

    def test_says_what_to_install(self, home: dict[str, str]) -> None:
        ended = subprocess.run(
            [sys.executable, self.TOOL, "why?", "--analytics-log", Path(home["HOME"]) / "log"],
            env=home,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == ("This needs litellm, which calls the model: pip install litellm\n")
        assert list(Path(home["HOME"]).iterdir()) == []

    @pytest.mark.aider
    def test_answers_and_logs_the_call_without_the_question(self, home: dict[str, str]) -> None:
        if not (ROOT / ".cache" / "aider" / "ready").exists():
            missing("a litellm (python tools/environment.py aider installs one, with aider)")
        log = Path(home["HOME"]) / "calls.jsonl"
        with fake_llm(ANSWER) as llm:
            ended = subprocess.run(
                [PYTHON, self.TOOL, SECRET, "--api-base", llm.url, "--analytics-log", log],
                env={
                    **home,
                    "PYTHONPATH": str(ROOT / "src"),
                    "OPENAI_API_KEY": SECRET,
                    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                },
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        assert (ended.returncode, ended.stdout) == (0, f"{ANSWER.text}\n"), ended.stderr
        assert [json.loads(line)["event"] for line in log.read_text().splitlines()] == [
            "session_start", "model_call",
        ]  # fmt: skip
        assert SECRET not in log.read_text()


class Recorded:
    """Stands for an `Analytics`: keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[ModelCall] = []

    def record(self, event: ModelCall) -> None:
        self.events.append(event)


START = datetime.datetime(2025, 8, 13, 12, 0, 0)  # noqa: DTZ001  # as litellm gives it
END = START + datetime.timedelta(seconds=2.5)


def tell(call: dict[str, Any], response: object = None, **options: bool) -> dict[str, Any] | None:
    """Return what is told of a call that litellm reports like this."""
    recorded = Recorded()
    recorder = Recorder(recorded)  # type: ignore[arg-type]
    recorder.record({"call_type": "completion", **call}, response, START, END, **options)
    return dict(values_of(recorded.events[0])) if recorded.events else None


class TestOneReport:
    """What litellm reports, in a process without it."""

    @pytest.mark.parametrize(
        ("call_type", "operation"),
        [
            ("acompletion", "chat"),
            ("aresponses", "chat"),
            ("atext_completion", "text_completion"),
            ("aembedding", "embeddings"),
            ("anthropic_messages", "chat"),
            ("agenerate_content_stream", "generate_content"),
            ("image_generation", "other"),
        ],
    )
    def test_operations_have_opentelemetrys_names(self, call_type: str, operation: str) -> None:
        call = tell({"call_type": call_type})
        assert call is not None
        assert call["operation_name"] == operation

    @pytest.mark.parametrize("call_type", ["create_file", "alist_fine_tuning_jobs", None, 7])
    def test_what_asks_no_model_is_not_told(self, call_type: object) -> None:
        assert tell({"call_type": call_type}) is None

    @pytest.mark.parametrize(
        ("provider", "name", "told"),
        [
            ("openai", "gpt-4o", "gpt-4o"),
            ("openai", "secret", "openai/REDACTED"),
            ("azure", "secret-deployment", "azure/REDACTED"),
            ("openrouter", "anthropic/claude-sonnet-4", "openrouter/anthropic/claude-sonnet-4"),
            ("openrouter", "anthropic/secret", "openrouter/REDACTED"),
            ("secret", "secret", None),
            (None, "gpt-4o", "gpt-4o"),
            (None, "secret", None),
            (None, "", None),
            (None, {"secret": 1}, None),
        ],
    )
    def test_models_are_public_names(self, provider: object, name: object, told: object) -> None:
        call = tell({"custom_llm_provider": provider, "model": name})
        assert call is not None
        assert call["request_model"] == told

    def test_tokens_are_read_in_each_of_litellms_ways_to_tell_them(self) -> None:
        details = SimpleNamespace(cached_tokens=3)
        for usage in (
            {"prompt_tokens": 9, "completion_tokens": 2, "cache_read_input_tokens": 3},
            {"input_tokens": 9, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 3}},
            SimpleNamespace(prompt_tokens=9, completion_tokens=2, prompt_tokens_details=details),
        ):
            for response in ({"usage": usage}, SimpleNamespace(usage=usage)):
                call = tell({}, response)
                assert call is not None
                assert call["input_tokens"] == 9
                assert call["output_tokens"] == 2
                assert call["cache_read_input_tokens"] == 3

    @pytest.mark.parametrize(
        ("error", "told"),
        [
            (type("RateLimitError", (Exception,), {})(), "RateLimitError"),
            (type("RouterLimit", (type("Timeout", (Exception,), {}),), {})(), "Timeout"),
            (TimeoutError(), "Timeout"),
            (ConnectionResetError(), "APIConnectionError"),
            (type("SecretError", (Exception,), {})(), "other"),
            ("a text", "other"),
            (None, "other"),
        ],
    )
    def test_errors_are_of_the_list(self, error: object, told: str) -> None:
        call = tell({"exception": error}, failed=True)
        assert call is not None
        assert call["error_type"] == told

    def test_a_report_that_comes_twice_is_told_once(self) -> None:
        recorded = Recorded()
        recorder = Recorder(recorded)  # type: ignore[arg-type]
        call = {"call_type": "completion", "litellm_call_id": "1"}
        for _ in range(2):
            recorder.record(call, {}, START, END)
        recorder.record(call, {}, START, END, failed=True)
        recorder.record(call, {}, END, END)
        assert len(recorded.events) == 3

    def test_only_so_many_reports_are_remembered(self) -> None:
        recorder = Recorder(Recorded())  # type: ignore[arg-type]
        for number in range(10 * Recorder.RECENT_MAX):
            recorder.record({"litellm_call_id": str(number)}, {}, START, END)
        assert len(recorder._recent) == Recorder.RECENT_MAX

    @pytest.mark.parametrize(
        "report",
        [
            ({"call_type": "completion", "litellm_call_id": []}, None, START, END),
            ({"call_type": "completion"}, None, "then", "now"),
            (None, None, None, None),
            ({"call_type": "completion", "exception": 1}, object(), START, None),
        ],
    )
    def test_no_report_is_too_strange(self, report: Any) -> None:
        Recorder(Recorded()).record(*report)  # type: ignore[arg-type]

    def test_a_clock_that_was_set_back_makes_no_time_negative(self) -> None:
        recorded = Recorded()
        Recorder(recorded).record({"call_type": "completion"}, {}, END, START)  # type: ignore[arg-type]
        (event,) = recorded.events
        assert values_of(event)["duration"] == 0

    def test_without_litellm_nothing_happens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        imported = builtins.__import__

        def without(name: str, *args: Any) -> Any:
            if name.partition(".")[0] == "litellm":
                raise ModuleNotFoundError(name)
            return imported(name, *args)

        monkeypatch.setattr(builtins, "__import__", without)
        analytics = Analytics(
            app="tool", version="1", catalog=[ModelCall], endpoint="http://127.0.0.1:9", key="k"
        )
        record_calls(analytics)


class TestTheNames:
    """docs/litellm.md maps each property to OpenTelemetry's name, by one rule."""

    def test_follow_opentelemetrys_by_the_rule_of_the_docs(self) -> None:
        page = (ROOT / "docs" / "litellm.md").read_text()
        rows = re.findall(r"^\| `(\w+)` \| (?:`([\w.]+)`|none) \|", page, re.MULTILINE)
        assert [name for name, _ in rows] == [each.name for each in ModelCall.event_properties]
        for name, theirs in rows:
            rule = re.sub(r"^(gen_ai\.)?(usage\.|client\.operation\.)?", "", theirs)
            assert rule.replace(".", "_") in (name, ""), name

    def test_every_provider_is_one_of_litellms(self) -> None:
        for provider in PROVIDERS:
            assert public_name(f"{provider}/x") == f"{provider}/REDACTED"

    def test_every_error_is_one_of_litellms(self) -> None:
        from aboveboard.hosts.aider.vocabulary import EXCEPTION_TYPES

        assert {f"litellm.{name}" for name in ERRORS} <= set(EXCEPTION_TYPES)

    def test_litellm_is_imported_when_it_is_asked_for_and_not_before(self) -> None:
        source = Path(integration.__file__).read_text()
        assert not re.search(r"^(import|from) litellm", source, re.MULTILINE)
        assert "litellm" not in sys.modules
