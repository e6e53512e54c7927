"""One little program, built with each library that has an adapter: what the contract runs over.

An adapter that comes needs one class here, and its name in `ADAPTERS`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import click
import pytest
import typer

from aboveboard import Analytics
from aboveboard.integrations import argparse as argparse_adapter
from aboveboard.integrations import click as click_adapter
from aboveboard.integrations import typer as typer_adapter

COMMANDS = {"status", "db migrate", "db fail", "stop", "report"}
PLUGIN = "acme-deploy"
Settings = Mapping[str, object]


@dataclass(frozen=True)
class Outcome:
    """What a person, or the shell that ran the program, sees of a run."""

    code: object
    stdout: str
    stderr: str
    error: str


@contextlib.contextmanager
def quiet_variables(variables: Mapping[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("COLUMNS", "TERMINAL_WIDTH"):
            patch.setenv(name, "200")  # a help's lines are not broken
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


class Program(Protocol):
    """The little program, which every library can build.

    `greeter [--version] [--name NAME] COMMAND`: `status [--secret SECRET] [WORDS …]` says "fine",
    `db migrate` ends with 3, `db fail` raises, `stop` is stopped by Ctrl-C, `report [--analytics]
    [ANALYTICS]` says what it was given; without a command it says "idle". `PLUGIN` is a plugin's.

    Attributes:
        completion: What a shell sets to have the words behind it completed.
    """

    completion: ClassVar[Mapping[str, str]]

    def attach(
        self, analytics: Analytics, settings: Settings | None, project: Settings | None
    ) -> None:
        """Attach an analytics, as docs/adopting.md says."""

    def add_command(self, analytics: Analytics) -> None:
        """Add the ready-made command."""

    def names(self) -> tuple[str, ...]:
        """Return the commands that the adapter reads from the program."""

    def alias(self) -> str:
        """Return another name of `status`, as the library has such."""

    def main(self, words: list[str]) -> object: ...


def run(program: Program, words: Sequence[str], **variables: str) -> Outcome:
    """Run a program, as its console script would."""
    # With bytes below, which click writes to when it completes.
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    code: object = None
    error = ""
    with (
        quiet_variables(variables),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        try:
            program.main(list(words))
        except SystemExit as ended:
            code = ended.code
        except (Exception, KeyboardInterrupt) as raised:  # noqa: BLE001  # it is what is looked at
            error = repr(raised)
    for stream in (stdout, stderr):
        stream.flush()
        stream.seek(0)
    return Outcome(code or 0, stdout.read(), stderr.read(), error)


def fine(secret: str | None, words: Sequence[str]) -> None:
    print("fine", secret, *words)


def report(flag: bool, analytics: str | None) -> None:
    print("report", flag, analytics)


def migrate() -> None:
    raise SystemExit(3)


def fail() -> None:
    raise RuntimeError("canary")


def stop() -> None:
    raise KeyboardInterrupt


def deploy() -> None:
    print("deployed")


class ArgparseProgram:
    """The program in argparse, whose host calls `open_session` when it has parsed."""

    completion: ClassVar[Mapping[str, str]] = {"_ARGCOMPLETE": "1"}

    def __init__(self) -> None:
        self.parser = argparse.ArgumentParser("greeter")
        self.parser.add_argument("--version", action="version", version="1.0")
        self.parser.add_argument("--name")
        self.parser.set_defaults(run=lambda _args: print("idle"))
        self.commands = self.parser.add_subparsers()
        status = self.commands.add_parser("status", aliases=["st"])
        status.add_argument("--secret")
        status.add_argument("words", nargs="*")
        status.set_defaults(run=lambda args: fine(args.secret, args.words))
        db = self.commands.add_parser("db").add_subparsers(required=True)
        self._simple(db, "migrate", migrate)
        self._simple(db, "fail", fail)
        self._simple(self.commands, "stop", stop)
        told = self.commands.add_parser("report")
        told.add_argument("--analytics", action="store_true", dest="flag")
        told.add_argument("analytics", nargs="?")
        told.set_defaults(run=lambda args: report(args.flag, args.analytics))
        self._analytics: Analytics | None = None
        self._settings: tuple[Settings | None, Settings | None] = (None, None)

    def _simple(self, commands: Any, name: str, function: Callable[[], None]) -> None:
        commands.add_parser(name).set_defaults(run=lambda _args: function())

    def attach(
        self, analytics: Analytics, settings: Settings | None, project: Settings | None
    ) -> None:
        argparse_adapter.attach(self.parser, analytics)
        self._analytics = analytics
        self._settings = settings, project

    def add_command(self, analytics: Analytics) -> None:
        argparse_adapter.add_command(self.parser, analytics)

    def names(self) -> tuple[str, ...]:
        return argparse_adapter.command_names(self.parser)

    def alias(self) -> str:
        return "st"

    def main(self, words: list[str]) -> object:
        if PLUGIN not in self.commands.choices:
            self._simple(self.commands, PLUGIN, deploy)  # later than `attach`, as plugins are
        args = self.parser.parse_args(words)
        settings, project = self._settings
        if self._analytics is not None:
            with argparse_adapter.session(
                self._analytics, args, settings, project_settings=project
            ) as running:
                running.exit_code = args.run(args)
                return running.exit_code
        return args.run(args)


class ClickProgram:
    """The program in click."""

    completion: ClassVar[Mapping[str, str]] = {
        "_GREETER_COMPLETE": "bash_complete",
        "COMP_WORDS": "greeter --analytics-disable st",
        "COMP_CWORD": "2",
    }

    def __init__(self) -> None:
        @click.group(invoke_without_command=True)
        @click.version_option("1.0", message="%(version)s")
        @click.option("--name")
        @click.pass_context
        def root(context: click.Context, name: str | None) -> None:
            if context.invoked_subcommand is None:
                click.echo("idle")

        @root.command()
        @click.option("--secret")
        @click.argument("words", nargs=-1)
        def status(secret: str | None, words: tuple[str, ...]) -> None:
            fine(secret, words)

        @root.command("report")
        @click.option("--analytics", "flag", is_flag=True)
        @click.argument("analytics", required=False)
        def told(flag: bool, analytics: str | None) -> None:
            report(flag, analytics)

        root.add_command(status, "st")
        db = click.Group("db")
        root.add_command(db)
        db.add_command(click.Command("migrate", callback=migrate))
        db.add_command(click.Command("fail", callback=fail))
        root.add_command(click.Command("stop", callback=stop))
        root.add_command(click.Command(PLUGIN, callback=_plugins(deploy)))
        self.root = root

    def attach(
        self, analytics: Analytics, settings: Settings | None, project: Settings | None
    ) -> None:
        click_adapter.attach(self.root, analytics, settings, project)

    def add_command(self, analytics: Analytics) -> None:
        click_adapter.add_command(self.root, analytics)

    def names(self) -> tuple[str, ...]:
        return click_adapter.command_names(self.root)

    def alias(self) -> str:
        return "st"

    def main(self, words: list[str]) -> object:
        return self.root.main(words, prog_name="greeter")


class TyperProgram:
    """The program in typer."""

    completion: ClassVar[Mapping[str, str]] = {
        "_GREETER_COMPLETE": "complete_bash",
        "COMP_WORDS": "greeter --analytics-disable st",
        "COMP_CWORD": "2",
    }

    def __init__(self) -> None:
        app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

        def say_version(wanted: bool) -> None:
            if wanted:
                print("1.0")
                raise typer.Exit

        @app.callback(invoke_without_command=True)
        def root(
            context: typer.Context,
            version: bool = typer.Option(False, "--version", callback=say_version, is_eager=True),
            name: str = "",
        ) -> None:
            if context.invoked_subcommand is None:
                print("idle")

        @app.command("st", hidden=True)
        @app.command()
        def status(words: list[str] | None = None, secret: str = "") -> None:
            fine(secret, words or [])

        status.__defaults__ = (typer.Argument(None), typer.Option(""))

        @app.command("report")
        def told(
            flag: bool = typer.Option(False, "--analytics"),
            analytics: str = typer.Argument(""),
        ) -> None:
            report(flag, analytics)

        db = typer.Typer(rich_markup_mode=None)
        app.add_typer(db, name="db")
        db.command()(migrate)
        db.command()(fail)
        app.command()(stop)
        app.command(PLUGIN)(_plugins(deploy))
        self.app = app

    def attach(
        self, analytics: Analytics, settings: Settings | None, project: Settings | None
    ) -> None:
        typer_adapter.attach(self.app, analytics, settings, project)

    def add_command(self, analytics: Analytics) -> None:
        typer_adapter.add_command(self.app, analytics)

    def names(self) -> tuple[str, ...]:
        return typer_adapter.command_names(self.app)

    def alias(self) -> str:
        return "st"

    def main(self, words: list[str]) -> object:
        import sys

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "excepthook", sys.excepthook)  # typer sets its own
            return self.app(words, prog_name="greeter")


def _plugins(function: Callable[[], None]) -> Callable[[], None]:
    """Return a function as it would be in a package that only some users have."""

    def plugin() -> None:
        function()

    plugin.__module__ = "acme_tools.deploy"
    return plugin


ADAPTERS: dict[str, Callable[[], Program]] = {
    "argparse": ArgparseProgram,
    "click": ClickProgram,
    "typer": TyperProgram,
}
