"""A made-up tool with a catalog that has every kind, and what is needed to be its installs."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from aboveboard import Event
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import (
    choice,
    command,
    count,
    dollars,
    exception,
    flag,
    model,
    version,
)
from aboveboard.collector.projects import migrations
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.projects.registry import Projects
from aboveboard.warehouse import Result, Warehouse, database, embedded
from tests import forked

NOW = int(time.time())


class Repo(Event, name="no-repo"):
    """There was no repository."""

    found: bool | None = flag("Whether another was found")


class MessageSend(Event):
    """The model answered."""

    main_model: str | None = model("Which model")
    edit_format: str | None = choice("diff", "whole", doc="How edits were asked for")
    tokens: int | None = count("How many tokens")
    cost: float | None = dollars("What it cost")


class Command(Event):
    """A command was given."""

    command: str | None = command("Which", ["add", "drop"])


class Crashed(Event, name="exception"):
    """The tool failed."""

    error: str | None = exception("How", ["tool"], ["APIError"])


class Plugin(Event):
    """A plugin was loaded."""

    plugin_version: str | None = version("Its version")


class Launched(Event):
    """A run began."""


class Exit(Event):
    """A run ended."""

    reason: str | None = choice("done", "failed", doc="Why")


LEGACY: dict[str, object] = {
    "aliases": {"command_add": {"event": "command", "properties": {"command": "add"}}},
    "properties": {"message_send": {"model": "main_model"}},
    "session": {
        "start": "launched",
        "end": "exit",
        "properties": {"app_version": "tool_version", "os": "os_platform", "arch": "machine"},
        "values": {"arch": {"AMD64": "x86_64"}},
    },
    "silent": ["os_release"],
}

EVENTS = [Repo, MessageSend, Command, Crashed, Plugin, Launched, Exit]
CATALOG = Catalog.of("tool", EVENTS, LEGACY)


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class Install:
    """An install and one session of it, making lines as the client does."""

    user_id: str = field(default_factory=new_id)
    session: str = field(default_factory=new_id)

    def line(
        self, event: str, properties: Mapping[str, object] | None = None, **keys: object
    ) -> bytes:
        told = {
            "event": event,
            "properties": properties or {},
            "user_id": self.user_id,
            "session": self.session,
            "time": NOW,
        }
        return json.dumps(told | keys).encode() + b"\n"

    def start(self) -> bytes:
        said = {"app_version": "1.2.3", "os": "Linux", "arch": "x86_64", "python_version": "3.12.1"}
        return self.line("session_start", said)

    def segment(self, messages: int) -> bytes:
        """Return a whole session: its start, and so many answered messages."""
        told = {"main_model": "gpt-4o", "edit_format": "diff", "tokens": 7, "cost": 0.5}
        return self.start() + b"".join(self.line("message_send", told) for _ in range(messages))


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> dict[str, object]:
        told = json.loads(self.body)
        assert isinstance(told, dict)
        return told


class Server:
    """`aboveboard serve`, in a process of its own."""

    def __init__(self, data: Path, *options: str, port: int | None = None) -> None:
        self.data = data
        self.port = port or free_port()
        self.options = options
        self.start()

    def start(self) -> None:
        self.process = self.started()
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        if b" is at http" not in first:
            said = first + b"".join(self.process.communicate())
            raise AssertionError(f"the server did not start: {said.decode()}")

    def started(self) -> subprocess.Popen[bytes] | forked.Forked:
        python, *words = self.command()
        if python != sys.executable:
            return subprocess.Popen(
                [python, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        form, what, *rest = words
        return (forked.module if form == "-m" else forked.script)(what, *rest)

    def command(self) -> list[str]:
        words = ["serve", "--port", str(self.port), "--data", str(self.data), *self.options]
        return [sys.executable, "-m", "aboveboard", *words]

    def key(self, project: str = "tool") -> str:
        projects = Projects(self.data)
        found = projects.get(project)
        projects.close()
        assert found is not None
        return found.keys[0]

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def send(self, key: str, body: bytes, identity: str | None = None) -> Answer:
        """Send a segment as the client does."""
        return self.request(
            "POST",
            "/v1/events",
            gzip.compress(body),
            {
                "Authorization": f"Bearer {key}",
                "Content-Encoding": "gzip",
                "Idempotency-Key": identity or new_id(),
            },
        )

    def metric(self, name: str) -> int:
        told = self.request("GET", "/metrics").body.decode()
        values = re.findall(rf"^aboveboard_{name}(?:{{.*}})? (\d+)\.0$", told, re.MULTILINE)
        return sum(map(int, values))

    def settle(self, seconds: float = 30) -> None:
        """Wait until nothing waits in the inbox."""
        until(lambda: self.metric("inbox_events") == 0, seconds)

    def kill(self) -> None:
        self.process.kill()
        self._reap()

    def stop(self) -> tuple[int, str]:
        """End the server as Ctrl-C does; return its exit code and what it said on stderr."""
        self.process.send_signal(signal.SIGINT)
        said = self._reap()
        assert self.process.returncode is not None
        return self.process.returncode, said

    def _reap(self) -> str:
        _, said = self.process.communicate(timeout=60)
        return said.decode()


class RealServer(Server):
    """`aboveboard serve` as a person runs it, from the start of Python on."""

    def started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class HurriedServer(Server):
    """A server that waits less long for slow senders, and is `aboveboard serve` in all else."""

    PROGRAM = """
import sys
from aboveboard import commands
from aboveboard.collector.http import listener

listener.GRACE = 1
listener.IDLE_SECONDS = 5
sys.exit(commands.main())
"""

    def command(self) -> list[str]:
        python, _, _, *words = super().command()
        return [python, "-c", self.PROGRAM, *words]


def until(true: object, seconds: float = 30) -> None:
    """Wait for something to become true."""
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(data: Path, sql: str, project: str = "tool") -> Result:
    """Ask the warehouse of a directory that nobody serves, for however many rows."""
    warehouse = Warehouse(embedded(data / "warehouse"))
    try:
        return warehouse.query(sql, {"project": database(project)}, bounded=False)
    finally:
        warehouse.close()


def add_project(
    data: Path, name: str = "tool", catalog: Catalog = CATALOG, *, replace: bool = False
) -> str:
    """Add a project to a directory, or give it another catalog; return its write key."""
    with closing(Projects(data)) as projects:
        return projects.add(name, catalog, replace=replace).keys[0]


def keep_for(data: Path, days: int, name: str = "aider") -> None:
    """Have a project, made if it is missing, keep events for so long: a log may be years old."""
    with closing(Projects(data)) as projects:
        if projects.get(name) is None:
            projects.add(name, shipped_catalog("aider"), shipped=True)
        projects.keep_for(name, days)


def damage(data: Path, project: str, catalog: str | bytes = b"\xff{") -> None:
    """Put something where a project's catalog is, as a disk or a newer aboveboard might."""
    with closing(sqlite3.connect(data / migrations.FILE)) as connection, connection:
        connection.execute("UPDATE project SET catalog = ? WHERE name = ?", (catalog, project))
