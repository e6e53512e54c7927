"""An aider from its package index, unchanged, that was only told another PostHog address.

Three runs of it report to the real collector: one edits a file, one fails to send, one crashes.
Whatever a person could have written in them is a secret word, which is looked for afterwards in
every byte that the collector kept.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from aboveboard.client.kinds import Exception_
from aboveboard.hosts.aider.catalog import CATALOG
from tests.hosts.aider.fake_llm import Reply, fake_llm, whole_file
from tests.hosts.aider.wire import collector, forwarder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hosts.aider.conftest import StockAider

    Row = dict[str, Any]

pytestmark = [pytest.mark.aider, pytest.mark.xdist_group("aider")]  # one set of runs for all

NAME = "Qwzxkumara"
HOME = "qzhomejvyk"
REPOSITORY = "vkrepoqxw"
FILE = "kfilexqzj"
CODE = "zcodeqxkv"
PROMPT = "xpromptqzk"
ANSWER = "qanswerxzv"
API_KEY = "jkeyqzxwpl"
OPTION = "woptionqxz"
SECRETS = (NAME, HOME, REPOSITORY, FILE, CODE, PROMPT, ANSWER, API_KEY, OPTION)
"""A word for each thing that is a person's own."""

TOLD_BY_AIDER = (API_KEY, OPTION, HOME, REPOSITORY)
"""What a stock aider does send of these, in the texts and the paths of errors, as measured."""

NOBODY = str(uuid.UUID(int=0))

DUMP = """
import json, sys
from aboveboard.warehouse import Warehouse, database
warehouse = Warehouse(sys.argv[1])
named = {"database": database("aider")}
tables = warehouse.query(
    "SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%Tree'",
    named,
)
rows = {}
for (table,) in tables.rows:
    found = warehouse.query(f"SELECT * FROM {{database:Identifier}}.`{table}` ORDER BY time", named)
    columns = warehouse.query(f"DESCRIBE TABLE {{database:Identifier}}.`{table}`", named)
    rows[table] = {
        "columns": [row[0] for row in columns.rows],
        "rows": [dict(zip(found.columns, row)) for row in found.rows],
    }
warehouse.close()
json.dump(rows, sys.stdout, default=str)
"""
"""Run apart: a process can hold one embedded ClickHouse only, and the tests have others."""


@dataclass(frozen=True)
class Runs:
    """What three runs of aider left behind. `installs` are their ids, by the run's name."""

    installs: dict[str, str]
    output: dict[str, str]
    sent: bytes
    data: Path
    collector_output: str
    tables: dict[str, list[Row]]
    columns: dict[str, list[str]]

    def of(self, run: str, table: str) -> list[Row]:
        """Return the rows of one table that come from one run's install."""
        return [row for row in self.tables[table] if row["user_id"] == self.installs[run]]


@pytest.fixture(scope="module")
def runs(stock_aider: StockAider, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Let the three runs report at the same time, stop the collector, and read its warehouse."""
    directory = tmp_path_factory.mktemp("stock")
    data = directory / "data"
    answer = whole_file(f"{FILE}.py", f"def hello():\n    return '{ANSWER}'\n")
    edited = Reply(answer, prompt_tokens=1200, completion_tokens=34)
    commit_message = Reply("Greet with another word")
    with ExitStack() as stack:
        server = stack.enter_context(collector(data))
        wire = stack.enter_context(forwarder(server.url))
        llm = stack.enter_context(fake_llm(edited, commit_message))
        people = {
            "edits": Person(directory / "edits" / HOME, stock_aider),
            "fails": Person(
                directory / "fails" / HOME,
                stock_aider,
                # aider reads the key of GitHub's Copilot as `exp=<time>`, and tells what it found.
                environ={"GITHUB_COPILOT_TOKEN": "none", "OPENAI_API_KEY": f"exp={API_KEY}"},
            ),
            "crashes": Person(
                directory / "crashes" / HOME,
                stock_aider,
                flags=("--no-check-model-accepts-settings", "--thinking-tokens", OPTION),
            ),
        }
        started = {
            run: person.start(wire.url, server.key, llm.url) for run, person in people.items()
        }
        output = {run: process.communicate(timeout=60)[0] for run, process in started.items()}
        collector_output = server.stop()
    dump = subprocess.run(
        [sys.executable, "-c", DUMP, f"chdb://{data}/warehouse"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert dump.returncode == 0, dump.stderr
    tables = json.loads(dump.stdout)
    return Runs(
        installs={run: person.user_id for run, person in people.items()},
        output=output,
        sent=b"".join(wire.bodies),
        data=data,
        collector_output=collector_output,
        tables={name: table["rows"] for name, table in tables.items()},
        columns={name: table["columns"] for name, table in tables.items()},
    )


class Person:
    """Somebody with a home, a git repository, a consent given, and an aider."""

    def __init__(
        self,
        home: Path,
        aider: StockAider,
        *,
        environ: dict[str, str] | None = None,
        flags: tuple[str, ...] = (),
    ) -> None:
        self.aider = aider
        self.flags = flags
        self.user_id = str(uuid.uuid4())
        self.repository = home / REPOSITORY
        self.environ = {
            "HOME": str(home),
            "USER": NAME,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "NO_PROXY": "127.0.0.1",
            "OPENAI_API_KEY": f"sk-{API_KEY}",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it is fetched at every start
            **(environ or {}),
        }
        caches = home / ".aider" / "caches"
        caches.mkdir(parents=True)
        consent = {"uuid": self.user_id, "permanently_disable": False, "asked_opt_in": True}
        (home / ".aider" / "analytics.json").write_text(json.dumps(consent))
        # aider looks prices and public names up on the web, unless it did so within a day.
        prices = aider.packages / "litellm/model_prices_and_context_window_backup.json"
        shutil.copyfile(prices, caches / "model_prices_and_context_window.json")
        self.repository.mkdir()
        (self.repository / f"{FILE}.py").write_text(f"def hello():\n    return '{CODE}'\n")
        for command in (
            ("init", "--quiet"),
            ("config", "user.name", NAME),
            ("config", "user.email", f"{NAME}@example.org"),
            ("add", "."),
            ("commit", "--quiet", "--message", "Begin"),
        ):
            subprocess.run(
                ["git", *command], cwd=self.repository, env=self.environ, check=True, timeout=30
            )

    def start(self, posthog: str, key: str, llm: str) -> subprocess.Popen[str]:
        """Start aider with one message and no terminal."""
        command = [
            str(self.aider.python), "-m", "aider",
            "--analytics",
            "--analytics-posthog-host", posthog,
            "--analytics-posthog-project-api-key", key,
            "--model", "openai/gpt-4o",
            "--edit-format", "whole",
            "--openai-api-base", llm,
            "--no-stream",
            "--message", f"Please {PROMPT} this",
            "--yes-always",
            "--no-check-update",
            "--no-show-model-warnings",
            "--no-show-release-notes",
            *self.flags,
            f"{FILE}.py",
        ]  # fmt: skip
        return subprocess.Popen(
            command,
            cwd=self.repository,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


class TestARunThatEditsAFile:
    def test_is_known_from_its_launch_to_its_exit(self, runs: Runs) -> None:
        assert len(runs.of("edits", "launched")) == 1, runs.output["edits"]
        assert [row["num_files"] for row in runs.of("edits", "repo")] == [1]
        assert [row["enabled"] for row in runs.of("edits", "auto_commits")] == [True]
        assert len(runs.of("edits", "message_send_starting")) == 1
        assert [row["reason"] for row in runs.of("edits", "exit")] == ["Completed --message"]

    def test_tells_model_edit_format_and_tokens_of_its_message(self, runs: Runs) -> None:
        (message,) = runs.of("edits", "message_send")
        assert message["main_model"] == "openai/gpt-4o"
        assert message["weak_model"] == "gpt-4o-mini"
        assert message["edit_format"] == "whole"
        assert message["prompt_tokens"] == 1200
        assert message["completion_tokens"] == 34
        assert message["total_tokens"] == 1234
        assert message["cost"] > 0

    def test_is_one_session_that_says_what_it_ran_on(self, runs: Runs) -> None:
        (session,) = runs.of("edits", "sessions")
        assert session["app_version"] == "0.86.2"
        assert session["source"] == "posthog"
        assert session["os"] in ("Linux", "Darwin", "Windows")
        assert session["arch"] is not None
        assert session["python_version"].startswith("3.")
        own = {row["session"] for rows in runs.tables.values() for row in rows
               if row["user_id"] == session["user_id"]}  # fmt: skip
        assert own == {session["session"]}


class TestARunThatFails:
    def test_is_known_to_have_failed_but_not_in_aiders_words(self, runs: Runs) -> None:
        (failure,) = runs.of("fails", "message_send_exception")
        assert failure["error_type"] is None
        assert failure["error_frames"] == []

    def test_is_known_by_type_and_place_when_it_crashed(self, runs: Runs) -> None:
        (crash,) = runs.tables["exception"]
        assert crash["error_type"] == "ValueError"
        assert [frame.rpartition(":")[0] for frame in crash["error_frames"]] == [
            "aider.main:main",
            "aider.models:set_thinking_tokens",
            "aider.models:parse_token_value",
        ]

    def test_makes_no_install_of_a_crash_that_came_without_one(self, runs: Runs) -> None:
        (crash,) = runs.tables["exception"]
        assert crash["user_id"] in (NOBODY, runs.installs["crashes"])
        known = {row["user_id"] for row in runs.tables["sessions"]} - {NOBODY}
        assert known == set(runs.installs.values())


class TestWhatIsKept:
    def test_is_nothing_that_the_catalog_does_not_name(self, runs: Runs) -> None:
        named = {table_name(entry) for entry in CATALOG.entries}
        assert {table for table, rows in runs.tables.items() if rows} <= named
        for entry in CATALOG.entries.values():
            for row in runs.tables[table_name(entry.name)]:
                for name, declared in entry.properties.items():
                    if isinstance(declared.kind, Exception_):
                        continue  # its three columns are looked at above, and for secrets below
                    assert declared.kind.accept(row[name]) == row[name], (entry.name, row)

    def test_has_no_column_that_the_catalog_does_not_name(self, runs: Runs) -> None:
        for entry in CATALOG.entries.values():
            named = {"user_id", "session", "time"}
            named |= {"source"} if entry.name == "session_start" else set()
            for name, declared in entry.properties.items():
                parts = ("_type", "_frames", "_causes", "_fingerprint")
                is_exception = isinstance(declared.kind, Exception_)
                named |= {name + part for part in parts} if is_exception else {name}
            assert set(runs.columns[table_name(entry.name)]) == named

    def test_holds_none_of_a_persons_words(self, runs: Runs) -> None:
        for told in TOLD_BY_AIDER:
            assert told.lower().encode() in runs.sent.lower(), "aider no longer tells; good for it"
        kept = {path: path.read_bytes() for path in runs.data.rglob("*") if path.is_file()}
        assert any(b"openai/gpt-4o" in content for content in kept.values()), (
            "nothing was looked at"
        )
        values = json.dumps(runs.tables).lower()
        for secret in SECRETS:
            word = secret.lower()
            assert word not in values
            assert word not in runs.collector_output.lower()
            for path, content in kept.items():
                assert word.encode() not in content.lower(), (secret, path)
                assert word not in str(path).removeprefix(str(runs.data)).lower()


def table_name(event: str) -> str:
    if event == "session_start":
        return "sessions"
    return event.replace(" ", "_").replace("-", "_")
