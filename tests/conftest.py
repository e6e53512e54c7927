"""What every part's tests share: a home of one's own, a recording server, and honest skips."""

from __future__ import annotations

import gc
import gzip
import os
import re
import sys
import threading
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests.loopback import answering, body_of

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

    from tests.clickhouse.node import Node

LONG = bool(os.environ.get("ABOVEBOARD_LONG"))
CLUSTER_PORTS = os.environ.get("ABOVEBOARD_CLUSTER_PORTS")
"""The HTTP ports of a cluster's nodes on this machine, as `make cluster-test` names them."""


FULL = 100 if LONG else 50
"""How many examples of a property are tried, if its test says no number of its own."""

settings.register_profile(
    "default",
    max_examples=FULL,  # others in every run
    deadline=None,  # the machines are shared: a slow example is no failure
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("quick", settings.get_profile("default"), max_examples=15)
settings.register_profile(
    "mutants",
    settings.get_profile("default"),
    max_examples=50,
    derandomize=True,  # so that a mutant that is told today is told tomorrow
    suppress_health_check=list(HealthCheck),  # the same test runs in one process again and again
)
MUTANTS = bool(os.environ.get("ABOVEBOARD_MUTANTS"))
settings.load_profile("mutants" if MUTANTS else "default")


def examples(full: int) -> int:
    """Return how many examples a test tries that wants `full`: in the quick tier fewer."""
    return min(full, -(-full * settings().max_examples // FULL))


ROOT = Path(__file__).parents[1]

Value = TypeVar("Value")


def in_turn(values: Iterable[Value], quick: Collection[Value]) -> list[Value | ParameterSet]:
    """Return parameters of a test of which the quick tier tries some, the thorough one the others.

    Args:
        values: All of them.
        quick: Those of the quick tier; an error if one is not among all.
    """
    every = list(values)
    assert all(each in every for each in quick), f"{quick} are not all among {every}"
    return [
        each if each in quick else pytest.param(each, marks=pytest.mark.thorough) for each in every
    ]


LONGEST = (
    "tests/migration/",
    "tests/dashboard/test_browser.py",
    "tests/hosts/",
    "tests/commands/",
    "tests/collector/",
)

_THOROUGH = re.compile(r"^pytestmark = .*\bpytest\.mark\.thorough\b", re.MULTILINE)
"""What stands in a file each test of which is thorough."""

MEMORY = "/dev/shm"
ROOM = 4 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Have `tmp_path` in memory, if there is room: a disk is waited for thousands of times.

    Nothing that is promised of a killed process, or of a full disk, needs a real one.
    """
    if "PYTEST_DEBUG_TEMPROOT" not in os.environ and os.path.isdir(MEMORY):
        of = os.statvfs(MEMORY)
        if of.f_bavail * of.f_frsize > ROOM and not of.f_flag & os.ST_NOEXEC:
            os.environ["PYTEST_DEBUG_TEMPROOT"] = MEMORY
    if config.option.markexpr == "not thorough" and not (LONG or MUTANTS):
        settings.load_profile("quick")  # all of them are tried in the other run
    _read_in_turn(config)
    gc.disable()  # what is read stays: a look for what may go takes a second of each worker


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look for what may go again, though no more at what was read."""
    gc.freeze()
    gc.enable()
    if session.config.option.markexpr == "not thorough":
        _answer_with_less()


def _answer_with_less() -> None:
    """Have ClickHouse in this process compile nothing, and answer each question in one thread.

    Machine code and threads pay off from millions of rows on, and cost a fifth of all the time that
    our few thousand take. The thorough run asks as the product does.
    """
    embedded = sys.modules.get("aboveboard.warehouse.engine.embedded")
    if embedded is not None:  # where the client alone is tested there is none
        embedded.Embedded.reading = {
            **embedded.Embedded.reading,
            "compile_expressions": 0,
            "compile_aggregate_expressions": 0,
            "compile_sort_description": 0,
            "max_threads": 1,
        }


def _read_in_turn(config: pytest.Config) -> None:
    """Have each worker read the tests from another place on, so that each compiles a share of them.

    What one has compiled, the others find. `pytest_collection_modifyitems` gives all one order.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None or config.args != [str(each) for each in config.getini("testpaths")]:
        return
    files = sorted(
        str(each) for each in ROOT.glob("tests/**/test_*.py") if not _is_left_out(each, config)
    )
    first = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    config.args[:] = files[first:] + files[:first]


def _is_left_out(file: Path, config: pytest.Config) -> bool:
    """Whether each test of a file is thorough, in a run of the others: it need not be read."""
    if config.option.markexpr != "not thorough":
        return False
    return bool(_THOROUGH.search(file.read_text("utf-8")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, or one worker would be left alone with it at the end.

    What is tried with examples is tried in both runs, with all of its examples in the thorough one.
    """
    if config.option.markexpr == "thorough":
        for item in items:
            if is_hypothesis_test(getattr(item, "obj", None)):
                item.add_marker("thorough")
    items.sort(
        key=lambda item: (
            [not item.nodeid.startswith(each) for each in LONGEST],
            item.nodeid.partition("::")[0],
        )
    )


def missing(what: str) -> NoReturn:
    """Skip for want of `what`; fail where everything is promised to be there (in CI)."""
    if os.environ.get("ABOVEBOARD_TEST_ALL"):
        pytest.fail(f"{what} is missing, and ABOVEBOARD_TEST_ALL promises it")
    pytest.skip(f"{what} is missing on this machine")


@pytest.fixture
def sample_log() -> Path:
    """aider's published sample of 1,000 events, which is not part of the project."""
    path = ROOT.parent / "shared" / "reference" / "sample-analytics.jsonl"
    if not path.exists():
        pytest.skip("aider's published sample is not beside the project (../shared/reference)")
    return path


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A ClickHouse server; whoever uses it leaves it as it was (`Node.clear`).

    Its profile and its clock are such that whoever relies on a default counts wrong.
    """
    from tests.clickhouse.node import HOSTILE, Node  # not where the client alone is tested

    running = Node(tmp_path_factory.mktemp("server") / "node", profile=HOSTILE).start()
    yield running
    running.check()
    running.kill()


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    """The nodes of a cluster of two shards, with the same profile.

    Those of `make cluster-test`, which have replicas, if it has started them.
    """
    from tests.clickhouse.node import HOSTILE, Elsewhere
    from tests.clickhouse.node import shards as of

    if CLUSTER_PORTS:
        yield [Elsewhere(int(port)) for port in CLUSTER_PORTS.split(",")]
        return
    nodes = of(tmp_path_factory.mktemp("shards"), 2, profile=HOSTILE)
    for each in nodes:
        each.start()
    yield nodes
    for each in nodes:
        each.check()
        each.kill()


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a person who never ran anything: an empty home, no CI, no proxies."""
    directory = tmp_path / "home"
    directory.mkdir()
    return {
        "HOME": str(directory),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "no_proxy": "127.0.0.1",
    }


@dataclass
class Request:
    """One request as it came: `body` inflated where it was gzip."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Recorder:
    """A collector that keeps what it is sent, and answers with `statuses` in turn, then 200."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b"{}"
    arrived: threading.Event = field(default_factory=threading.Event)

    def lines(self) -> list[bytes]:
        """Return the lines of all bodies that were taken, in the order in which they came."""
        return [line for request in self.requests for line in request.body.splitlines(True)]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A recording server on loopback."""
    record = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = body_of(self)
            if body[:2] == b"\x1f\x8b":
                body = gzip.decompress(body)
            status = record.statuses.pop(0) if record.statuses else 200
            if status == 200:
                record.requests.append(Request(self.path, dict(self.headers.items()), body))
            self.send_response(status)
            for name, value in record.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(record.answer)))
            self.end_headers()
            self.wfile.write(record.answer)
            record.arrived.set()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its own name
            pass

    with answering(Handler) as record.url:
        yield record
