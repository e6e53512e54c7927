from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aboveboard import insights
from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.warehouse import Warehouse, embedded
from tests.collector.tool import CATALOG, NOW, Install, Server, add_project, ask, new_id
from tests.commands.exporting import everything, export, given, kill, lines
from tests.commands.importing import run, take
from tests.conftest import in_turn
from tests.insights.population import AIDERS, fill, population

FORMATS = ("jsonl", "jsonl.gz", "csv", "parquet")
FRAME = "tool.main:run:7"

LONG = bool(os.environ.get("ABOVEBOARD_LONG"))


def sessions_of_all_sorts() -> Iterator[bytes]:
    """Yield sessions with every kind, without a start, of nobody, with equal events in them."""
    dice = random.Random(3)
    error = {"type": "APIError", "frames": [FRAME, "tool.main:go:9"], "causes": ["OSError"]}
    for number in range(40):
        me = Install()
        segment = me.start() if number % 4 else b""
        for place in range(dice.randrange(1, 9)):
            keys = {"seq": place, "time": NOW - dice.randrange(40) * 86_400}
            told = {
                "main_model": dice.choice(["gpt-4o", "mine/secret", None]),
                "edit_format": dice.choice(["diff", "whole", None]),
                "tokens": dice.choice([0, 7, 2**40]),
                "cost": dice.choice([0.1, 0.000001, 1e-7, 12345.678901234, 0]),
            }
            segment += me.line("message_send", told, **keys)
            segment += me.line("no-repo", {"found": dice.choice([True, False, None])}, **keys)
            segment += me.line("exception", {"error": dice.choice([error, None])}, **keys)
            segment += me.line("plugin", {"plugin_version": "1.2.3"}, **keys) * dice.randrange(3)
            segment += me.line("exit", {"reason": "done"}, **keys)
        yield segment


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with events that came over the wire, and of a log that names nobody."""
    data = tmp_path_factory.mktemp("full")
    key = add_project(data)
    server = Server(data)
    for segment in sessions_of_all_sorts():
        assert server.send(key, segment).json()["rejected"] == []
    server.stop()
    off = Install()
    log = tmp_path_factory.mktemp("log") / "off.jsonl"
    log.write_bytes(
        off.segment(3).replace(off.user_id.encode(), b"null").replace(b'"null"', b"null")
    )
    take(data, log)
    return data


class TestRoundTrip:
    @pytest.mark.parametrize(
        "end",
        [FORMATS[0], *(pytest.param(each, marks=pytest.mark.thorough) for each in FORMATS[1:])],
    )
    def test_what_was_exported_and_imported_is_equal_row_by_row(
        self, full: Path, tmp_path: Path, end: str
    ) -> None:
        file, there = tmp_path / f"all.{end}", tmp_path / "there"
        export(full, file)
        add_project(there)
        said = take(there, file)
        assert "damaged" not in said
        assert "catalog" not in said
        assert everything(there) == everything(full)

    @pytest.mark.thorough
    def test_and_again_changes_nothing(self, full: Path, tmp_path: Path) -> None:
        file, before = tmp_path / "all.jsonl", everything(full)
        export(full, file)
        said = take(full, file, file)
        assert said.startswith("0 events of an export taken into project tool\n")
        assert everything(full) == before

    @pytest.mark.thorough
    def test_in_every_format_and_in_parts_each_event_counts_once(
        self, full: Path, tmp_path: Path
    ) -> None:
        there = tmp_path / "there"
        add_project(there)
        middle = time.strftime("%Y-%m-%d", time.gmtime(NOW - 9 * 86_400))
        export(full, tmp_path / "late.csv", "--since", middle)
        export(full, tmp_path / "early.parquet", "--until", middle)
        export(full, tmp_path / "all.jsonl.gz")
        for name in ("late.csv", "early.parquet"):
            take(there, tmp_path / name)
        rows = everything(full)
        assert {name: kept for name, kept in everything(there).items() if name != "_unstarted"} == {
            name: kept for name, kept in rows.items() if name != "_unstarted"
        }
        assert take(there, tmp_path / "all.jsonl.gz").startswith("0 events")
        assert everything(there) == rows

    @pytest.mark.thorough
    def test_every_insight_of_a_population_answers_the_same(self, tmp_path: Path) -> None:
        catalog = shipped_catalog("aider")
        here, middle, there = (tmp_path / each for each in ("here", "middle", "there"))
        for data in (here, middle, there):
            add_project(data, "aider", catalog)
        warehouse = Warehouse(embedded(here / "warehouse"))
        fill(warehouse, "aider", catalog, population(installs=25))
        warehouse.close()
        export(here, tmp_path / "made_up.jsonl", project="aider")
        for data in (middle, there):  # by the first import its numbers are rounded
            take(data, tmp_path / "made_up.jsonl", project="aider")
            export(data, tmp_path / "made_up.jsonl", project="aider")
        assert answers(there, catalog) == answers(middle, catalog)


def answers(data: Path, catalog: Catalog) -> dict[str, str]:
    @contextlib.contextmanager
    def opened() -> Iterator[Warehouse]:
        warehouse = Warehouse(embedded(data / "warehouse"))
        yield warehouse
        warehouse.close()

    class Project:
        name = "aider"

    Project.catalog = catalog  # type: ignore[attr-defined]
    found = {}
    with opened() as warehouse:
        for insight in AIDERS:
            for event in (
                sorted(catalog.entries)[:: 1 if LONG else 5] if insight.of_event else ("",)
            ):
                asked = {"since": "2026-09-01", "until": "2026-10-31"}
                filters = insights.Filters.from_query(
                    asked | ({"event": event} if event else {}), date(2026, 11, 22)
                )
                table = insight.run(warehouse, Project, filters)  # type: ignore[arg-type]
                found[f"{insight.name} {event}"] = table.as_json()
    assert len(found) > 5
    return found


class TestChoosing:
    @pytest.mark.thorough
    def test_one_installs_events_are_all_that_names_it_and_nothing_else(
        self, full: Path, tmp_path: Path
    ) -> None:
        export(full, tmp_path / "all")
        users = {each["user_id"] for each in lines(tmp_path / "all")} - {None}
        me = min(map(str, users))
        export(full, tmp_path / "mine", "--install", me)
        mine = lines(tmp_path / "mine")
        assert mine == [each for each in lines(tmp_path / "all") if each["user_id"] == me]
        assert mine

    def test_of_some_events_and_days(self, full: Path, tmp_path: Path) -> None:
        day = time.strftime("%Y-%m-%d", time.gmtime(NOW))
        words = ["--event", "exit", "--event", "session_start", "--since", day, "--until", day]
        export(full, tmp_path / "some", *words)
        some = lines(tmp_path / "some")
        assert {each["event"] for each in some} == {"exit", "session_start"}
        assert {int(str(each["time"])) // 86_400 for each in some} == {NOW // 86_400}

    def test_a_line_is_as_the_client_wrote_it(self, tmp_path: Path) -> None:
        data, me = tmp_path / "data", Install()
        server = Server(data, *given(tmp_path))
        server.send(server.key(), me.segment(1))
        server.settle()
        export(data, tmp_path / "one")
        server.stop()
        sent = [json.loads(line) for line in me.segment(1).splitlines()]
        expected = [
            each | {"seq": place, "time": NOW // 3600 * 3600} for place, each in enumerate(sent)
        ]
        expected[0]["source"] = "aboveboard"
        assert lines(tmp_path / "one") == expected

    def test_standard_output_has_the_events_alone(self, full: Path) -> None:
        said = export(full, "-", "--event", "exit")
        assert {json.loads(line)["event"] for line in said.splitlines()[1:]} == {"exit"}


class TestBesideAServer:
    def test_it_has_all_that_was_acknowledged(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        server = Server(data, *given(tmp_path))
        key = server.key()
        for _ in range(30):
            server.send(key, Install().segment(9))
        export(data, tmp_path / "all.csv")
        assert len((tmp_path / "all.csv").read_text().splitlines()) == 301
        server.stop()

    @pytest.mark.thorough
    def test_an_import_is_shown_by_the_server_at_once(self, full: Path, tmp_path: Path) -> None:
        data = tmp_path / "data"
        export(full, tmp_path / "all.parquet")
        server = Server(data, *given(tmp_path))
        take(data, tmp_path / "all.parquet")
        server.stop()
        assert everything(data) == everything(full)

    @pytest.mark.thorough
    def test_a_directory_with_a_long_name_can_be_asked_too(self, tmp_path: Path) -> None:
        data = tmp_path / ("d" * 100)
        server = Server(data, *given(tmp_path))
        server.send(server.key(), Install().segment(2))
        assert len(export(data, "-").splitlines()) == 4
        of_killed = (data / "control.sock").readlink().parent
        server.kill()
        server.start()
        assert len(export(data, "-").splitlines()) == 4
        server.stop()
        assert not (data / "control.sock").is_symlink()
        assert not of_killed.exists()

    def test_the_socket_is_its_owners_alone(self, tmp_path: Path) -> None:
        server = Server(tmp_path)
        assert (tmp_path / "control.sock").stat().st_mode & 0o777 == 0o600
        server.stop()

    @pytest.mark.thorough
    def test_after_a_kill_the_next_server_can_be_asked(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        server = Server(data, *given(tmp_path))
        server.send(server.key(), Install().segment(2))
        server.kill()
        server.start()
        assert len(export(data, "-").splitlines()) == 4
        server.stop()


class TestDamaged:
    @pytest.mark.parametrize("name", in_turn(["all.parquet", "all.csv"], ["all.parquet"]))
    def test_a_damaged_file_is_told_in_our_words_and_nothing_is_taken(
        self, full: Path, tmp_path: Path, name: str
    ) -> None:
        there = tmp_path / "there"
        add_project(there)
        export(full, tmp_path / name)
        whole = (tmp_path / name).read_bytes()
        cut = tmp_path / f"cut-{name}"
        cut.write_bytes(whole[: len(whole) // 2].rsplit(b",", 1)[0])
        ended = run("import", "--project", "tool", "--data", str(there), str(cut))
        assert ended.returncode == 1
        (said,) = ended.stderr.splitlines()
        assert said.endswith(
            f"{cut} cannot be read as {name[4:]}: it is damaged, or `aboveboard export` did "
            "not write it"
        )
        assert ended.stdout == ""


@pytest.mark.thorough
class TestErased:
    def test_an_install_that_was_erased_does_not_come_back(
        self, full: Path, tmp_path: Path
    ) -> None:
        there = tmp_path / "there"
        export(full, tmp_path / "all")
        add_project(there)
        take(there, tmp_path / "all")
        me = min(str(each["user_id"]) for each in lines(tmp_path / "all") if each["user_id"])
        export(there, tmp_path / "mine", "--install", me)
        mine = len(lines(tmp_path / "mine"))
        assert mine
        ended = run("erase", me, "--project", "tool", "--data", str(there), "--yes")
        assert ended.returncode == 0, ended.stderr
        before = everything(there)
        said = take(there, tmp_path / "all").splitlines()
        assert said[0] == "0 events of an export taken into project tool"
        assert said[-1] == f"  {mine} events left out, of installs that were erased"
        assert everything(there) == before


@pytest.mark.thorough
class TestKilled:
    def test_an_export_leaves_the_file_that_was_there(self, tmp_path: Path) -> None:
        data, file = large(tmp_path), tmp_path / "all.jsonl"
        file.write_text("before\n")
        dice = random.Random(5)
        words = ("export", "--project", "tool", "--data", str(data), "-o", str(file))
        for _ in kills(words, dice):
            text = file.read_text()
            assert text == "before\n" or len(text.splitlines()) == 1 + LARGE
        export(data, file)
        assert len(file.read_text().splitlines()) == 1 + LARGE
        assert [each.name for each in tmp_path.glob(".all*")] == []

    @pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a server"])
    def test_an_import_that_is_run_again_neither_loses_nor_doubles(
        self, tmp_path: Path, beside: bool
    ) -> None:
        data, file, there = large(tmp_path), tmp_path / "all.jsonl", tmp_path / "there"
        export(data, file)
        add_project(there)
        dice = random.Random(beside)
        server = Server(there) if beside else None
        words = ("import", str(file), "--project", "tool", "--data", str(there))
        for _ in kills(words, dice):
            pass
        if server is not None:
            server.kill()
            server.start()
        take(there, file)
        if server is not None:
            server.stop()
        assert everything(there) == everything(data)


LARGE = 60_000


def large(tmp_path: Path) -> Path:
    """Return a directory with many sessions, of which some lack a start, and equal events."""
    data = tmp_path / "large"
    add_project(data)
    warehouse = Warehouse(embedded(data / "warehouse"))
    warehouse.ensure("tool", CATALOG)
    installs, seen = [new_id() for _ in range(3_000)], {}
    sessions = [(each, new_id()) for each in installs for _ in range(2)]
    started = sessions[:4_000]
    hour = NOW // 3600 * 3600
    head: dict[str, list[object]] = {
        "user_id": [user for user, _ in started],
        "session": [session for _, session in started],
        "seq": [0] * 4_000,
        "time": [hour] * 4_000,
    }
    warehouse.insert("tool", "sessions", {**head, "source": ["posthog"] * 4_000}, "s")
    rest = list(itertools.islice(itertools.cycle(sessions), LARGE - 4_000))
    seen = dict.fromkeys(sessions[4000:], hour)
    warehouse.insert(
        "tool",
        "message_send",
        {
            "user_id": [user for user, _ in rest],
            "session": [session for _, session in rest],
            "seq": [1 + place // 9_000 for place in range(len(rest))],
            "time": [hour] * len(rest),
            "tokens": [place % 3 for place in range(len(rest))],
        },
        "m",
    )
    warehouse.note_sessions("tool", seen, [])
    warehouse.close()
    return data


def kills(words: tuple[str, ...], dice: random.Random, times: int = 3) -> Iterator[None]:
    """Run a command until it was killed so often, each time at a random moment; yield after each.

    A command that has ended before is killed earlier the next time.
    """
    longest = 1.5
    while times:
        if kill(words, dice.uniform(0.2, 1) * longest):
            times -= 1
        else:
            longest *= 0.7
        yield


class TestGivingUp:
    def gives_up(self, *words: str) -> str:
        ended = run(*words)
        assert ended.returncode == 1
        assert ended.stderr.count("\n") == 1
        return ended.stderr

    def test_a_project_that_is_not_there(self, full: Path) -> None:
        said = self.gives_up("export", "--project", "other", "--data", str(full))
        assert "'other'" in said
        assert "tool" in said

    @pytest.mark.parametrize(
        "place", in_turn(["missing/file.csv", "missing/file.jsonl", ""], ["missing/file.csv"])
    )
    def test_a_place_that_cannot_be_written(self, full: Path, tmp_path: Path, place: str) -> None:
        file = tmp_path / place
        words = ("export", "--project", "tool", "--data", str(full), "-o", str(file))
        assert "aboveboard export: " in self.gives_up(*words)

    def test_an_event_that_is_not_in_the_catalog(self, full: Path) -> None:
        words = ("export", "--project", "tool", "--data", str(full), "--event", "other")
        assert "no event 'other'" in self.gives_up(*words)

    def test_a_table_that_is_no_export(self, full: Path, tmp_path: Path) -> None:
        file = tmp_path / "other.csv"
        file.write_text("event,price\nexit,7\n")
        words = ("import", str(file), "--project", "tool", "--data", str(full))
        assert "no export" in self.gives_up(*words)

    def test_of_a_strangers_export_only_what_the_catalog_has_is_kept(self, tmp_path: Path) -> None:
        data, file, me = tmp_path / "data", tmp_path / "odd.jsonl", Install()
        add_project(data)
        keys: dict[str, Any] = {"seq": 1, "source": "/home/me"}
        head = json.dumps({"aboveboard_export": 1}, separators=(",", ":")).encode() + b"\n"
        file.write_bytes(
            head
            + me.line("session_start", {"os": "/home/me"}, **keys)
            + me.line("message_send", {"tokens": True, "edit_format": ["x"], "path": 1}, **keys)
            + me.line("uninvited", **keys)
            + me.line("exit", seq=-1)
            + me.line("exit", seq=1, user_id="/home/me")
            + b"damaged\n[]\n"
        )
        said = take(data, file)
        unfit = ["message_send.edit_format (1)", "message_send.tokens (1)", "session_start.os (1)"]
        assert "/home/me" not in said
        assert said.splitlines() == [
            "2 events of an export taken into project tool",
            "  4 lines damaged and left out",
            "  events that the catalog does not have: uninvited (1)",
            "  properties that the catalog does not have: message_send.path (1)",
            f"  values that do not fit and became null: {', '.join(unfit)}",
        ]
        assert ask(data, "SELECT source FROM {project:Identifier}.sessions").rows == [("import",)]
        assert os.listdir(data).count("control.sock") == 0
