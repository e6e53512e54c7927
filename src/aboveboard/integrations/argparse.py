"""Analytics for hosts that parse their arguments with argparse."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from functools import partial

from aboveboard.catalog.kinds import CatalogError

from . import control, flags
from .commands import NO_COMMAND, record
from .outcomes import Running

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from aboveboard.client.analytics import Analytics
    from aboveboard.client.decision.settings import Project

COMMAND = "aboveboard_command"
"""The attribute of the parsed namespace in which the chosen command's declared name is."""
FLAGS = "aboveboard_flags"
"""The one that tells that a namespace is of a parser with our flags, whichever were given."""
_PREFIX = "aboveboard_"
_KEPT = "kept"
_OWN = "aboveboard_own"
"""The default by which a command of ours is known from the host's."""


def add_flags(parser: argparse.ArgumentParser, analytics: Analytics | None = None) -> None:
    """Add `--analytics`, `--no-analytics`, `--analytics-disable` and `--analytics-log FILE`.

    Where commands are recorded too, `attach` does this. The parsed namespace is what
    `open_session` takes. `Analytics.open` takes it too, but cannot tell a flag of ours from an
    argument of one of the host's commands that is called `analytics`.

    Args:
        parser: The program's parser.
        analytics: The host's analytics. With it, an `--analytics-disable` is kept as soon as it is
            read, also beside `--help`, a version or a mistake, which end the program then and
            there; without it, when the session opens.
    """
    group = parser.add_argument_group("analytics")
    either = group.add_mutually_exclusive_group()
    for flag in flags.FLAGS:
        (either if flag in (flags.YES, flags.NO) else group).add_argument(
            flag.spelling,
            action=_Given,
            flag=flag,
            analytics=analytics,
            metavar=flag.metavar,
            help=flag.help,
        )
    parser.set_defaults(**{FLAGS: _Taken(parser)})
    _keep_abbreviations(parser)
    if analytics is not None:
        _listen(parser, analytics)


def attach(parser: argparse.ArgumentParser, analytics: Analytics | None = None) -> None:
    """Add the four flags to a program, and have it tell `open_session` which command was chosen.

    To be called when the host's own commands are declared, and before plugins add theirs: what is
    added later is `other`.

    Args:
        parser: The program's parser.
        analytics: The host's analytics, as for `add_flags`.

    Raises:
        CatalogError: the parser has no commands, or has none yet.
    """
    if _commands(parser) is None:
        raise CatalogError(
            "attach found no commands: call it when they are declared, or add_flags where a "
            "program has none"
        )
    add_flags(parser, analytics)
    asked = _Asked(parser)
    for path, found in _walk(parser, ""):
        if path:
            _listen_behind(found, analytics, asked)
        # A parser's defaults win over those of the one above it: the last that was chosen tells.
        found.set_defaults(**{COMMAND: path or NO_COMMAND})
        commands = _commands(found)
        if commands is not None:
            _name_no_more(commands)


def add_command(
    parser: argparse.ArgumentParser, analytics: Analytics, name: str = control.NAME
) -> None:
    """Add a command with which people see and decide what is collected, such as `mytool analytics`.

    It has `status`, `on`, `off`, `show`, `log` and `forget`, and ends the program when it is done,
    as `--help` does: `parse_args` does not return from it. No session is opened for it.

    Args:
        parser: The program's parser, which has commands already.
        analytics: The host's analytics.
        name: What the command is called.

    Raises:
        CatalogError: the parser has no commands, or has one of that name.
    """
    commands = _commands(parser)
    if commands is None or name in commands.choices:
        raise CatalogError(
            f"add_command found no commands, or one that is called {name} already: call it when "
            "yours are declared, with a name that is free"
        )
    own = commands.add_parser(name, help=control.HELP, description=control.HELP)
    own.set_defaults(**{_OWN: True})
    below = own.add_subparsers(required=True, metavar="ACTION", parser_class=_Ending)
    for action, told in control.ACTIONS.items():
        leaf = below.add_parser(action, help=told, description=told)
        leaf.run = partial(control.run, analytics, action)


def command_names(parser: argparse.ArgumentParser) -> tuple[str, ...]:
    """Return the commands that a parser declares, as full paths: `status`, `db migrate`.

    An alias is not among them: it is the command that it stands for.
    """
    found = [(path, _commands(parser)) for path, parser in _walk(parser, "")]
    return tuple(path or NO_COMMAND for path, below in found if below is None or not below.required)


def open_session(
    analytics: Analytics,
    args: argparse.Namespace,
    *settings: Mapping[str, object] | None,
    project_settings: Project = None,
) -> None:
    """Open the session, and record which command was chosen.

    The command is recorded if the catalog has a `commands.command_event`.

    Args:
        analytics: The host's analytics.
        args: What its parser returned.
        settings: What the person's own configuration files say; see `settings.combined`.
        project_settings: What files say that come with the project which the person works in: a
            no there counts, and nothing else.
    """
    try:
        analytics.open(_said(args, settings, project_settings))
        if hasattr(args, COMMAND):
            record(analytics, getattr(args, COMMAND))
    except Exception:  # noqa: BLE001  # nothing of ours is ever raised into a host
        return


def session(
    analytics: Analytics,
    args: argparse.Namespace,
    *settings: Mapping[str, object] | None,
    project_settings: Project = None,
) -> Running:
    """Open the session as `open_session` does, and return a context in which the command is to run.

    How it ended is recorded if the catalog has an `outcomes.outcome_event`:

        with session(analytics, args) as running:
            running.exit_code = args.run(args)
    """
    open_session(analytics, args, *settings, project_settings=project_settings)
    return Running(analytics, getattr(args, COMMAND, NO_COMMAND))


class _Ending(argparse.ArgumentParser):
    """The parser of a command that is done as soon as its words are read."""

    run: Callable[[], int]

    def parse_known_args(self, *args: Any, **more: Any) -> Any:
        namespace, extras = super().parse_known_args(*args, **more)
        if not extras and not _is_completing():
            self.exit(self.run())
        return namespace, extras


class _Given(argparse.Action):
    """Keeps a flag that was given, under its public name and where no host's can overwrite it."""

    def __init__(
        self, *, flag: flags.Flag, analytics: Analytics | None, dest: str, **rest: Any
    ) -> None:
        self.flag = flag
        self.analytics = analytics
        if flag is flags.NO:
            dest = flags.YES.name
        nargs = 0 if flag.metavar is None else None
        default = False if flag is flags.NEVER else None
        super().__init__(dest=dest, nargs=nargs, default=default, **rest)

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002  # argparse's signature
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        setattr(namespace, self.dest, self.flag is not flags.NO if self.nargs == 0 else values)
        value = True if self.nargs == 0 else values
        if self.flag is flags.NEVER and self.analytics is not None and not _is_completing():
            if getattr(namespace, self.flag.parameter, None) != _KEPT:
                self.analytics.refuse()
            value = _KEPT
        setattr(namespace, self.flag.parameter, value)


def _keep_abbreviations(parser: argparse.ArgumentParser) -> None:
    """Have a beginning of an option that was clear without our flags be clear with them.

    Such as `--no` for `--no-cache`.
    """
    find: Any = getattr(parser, "_get_option_tuples", None)
    if find is None:
        return

    def find_theirs_first(word: str) -> list[Any]:
        found: list[Any] = find(word)
        theirs = [each for each in found if not isinstance(each[0], _Given)]
        return theirs if len(theirs) == 1 else found

    parser._get_option_tuples = find_theirs_first  # type: ignore[method-assign, assignment]


def _listen(parser: argparse.ArgumentParser, analytics: Analytics) -> None:
    """Keep a no also where the parser stops before it, at a `--help` or a mistake."""
    parse = parser.parse_known_args

    def listen_and_parse(args: Any = None, namespace: Any = None, **more: Any) -> Any:
        words: list[str] = sys.argv[1:] if args is None else list(args)
        spelt = [_spelt_out(parser, word) for word in words]
        if flags.is_refused(spelt) and not _is_completing():
            analytics.refuse()
            namespace = argparse.Namespace() if namespace is None else namespace
            setattr(namespace, flags.NEVER.parameter, _KEPT)
            if flags.is_only_refused(spelt) and _wants_more(parser):
                parser.exit()
        return parse(words, namespace, **more)

    parser.parse_known_args = listen_and_parse  # type: ignore[method-assign]  # of this one only


class _Asked:
    """Whether the whole of a command line is being read, of which nothing may be left over.

    A host that calls `parse_known_args` hands what is left over to another program: there nothing
    is ours.
    """

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.whole = False
        parse = parser.parse_args

        def parse_whole(args: Any = None, namespace: Any = None) -> Any:
            words = sys.argv[1:] if args is None else list(args)
            self.whole = "--" not in words  # behind it, an argument may look like a flag
            try:
                return parse(words, namespace)
            finally:
                self.whole = False

        parser.parse_args = parse_whole  # type: ignore[method-assign]  # of this one only


def _listen_behind(
    parser: argparse.ArgumentParser, analytics: Analytics | None, asked: _Asked
) -> None:
    """Understand a no also behind a command, where it would be a mistake.

    It is taken out before the command's parser reads its words. Were it an option of that parser's,
    a beginning of another option (`--no` for `--no-cache`) would be no longer clear.
    """
    parse = parser.parse_known_args

    def listen_and_parse(args: Any = None, namespace: Any = None, **more: Any) -> Any:
        words = sys.argv[1:] if args is None else list(args)
        heard = [flag for flag in (flags.NO, flags.NEVER) if flag.spelling in words]
        if not (asked.whole and heard and all(_is_free(parser, words, flag) for flag in heard)):
            return parse(words, namespace, **more)
        kept = argparse.Namespace()
        for flag in heard:  # at once: a `--help` or a mistake ends the program
            _keep_no(kept, flag, analytics)
        spelt = [flag.spelling for flag in heard]
        parsed, left = parse([word for word in words if word not in spelt], namespace, **more)
        for name, value in vars(kept).items():
            if name.startswith(_PREFIX) or not hasattr(parsed, name):
                setattr(parsed, name, value)  # else an argument of the command's own has the name
        return parsed, left

    parser.parse_known_args = listen_and_parse  # type: ignore[method-assign]  # of this one only


def _is_free(parser: argparse.ArgumentParser, words: list[str], flag: flags.Flag) -> bool:
    """Return whether a flag behind a command is nothing else: no option, no argument, no value."""
    before = {first for first, word in itertools.pairwise(words) if word == flag.spelling}
    return "-" in parser.prefix_chars and not any(
        action.nargs == argparse.REMAINDER
        or flag.spelling in action.option_strings
        or (before.intersection(action.option_strings) and action.nargs not in (0, "?", "*"))
        for _, each in _walk(parser, "")
        for action in each._actions
    )


def _keep_no(namespace: argparse.Namespace, flag: flags.Flag, analytics: Analytics | None) -> None:
    """Keep a no as the flag before the command does."""
    value: object = True
    if flag is flags.NEVER and analytics is not None and not _is_completing():
        analytics.refuse()
        value = _KEPT
    setattr(namespace, flag.parameter, value)
    public, said = ("analytics", False) if flag is flags.NO else (flag.name, True)
    setattr(namespace, public, said)


def _is_completing() -> bool:
    """Return whether the words are what somebody is about to type: they are not said yet."""
    return "_ARGCOMPLETE" in os.environ


def _spelt_out(parser: argparse.ArgumentParser, word: str) -> str:
    """Return our flag for a beginning of it that argparse would take for it, else the word."""
    options = parser._option_string_actions
    if not parser.allow_abbrev or not word.startswith("--") or word in options:
        return word
    fitting = [option for option in options if option.startswith(word)] if word != "--" else []
    return fitting[0] if fitting == [flags.NEVER.spelling] else word


def _wants_more(parser: argparse.ArgumentParser) -> bool:
    """Return whether a program does nothing without a command, or something else of its own."""
    return any(
        # What may be given any number of times need not be given, whatever argparse has noted.
        action.required and action.nargs != argparse.ZERO_OR_MORE
        for action in parser._actions
    ) or any(group.required for group in parser._mutually_exclusive_groups)


class _Taken:
    """The names that arguments of the host's own have in what a parser returns.

    Looked at late, since a host may declare more after our flags.
    """

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser

    def names(self) -> frozenset[str]:
        return frozenset(
            action.dest
            for _, parser in _walk(self._parser, "")
            for action in parser._actions
            if not isinstance(action, _Given)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Be copied as what is known now: a namespace may go to another process."""
        return frozenset, (self.names(),)


def _said(
    args: argparse.Namespace,
    settings: tuple[Mapping[str, object] | None, ...],
    project_settings: Project,
) -> dict[str, object]:
    """Return what the flags and settings say together, as `Analytics.open` takes it."""
    from aboveboard.client.decision.settings import combined

    if not hasattr(args, FLAGS):
        return combined(args, *settings, project_settings=project_settings)
    given = {flag.name: getattr(args, flag.parameter, None) for flag in flags.FLAGS}
    # What a host says by the parser's defaults, or by a namespace of its own, has the public names.
    taken = getattr(args, FLAGS)
    theirs = taken.names() if isinstance(taken, _Taken) else taken
    names = {flag.name for flag in flags.FLAGS} - theirs
    public = {name: value for name, value in vars(args).items() if name in names}
    kept = given[flags.NEVER.name] == _KEPT
    if kept:
        del given[flags.NEVER.name]
        public.pop(flags.NEVER.name, None)
    no = {"analytics": False} if kept else None
    said = combined(given, no, public, *settings, project_settings=project_settings)
    # What is kept was told: once.
    return {**said, flags.NEVER.name: said[flags.NEVER.name] and not kept}


def _walk(
    parser: argparse.ArgumentParser, path: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield a parser and all below it, each once, with the declared names that lead to it."""
    yield path, parser
    commands = _commands(parser)
    walked = []
    for name, below in commands.choices.items() if commands is not None else ():
        # An alias comes after the name that it stands for; a command of ours is none of the host's.
        if below not in walked and below.get_default(_OWN) is None:
            walked.append(below)
            yield from _walk(below, f"{path} {name}".lstrip())


def _commands(
    parser: argparse.ArgumentParser,
) -> argparse._SubParsersAction[argparse.ArgumentParser] | None:
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
