"""Crashes: what was never caught, on its way to whoever was there to be told before us.

Three doors lead out of a Python program: `sys.excepthook`, `threading.excepthook` and an asyncio
loop's handler. Each is chained: what was there before is called exactly as if we were not, first,
so that nothing of ours can come between a failure and its message. Someone who ended the program
(Ctrl-C, `sys.exit`) has not crashed it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    Tell = Callable[[BaseException], None]

_NO_CRASH = (KeyboardInterrupt, SystemExit, GeneratorExit)


def watch(tell: Tell) -> None:
    """Have `tell` hear of every exception that nothing caught, in any thread."""
    import threading

    before = sys.excepthook

    def hook(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        try:
            before(kind, error, traceback)
        finally:
            _pass_on(tell, error)

    sys.excepthook = hook
    before_in_thread = threading.excepthook

    def hook_in_thread(failed: threading.ExceptHookArgs) -> None:
        error = failed.exc_value  # what was there before may clear it
        try:
            before_in_thread(failed)
        finally:
            if error is not None:
                _pass_on(tell, error)

    threading.excepthook = hook_in_thread


def watch_loop(loop: asyncio.AbstractEventLoop, tell: Tell) -> None:
    """Have `tell` hear of every exception that reaches the handler of an asyncio loop."""
    before = loop.get_exception_handler()
    if getattr(before, "aboveboard", None) == tell:
        return  # a loop that is watched twice would tell of each failure twice

    def handler(running: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        try:
            if before is None:
                running.default_exception_handler(context)
            else:
                before(running, context)
        finally:
            error = context.get("exception")
            if isinstance(error, BaseException):
                _pass_on(tell, error)

    handler.aboveboard = tell  # type: ignore[attr-defined]
    loop.set_exception_handler(handler)


def _pass_on(tell: Tell, error: BaseException) -> None:
    if not isinstance(error, _NO_CRASH):
        tell(error)
