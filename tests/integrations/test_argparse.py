"""Programs that parse with argparse: which of their commands was chosen."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from aboveboard import Analytics, CatalogError, Event
from aboveboard.integrations.argparse import attach, command_names, open_session
from aboveboard.integrations.commands import command_event
from tests.integrations.conftest import told

Make = Callable[[Sequence[type[Event]]], Analytics]


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

    @pytest.mark.parametrize(
        ("words", "name"),
        [
            ([], "(none)"),
            (["status", "canary"], "status"),
            (["st"], "status"),
            (["db"], "db"),
            (["db", "migrate"], "db migrate"),
            (["acme-deploy"], "other"),
        ],
    )
    def test_the_declared_name_and_none_of_the_words(
        self, made: Make, tmp_path: Path, words: list[str], name: str
    ) -> None:
        parser, commands = program()
        attach(parser)
        analytics = made([command_event(command_names(parser))])
        commands.add_parser("acme-deploy")  # a plugin's, declared later
        log = tmp_path / "log"
        open_session(analytics, parser.parse_args(["--analytics-log", str(log), *words]))
        analytics.close()
        assert told(log) == [("command", {"command": name})]
        assert "canary" not in log.read_text()
        assert "acme" not in log.read_text()

    def test_without_the_event_in_the_catalog_nothing(self, made: Make, tmp_path: Path) -> None:
        parser, _ = program()
        attach(parser)
        args = parser.parse_args(["--analytics-log", str(tmp_path / "log"), "status"])
        analytics = made([])
        open_session(analytics, args)
        analytics.close()
        assert told(tmp_path / "log") == []

    def test_settings_are_heard(self, made: Make, tmp_path: Path) -> None:
        parser, _ = program()
        attach(parser)
        open_session(made([]), parser.parse_args([]), {}, {"analytics-disable": True})
        assert (tmp_path / ".config" / "greeter" / "analytics.json").exists()


class TestTheReadyMadeEvent:
    """What a catalog says of commands."""

    def test_its_list_is_the_programs(self) -> None:
        (declared,) = command_event(["b", "a c"]).event_properties
        assert declared.as_json()["commands"] == ["b", "a c"]

    @pytest.mark.parametrize("names", [[], ["twice", "twice"]])
    def test_a_list_that_cannot_work_is_told_when_it_is_declared(self, names: list[str]) -> None:
        with pytest.raises(CatalogError):
            command_event(names)
