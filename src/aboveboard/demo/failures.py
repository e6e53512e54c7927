"""Failures as aider would have them: real exceptions, raised in modules that stand for aider's.

The client believes a frame or a type only where the running program confirms it: the module must be
imported under its name, the code must come from the module's file, and that file must be the one
that the named package has under that name. So the simulated failures come up in packages that are
really there, under aider's and litellm's names, laid out as theirs are, with nothing in them but
what fails.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from types import ModuleType

Place = tuple[str, str, int]
"""A module, a function in it, and the line at which it calls on, or fails."""

ROOT = "<the demo>"
"""Where the packages say they are: a place that no file system has."""


def failure(name: str, places: tuple[Place, ...]) -> BaseException:
    """Return an exception that came up through `places`, outermost first.

    `name` is a builtin exception's, or `package.Name`.
    """
    kind = getattr(builtins, name, None) or _exception_type(name)

    def inner() -> None:
        raise kind("a text that stays where it is")

    call: Callable[[], None] = inner
    for module, function, line in reversed(places):
        call = _function(module, function, line, call)
    try:
        call()
    except Exception as error:  # noqa: BLE001  # of whatever type was asked for
        return error
    raise AssertionError("it fails by design")


def _function(module: str, name: str, line: int, call: Callable[[], None]) -> Callable[[], None]:
    """Return a function of that name in that module which calls `call` at that line."""
    space = _module(module).__dict__
    above = "\n" * (line - 2)
    code = compile(f"{above}def {name}(call):\n    call()\n", space["__file__"], "exec")
    exec(code, space)  # noqa: S102  # our own four words
    declared: Callable[[Callable[[], None]], None] = space[name]
    return lambda: declared(call)


def _exception_type(name: str) -> type[Exception]:
    package, _, last = name.rpartition(".")
    module = _module(package)
    if not hasattr(module, last):
        setattr(module, last, type(last, (Exception,), {"__module__": package}))
    found: type[Exception] = getattr(module, last)
    return found


def _module(name: str) -> ModuleType:
    """Return the module that stands for one of aider's, and make it and its package if need be."""
    if name not in sys.modules:
        package = name.partition(".")[0]
        if name != package:
            _module(package)
        path = name.replace(".", "/") + ("/__init__" if name == package else "")
        sys.modules[name] = module = ModuleType(name)
        module.__file__ = f"{ROOT}/{path}.py"
    return sys.modules[name]
