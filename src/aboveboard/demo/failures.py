"""Failures as aider would have them: real exceptions, raised in modules that stand for aider's.

The client believes a frame or a type only where the running program confirms it. So the simulated
failures come up in modules that are really there, under aider's names, with nothing in them but
what fails.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from types import ModuleType

Place = tuple[str, str]
"""A module and a function in it."""


def failure(name: str, places: tuple[Place, ...]) -> BaseException:
    """Return an exception that came up through `places`, outermost first.

    `name` is a builtin exception's, or `package.Name`.
    """
    kind = getattr(builtins, name, None) or _exception_type(name)

    def inner() -> None:
        raise kind("a text that stays where it is")

    call: Callable[[], None] = inner
    for module, function in reversed(places):
        call = _function(module, function, call)
    try:
        call()
    except Exception as error:  # noqa: BLE001  # of whatever type was asked for
        return error
    raise AssertionError("it fails by design")


def _function(module: str, name: str, call: Callable[[], None]) -> Callable[[], None]:
    """Return a function of that name in that module which does nothing but call `call`."""
    space = _module(module).__dict__
    code = compile(f"def {name}(call):\n    call()\n", space["__file__"], "exec")
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
    if name not in sys.modules:
        sys.modules[name] = module = ModuleType(name)
        module.__file__ = f"<the demo's {name}>"
    return sys.modules[name]
