"""Analytics for hosts that are built with click."""

from __future__ import annotations

import sys

from aboveboard.catalog.kinds import CatalogError

from . import control, flags, trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    import click

    from aboveboard.client.analytics import Analytics
    from aboveboard.client.decision.settings import Project


def command_names(root: click.Command, *, packages: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the commands that a program declares, as full paths: `status`, `db migrate`.

    Hidden ones too. A command with several names has one here. Groups that load their commands
    when they are named are loaded for this; where that takes too long, write the names down and
    have a test compare them with these.

    Args:
        root: The program's command or group, all its commands declared.
        packages: The packages whose commands may be named: a plugin's would tell what this user
            has installed, and is `other`. If not given, the package of the module that calls.

    Raises:
        CatalogError: no command is of these packages.
    """
    if packages is None:
        packages = trees.package_of(sys._getframe(1).f_globals)
    return trees.names(root, packages)


def attach(
    root: click.Command,
    analytics: Analytics,
    settings: Mapping[str, object]
    | Callable[[click.Context], Mapping[str, object] | None]
    | None = None,
    project_settings: Project | Callable[[click.Context], Project] = None,
) -> None:
    """Add the four flags to a program, open the session before a command runs, and record which.

    The session opens when all is parsed and the command itself is about to run: no help, version,
    completion or usage error asks anything. What a group's own function records before that is
    not recorded. The command is recorded if the catalog has a `commands.command_event`. A
    `--analytics-disable` is kept before anything else is done, also beside `--help`. A no is
    understood behind a command too, unless the command has such an option itself, or takes those
    that it does not know.

    Args:
        root: The program's command or group.
        analytics: Its analytics.
        settings: What the person's own configuration says (`settings.combined`), or a function
            that returns it, given the context of the command: `lambda context: context.obj.config`.
            click's own `default_map` is heard without this.
        project_settings: The same of files that come with the project which the person works in: a
            no there counts, and nothing else.

    Raises:
        CatalogError: an analytics is attached to the program already.
    """
    if any(option.name == flags.NEVER.parameter for option in root.params):
        raise CatalogError(trees.TWICE)
    attachment = trees.Attachment(analytics, settings, project_settings, _options)
    root.params.extend(attachment.options())
    attachment.listen(root)
    attachment.follow(root)


def add_command(root: click.Command, analytics: Analytics, name: str = control.NAME) -> None:
    """Add a command with which people see and decide what is collected, such as `mytool analytics`.

    It has `status`, `on`, `off`, `show`, `log` and `forget`. No session is opened for it.

    Args:
        root: The program's group.
        analytics: Its analytics.
        name: What the command is called.

    Raises:
        CatalogError: the program has no commands, or has one of that name.
    """
    import click

    if not isinstance(root, click.Group) or name in root.commands:
        raise CatalogError(trees.NO_PLACE.format(name=name))

    def running(action: str) -> Callable[[], None]:
        def run() -> None:
            click.get_current_context().exit(control.run(analytics, action))

        return trees.ours(run)

    own = click.Group(name, help=control.HELP)
    for action, told in control.ACTIONS.items():
        own.add_command(click.Command(action, help=told, callback=running(action)))
    root.add_command(own)


def _options(attachment: trees.Attachment, wanted: Sequence[flags.Flag]) -> list[click.Parameter]:
    """Return flags as click's options."""
    import click

    def keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
        return lambda context, _parameter, value: attachment.keep(context, name, value)

    return [
        click.Option(
            [flag.spelling, flag.parameter],
            is_flag=flag.metavar is None,
            type=bool if flag.metavar is None else str,
            default=None,
            metavar=flag.metavar,
            help=flag.help,
            callback=keep(flag.name),
            expose_value=False,
            allow_from_autoenv=False,  # the client reads its variable, and misreads none
        )
        for flag in wanted
    ]
