"""Three runs of aider, each as it comes from its package index and under aboveboard.

One edits a file, one fails to send, one crashes. The aider that is as it comes was only told
another PostHog address; both report to one real collector, and what each sends is listened in on.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.hosts.aider.fake_llm import Reply, fake_llm, whole_file
from tests.hosts.aider.person import ANSWER, API_KEY, FILE, HOME, OPTION, PATIENCE, PROMPT, Person
from tests.hosts.aider.wire import collector, forwarder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hosts.aider.conftest import StockAider

    Row = dict[str, Any]

STOCK, OURS = "stock", "ours"
WAYS = (STOCK, OURS)

DUMP = """
import decimal, json, sys, uuid
from aboveboard.warehouse import Warehouse, database
warehouse = Warehouse(sys.argv[1])
named = {"database": database("aider")}
tables = warehouse.query(
    "SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%Tree' "
    "AND NOT startsWith(name, '_')",
    named,
)
ids = {0: str(uuid.UUID(int=0))}
for row in warehouse.query(
    "SELECT user_id, user_uuid, session, session_uuid FROM {database:Identifier}.sessions", named
).rows:
    ids |= {row[0]: str(row[1]), row[2]: str(row[3])}

def plain(value):
    return float(value) if isinstance(value, decimal.Decimal) else str(value)

rows = {}
for (table,) in tables.rows:
    found = warehouse.query(
        f"SELECT * EXCEPT _move FROM {{database:Identifier}}.`{table}` ORDER BY time, seq", named
    )
    columns = warehouse.query(f"DESCRIBE TABLE {{database:Identifier}}.`{table}`", named)
    rows[table] = {
        "columns": [row[0] for row in columns.rows],
        "rows": [dict(zip(found.columns, row)) for row in found.rows],
    }
    for row in rows[table]["rows"]:
        row["user_id"], row["session"] = ids[row["user_id"]], ids[row["session"]]
warehouse.close()
json.dump(rows, sys.stdout, default=plain)
"""
"""Run apart: a process can hold one embedded ClickHouse only, and the tests have others."""


FLAGS: dict[str, tuple[str, ...]] = {
    "edits": (),
    "fails": (),
    "crashes": ("--no-check-model-accepts-settings", "--thinking-tokens", OPTION),
}
ENVIRON: dict[str, dict[str, str]] = {
    "edits": {},
    # aider reads the key of GitHub's Copilot as `exp=<time>`, and tells what it found.
    "fails": {"GITHUB_COPILOT_TOKEN": "none", "OPENAI_API_KEY": f"exp={API_KEY}"},
    "crashes": {},
}


@dataclass(frozen=True)
class Runs:
    """What the runs left behind.

    Attributes:
        installs: The ids of the installs, by way and run.
        output: What the runs printed, by way and run.
        codes: Their exit codes, by way and run.
        sent: What went over the wire, inflated, by way.
        data: The collector's directory.
        collector_output: What the collector printed.
        tables: The warehouse's rows, by table.
        columns: The warehouse's columns, by table.
    """

    installs: dict[tuple[str, str], str]
    output: dict[tuple[str, str], str]
    codes: dict[tuple[str, str], int]
    sent: dict[str, bytes]
    data: Path
    collector_output: str
    tables: dict[str, list[Row]]
    columns: dict[str, list[str]]

    def of(self, run: str, table: str, way: str = STOCK) -> list[Row]:
        """Return the rows of one table that come from one run's install."""
        return [row for row in self.tables[table] if row["user_id"] == self.installs[way, run]]


def run_all(aider: StockAider, directory: Path) -> Runs:
    """Let the runs report, stop the collector, and read its warehouse."""
    data = directory / "data"
    answer = whole_file(f"{FILE}.py", f"def hello():\n    return '{ANSWER}'\n")
    installs, output, codes = {}, {}, {}
    with ExitStack() as stack:
        server = stack.enter_context(collector(data))
        wires = {way: stack.enter_context(forwarder(server.url)) for way in WAYS}
        for run, flags in FLAGS.items():
            people = {
                way: Person(directory / way / run / HOME, aider, environ=ENVIRON[run])
                for way in WAYS
            }
            people[OURS].sends_to(wires[OURS].url, server.key)
            installs[STOCK, run] = people[STOCK].agreed_in_stock()
            installs[OURS, run] = people[OURS].agreed()
            posthog = (
                "--analytics-posthog-host", wires[STOCK].url,
                "--analytics-posthog-project-api-key", server.key,
            )  # fmt: skip
            started = {}
            for way, person in people.items():
                # A model of one's own for each, so that the same script answers both.
                model = fake_llm(Reply(answer), Reply("Greet with another word"))
                llm = stack.enter_context(model)
                command = (
                    person.stock(*posthog, *_words(llm.url), *flags, f"{FILE}.py")
                    if way == STOCK
                    else person.aboveboard(*_words(llm.url), *flags, f"{FILE}.py")
                )
                started[way] = person.start(command)
            for way, process in started.items():
                output[way, run] = process.communicate(timeout=PATIENCE)[0]
                codes[way, run] = process.returncode
            people[OURS].has_sent()
        collector_output = server.stop()
    dump = subprocess.run(
        [sys.executable, "-c", DUMP, f"chdb://{data}/warehouse"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert dump.returncode == 0, dump.stderr
    tables = json.loads(dump.stdout)
    return Runs(
        installs=installs,
        output=output,
        codes=codes,
        sent={way: b"".join(map(_inflated, wires[way].bodies)) for way in WAYS},
        data=data,
        collector_output=collector_output,
        tables={name: table["rows"] for name, table in tables.items()},
        columns={name: table["columns"] for name, table in tables.items()},
    )


def _words(llm: str) -> tuple[str, ...]:
    return (
        "--analytics",
        "--model", "openai/gpt-4o",
        "--edit-format", "whole",
        "--openai-api-base", llm,
        "--no-stream",
        "--message", f"Please {PROMPT} this",
        "--yes-always",
        "--no-check-update",
        "--no-show-model-warnings",
        "--no-show-release-notes",
    )  # fmt: skip


def _inflated(body: bytes) -> bytes:
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
