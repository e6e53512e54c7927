"""Programs of typer's, with an analytics attached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.core
from typer.testing import CliRunner

from aboveboard import Analytics, CatalogError, Event
from aboveboard.integrations.commands import command_event
from aboveboard.integrations.typer import attach, command_names
from tests.integrations.conftest import told

Make = Callable[[Sequence[type[Event]]], Analytics]
Run = Callable[..., list[str]]


@pytest.fixture
def run(made: Make, tmp_path: Path) -> Run:
    """Attach an analytics, run the program with each list of words, return its commands."""

    def run_all(app: typer.Typer, *runs: Sequence[str], **attached: Any) -> list[str]:
        log = tmp_path / "log.jsonl"
        attach(app, made([command_event(command_names(app))]), **attached)
        for words in runs:
            CliRunner().invoke(app, ["--analytics-log", str(log), *words])
        return [properties["command"] for name, properties in told(log) if name == "command"]

    return run_all


def program() -> typer.Typer:
    app = typer.Typer()
    db = typer.Typer()
    app.add_typer(db, name="db")

    @app.command("st", hidden=True)
    @app.command("status")
    def status(words: list[str] | None = None) -> None: ...

    @db.command()
    def migrate_all(secret: str = "") -> None:
        raise typer.Exit(3)

    @db.command()
    def fail() -> None:
        raise RuntimeError("secret")

    return app


class TestNames:
    """The names that a program declares."""

    def test_are_full_paths_without_aliases(self) -> None:
        assert command_names(program()) == ("status", "db migrate-all", "db fail")

    def test_a_plugins_command_is_not_named_unless_its_package_is(self) -> None:
        app = program()

        @app.command("acme-deploy")
        def deploy() -> None: ...

        deploy.__module__ = "acme_tools.deploy"
        assert "acme-deploy" not in command_names(app)
        assert command_names(app, packages=["acme_tools"]) == ("acme-deploy",)


class TestTheFlags:
    """Where a program is put together, and where a no is all that was said."""

    @pytest.mark.parametrize("own", [True, False])
    def test_attaching_twice_is_told_when_it_is_declared(self, made: Make, own: bool) -> None:
        app = program()
        if own:
            app.callback(cls=typer.core.TyperGroup)(lambda: None)
        attach(app, made([]))
        with pytest.raises(CatalogError, match="already"):
            attach(app, made([]))

    def test_a_no_alone_ends_well_where_a_program_of_one_command_wants_more(
        self, made: Make
    ) -> None:
        app = typer.Typer()

        @app.command()
        def only(name: str) -> None:
            raise AssertionError("it ran")

        attach(app, made([]))
        ended = CliRunner().invoke(app, ["--analytics-disable"])
        assert (ended.exit_code, ended.stdout) == (0, "")


class TestWhatIsRecorded:
    """The command that was resolved, by its declared name, and nothing else."""

    def test_the_declared_names_whatever_becomes_of_the_command(self, run: Run) -> None:
        runs = [["status"], ["st"], ["db", "migrate-all", "--secret", "canary"], ["db", "fail"]]
        recorded = run(program(), *runs)
        assert recorded == ["status", "status", "db migrate-all", "db fail"]

    def test_a_program_that_is_one_command(self, run: Run) -> None:
        app = typer.Typer()
        seen = []

        @app.command()
        def only(name: str) -> None:
            seen.append(name)

        assert run(app, ["canary"], ["--help"]) == ["(none)"]
        assert seen == ["canary"]

    def test_a_program_with_a_function_and_a_class_of_its_own(self, run: Run) -> None:
        class Own(typer.core.TyperGroup):
            """A host's own."""

        app = program()
        seen: list[object] = []

        @app.callback(cls=Own, invoke_without_command=True)
        def root(context: typer.Context, verbose: bool = False) -> None:
            seen.append((type(context.command).__mro__[1], context.invoked_subcommand, verbose))

        assert run(app, [], ["--verbose", "status"]) == ["(none)", "status"]
        assert seen == [(Own, None, False), (Own, "status", True)]

    def test_settings_are_heard(self, run: Run, tmp_path: Path) -> None:
        heard = []

        def settings(context: typer.Context) -> dict[str, object]:
            heard.append(context.info_name)
            return {"analytics-disable": True}

        run(program(), ["db", "migrate-all"], settings=settings)
        assert heard == ["migrate-all"]
        assert (tmp_path / ".config" / "greeter" / "analytics.json").exists()
