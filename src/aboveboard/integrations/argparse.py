"""Analytics for hosts that parse their arguments with argparse."""

from __future__ import annotations

from . import flags
from .commands import NO_COMMAND, record

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

    Where commands are recorded too, `attach` does this. The parsed namespace is what
    `open_session` takes, and `Analytics.open`.
    """
    group = parser.add_argument_group("analytics")
    either = group.add_mutually_exclusive_group()
    either.add_argument(flags.YES.spelling, action="store_true", default=None, help=flags.YES.help)
    either.add_argument(
        flags.NO.spelling, action="store_false", dest=flags.YES.name, help=flags.NO.help
    )
    group.add_argument(flags.NEVER.spelling, action="store_true", help=flags.NEVER.help)
    group.add_argument(flags.LOG.spelling, metavar=flags.LOG.metavar, help=flags.LOG.help)


def attach(parser: argparse.ArgumentParser) -> None:
    """Add the four flags to a program, and have it tell `open_session` which command was chosen.

    To be called when the host's own commands are declared, and before plugins add theirs: what is
    added later is `other`.
    """
    add_flags(parser)
    for path, found in _walk(parser, ""):
        # A parser's defaults win over those of the one above it: the last that was chosen tells.
        found.set_defaults(**{COMMAND: path or NO_COMMAND})
        commands = _commands(found)
        if commands is not None:
            _name_no_more(commands)


def command_names(parser: argparse.ArgumentParser) -> tuple[str, ...]:
    """Return the commands that a parser declares, as full paths: `status`, `db migrate`.

    An alias is not among them: it is the command that it stands for.
    """
    found = [(path, _commands(parser)) for path, parser in _walk(parser, "")]
    return tuple(path or NO_COMMAND for path, below in found if below is None or not below.required)


def open_session(
    analytics: Analytics, args: argparse.Namespace, *settings: Mapping[str, object] | None
) -> None:
    """Open the session, and record which command was chosen.

    The command is recorded if the catalog has a `commands.command_event`.

    Args:
        analytics: The host's analytics.
        args: What its parser returned.
        settings: What its configuration files say; see `settings.combined`.
    """
    from .settings import combined

    analytics.open(combined(args, *settings))
    if hasattr(args, COMMAND):
        record(analytics, getattr(args, COMMAND))


def _walk(
    parser: argparse.ArgumentParser, path: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield a parser and all below it, each once, with the declared names that lead to it."""
    yield path, parser
    commands = _commands(parser)
    walked = []
    for name, below in commands.choices.items() if commands is not None else ():
        if below not in walked:  # an alias comes after the name that it stands for
            walked.append(below)
            yield from _walk(below, f"{path} {name}".lstrip())


def _commands(
    parser: argparse.ArgumentParser,
) -> argparse._SubParsersAction[argparse.ArgumentParser] | None:
    import argparse

    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action
    return None


def _name_no_more(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Have commands that are added from here on be `other`."""
    add_parser = commands.add_parser

    def add_other(*args: Any, **kwargs: Any) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = add_parser(*args, **kwargs)
        added.set_defaults(**{COMMAND: "other"})
        return added

    commands.add_parser = add_other  # type: ignore[method-assign]  # of this one only
