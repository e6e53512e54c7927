"""From the embedded engine to a server, to two shards and back: events moved by export and import.

    python bench/moving.py --events 10000000
    python bench/moving.py --data DIR      # what an `aboveboard serve` has had; a copy is moved

On ClickHouse that listens on loopback (`make clickhouse`). A project as `insights.py` makes it, and
the demo of so many people. At each step tools go on sending to the old place while a first export
is taken and imported, by collectors that serve; the import is killed in its middle, with the
collector on the way to the shards, and run again. Then tools send to the new place, and a second
export brings what came last. What there was before today is compared in each table and in every
insight, and what was sent meanwhile is counted at the end.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from insights import FILTERS, MIX, PATIENT
from kept import PROJECT, fill
from tests.clickhouse.forms import cluster_url
from tests.clickhouse.node import NAME, Node, shards
from tests.collector.tool import Install, RealServer

from aboveboard import insights
from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.projects.registry import Projects
from aboveboard.warehouse import Warehouse, embedded

DEMO = "demo"
ROWS = {
    **{name: told for name, told in MIX.items() if "error_type" not in told[1]},
    "reply": (MIX["reply"][0], {
        **MIX["reply"][1],
        "first_token": "[1.25, 2.5][1 + number % 2]",
        "duration": "[12.5, 16, 25][1 + number % 3]",
    }),
}  # fmt: skip
"""As a collector would have taken them: durations in steps. The demo has failures, with their
fingerprints."""
TODAY = datetime.now(timezone.utc).date()
BEFORE = f"time < toDateTime('{TODAY} 00:00:00', 'UTC')"
TICKS = os.sysconf("SC_CLK_TCK")
ABOVEBOARD = [sys.executable, "-m", "aboveboard"]


@dataclass
class Place:
    """Where a project is: a data directory, and the nodes that have its rows, if it has not."""

    name: str
    data: Path
    nodes: list[Node] = field(default_factory=list)

    @property
    def options(self) -> list[str]:
        if not self.nodes:
            return []
        url = cluster_url(self.nodes).partition("?")[0]
        return ["--warehouse", url, *(["--cluster", NAME] if len(self.nodes) > 1 else [])]

    @property
    def url(self) -> str:
        if not self.nodes:
            return embedded(self.data / "warehouse")
        return cluster_url(self.nodes) if len(self.nodes) > 1 else self.nodes[0].url()

    def spent(self, server: RealServer) -> float:
        """Return the seconds of processor that the collector and its nodes have taken."""
        return sum(map(ticks, self.processes(server))) / TICKS

    def most(self, server: RealServer) -> str:
        """Return how many MiB each process has had at most."""
        told = (Path(f"/proc/{pid}/status").read_text() for pid in self.processes(server))
        return ", ".join(f"{int(each.partition('VmHWM:')[2].split()[0]) // 1024}" for each in told)

    def processes(self, server: RealServer) -> list[int]:
        return [server.process.pid, *(each.process.pid for each in self.nodes if each.process)]


def ticks(process: int) -> int:
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(told[11]) + int(told[12])


class Tools(threading.Thread):
    """Tools that send a session of three events now and then, to where they are told."""

    def __init__(self, server: RealServer, key: str) -> None:
        super().__init__()
        self.server = server
        self.key = key
        self.ended = threading.Event()
        self.turn = threading.Lock()
        self.sent = 0

    def run(self) -> None:
        while not self.ended.wait(0.2):
            me = Install()
            told = (me.line("message_send", {"total_tokens": n}) for n in (1, 2))
            segment = me.start() + b"".join(told)
            with self.turn:
                answer = self.server.send(self.key, segment)
            assert answer.status == 200, answer.body
            self.sent += 3


Catalogs = Mapping[str, Catalog]
"""By project, the one first that tools go on sending to."""


def answers(
    place: Place, catalogs: Catalogs, filters: Mapping[str, Mapping[str, str]]
) -> dict[str, object]:
    """Return what each table has from before today, in any order, and what each insight says."""
    found: dict[str, object] = {}
    until = {"since": str(TODAY - timedelta(390)), "until": str(TODAY - timedelta(1))}
    with closing(Warehouse(place.url, limits=PATIENT)) as warehouse:
        for project, catalog in catalogs.items():
            for table, columns in warehouse.present(project).items():
                names = ", ".join(f"`{name}`" for name in sorted(columns) if name != "_move")
                if not table.startswith("_"):
                    found[f"{project}.{table}"] = warehouse.query(
                        f"SELECT count(), sum(cityHash64({names})) FROM project_{project}.{table} "
                        f"WHERE {BEFORE}",
                        bounded=False,
                    ).rows
            for insight, (named, filtered) in itertools.product(
                insights.offered(catalog), filters.items()
            ):
                asked = {**until, **filtered}
                if insight.of_event:
                    asked["event"] = "message_send"
                read = insights.Filters.from_query(asked, TODAY)
                told = insight.run(warehouse, Project(project, catalog), read).as_json()
                found[f"{project}: {insight.name}, {named}"] = told
    return found


@dataclass
class Project:
    """A project as insights have it."""

    name: str
    catalog: Catalog


def counts(place: Place, project: str) -> int:
    """Return how many rows of a project a place has that is not embedded."""
    rows = f"SELECT sum(total_rows) FROM system.tables WHERE database LIKE '%\\_{project}'"
    return sum(int(each.ask(rows).strip() or 0) for each in place.nodes)


def run(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*ABOVEBOARD, *words], stderr=subprocess.DEVNULL, stdout=sys.stderr)


def timed(what: str, events: int, place: Place, server: RealServer, *words: str) -> float:
    """Run a command against a collector that serves, and tell what it cost; return its seconds."""
    spent, began = place.spent(server), time.perf_counter()
    process = run(*words)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{what} failed: {words}")
    took = time.perf_counter() - began
    spent = place.spent(server) - spent + usage.ru_utime + usage.ru_stime
    print(
        f"  {what}: {took:.0f} s, {spent / events * 1e6:.0f} us of processor an event; collector "
        f"and nodes have had {place.most(server)} MiB at most",
        flush=True,
    )
    return took


def killed(place: Place, server: RealServer, project: str, seconds: float, *words: str) -> None:
    """Begin an import and kill it when it has come some way; on shards the collector, too."""
    process = run(*words)
    before, began = counts(place, project), time.perf_counter()
    while process.poll() is None and time.perf_counter() - began < seconds:
        time.sleep(0.2)
    if process.poll() is not None:
        if process.returncode:
            raise SystemExit(f"import failed: {words}")
        print("  the import had ended before it was to be killed", flush=True)
        return
    if len(place.nodes) > 1:
        server.kill()
        process.wait()
        server.start()
    else:
        process.send_signal(signal.SIGKILL)
        process.wait()
    came = f": {counts(place, project) - before:,} rows had come" if place.nodes else ""
    who = "collector" if len(place.nodes) > 1 else "command"
    print(f"  killed the {who} after {time.perf_counter() - began:.0f} s{came}", flush=True)


def move(old: Place, new: Place, tools: Tools, servers: Mapping[str, RealServer], events: int,
         files: Path, third: float, projects: Iterable[str]) -> float:  # fmt: skip
    """Move every project; return how long the import of the first took that nothing killed."""
    source, target = servers[old.name], servers[new.name]
    took = third
    for number, project in enumerate(projects):
        file = str(files / f"{old.name}-{project}.jsonl.gz")
        out = ("export", "--project", project, "--data", str(old.data), *old.options)
        into = ("import", "--project", project, "--data", str(new.data), *new.options)
        if number == 0:
            timed("export", events, old, source, *out, "-o", file)
            killed(new, target, project, third, *into, file)
            took = timed("import again, the whole of it", events, new, target, *into, file)
            with tools.turn:
                tools.server = target
            last = str(files / f"{old.name}-last.jsonl.gz")
            since = ("--since", str(TODAY - timedelta(1)))
            timed("export of two days", events, old, source, *out, *since, "-o", last)
            timed("its import", events, new, target, *into, last)
            Path(last).unlink()
        else:
            for words in ((*out, "-o", file), (*into, file)):
                assert run(*words).wait() == 0
        Path(file).unlink()
    return took


def places(directory: Path) -> Iterator[Place]:
    yield Place("embedded", directory / "here")
    yield Place("server", directory / "one", [Node(directory / "node")])
    yield Place("shards", directory / "two", shards(directory, 2))
    yield Place("back", directory / "back")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path, help="move what this data directory has, instead")
    parser.add_argument("--people", type=int, default=100, help="how many the demo has")
    parser.add_argument("--filters", nargs="*", default=["version"], choices=FILTERS)
    parser.add_argument("--first-kill", type=float, default=30, help="seconds after which")
    parser.add_argument("--directory", type=Path, help="where, instead of the temporary directory")
    args = parser.parse_args()
    filters = {name: FILTERS[name] for name in args.filters}
    with ExitStack() as opened:
        directory = Path(
            opened.enter_context(
                tempfile.TemporaryDirectory(prefix="aboveboard-bench-", dir=args.directory)
            )
        )
        everywhere = list(places(directory))
        first, last = everywhere[0], everywhere[-1]
        if args.data is None:
            fill(first.data, args.events, ROWS)
            add_demo(first, args.people)
        else:
            shutil.copytree(args.data, first.data, symlinks=True)
        key, catalogs = prepare(first, everywhere[1:])
        told, before = answers(first, catalogs, filters), total(first, catalogs)
        named = ", ".join(catalogs)
        print(f"{before:,} events of {named}; {len(told)} tables and answers", flush=True)
        for node in itertools.chain.from_iterable(each.nodes for each in everywhere):
            opened.callback(node.start().kill)
        servers = {first.name: RealServer(first.data)}
        opened.callback(end, servers)
        tools = Tools(servers[first.name], key)
        opened.callback(tools.ended.set)
        tools.start()
        seconds = args.first_kill
        for old, new in itertools.pairwise(everywhere):
            print(f"{old.name} to {new.name}", flush=True)
            servers[new.name] = RealServer(new.data, *new.options)
            seconds = move(old, new, tools, servers, before, directory, seconds, catalogs) / 3
            servers[old.name].stop()
            if new.nodes:
                compare(told, answers(new, catalogs, filters))
        tools.ended.set()
        tools.join()
        servers[last.name].settle()
        servers[last.name].stop()
        compare(told, answers(last, catalogs, filters))
        if (there := total(last, catalogs)) != before + tools.sent:
            raise SystemExit(f"{there} events, not {before} and the {tools.sent} sent since")
        print(f"  {tools.sent} events were sent meanwhile, each is there once")


def end(servers: Mapping[str, RealServer]) -> None:
    for each in servers.values():
        if each.process.poll() is None:
            each.kill()


def add_demo(place: Place, people: int) -> None:
    """Add the demo of so many people to a place."""
    with closing(Projects(place.data)) as projects:
        key = projects.add(DEMO, shipped_catalog(PROJECT)).keys[0]
    server = RealServer(place.data)
    words = ("--url", f"http://127.0.0.1:{server.port}", "--key", key, "--installs", str(people))
    subprocess.run(
        [sys.executable, "-m", "aboveboard.demo", *words], check=True, stderr=subprocess.DEVNULL
    )
    server.settle()
    server.stop()


def prepare(first: Place, others: Sequence[Place]) -> tuple[str, Catalogs]:
    """Add a place's projects to the others; return the key of the first one, and their catalogs."""
    with closing(Projects(first.data)) as projects:
        found = sorted(projects.all(), key=lambda each: (each.name != PROJECT, each.name))
    projects_of = [*ABOVEBOARD, "projects"]
    told = subprocess.run(
        [*projects_of, "export", "--data", str(first.data)], check=True, stdout=subprocess.PIPE
    ).stdout
    for each in others:
        each.data.mkdir()
        file = each.data.with_suffix(".json")
        file.write_bytes(told)
        into = [*projects_of, "import", "--data", str(each.data), str(file)]
        subprocess.run(into, check=True, stdout=subprocess.DEVNULL)
    return found[0].keys[0], {each.name: each.catalog for each in found}


def total(place: Place, projects: Iterable[str]) -> int:
    """Return how many events a place has."""
    with closing(Warehouse(place.url)) as warehouse:
        return sum(
            int(str(warehouse.query(f"SELECT count() FROM project_{each}.{table}").rows[0][0]))
            for each in projects
            for table in warehouse.present(each)
            if not table.startswith("_")
        )


def compare(told: Mapping[str, object], found: Mapping[str, object]) -> None:
    unlike = [each for each in told.keys() | found.keys() if told.get(each) != found.get(each)]
    if unlike:
        for each in unlike:
            print(f"  {each}\n    {told.get(each)}\n    {found.get(each)}", file=sys.stderr)
        raise SystemExit(f"not equal: {unlike}")
    print(f"  {len(told)} tables and answers are equal", flush=True)


if __name__ == "__main__":
    main()
