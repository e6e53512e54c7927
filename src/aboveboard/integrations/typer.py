"""Analytics for hosts that are built with typer."""

from __future__ import annotations

import sys

from aboveboard.catalog.kinds import CatalogError

from . import control, flags, trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    import typer

    from aboveboard.client.analytics import Analytics
    from aboveboard.client.decision.settings import Project


def command_names(app: typer.Typer, *, packages: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the commands that a program declares, as full paths: `status`, `db migrate`.

    Hidden ones too. A function that is registered under several names is one command here.

    Args:
        app: The program, all its commands declared.
        packages: The packages whose commands may be named: a plugin's would tell what this user
            has installed, and is `other`. If not given, the package of the module that calls.

    Raises:
        CatalogError: no command is of these packages.
    """
    import typer.main

    if packages is None:
        packages = trees.package_of(sys._getframe(1).f_globals)
    return trees.names(typer.main.get_command(app), packages)


def attach(
    app: typer.Typer,
    analytics: Analytics,
    settings: Mapping[str, object]
    | Callable[[typer.Context], Mapping[str, object] | None]
    | None = None,
    project_settings: Project | Callable[[typer.Context], Project] = None,
) -> None:
    """Add the four flags to a program, open the session before a command runs, and record which.

    To be called when all commands are declared. Everything else is as in `click.attach`.

    Args:
        app: The program.
        analytics: Its analytics.
        settings: What the person's own configuration says (`settings.combined`), or a function
            that returns it, given the context of the command: `lambda context: context.obj.config`.
        project_settings: The same of files that come with the project which the person works in: a
            no there counts, and nothing else.

    Raises:
        CatalogError: an analytics is attached to the program already.
    """
    from typer.core import TyperGroup

    attachment = trees.Attachment(analytics, settings, project_settings, _options)
    # typer builds its commands anew for each run, of the classes that it is told: ours follow.
    callback = app.registered_callback
    for told in (app.info, callback):
        if told is not None and (told is app.info or _given(told.cls)):
            told.cls = _following(_given(told.cls) or TyperGroup, attachment)
    if _is_one_command(app):
        (only,) = app.registered_commands
        only.cls = _following(only.cls, attachment)


def add_command(app: typer.Typer, analytics: Analytics, name: str = control.NAME) -> None:
    """Add a command with which people see and decide what is collected, such as `mytool analytics`.

    To be called when all commands are declared. Everything else is as in `click.add_command`.

    Raises:
        CatalogError: the program is its only command, or has one of that name.
    """
    import typer

    names = [command.name for command in app.registered_commands]
    names += [group.name for group in app.registered_groups]
    if _is_one_command(app) or name in names:
        raise CatalogError(trees.NO_PLACE.format(name=name))

    def running(action: str) -> Callable[[], None]:
        def run() -> None:
            raise typer.Exit(control.run(analytics, action))

        return trees.ours(run)

    own = typer.Typer(help=control.HELP)
    for action, told in control.ACTIONS.items():
        own.command(action, help=told)(running(action))
    app.add_typer(own, name=name)


def _following(root: Any, follower: trees.Attachment) -> Any:
    """Return the class `root` of a program's own command, with the flags, and followed."""
    if getattr(root, "attachment", None) is not None:
        raise CatalogError(trees.TWICE)

    class Followed(root):  # type: ignore[misc]  # typer's class or the host's
        params: list[Any]
        attachment = follower

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.params = [*self.params, *follower.options()]
            follower.listen(self)
            follower.follow(self)

    Followed.__name__ = root.__name__
    return Followed


def _options(attachment: trees.Attachment, wanted: Sequence[flags.Flag]) -> list[Any]:
    """Return flags, as typer makes options of a function's parameters."""
    import typer.main

    def option(flag: flags.Flag) -> Any:
        def keep(context: typer.Context, value: object) -> None:
            attachment.keep(context, flag.name, value)

        # Not their text, which typer would look up here, where typer is not imported.
        keep.__annotations__ = {"context": typer.Context, "value": object}
        return typer.Option(
            False if flag.metavar is None else "",
            flag.spelling,
            help=flag.help,
            metavar=flag.metavar,
            callback=keep,
            expose_value=False,
            show_default=False,
            allow_from_autoenv=False,  # the client reads its variable, and misreads none
            rich_help_panel="Analytics",
        )

    def program(yes: bool, no: bool, never: bool, log: str) -> None:
        """Have these parameters."""

    program.__defaults__ = tuple(option(flag) for flag in flags.FLAGS)
    app = typer.Typer(add_completion=False)
    app.command()(program)
    options = list(typer.main.get_command(app).params)
    for made, flag in zip(options, flags.FLAGS, strict=True):
        made.name = flag.parameter
    return [made for made, flag in zip(options, flags.FLAGS, strict=True) if flag in wanted]


def _is_one_command(app: typer.Typer) -> bool:
    """Return whether the program is its only command, as typer decides it."""
    return (
        len(app.registered_commands) == 1
        and not app.registered_groups
        and app.registered_callback is None
        and not _given(app.info.callback)
    )


def _given(value: object) -> Any:
    """Return what was given for a setting of typer's, or None where it has its default."""
    return getattr(value, "value", value)
