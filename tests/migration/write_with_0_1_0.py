"""Write a data directory with aboveboard 0.1.0, for test_migration.py to open with today's.

It was run once, in a checkout of 0.1.0 (commit 5cde687), with that checkout's packages:

    cd CHECKOUT && PYTHONPATH=src:. python …/tests/migration/write_with_0_1_0.py …/tests/migration

It leaves `data-0.1.0.tar.xz`: the directory, and beside it `truth.json`, which has every row that
0.1.0 itself ends with when it opens a copy and moves what waits. In the directory are

- two projects, of which one has had an older catalog;
- what a real server took over HTTP: segments, one of them twice; PostHog batches of runs that go
  on; `$exception`s of nobody's; sessions that go over the end of a month, some without their start;
- what `aboveboard import` took: aider's log and one of ours;
- a move that a kill ended between two of its tables, and what came in after it.
"""

# mypy: ignore-errors

from __future__ import annotations

import datetime
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import uuid
from pathlib import Path

from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.inbox.inbox import Delivery, Inbox
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.service import Collector, Reader
from tests.collector.tool import CATALOG, EVENTS, LEGACY, Install, Server

CHANCE = random.Random(20_26)
END_OF_MONTH = int(datetime.datetime(2025, 9, 30, 23, 40, 7, tzinfo=datetime.UTC).timestamp())
DAY = 86_400


def new_id() -> str:
    return str(uuid.UUID(int=CHANCE.getrandbits(128), version=4))


def segment(install: Install, start: int, messages: int, *, started: bool = True) -> bytes:
    """Return a session with an event of each kind, some of them in one second."""
    moment, lines = start, []

    def add(event: str, properties: dict[str, object] | None = None) -> None:
        lines.append(install.line(event, properties, time=moment))

    if started:
        lines.append(
            install.line(
                "session_start",
                {"app_version": CHANCE.choice(["1.2.3", "1.3.0", "2.0.0rc1"]), "os": "Linux",
                 "arch": "x86_64", "python_version": "3.12.1"},
                time=moment,
            )
        )  # fmt: skip
    add("launched")
    add("no-repo", {"found": CHANCE.random() < 0.5})
    for _ in range(messages):
        add("command", {"command": CHANCE.choice(["add", "drop"])})
        moment += CHANCE.choice([0, 0, 1, 137, 1403])
        cost = CHANCE.choice([0.1, 0.29, 1e-7, 0.00012345, 3, None, 12.000000001])
        edit_format = CHANCE.choice(["diff", "whole"])
        add("message_send", {"main_model": "gpt-4o", "edit_format": edit_format,
                             "tokens": CHANCE.randrange(2**40), "cost": cost})  # fmt: skip
    if CHANCE.random() < 0.3:
        error = {"type": "KeyError", "frames": ["tool.main:run:3"], "causes": ["OSError"]}
        add("exception", {"error": error})
    add("exit", {"reason": CHANCE.choice(["done", "failed"])})
    return b"".join(lines)


def segments(count: int) -> list[bytes]:
    found = []
    for number in range(count):
        install = Install(INSTALLS[number % len(INSTALLS)], new_id())
        start = END_OF_MONTH - 20 * DAY + CHANCE.randrange(40 * DAY)
        if number % 9 == 0:
            start = END_OF_MONTH  # it goes on in the next month
        found.append(segment(install, start, CHANCE.randrange(1, 5), started=number % 7 != 3))
    return found


def batch(key: str, user_id: str, events: list[tuple[str, int, dict[str, object]]]) -> bytes:
    return json.dumps(
        {
            "api_key": key,
            "batch": [
                {
                    "event": name, "distinct_id": user_id, "uuid": new_id(),
                    "timestamp": datetime.datetime.fromtimestamp(moment, datetime.UTC).isoformat(),
                    "properties": {"tool_version": "1.2.3", "os_platform": "Linux",
                                   "machine": "AMD64", **properties},
                }
                for name, moment, properties in events
            ],
        }
    ).encode()  # fmt: skip


def crash(key: str, moment: int) -> bytes:
    lone = {"$process_person_profile": False, "$exception_list": [{"type": "KeyError"}]}
    return batch(key, new_id(), [("$exception", moment, lone)])


def send(data: Path) -> None:
    """Send what a server takes, over HTTP."""
    server = Server(data)
    try:
        key = server.key("tool")
        bodies = segments(40)
        for body in bodies:
            identity = new_id()
            assert server.send(key, body, identity).status == 200
            if body is bodies[3]:
                assert server.send(key, body, identity).status == 200
        assert server.send(server.key("other"), segment(Install(new_id(), new_id()),
                                                        END_OF_MONTH, 2)).status == 200  # fmt: skip
        for number in range(6):
            user_id, start = new_id(), END_OF_MONTH - 600 + number * DAY
            told = [("launched", start, {}), ("command_add", start + 1, {})]
            told += [("message_send", start + 1, {"model": "gpt-4o", "tokens": 5, "cost": 0.29})]
            assert server.request("POST", "/batch/", batch(key, user_id, told)).status == 200
            more = [("message_send", start + 1900, {"model": "gpt-4o", "tokens": 6})]
            if number % 2:
                more.append(("exit", start + 1900, {"reason": "done"}))
            assert server.request("POST", "/batch/", batch(key, user_id, more)).status == 200
            assert server.request("POST", "/batch/", crash(key, start)).status == 200
        server.settle()
    finally:
        server.stop()


def take_logs(data: Path, scratch: Path) -> None:
    """Import a log of aider's kind, and one of ours."""
    user_id, lines = new_id(), []
    for run in range(3):
        start = END_OF_MONTH - run * DAY - 400
        for later, (name, properties) in enumerate(
            [("launched", {}), ("command_add", {}),
             ("message_send", {"model": "gpt-4o", "cost": 0.5}), ("exit", {"reason": "done"})]
        ):  # fmt: skip
            line = {"event": name, "properties": properties, "user_id": user_id,
                    "time": start + later * 300}  # fmt: skip
            lines.append(json.dumps(line) + "\n")
    lines.sort(key=lambda line: json.loads(line)["time"])
    (scratch / "aiders.jsonl").write_text("".join(lines))
    (scratch / "ours.jsonl").write_bytes(segment(Install(new_id(), new_id()), END_OF_MONTH, 2))
    for log in ("aiders.jsonl", "ours.jsonl"):
        words = ["import", "--project", "tool", "--data", str(data), str(scratch / log)]
        subprocess.run([sys.executable, "-m", "aboveboard", *words], check=True)


def begin_a_move(data: Path) -> None:
    """Take some deliveries, and be killed between two tables of their move."""
    steps = []

    def stop(step: str) -> None:
        steps.append(step)
        if steps.count("inserted") == 3:
            os._exit(0)

    collector = Collector(data, _crash=stop)
    take(collector, segments(8))
    collector.mover.move_all()
    os._exit(1)


def leave_waiting(data: Path) -> None:
    """Leave a move that was begun, and what came in after it."""
    words = [sys.executable, __file__, "--begin-a-move", str(data)]
    subprocess.run(words, check=True, timeout=60)
    inbox, projects = Inbox(data), Projects(data)
    for body in segments(5):
        reader = Reader(projects.get("tool"))
        inbox.commit([Delivery("tool", uuid.UUID(new_id()), reader.segments.read(body))])
    inbox.close()
    projects.close()


def take(collector: Collector, bodies: list[bytes]) -> None:
    for body in bodies:
        reader = collector.reader(collector.projects.get("tool").keys[0])
        delivery = Delivery("tool", uuid.UUID(new_id()), reader.segments.read(body))
        collector.inbox.commit([delivery])


def truth(data: Path) -> dict[str, object]:
    """Return every row as 0.1.0 has it in the end."""
    collector = Collector(data)
    collector.mover.move_all()
    found = {}
    for project in ("tool", "other"):
        database = f"project_{project}"
        names = collector.warehouse.query(
            "SELECT name FROM system.tables WHERE database = {database:String} ORDER BY name",
            {"database": database},
        ).rows
        for (table,) in names:
            result = collector.warehouse.query(
                "SELECT * EXCEPT (_move, time), toUnixTimestamp(time) AS time "
                "FROM {project:Identifier}.{table:Identifier}",
                {"project": database, "table": table},
            )
            rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
            found[f"{project}.{table}"] = json.loads(json.dumps(rows, default=str))
    collector.close()
    return found


def main(into: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        data = scratch / "data"
        projects = Projects(data)
        projects.add("tool", Catalog.of("tool", EVENTS[:3], LEGACY))
        projects.add("other", Catalog.of("tool", EVENTS[:4]))
        projects.close()
        collector = Collector(data)
        collector.add_project("tool", CATALOG)
        collector.close()
        send(data)
        take_logs(data, scratch)
        leave_waiting(data)
        shutil.copytree(data, scratch / "copy", symlinks=True)
        (data / "truth.json").write_text(json.dumps(truth(scratch / "copy")))
        with tarfile.open(into / "data-0.1.0.tar.xz", "w:xz") as archive:
            archive.add(data, "data")
        print(sum(map(len, json.loads((data / "truth.json").read_text()).values())), "rows")


INSTALLS = [new_id() for _ in range(12)]

if __name__ == "__main__":
    if sys.argv[1] == "--begin-a-move":
        CHANCE.seed(2)
        begin_a_move(Path(sys.argv[2]))
    main(Path(sys.argv[1]))
