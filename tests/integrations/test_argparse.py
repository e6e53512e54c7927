"""Programs that parse with argparse: which of their commands was chosen."""

from __future__ import annotations

import argparse
import configparser
import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from aboveboard import Analytics, CatalogError, Event
from aboveboard.client.decision.settings import combined
from aboveboard.client.decision.statefile import StateFile
from aboveboard.integrations.argparse import add_flags, attach, command_names, open_session
from aboveboard.integrations.commands import command_event
from tests.integrations.conftest import told

Make = Callable[[Sequence[type[Event]]], Analytics]
STATE = Path(".config", "greeter", "analytics.json")


def program() -> tuple[
    argparse.ArgumentParser, argparse._SubParsersAction[argparse.ArgumentParser]
]:
    """A parser without a `dest` for its commands, as most are."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    status = commands.add_parser("status", aliases=["st"])
    status.add_argument("words", nargs="*")
    db = commands.add_parser("db").add_subparsers()
    db.add_parser("migrate")
    return parser, commands


def reporter() -> argparse.ArgumentParser:
    """A parser with commands that use our words for something else."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    report = commands.add_parser("report")
    report.add_argument("--analytics", action="store_true")
    report.add_argument("--log", dest="analytics_log", action="store_true")
    commands.add_parser("show").add_argument("analytics", nargs="?")
    return parser


def is_disabled(home: Path) -> bool:
    state = home / STATE
    return state.exists() and json.loads(state.read_text())["permanently_disable"] is True


class TestNames:
    """The names that a parser declares."""

    def test_are_full_paths_without_aliases(self) -> None:
        parser, _ = program()
        assert command_names(parser) == ("(none)", "status", "db", "db migrate")

    def test_a_group_that_requires_one_of_its_commands_is_none_itself(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_subparsers(required=True).add_parser("only")
        assert command_names(parser) == ("only",)


class TestWhatIsRecorded:
    """The subparser that was chosen, by its declared name."""

    def test_without_a_command_it_is_none_whatever_list_its_maker_wrote(
        self, made: Make, tmp_path: Path
    ) -> None:
        parser, _ = program()
        analytics = made([command_event(["status"])])
        attach(parser, analytics)
        open_session(analytics, parser.parse_args(["--analytics-log", str(tmp_path / "log")]))
        assert told(tmp_path / "log") == [("command", {"command": "(none)"})]

    @pytest.mark.parametrize("declared_later", [True, False])
    def test_attaching_to_a_program_without_commands_is_told_when_it_is_declared(
        self, declared_later: bool
    ) -> None:
        parser = argparse.ArgumentParser()
        with pytest.raises(CatalogError, match="add_flags"):
            attach(parser)
        if declared_later:
            parser.add_subparsers().add_parser("status")
            attach(parser)

    def test_without_the_event_in_the_catalog_nothing(self, made: Make, tmp_path: Path) -> None:
        parser, _ = program()
        attach(parser)
        args = parser.parse_args(["--analytics-log", str(tmp_path / "log"), "status"])
        analytics = made([])
        open_session(analytics, args)
        analytics.close()
        assert told(tmp_path / "log") == []


class TestTheFlags:
    """What was said to the program, and what to one of its commands."""

    @pytest.fixture
    def analytics(self, made: Make, tmp_path: Path) -> Analytics:
        """One that somebody has agreed to."""
        analytics = made([])
        StateFile(str(tmp_path / STATE)).agree(
            analytics.catalog.terms(), analytics._target.recipient
        )
        return analytics

    @pytest.mark.parametrize("words", [["report"], ["show"], ["show", "x"], ["report", "--log"]])
    def test_a_no_holds_where_a_command_has_an_argument_of_that_name(
        self, analytics: Analytics, words: list[str]
    ) -> None:
        parser = reporter()
        attach(parser, analytics)
        open_session(analytics, parser.parse_args(["--no-analytics", *words]))
        assert not analytics.enabled

    @pytest.mark.parametrize(
        "words", [["report", "--analytics"], ["show", "yes"], ["show", "no"], ["report", "--log"]]
    )
    def test_what_is_said_to_a_command_is_not_said_to_us(
        self, analytics: Analytics, monkeypatch: pytest.MonkeyPatch, words: list[str]
    ) -> None:
        opened: list[dict[str, object]] = []
        monkeypatch.setattr(analytics, "open", opened.append)
        parser = reporter()
        attach(parser, analytics)
        open_session(analytics, parser.parse_args(words))
        assert opened == [combined(None)]

    @pytest.mark.parametrize("flag", ["--no-analytics", "--analytics-disable"])
    def test_a_no_holds_where_a_command_has_the_flags_too(
        self, analytics: Analytics, flag: str
    ) -> None:
        parser = argparse.ArgumentParser()
        add_flags(parser.add_subparsers().add_parser("show"), analytics)
        add_flags(parser, analytics)
        open_session(analytics, parser.parse_args([flag, "show", "--analytics"]))
        assert not analytics.enabled

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ([], (None, False, None)),
            (["--analytics"], (True, False, None)),
            (["--no-analytics", "--analytics-log", "file"], (False, False, "file")),
            (["--analytics-disable"], (None, True, None)),
        ],
    )
    def test_a_host_that_looks_itself_finds_them_under_their_names(
        self, words: list[str], said: tuple[object, ...]
    ) -> None:
        parser = argparse.ArgumentParser()
        add_flags(parser)
        args = parser.parse_args(words)
        assert (args.analytics, args.analytics_disable, args.analytics_log) == said

    @pytest.mark.parametrize("how", ["Analytics.open", "open_session"])
    def test_a_parser_that_knows_no_analytics_has_the_no_kept_when_the_session_opens(
        self, analytics: Analytics, tmp_path: Path, how: str
    ) -> None:
        parser = argparse.ArgumentParser()
        add_flags(parser)
        args = parser.parse_args(["--analytics-disable"])
        assert not is_disabled(tmp_path)
        if how == "open_session":
            open_session(analytics, args)
        else:
            analytics.open(args)
        assert is_disabled(tmp_path)

    @pytest.mark.parametrize("name", ["analytics", "no_analytics", "analytics_disable"])
    @pytest.mark.parametrize("how", ["defaults", "namespace", "another process"])
    def test_what_a_host_says_by_defaults_or_a_namespace_is_heard(
        self, analytics: Analytics, tmp_path: Path, name: str, how: str
    ) -> None:
        """As programs do that read their configuration into the parser."""
        parser, _ = program()
        attach(parser, analytics)
        said = {name: name != "analytics"}
        if how == "namespace":
            args = parser.parse_args(["status"], argparse.Namespace(**said))
        else:
            parser.set_defaults(**said)
            args = parser.parse_args(["status"])
        if how == "another process":
            args = pickle.loads(pickle.dumps(args))
        open_session(analytics, args)
        assert not analytics.enabled
        assert is_disabled(tmp_path) == (name == "analytics_disable")

    def test_a_host_with_flags_of_its_own_is_heard(self, analytics: Analytics) -> None:
        open_session(analytics, argparse.Namespace(analytics=False))
        assert not analytics.enabled

    @pytest.mark.parametrize(
        "words",
        [
            ["--analytics-dis", "--version"],
            ["--version", "--analytics-dis"],
            ["--nonsense", "--analytics-d", "report"],
            ["--analytics-dis"],
        ],
        ids=" ".join,
    )
    @pytest.mark.parametrize("allowed", [True, False])
    def test_a_no_counts_where_it_is_shortened_if_the_program_takes_that(
        self, analytics: Analytics, tmp_path: Path, words: list[str], allowed: bool
    ) -> None:
        parser = argparse.ArgumentParser(allow_abbrev=allowed)
        parser.add_argument("--version", action="version", version="1.0")
        parser.add_subparsers(required=True).add_parser("report")
        attach(parser, analytics)
        with pytest.raises(SystemExit) as ended:
            parser.parse_args(words)
        assert is_disabled(tmp_path) is allowed
        if words == ["--analytics-dis"]:
            assert ended.value.code in ((0, None) if allowed else (2,))

    @pytest.mark.parametrize("word", ["--no", "--ana"])
    def test_a_beginning_that_was_clear_without_our_flags_stays_so(
        self, analytics: Analytics, word: str
    ) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--no-cache", "--anatomy", action="store_true")
        add_flags(parser, analytics)
        args = parser.parse_args([word])
        assert (args.no_cache, args.analytics) == (True, None)

    @pytest.mark.parametrize("word", ["--an", "--analytics-", "--"])
    def test_a_word_that_could_be_several_flags_is_no_no(
        self, analytics: Analytics, tmp_path: Path, word: str
    ) -> None:
        parser = argparse.ArgumentParser()
        add_flags(parser, analytics)
        with pytest.raises(SystemExit):
            parser.parse_args([word, "--help" if word != "--" else "x"])
        assert not is_disabled(tmp_path)

    @pytest.mark.parametrize(
        ("more", "on"),
        [
            ({"dest": "question"}, False),
            ({"dest": "--to", "required": True}, False),
            ({"dest": "words", "nargs": "*"}, True),
            ({"dest": "--to"}, True),
        ],
        ids=str,
    )
    def test_a_no_alone_ends_well_where_the_program_wants_more_and_else_it_runs(
        self, analytics: Analytics, tmp_path: Path, more: dict[str, Any], on: bool
    ) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument(more.pop("dest"), **more)
        add_flags(parser, analytics)
        if on:
            parser.parse_args(["--analytics-disable"])
        else:
            with pytest.raises(SystemExit) as ended:
                parser.parse_args(["--analytics-disable"])
            assert ended.value.code in (0, None)
        assert is_disabled(tmp_path)

    def test_a_no_to_the_program_that_this_one_starts_is_not_one_to_this(
        self, analytics: Analytics, tmp_path: Path
    ) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("command", nargs=argparse.REMAINDER)
        add_flags(parser, analytics)
        for words in (["--", "aider"], ["aider"]):
            open_session(analytics, parser.parse_args([*words, "--analytics-disable"]))
        assert not is_disabled(tmp_path)

    def test_a_no_that_comes_in_a_session_ends_it(
        self, analytics: Analytics, tmp_path: Path
    ) -> None:
        """A host that reads lines, and parses each."""
        parser = argparse.ArgumentParser()
        add_flags(parser, analytics)
        for words, on in (([], True), (["--analytics-disable"], False), ([], False)):
            open_session(analytics, parser.parse_args(words))
            assert analytics.enabled is on
        assert is_disabled(tmp_path)

    def test_what_is_completed_is_not_said(
        self, analytics: Analytics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """argcomplete parses what stands on the line so far, and tells so by a variable."""
        parser = argparse.ArgumentParser()
        add_flags(parser, analytics)
        monkeypatch.setenv("_ARGCOMPLETE", "1")
        with pytest.raises(SystemExit):
            parser.parse_args(["--help", "--analytics-disable"])
        assert not is_disabled(tmp_path)

    def test_settings_that_fail_turn_the_session_off_and_not_the_host(
        self, analytics: Analytics, tmp_path: Path
    ) -> None:
        file = configparser.ConfigParser()
        file.read_string("[greeter]\nanalytics-log = ~/log-%d.jsonl")
        parser = argparse.ArgumentParser()
        add_flags(parser)
        log = tmp_path / "log.jsonl"
        args = parser.parse_args(["--analytics-disable", "--analytics-log", str(log)])
        open_session(analytics, args, file["greeter"], {"analytics": 10**5000})
        assert not analytics.enabled
        assert is_disabled(tmp_path)
        assert log.exists()


class TestTheReadyMadeEvent:
    """What a catalog says of commands."""

    def test_its_list_is_the_programs(self) -> None:
        (declared,) = command_event(["b", "a c"]).event_properties
        assert declared.as_json()["commands"] == ["b", "a c", "(none)"]

    @pytest.mark.parametrize("names", [[], ["twice", "twice"]])
    def test_a_list_that_cannot_work_is_told_when_it_is_declared(self, names: list[str]) -> None:
        with pytest.raises(CatalogError):
            command_event(names)
