"""The ready-made event that says how a command of a program ended: well, or with what kind of end.

Nothing of an error's text goes along. Which command it was comes from the program's own list, the
exit code as one of five classes, the duration rounded down to steps.
"""

from __future__ import annotations

import time

from aboveboard.catalog.catalog import Failure
from aboveboard.catalog.event import Event, choice, command, seconds

from .commands import NO_COMMAND, OWNER, with_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from aboveboard.catalog.notes import Words
    from aboveboard.client.analytics import Analytics

OK, USAGE, FAILED, INTERRUPTED = "ok", "usage", "failed", "interrupted"
OUTCOMES = (OK, USAGE, FAILED, INTERRUPTED)
EXIT_CODES = ("0", "1", "2", "3-127", "128-255")
"""What shells expect: 2 for a mistake in the arguments, 128 and more for a signal."""

_INTERRUPT_CODE = 130
_USAGE_CODE = 2


def outcome_event(names: Sequence[str] = (NO_COMMAND,), **notes: Unpack[Words]) -> type[Event]:
    """Return an event `command_outcome` for a catalog: how each of the commands `names` ended.

    Args:
        names: As `commands.command_event` takes them; none for a program without commands.
        notes: What else is said of the event, as there.

    Raises:
        CatalogError: there are no names, or one stands there twice.
    """
    names = with_none(names)

    said: Words = {
        "why": "Which commands fail, and how long they take",
        "owner": OWNER,
        **notes,
    }

    class CommandOutcome(Event, **said):
        """A command of this program ended. Of an error, nothing but that it was one is told."""

        command: str | None = command("Which command, from the list of the program's own", names)
        outcome: str | None = choice(
            *OUTCOMES,
            doc="Whether it ended well, by a mistake in its arguments, another error or Ctrl-C",
        )
        exit_code: str | None = choice(*EXIT_CODES, doc="The exit code's class")
        duration: float | None = seconds("How long it took", steps=True)

    return CommandOutcome


class Running:
    """A command that runs: a context in which it is, and whose end is recorded.

    Attributes:
        exit_code: What the command returned, if the program makes an exit code of that; as
            `sys.exit` takes it.
    """

    def __init__(self, analytics: Analytics, name: str | None) -> None:
        self.exit_code: object = None
        self._analytics = analytics
        self._name = name
        self._began = 0.0

    def __enter__(self) -> Running:
        self._began = time.perf_counter()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        duration = time.perf_counter() - self._began
        try:
            self._end(error, duration)
        except Exception:  # noqa: BLE001  # nothing of ours is ever raised into a host
            return

    def _end(self, error: BaseException | None, duration: float) -> None:
        analytics = self._analytics
        if _is_told_by_the_program(error) and Failure.event_name in analytics.catalog.entries:
            assert error is not None
            analytics.exception(error)
        if not _is_recorded(analytics):
            return
        outcome, code = how(error, self.exit_code)
        analytics.record(
            _Outcome(command=self._name, outcome=outcome, exit_code=_class(code), duration=duration)  # type: ignore[call-arg]  # made above
        )


def how(error: BaseException | None, returned: object = None) -> tuple[str, int]:
    """Return how a command ended, and its exit code.

    Args:
        error: What it raised, if anything: `SystemExit` and the exceptions of click and typer that
            have an `exit_code` say theirs.
        returned: What it returned otherwise, as `sys.exit` takes it.
    """
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, _INTERRUPT_CODE
    if error is None:
        code = _code(returned)
    elif isinstance(error, SystemExit):
        code = _code(error.code)
    elif _is_abort(error):
        return INTERRUPTED, 1
    else:
        said = getattr(error, "exit_code", 1)
        code = _code(said if isinstance(said, int) else 1)  # cleo's errors may say None
    outcomes = {0: OK, _USAGE_CODE: USAGE, _INTERRUPT_CODE: INTERRUPTED}
    return outcomes.get(code, FAILED), code


def _is_told_by_the_program(error: BaseException | None) -> bool:
    """Return whether it is an error with which a command ends in words, as click has them."""
    code = getattr(error, "exit_code", None)
    return hasattr(error, "format_message") and type(code) is int and code not in (0, _USAGE_CODE)


def _is_abort(error: BaseException) -> bool:
    """Return whether it is click's, or typer's, for a Ctrl-C at one of their questions."""
    return any(kind.__name__ == "Abort" for kind in type(error).__mro__)


def _code(value: object) -> int:
    """Return the exit code that the system sees of what `sys.exit` takes."""
    if value is None:
        return 0
    return value % 256 if isinstance(value, int) else 1


def _class(code: int) -> str:
    if code <= _USAGE_CODE:
        return str(code)
    return "3-127" if code < 128 else "128-255"


def _is_recorded(analytics: Analytics) -> bool:
    """Return whether the ready-made event is in the catalog, and not another of the same name."""
    entry = analytics.catalog.entries.get(_Outcome.event_name)
    return entry is not None and entry.doc == _Outcome.event_doc()


# A session knows an event by its name: this one's list of commands is never looked at.
_Outcome = outcome_event((NO_COMMAND,))
