"""Trees of commands, as click builds them, and typer with its own copy of click.

Their names, and a place to stand in before a command runs. Nothing here imports either library.
What is relied on is what both document: `resolve_command` and `commands` of a group,
`context_class`, `callback`, `get_params`, `parse_args` and `make_parser` of a command, `invoke`,
`invoked_subcommand` and `meta` of a context.
"""

from __future__ import annotations

from functools import partial

from aboveboard.catalog.kinds import CatalogError
from aboveboard.client.decision.settings import combined

from .commands import NO_COMMAND, record
from .flags import FLAGS, NEVER, NO, Flag, is_only_refused, is_refused
from .outcomes import Running

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from aboveboard.client.analytics import Analytics
    from aboveboard.client.decision.settings import Project

    Node = Any  # a click.Command or typer's like
    Context = Any
    ProjectSettings = Project | Callable[[Context], Project]
    Settings = Mapping[str, object] | Callable[[Context], Mapping[str, object] | None] | None

_OURS = "is_aboveboards"
GIVEN = "aboveboard.flags"
"""The key of a context's `meta` under which the flags that were given are kept."""
TWICE = "an analytics is attached to this program already"
NO_PLACE = (
    "add_command needs a program with commands, none of which is called {name}: call it when yours "
    "are declared, with a name that is free"
)
_USAGE_ERROR = 2
"""The exit code of the exceptions that say so."""


def names(root: Node, packages: Sequence[str]) -> tuple[str, ...]:
    """Return the commands below `root` whose code is in one of `packages`, as full paths.

    A command that is registered under several names has one here, which `_registered` chooses.

    Raises:
        CatalogError: none is.
    """
    context = root.context_class(root, info_name="")
    found = [path for path, node in _walk(root, context, ()) if _is_from(node, packages)]
    if not found:
        raise CatalogError(f"no command of this program is from {' or '.join(packages)}")
    return tuple(" ".join(path) or NO_COMMAND for path in found)


def ours(function: Callable[[], None]) -> Callable[[], None]:
    """Return the function of a command of ours, marked: for it no session is opened."""
    setattr(function, _OURS, True)
    return function


def package_of(module: Mapping[str, object]) -> tuple[str, ...]:
    """Return the top-level names of the package that a module's globals belong to.

    Two where a package is run as a program: its `__main__`, and the package itself.
    """
    spoken = (module.get("__name__"), module.get("__package__"))
    return tuple(dict.fromkeys(str(name).partition(".")[0] for name in spoken if name))


class Attachment:
    """An analytics attached to a tree: opened before the first command runs, told of each.

    Not before: neither help nor a version nor a completion nor a usage error runs a command, so
    none of them asks anybody anything.
    """

    def __init__(
        self,
        analytics: Analytics,
        settings: Settings,
        project_settings: ProjectSettings,
        options: Callable[[Attachment, Sequence[Flag]], list[Any]],
    ) -> None:
        self._analytics = analytics
        self._settings = settings
        self._project_settings = project_settings
        self._options = options
        self._noes: list[Any] = []

    def options(self) -> list[Any]:
        """Return the four flags, as the library's options, for the program itself."""
        return self._options(self, FLAGS)

    def follow(self, node: Node) -> None:
        """Stand in before `node` runs, and before whatever it resolves its arguments to."""
        if self._follows(node):
            return
        node.context_class = _looking(node.context_class, self)
        if hasattr(node, "resolve_command"):
            resolve = node.resolve_command

            def resolve_and_follow(context: Context, arguments: list[str]) -> Any:
                resolved = resolve(context, arguments)
                if resolved[1] is not None and not self._follows(resolved[1]):
                    self.follow(resolved[1])  # here, since it may have been loaded just now
                    self._hear(resolved[1])
                return resolved

            node.resolve_command = resolve_and_follow

    def _hear(self, node: Node) -> None:
        """Understand a no that stands behind the name of a command, and show it in no help.

        Not where the command has such an option itself, nor where it takes options that it does
        not know: those may be another program's.
        """
        get_params = node.get_params

        def with_noes(context: Context) -> list[Any]:
            params: list[Any] = get_params(context)
            if context.ignore_unknown_options or not self._follows(context.find_root().command):
                return params
            if not self._noes:
                self._noes = self._options(self, (NO, NEVER))
                for option in self._noes:
                    option.hidden = True
            taken = {word for param in params for word in (*param.opts, *param.secondary_opts)}
            return [*params, *(no for no in self._noes if taken.isdisjoint(no.opts))]

        node.get_params = with_noes
        self.listen(node)

    def _follows(self, node: Node) -> bool:
        return any(vars(above).get("attachment") is self for above in node.context_class.__mro__)

    def listen(self, root: Node) -> None:
        """Keep a no for good before `root` parses, which help, a version and mistakes end.

        Where it is all that was typed, and the program or its command wants more, that is no
        mistake.
        """
        parse = root.parse_args

        def listen_and_parse(context: Context, words: list[str]) -> Any:
            # To complete what somebody is about to type is not to be told it.
            if not context.resilient_parsing and _is_refused(root, context, words):
                self.keep(context, NEVER.name, True)
            alone = (
                not context.resilient_parsing
                and is_only_refused(words)
                and _has_never(root, context)
            )
            try:
                parsed = parse(context, words)
            except Exception as error:
                _suggest_less(error)
                if not alone or getattr(error, "exit_code", None) != _USAGE_ERROR:
                    raise
                context.exit()
            if alone and hasattr(root, "list_commands") and not root.invoke_without_command:
                context.exit()
            return parsed

        root.parse_args = listen_and_parse

    def keep(self, context: Context, flag: str, value: object) -> None:
        """Keep a flag that was given until the session opens; a no for good, at once."""
        if context.resilient_parsing or not value:
            return
        given = context.meta.setdefault(GIVEN, {})
        if flag == NEVER.name and flag not in given:
            self._analytics.refuse()
        given[flag] = value

    def open(self, context: Context) -> None:
        """Open the session; nothing happens where it is open already."""
        try:
            self._analytics.open(self._flags(context))
        except Exception:  # noqa: BLE001  # nothing of ours is ever raised into a host
            return

    def run(self, context: Context, command: Callable[[], Any]) -> Any:
        """Open the session, record the command that is about to run, run it, record its end."""
        if not self._follows(context.find_root().command):
            return command()  # it is part of another program too, and this is that one
        if getattr(_function(context.command), _OURS, False):
            return command()
        self.open(context)
        name = None
        try:
            name = _real_name(context, self._known())
            record(self._analytics, name)
        except Exception:  # noqa: BLE001, S110  # as above
            pass
        with Running(self._analytics, name):
            return command()

    def _flags(self, context: Context) -> dict[str, object]:
        given = dict(context.meta.get(GIVEN, {}))
        refused = given.pop(NEVER.name, False)  # it is kept, and was told
        no = {"analytics": False} if refused else {}
        told: Any
        try:
            settings, theirs = self._settings, self._project_settings
            told = settings(context) if callable(settings) else settings
            project: Project = theirs(context) if callable(theirs) else theirs
        except Exception:  # noqa: BLE001  # what cannot be read may have said no
            told, project = {"analytics": False}, None
        said = combined(given, no, _defaults(context), told, project_settings=project)
        return {**said, NEVER.name: said[NEVER.name] and not refused}

    def _known(self) -> Sequence[str]:
        entries = self._analytics.catalog.entries
        for event in ("command", "command_outcome"):
            declared = entries[event].properties.get("command") if event in entries else None
            known: Sequence[str] = getattr(declared and declared.kind, "commands", ())
            if known:
                return known
        return ()


def _looking(context_class: Any, attached: Attachment) -> Any:
    """Return a class of contexts like another, which look at what they invoke."""

    class Looking(context_class):  # type: ignore[misc]  # the library's class, or the host's
        attachment = attached

        def invoke(self, callback: Any, /, *args: Any, **kwargs: Any) -> Any:
            # A group that goes on to one of its commands has named it by now (in a chain, as `*`).
            if callback is self.command.callback and self.invoked_subcommand is None:
                return attached.run(self, partial(super().invoke, callback, *args, **kwargs))
            return super().invoke(callback, *args, **kwargs)

    Looking.__name__ = context_class.__name__
    return Looking


def _is_refused(root: Node, context: Context, words: Sequence[str]) -> bool:
    """Return whether the no is among the words that are for `root`, and not for a command of it."""
    if NEVER.spelling not in words or not _has_never(root, context):
        return False
    try:
        parser = root.make_parser(context)
        parser.ignore_unknown_options = True
        return bool(parser.parse_args(list(words))[0].get(NEVER.parameter))
    except Exception:  # noqa: BLE001  # a mistake, such as an option without its value
        return is_refused(words)


def _suggest_less(error: Exception) -> None:
    """Take our flags out of what a library suggests to who mistyped something else."""
    suggested = getattr(error, "possibilities", None)
    if suggested and "analytic" not in str(getattr(error, "option_name", "")):
        ours = {flag.spelling for flag in FLAGS}
        error.possibilities = [each for each in suggested if each not in ours]  # type: ignore[attr-defined]


def _has_never(node: Node, context: Context) -> bool:
    return any(param.name == NEVER.parameter for param in node.get_params(context))


def _walk(
    node: Node, context: Context, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Yield the path and the node of all that can run, each once."""
    is_group = hasattr(node, "list_commands")
    if not is_group or node.invoke_without_command:
        yield path, node
    if is_group:
        commands = {name: node.get_command(context, name) for name in node.list_commands(context)}
        commands = {name: command for name, command in commands.items() if command is not None}
        for name, command in commands.items():
            if name == _registered(commands, command):
                below = command.context_class(command, info_name=name, parent=context)
                yield from _walk(command, below, (*path, name))


def _registered(commands: Mapping[str, Node], command: Node) -> str | None:
    """Return the name under which a group has a command, the chief one where it has several.

    That is one which is not hidden, then the one that the command itself goes by, then the first.
    """
    function = _function(command)
    under = [name for name, other in commands.items() if _function(other) is function]

    def rank(name: str) -> tuple[bool, bool]:
        own = {commands[name].name, getattr(function, "__name__", "").replace("_", "-")}
        return bool(commands[name].hidden), name not in own

    return min(under, key=rank) if under else None


def _real_name(context: Context, known: Sequence[str]) -> str | None:
    """Return the declared path of the command that a context runs; `known` are all there are.

    The words come from the tree. Only a group that loads its commands when they are named, and
    keeps none, leaves but the word that was typed: it counts if it is a declared name.
    """
    ways: list[list[str]] = []
    while context.parent is not None:
        parent, command = context.parent.command, context.command
        registered = _registered(getattr(parent, "commands", {}), command)
        ways.append([registered] if registered else [command.name, context.info_name])
        context = context.parent
    declared = [tuple(name.split(" ")) for name in known]
    beginnings = {path[:length] for path in declared for length in range(len(path) + 1)}
    path: tuple[str, ...] = ()
    for candidates in reversed(ways):
        fitting = [word for word in candidates if word and (*path, word) in beginnings]
        if not fitting:
            return "other"
        path = (*path, fitting[0])
    return " ".join(path) or NO_COMMAND


def _function(command: Node) -> object:
    """Return what makes a command the same one: its function, as its maker wrote it."""
    function = command.callback
    while getattr(function, "__wrapped__", None) is not None:
        function = function.__wrapped__
    return command if function is None else function


def _is_from(command: Node, packages: Sequence[str]) -> bool:
    function = _function(command)
    module = getattr(getattr(function, "func", function), "__module__", None) or ""
    return module.partition(".")[0] in packages


def _defaults(context: Context) -> dict[str, object]:
    """Return what the root's `default_map` says, which is how click is given settings.

    A mapping in it speaks to a command called `analytics`, not to us.
    """
    defaults = context.find_root().default_map or {}
    return {name: value for name, value in defaults.items() if not hasattr(value, "keys")}
