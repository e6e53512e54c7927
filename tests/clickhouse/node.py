"""A real ClickHouse that listens on loopback, as tests start, restart and kill one."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.collector.tool import free_port
from tests.conftest import ROOT

LIBRARY = ROOT / ".cache" / "clickhouse" / "libchdb.so"

START_SECONDS = 60

SMALL = {
    "background_pool_size": 2,
    "background_move_pool_size": 1,
    "background_fetches_pool_size": 1,
    "background_common_pool_size": 2,
    "background_schedule_pool_size": 8,
    "background_buffer_flush_schedule_pool_size": 1,
    "background_message_broker_schedule_pool_size": 1,
    "background_distributed_schedule_pool_size": 2,
    "mark_cache_size": 64 << 20,
    "uncompressed_cache_size": 0,
    "max_server_memory_usage": 4 << 30,
}
"""A node for tests shares the machine with others."""

STRICT = {
    "access_control_improvements": {
        "select_from_system_db_requires_grant": "true",
        "table_engines_require_grant": "true",
    }
}
"""As the packages of clickhouse-server have it: nothing without a grant."""

HOSTILE = {
    "session_timezone": "Pacific/Kiritimati",
    "join_use_nulls": 1,
    "transform_null_in": 1,
    "aggregate_functions_null_for_empty": 1,
    "data_type_default_nullable": 1,
    "cast_keep_nullable": 1,
    "prefer_column_name_to_alias": 1,
    "group_by_use_nulls": 1,
    "any_join_distinct_right_table_keys": 1,
    "count_distinct_implementation": "uniq",
    "limit": 3,
    "async_insert": 1,
    "wait_for_async_insert": 0,
    "insert_deduplicate": 0,
    "deduplicate_insert": "disable",
    "date_time_input_format": "basic",
    "input_format_null_as_default": 0,
    "input_format_allow_errors_num": 10,
    "max_partitions_per_insert_block": 2,
    "max_insert_block_size": 10,
    "use_strict_insert_block_limits": 1,
    "skip_unavailable_shards": 1,
    "mutations_sync": 0,
}
"""A profile, and so the default of all its users, that would change what is counted."""

Tree = Mapping[str, object]

NAME = "two_shards"
"""What the nodes' configuration calls their cluster."""


class Node:
    """A ClickHouse in a process of its own.

    Args:
        directory: Where it keeps its data; it is there again after a restart.
        settings: Its configuration besides; elements as in its file, a list for a repeated one.
        users: Its users besides `default`, who may do anything and has no password.
        profile: Settings that every user has.
    """

    def __init__(
        self,
        directory: Path,
        settings: Tree | None = None,
        users: Tree | None = None,
        profile: Tree | None = None,
        *,
        http: int | None = None,
        tcp: int | None = None,
    ) -> None:
        if not LIBRARY.exists():
            pytest.skip("a ClickHouse that listens is missing on this machine: `make clickhouse`")
        self.directory = directory
        self.http = http or free_port()
        self.tcp = tcp or free_port()
        self.settings = dict(settings or {})
        self.users = dict(users or {})
        self.profile = dict(profile or {})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Node:
        self.directory.mkdir(parents=True, exist_ok=True)
        users = self.directory.with_suffix(".users.xml")
        everyone = {"networks": {"ip": "127.0.0.1"}, "profile": "default", "quota": "default"}
        default = {"password": "", **everyone, "access_management": 1}
        told = {name: {**everyone, **dict(_tree(each))} for name, each in self.users.items()}
        profiles = {"default": {"max_threads": 2, **self.profile}}
        profiles |= {"readonly": {"readonly": 1}}
        known = {"default": default, **told}
        users.write_text(_xml({"profiles": profiles, "users": known, "quotas": {"default": ""}}))
        configuration = self.directory.with_suffix(".xml")
        ports = {"http_port": self.http, "tcp_port": self.tcp, "listen_host": "127.0.0.1"}
        places = {"path": f"{self.directory}/", "users_config": users}
        configuration.write_text(_xml({**places, **ports, **SMALL, **self.settings}))
        interfaces = ["TCP", "HTTP", *(["HTTPS"] if "https_port" in self.settings else [])]
        program = Path(__file__).with_name("listen.py")
        log = self.directory.with_suffix(".log")
        with log.open("wb") as said:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, str(program), str(LIBRARY), str(configuration)),
                    *(f"SYSTEM START LISTEN {each}" for each in interfaces),
                ],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise AssertionError(f"ClickHouse did not start: {log.read_text()[-2000:]}")
            time.sleep(0.02)
        return self

    def check(self) -> None:
        """See that it runs still: a client that goes away in a query ends it."""
        if self.process is None or self.process.poll() is not None:
            said = self.directory.with_suffix(".log").read_text(errors="replace")
            raise AssertionError(f"ClickHouse ended by itself: {said[-2000:]}")

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/ping", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def url(self, user: str = "default", password: str = "", **query: object) -> str:
        who = f"{urllib.parse.quote(user, safe='')}:{urllib.parse.quote(password, safe='')}"
        asked = f"?{urllib.parse.urlencode(query)}" if query else ""
        return f"clickhouse://{who}@127.0.0.1:{self.http}/{asked}"

    def ask(self, sql: str) -> str:
        """Answer a question as anyone with the whole right would ask it; TSV."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}/", data=sql.encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                told: bytes = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None
        return told.decode()

    def clear(self) -> None:
        """Drop every database that is not ClickHouse's own."""
        for name in self.ask(
            "SELECT name FROM system.databases WHERE name NOT IN "
            "('default', 'system', 'information_schema', 'INFORMATION_SCHEMA') SETTINGS limit = 0"
        ).split():
            self.ask(f"DROP DATABASE `{name}` SYNC")

    def stop(self) -> None:
        """End it as a service is ended, waiting for what it does."""
        if self.process is not None:
            assert self.process.stdin is not None
            with suppress(BrokenPipeError):
                self.process.stdin.close()
            self.process.stdin = None
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            self.kill()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


class Elsewhere(Node):
    """One that something else has started and ends, such as `make cluster-test`.

    Args:
        http: Its port, on loopback.
    """

    def __init__(self, http: int) -> None:
        self.http = http
        self.process = None

    def check(self) -> None:
        assert self.answers(), f"no ClickHouse answers at port {self.http} of this machine"


def shards(
    directory: Path, count: int, name: str = NAME, profile: Tree | None = None
) -> list[Node]:
    """Return the nodes of a cluster, a shard each, not started."""
    nodes = [Node(directory / f"shard{each + 1}", profile=profile) for each in range(count)]
    cluster = {
        "shard": [{"replica": {"host": "127.0.0.1", "port": node.tcp}} for node in nodes],
    }
    for number, node in enumerate(nodes, 1):
        node.settings["remote_servers"] = {name: cluster}
        node.settings["macros"] = {"shard": number, "replica": f"node{number}"}
    return nodes


def _tree(value: object) -> Tree:
    assert isinstance(value, Mapping)
    return value


def _xml(tree: Tree, element: str = "clickhouse") -> str:
    inner = (
        _xml(each, name) if isinstance(each, Mapping) else f"<{name}>{escape(str(each))}</{name}>"
        for name, value in tree.items()
        for each in (value if isinstance(value, list) else [value])
    )
    return f"<{element}>{''.join(inner)}</{element}>"
