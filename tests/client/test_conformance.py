"""The Python client passes the vectors that clients in other languages are held to."""

from __future__ import annotations

import os
import sys
import time
import types
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from aboveboard.catalog import exceptions, kinds
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import Event, Property
from aboveboard.client.decision import consent, environment
from aboveboard.client.decision.identity import id_of, new_id
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.delivery import upload, verdicts
from aboveboard.client.recipients import recipient
from aboveboard.client.recipients.target import CANNOT_ERASE, Target
from aboveboard.client.recording import segment
from aboveboard.client.recording.segment import Writer
from aboveboard.client.recording.session import Session
from tests.conformance.vectors import load, named
from tests.loopback import answering, body_of

CONSENT, KINDS, EXCEPTIONS = load("consent"), load("kinds"), load("exceptions")
SEGMENTS, REPLIES, ERRANDS = load("segments"), load("replies"), load("errands")


class TestConsent:
    @pytest.mark.parametrize("case", **named(CONSENT["cases"]))
    def test_facts_become_the_decision(self, case: dict[str, Any]) -> None:
        decision = consent.decide(consent.Facts(**case["facts"]))
        told = {name: getattr(decision, name) for name in ("row", "on", "ask", "covered")}
        assert told | {"notice": decision.notice is not None} == case["decision"]

    @pytest.mark.parametrize("case", **named(CONSENT["variables"]))
    def test_an_environment_says_what_counts(self, case: dict[str, Any]) -> None:
        counts = environment.narrowed(CONSENT["app"], case["start"], case["later"])
        assert case["says"] == {
            "do_not_track": environment.do_not_track(counts),
            "wanted": environment.wanted(CONSENT["app"], counts),
            "machine": environment.in_ci(counts),
            "agent": environment.by_agent(counts),
            "unattended": environment.unattended(counts),
        }

    @pytest.mark.parametrize("case", CONSENT["subset"])
    def test_an_install_is_in_the_random_subset_or_not(self, case: dict[str, Any]) -> None:
        assert consent.in_sample(case["uuid"], case["percent"]) is case["in"]


class TestValues:
    @pytest.mark.parametrize("case", **named(KINDS["cases"] + EXCEPTIONS["claimed"]))
    def test_a_value_is_told_or_refused(self, case: dict[str, Any]) -> None:
        kept = kinds.from_json(case["kind"]).accept(case["value"])
        if case.get("refused"):
            assert kept is kinds.REJECTED
        else:
            assert kept == case["told"]
            assert type(kept) is type(case["told"])

    @pytest.mark.parametrize("case", **named(EXCEPTIONS["raised"]))
    def test_an_exception_is_reduced(
        self, case: dict[str, Any], tmp_path: Path, program: list[str]
    ) -> None:
        described = [case["exception"], *case["exception"]["causes"]]
        for module, text in _sources(described).items():
            _load(module, text, tmp_path, program)
        nearest: BaseException | None = None
        for each in reversed(described):
            nearest = _raised(each, nearest)
        assert nearest is not None
        assert exceptions.reduce(nearest, case["packages"]) == case["told"]


@pytest.fixture
def program() -> Iterator[list[str]]:
    """Names of modules that a test loads, which are gone behind it."""
    loaded: list[str] = []
    yield loaded
    for name in loaded:
        sys.modules.pop(name, None)


def _sources(described: list[dict[str, Any]]) -> dict[str, str]:
    """Return modules in which each function goes on at the lines of its frames."""
    lines: dict[str, dict[int, str]] = {}
    types_: dict[str, list[str]] = {}
    for each in described:
        module, _, name = each["type"].rpartition(".")
        if module and module not in sys.modules:
            types_.setdefault(module, []).append(name)
        for frame in each["frames"]:
            module, function, line = frame.split(":")
            lines.setdefault(module, {})[int(line)] = function
    sources = {}
    for module in {*lines, *types_}:
        text = [""] * 200
        for line, function in lines.get(module, {}).items():
            text[line - 1] = f"def {function}_{line}(go): go[0](go[1:])"
        text += [f"class {name}(Exception): pass" for name in types_.get(module, [])]
        sources[module] = "\n".join(text)
    return sources


def _load(module: str, text: str, directory: Path, loaded: list[str]) -> None:
    package = module.partition(".")[0]
    if package != module and package not in sys.modules:
        _load(package, "", directory, loaded)
    path = directory.joinpath(*module.split("."))
    path = path.with_suffix(".py") if package != module else path / "__init__.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    space = types.ModuleType(module)
    space.__file__ = str(path)
    sys.modules[module] = space
    loaded.append(module)
    exec(compile(text, str(path), "exec"), space.__dict__)


def _raised(described: dict[str, Any], cause: BaseException | None) -> BaseException:
    """Return an exception that went through its frames, with what caused it."""
    module, _, name = described["type"].rpartition(".")
    kind = getattr(sys.modules[module or "builtins"], name)
    error: BaseException = kind("/home/me", "sk-123", 0) if "JSON" in name else kind("/home/me")

    def fail(_: object) -> None:
        raise error from cause

    calls: list[Any] = []
    for frame in described["frames"]:
        where, function, line = frame.split(":")
        call = sys.modules[where].__dict__[f"{function}_{line}"]
        call.__code__ = call.__code__.replace(co_name=function)
        calls.append(call)
    calls.append(fail)
    try:
        calls[0](calls[1:])
    except BaseException as caught:  # noqa: BLE001  # a vector may name any
        return caught
    raise AssertionError


def _class(name: str, properties: dict[str, kinds.Kind]) -> type[Event]:
    space: dict[str, object] = {"__doc__": "It happened."}
    space.update({key: Property(kind, "What is told.") for key, kind in properties.items()})
    return types.new_class("Made", (Event,), {"name": name}, lambda made: made.update(space))


@pytest.mark.parametrize("case", **named(SEGMENTS["written"]))
def test_a_session_is_written_byte_for_byte(case: dict[str, Any], tmp_path: Path) -> None:
    catalog = Catalog.from_json(SEGMENTS["catalog"])
    classes = {
        entry.name: _class(entry.name, {name: p.kind for name, p in entry.properties.items()})
        for entry in catalog.entries.values()
    }
    writer = Writer(str(tmp_path))
    session = Session(
        catalog=catalog,
        covered=case["covered"],
        user_id=case["user_id"],
        session_id=case["session"],
        segment=writer,
        clock=lambda: case["clock"],
    )
    for told in case["records"]:
        session.record(classes[told["event"]](**told["properties"]))
    session.finish()
    writer.close()
    (path,) = segment.listed(str(tmp_path))
    assert Path(path).read_bytes() == "".join(case["lines"]).encode()


@pytest.fixture
def collector() -> Iterator[dict[str, Any]]:
    """One that gives the reply which a test puts there; its URL is there too."""
    reply: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body_of(self)
            self.send_response(reply["status"])
            for name, value in reply["headers"].items():
                self.send_header(name, value)
            if reply["status"] != 204:
                self.send_header("Content-Length", str(len(reply["body"])))
            self.end_headers()
            self.wfile.write(reply["body"].encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its own name
            pass

    with answering(Handler) as url:
        yield reply | {"url": url, "reply": reply}


@pytest.fixture
def target(tmp_path: Path, collector: dict[str, Any]) -> Target:
    """An install that has agreed, of whom nothing waits."""
    state = tmp_path / "analytics.json"
    StateFile(str(state)).agree({"x": {}}, recipient.of(collector["url"]))
    return Target(
        directory=str(tmp_path / "app"), state=str(state), endpoint=collector["url"], key="a-key"
    )


def _paused(path: str, before: float) -> tuple[float, float]:
    """Return between what a pause is, in seconds: it was set since `before`."""
    end = os.stat(path).st_mtime
    return end - time.time(), end - before


@pytest.mark.parametrize("case", **named(REPLIES["replies"]))
def test_a_reply_decides_what_becomes_of_a_segment(
    case: dict[str, Any], target: Target, collector: dict[str, Any]
) -> None:
    collector["reply"].update(case)
    waiting = Path(target.segments)
    waiting.mkdir(parents=True)
    user_id = StateFile(target.state).read().user_id
    name = new_id()
    (waiting / f"{name}.jsonl").write_text(f'{{"user_id": "{user_id}"}}\n')
    before = time.time()
    upload.run(target, {})
    found = [path.relative_to(waiting).as_posix() for path in waiting.rglob("*.jsonl")]
    assert (
        found
        == {
            "removed": [],
            "waits": [f"{name}.jsonl"],
            "aside": [f"aside/{name}.{case['status']}.jsonl"],
        }[case["then"]]
    )
    assert verdicts.read(target.refused_file) == case["counted"]
    if case["pause"] is None:
        assert not os.path.exists(target.pause_file)
    else:
        least, most = case["pause"]
        shortest, longest = _paused(target.pause_file, before)
        assert shortest <= most + 0.01  # a file system's clock ticks
        assert least <= longest + 0.01


class TestErrands:
    @pytest.mark.parametrize("case", ERRANDS["secrets"])
    def test_an_id_is_made_of_its_secret(self, case: dict[str, str]) -> None:
        assert id_of(case["secret"]) == case["user_id"]

    @pytest.mark.parametrize("case", **named(ERRANDS["answers"]))
    def test_a_reply_decides_what_becomes_of_a_request(
        self, case: dict[str, Any], target: Target, collector: dict[str, Any]
    ) -> None:
        collector["reply"].update(case)
        owed = Path(target.erasures)
        owed.mkdir(parents=True)
        (owed / "one.json").write_text("{}")
        upload.run(target, {})
        left = [path.name for path in owed.glob("*")]
        kept = {"taken": [], "aside": ["one.json.refused"]}.get(case["then"], ["one.json"])
        assert left == kept
        pause = Path(target.erase_pause_file)
        assert pause.exists() is case["then"].startswith("owed")
        if pause.exists():
            assert (pause.read_text() == CANNOT_ERASE) is (case["then"] == "owed for a day")
