"""Analytics for hosts that parse their arguments with argparse."""

from __future__ import annotations

from . import flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from typing import Any

    from aboveboard.client.analytics import Analytics

COMMAND = "analytics_command"
"""The attribute of the parsed namespace in which the chosen command's declared name is."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add `--analytics`, `--no-analytics`, `--analytics-disable` and `--analytics-log FILE`.

    The parsed namespace is then what `open_session` takes, and `Analytics.open`.
    """
    group = parser.add_argument_group("analytics")
    either = group.add_mutually_exclusive_group()
    either.add_argument(flags.YES.spelling, action="store_true", default=None, help=flags.YES.help)
    either.add_argument(
        flags.NO.spelling, action="store_false", dest=flags.YES.name, help=flags.NO.help
    )
    group.add_argument(flags.NEVER.spelling, action="store_true", help=flags.NEVER.help)
    group.add_argument(flags.LOG.spelling, metavar=flags.LOG.metavar, help=flags.LOG.help)


def command_names(parser: argparse.ArgumentParser) -> tuple[str, ...]:
    """Return the commands that a parser declares, as full paths, and have them tell themselves.

    An alias is not listed: it is the command that it stands for. To be called once, when the
    host's own commands are declared and before plugins add theirs: what is added later is `other`.
    """
    return tuple(_mark(parser, ""))


def open_session(
    analytics: Analytics, args: argparse.Namespace, *settings: Mapping[str, object] | None
) -> None:
    """Open the session, and record which command was chosen.

    The command is recorded if the catalog has a `commands.command_event` of `command_names`.

    Args:
        analytics: The host's analytics.
        args: What its parser returned.
        settings: What its configuration files say; see `settings.combined`.
    """
    from . import commands
    from .settings import combined

    analytics.open(combined(args, *settings))
    if hasattr(args, COMMAND):
        commands.record(analytics, getattr(args, COMMAND))


def _mark(parser: argparse.ArgumentParser, path: str) -> Iterator[str]:
    """Have a parser, and those below it, leave their path in the namespace; yield each path.

    A parser's defaults win over those of the one above it, so that the last one that was chosen
    tells. No word of the command line is looked at.
    """
    from .commands import NO_COMMAND

    parser.set_defaults(**{COMMAND: path or NO_COMMAND})
    below = _subparsers(parser)
    if below is None or not below.required:
        yield path or NO_COMMAND
    if below is None:
        return
    marked = []
    for name, subparser in below.choices.items():
        if subparser not in marked:  # an alias comes after the name that it stands for
            marked.append(subparser)
            yield from _mark(subparser, f"{path} {name}".lstrip())
    add_parser = below.add_parser

    def add_unknown(*args: Any, **kwargs: Any) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = add_parser(*args, **kwargs)
        added.set_defaults(**{COMMAND: "other"})
        return added

    below.add_parser = add_unknown  # type: ignore[method-assign]  # of this one only


def _subparsers(
    parser: argparse.ArgumentParser,
) -> argparse._SubParsersAction[argparse.ArgumentParser] | None:
    import argparse

    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action
    return None
