"""Programs of click's, with an analytics attached: the session and the commands' own names."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import rich_click
from click.testing import CliRunner, Result

from aboveboard import Analytics, CatalogError, Event
from aboveboard.client.decision.statefile import StateFile
from aboveboard.integrations.click import attach, command_names
from aboveboard.integrations.commands import command_event
from tests.integrations.conftest import told

Make = Callable[[Sequence[type[Event]]], Analytics]
STATE = Path(".config", "greeter", "analytics.json")


class Program:
    """A program with an analytics, run in this process."""

    def __init__(
        self, root: click.Command, make: Make, log: Path, names: Sequence[str] = (), **attached: Any
    ) -> None:
        self.root = root
        self.log = log
        self.names = tuple(names) or command_names(root)
        self.analytics = make([command_event(self.names)])
        attach(root, self.analytics, **attached)

    def run(self, *words: str, **options: Any) -> Result:
        return CliRunner().invoke(self.root, ["--analytics-log", str(self.log), *words], **options)

    def commands(self) -> list[str]:
        """Return the commands that were recorded."""
        return [properties["command"] for name, properties in told(self.log) if name == "command"]


@pytest.fixture
def attached(made: Make, tmp_path: Path) -> Callable[..., Program]:
    def attach_to(root: click.Command, **options: Any) -> Program:
        return Program(root, made, tmp_path / "log.jsonl", **options)

    return attach_to


Attached = Callable[..., Program]


def program() -> click.Group:
    """A program with a command, a group with two, one that is hidden and one with two names."""

    @click.group()
    def root() -> None: ...

    @root.command()
    @click.argument("words", nargs=-1)
    @click.option("--secret")
    def status(words: tuple[str, ...], secret: str | None) -> None:
        click.echo("fine")

    @root.group(invoke_without_command=True)
    def db() -> None: ...

    @db.command()
    @click.pass_context
    def migrate(context: click.Context) -> None:
        context.exit(3)

    @db.command("fail")
    def fail_now() -> None:
        raise RuntimeError("secret")

    @root.command(hidden=True)
    def debug() -> None: ...

    root.add_command(status, "st")
    return root


class TestNames:
    """The names that a program declares."""

    def test_are_full_paths_without_aliases_and_groups_that_do_nothing(self) -> None:
        assert command_names(program()) == ("db", "db fail", "db migrate", "debug", "status")

    def test_a_program_that_is_one_command_has_none(self) -> None:
        @click.command()
        def only() -> None: ...

        assert command_names(only) == ("(none)",)

    def test_a_plugins_command_is_not_named_unless_its_package_is(self) -> None:
        root = program()
        root.add_command(plugin("acme-deploy", "acme_tools.deploy"))
        assert "acme-deploy" not in command_names(root)
        assert "acme-deploy" in command_names(root, packages=["tests", "acme_tools"])
        assert command_names(root, packages=["acme_tools"]) == ("acme-deploy",)

    def test_packages_that_no_command_is_from_are_told(self) -> None:
        with pytest.raises(CatalogError, match="tets or acme"):
            command_names(program(), packages=["tets", "acme"])

    def test_a_bound_function_is_its_makers(self) -> None:
        root = program()
        root.add_command(click.Command("both", callback=functools.partial(print, "both")))
        assert "both" not in command_names(root)
        mine = functools.partial(plugin, "x")
        root.add_command(click.Command("mine", callback=mine))
        assert "mine" in command_names(root)


def plugin(name: str, module: str) -> click.Command:
    """Return a command as a package that only some have would add it."""

    def run() -> None: ...

    run.__module__ = module
    return click.Command(name, callback=run)


class TestWhatIsRecorded:
    """The command that was resolved, by its declared name, and nothing else."""

    @pytest.mark.parametrize(
        ("words", "name"),
        [
            (["status"], "status"),
            (["st"], "status"),
            (["status", "--secret", "canary", "canary", "db"], "status"),
            (["db"], "db"),
            (["db", "migrate"], "db migrate"),
            (["debug"], "debug"),
        ],
    )
    def test_the_declared_name_and_none_of_the_words(
        self, attached: Attached, words: list[str], name: str
    ) -> None:
        tool = attached(program())
        tool.run(*words)
        assert tool.commands() == [name]
        assert "canary" not in tool.log.read_text()

    def test_a_plugins_command_is_other(self, attached: Attached) -> None:
        root = program()
        root.add_command(plugin("acme-deploy", "acme_tools.deploy"))
        tool = attached(root)
        assert tool.run("acme-deploy").exit_code == 0
        root.add_command(plugin("late", "acme_tools.deploy"))
        tool.run("late")
        assert tool.commands() == ["other", "other"]
        assert "acme" not in tool.log.read_text()

    def test_a_command_that_exits_or_fails_was_run(self, attached: Attached) -> None:
        tool = attached(program())
        assert tool.run("db", "migrate").exit_code == 3
        assert isinstance(tool.run("db", "fail").exception, RuntimeError)
        assert tool.commands() == ["db migrate", "db fail"]
        assert "secret" not in tool.log.read_text()

    def test_without_standalone_mode_all_is_the_same(self, attached: Attached) -> None:
        tool = attached(program())
        words = ["--analytics-log", str(tool.log), "status"]
        assert tool.root.main(words, standalone_mode=False) is None
        assert tool.commands() == ["status"]

    def test_a_prefix_resolves_to_the_real_name(self, attached: Attached) -> None:
        """The group of click's own documentation that takes any unique beginning."""

        class Prefixed(click.Group):
            def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
                fitting = [name for name in self.list_commands(ctx) if name.startswith(cmd_name)]
                return super().get_command(ctx, fitting[0])

        tool = attached(Prefixed(commands=program().commands))
        tool.run("deb")
        assert tool.commands() == ["debug"]

    def test_commands_that_are_loaded_when_named(self, attached: Attached) -> None:
        """The lazy group of click's documentation, with names that its maker wrote down."""
        loaded = []

        class Lazy(click.Group):
            def list_commands(self, ctx: click.Context) -> list[str]:
                return ["report", "users"]

            def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
                loaded.append(cmd_name)
                return program() if cmd_name in ("users", "private") else plugin("cli", __name__)

        tool = attached(Lazy("lazy"), names=["report", "users db migrate"])
        assert loaded == []
        for words in (["report"], ["users", "db", "migrate"], ["users", "status"], ["private"]):
            tool.run(*words)
        tool.run("private", "db", "migrate")
        assert tool.commands() == ["report", "users db migrate", "other", "other"]

    def test_lazy_commands_that_their_maker_did_not_write_down_are_loaded_once(self) -> None:
        class Lazy(click.Group):
            def list_commands(self, ctx: click.Context) -> list[str]:
                return ["report", "gone"]

            def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
                return plugin("cli", __name__) if cmd_name == "report" else None

        assert command_names(Lazy("lazy")) == ("report",)

    def test_a_chain_is_each_of_its_commands(self, attached: Attached) -> None:
        root = click.Group("root", chain=True, commands=program().commands)
        del root.commands["db"]
        tool = attached(root)
        tool.run("status", "debug", "status")
        assert tool.commands() == ["status"]  # whose argument takes all that follows
        tool.run("debug", "debug", "status", "x")
        assert tool.commands() == ["status", "debug", "debug", "status"]

    def test_a_group_that_stands_for_a_default_command_is_itself(self, attached: Attached) -> None:
        root = program()

        @root.group(invoke_without_command=True)
        @click.pass_context
        def jobs(context: click.Context) -> None:
            if context.invoked_subcommand is None:
                context.invoke(listed)

        @jobs.command("list")
        @click.pass_context
        def listed(context: click.Context) -> None:
            context.forward(root.commands["debug"])

        tool = attached(root)
        assert tool.run("jobs").exit_code == 0
        assert tool.run("jobs", "list").exit_code == 0
        assert tool.commands() == ["jobs", "jobs list"]

    def test_a_program_without_a_command_is_none(self, attached: Attached) -> None:
        @click.group(invoke_without_command=True)
        def root() -> None: ...

        tool = attached(root)
        tool.run()
        assert tool.commands() == ["(none)"]

    def test_another_program_with_the_same_command_records_nothing(
        self, attached: Attached
    ) -> None:
        tool = attached(program())
        assert isinstance(tool.root, click.Group)
        tool.run("debug")
        other = click.Group("other", commands=tool.root.commands)
        assert CliRunner().invoke(other, ["debug"]).exit_code == 0
        assert tool.commands() == ["debug"]

    def test_a_command_of_two_programs_is_recorded_by_the_one_that_runs(
        self, made: Make, tmp_path: Path
    ) -> None:
        one = Program(program(), made, tmp_path / "one")
        assert isinstance(one.root, click.Group)
        other = Program(click.Group("other", commands=one.root.commands), made, tmp_path / "other")
        for _ in range(3):
            one.run("status")
            other.run("debug")
        assert one.commands() == ["status"] * 3
        assert other.commands() == ["debug"] * 3

    def test_rich_clicks_programs_are_clicks(self, attached: Attached) -> None:
        @rich_click.group()
        def root() -> None: ...

        @root.command()
        def status() -> None: ...

        tool = attached(root)
        assert tool.run("status").exit_code == 0
        assert tool.commands() == ["status"]

    def test_an_event_of_the_hosts_own_called_command_is_left_to_it(
        self, made: Make, tmp_path: Path
    ) -> None:
        class Command(Event):
            """A command was typed in the chat."""

            command: str = __import__("aboveboard").command("Which", ["add", "drop"])

        root = program()
        attach(root, made([Command]))
        CliRunner().invoke(root, ["--analytics-log", str(tmp_path / "log"), "status"])
        assert told(tmp_path / "log") == []
        assert (tmp_path / "log").exists()


class TestTheFlags:
    """What was said, and where."""

    def test_attaching_twice_is_told_when_it_is_declared(self, made: Make) -> None:
        root = program()
        attach(root, made([]))
        with pytest.raises(CatalogError, match="already"):
            attach(root, made([]))

    def test_a_no_alone_ends_well_where_the_program_wants_more_and_else_it_runs(
        self, attached: Attached, tmp_path: Path
    ) -> None:
        @click.command()
        @click.argument("question")
        def asks(question: str) -> None: ...

        @click.group(invoke_without_command=True)
        @click.pass_context
        def runs(context: click.Context) -> None:
            click.echo("ran")
            raise click.UsageError("there is nothing here")

        for root, code, output in ((program(), 0, ""), (asks, 0, ""), (runs, 2, "ran")):
            attached(root, names=["x"])
            ended = CliRunner().invoke(root, ["--analytics-disable"])
            assert ended.exit_code == code
            assert ended.stdout.strip() == output
            assert json.loads((tmp_path / STATE).read_text())["permanently_disable"] is True
            (tmp_path / STATE).unlink()

    @pytest.mark.parametrize(
        ("typed", "suggested"), [("--canary", False), ("--anal", False), ("--analytic", True)]
    )
    def test_are_suggested_only_to_who_meant_them(
        self, attached: Attached, typed: str, suggested: bool
    ) -> None:
        @click.command()
        def cli() -> None: ...

        attached(cli)
        ended = CliRunner().invoke(cli, [typed])
        assert ended.exit_code == 2
        assert ("--analytics" in ended.output) is suggested

    def test_a_hosts_prefix_for_variables_is_not_read_into_them(self, attached: Attached) -> None:
        """`TOOL_ANALYTICS` is the client's to read, which misunderstands no word of it."""
        tool = attached(program())
        tool.root.context_settings["auto_envvar_prefix"] = "GREETER"
        ended = tool.run("status", env={"GREETER_ANALYTICS": "perhaps"})
        assert (ended.exit_code, ended.output) == (0, "fine\n")

    @pytest.mark.parametrize(
        "settings",
        [
            {"analytics-disable": True},
            lambda context: {"analytics-disable": context.find_root().command.name == "root"},
        ],
        ids=["a mapping", "a function of the context"],
    )
    def test_settings_are_heard(self, attached: Attached, settings: Any, tmp_path: Path) -> None:
        tool = attached(program(), settings=settings)
        assert "permanently disabled" in tool.run("status").output
        assert (tmp_path / ".config" / "greeter" / "analytics.json").exists()

    @pytest.mark.parametrize("says_no", [True, False])
    def test_a_projects_settings_can_say_no_and_nothing_else(
        self, attached: Attached, tmp_path: Path, says_no: bool
    ) -> None:
        theirs = {"analytics-disable": says_no, "analytics-log": str(tmp_path / "theirs")}
        tool = attached(program(), project_settings=lambda _context: [theirs])
        tool.run("--analytics-log", str(tmp_path / "log"), "status")
        assert not tool.analytics.enabled
        assert not (tmp_path / "theirs").exists()
        assert not (tmp_path / ".config" / "greeter" / "analytics.json").exists()

    def test_clicks_own_settings_are_heard(self, attached: Attached, tmp_path: Path) -> None:
        tool = attached(program())
        defaults = {"analytics-disable": "yes", "analytics": {"of": "a command of that name"}}
        assert tool.run("status", default_map=defaults).exit_code == 0
        assert (tmp_path / ".config" / "greeter" / "analytics.json").exists()

    @pytest.mark.parametrize("which", ["settings", "project_settings"])
    def test_settings_that_fail_turn_the_session_off_and_not_the_host(
        self, attached: Attached, tmp_path: Path, which: str
    ) -> None:
        def fail(_context: click.Context) -> dict[str, object]:
            raise OSError("the file is gone")

        tool = attached(program(), **{which: fail})
        StateFile(str(tmp_path / STATE)).agree(
            tool.analytics.catalog.terms(), tool.analytics._target.recipient
        )
        ended = tool.run("status")
        assert (ended.exit_code, ended.output) == (0, "fine\n")
        assert not tool.analytics.enabled


class TestANoBehindACommand:
    """It is another program's, or the command's own, where it can be."""

    @pytest.mark.parametrize("word", ["--no-analytics", "--analytics-disable"])
    @pytest.mark.parametrize("settings", [{"ignore_unknown_options": True}, {}])
    def test_is_left_to_a_command_that_takes_it(
        self,
        made: Make,
        tmp_path: Path,
        word: str,
        settings: dict[str, Any],
    ) -> None:
        got: list[object] = []
        root = click.Group("tool")
        argument = click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED)
        own = click.Option([word, "rest"], is_flag=True)
        run = click.Command(
            "run",
            params=[argument if settings else own],
            callback=lambda rest: got.append(rest),
            context_settings=settings,
        )
        root.add_command(run)
        attach(root, made([]))
        root.main(["run", word], standalone_mode=False)
        assert got == [(word,) if settings else True]
        assert not (tmp_path / ".config").exists()
