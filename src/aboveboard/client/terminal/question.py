"""The question, as aider's page words it, with the host's name. Asked once, in a real terminal."""

from __future__ import annotations

import os
import signal
import sys
import time

from aboveboard.catalog.notes import first
from aboveboard.client.decision.environment import in_foreground

# Imported before the question is shown, not at its first look for an answer: a Ctrl-C within an
# import is lost where it falls into the import lock's own callback.
if sys.platform == "win32":
    import msvcrt
else:
    import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.client.decision.consent import Terms

_TRIES = 3
PATIENCE_SECONDS = 60.0
"""How long a question that nobody asked for waits for a line."""

BLIND_SECONDS = 1.0
"""An Enter that comes sooner was not meant for the question: nobody reads that fast."""

PROMISES = ("your files", "their names", "any text of yours")
"""What no tool with aboveboard collects: there is no kind of property that could hold it."""

GAVE_UP, BLIND = "gave up", "blind"


class Question:
    """What is asked, and how it is shown.

    Args:
        name: The host's name as people write it.
        url: Where the host's own page on analytics is, or "".
        to: Who receives what is collected: the address of the collector, as people read it.
        elsewhere: Who else has a yes, where this is the question about another recipient.
        columns: The width of the terminal.
        promises: What is never collected, in the words of those who hold it dear.
        operator: Who runs the collector, as people know them; "" where only the address is known.
        catalog: What would be collected.
        sample: An exact line as it would be sent; "" where there is none.
        new: The part of the catalog that is new since an earlier yes; None where all of it is.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        catalog: Catalog,
        sample: str,
        new: Terms | None = None,
        to: str = "",
        elsewhere: Sequence[str] = (),
        columns: int = 80,
        promises: Sequence[str] = PROMISES,
        operator: str = "",
    ) -> None:
        self.name = name
        self.url = url
        self.columns = max(columns, 40)
        self.catalog = catalog
        self.sample = sample
        self.new = new
        self.to = to
        self.elsewhere = elsewhere
        self.promises = promises or PROMISES
        self.operator = operator

    def ask(self, read: Callable[[], str], write: Callable[[str], None]) -> bool | None:
        """Ask until there is an answer; None where there is none (the end of input, nonsense).

        `read` returns a line with its newline, "" at the end of input, or one of the two words
        above. An interrupt is the
        host's, not ours: it passes through, and nothing is decided. Nobody is asked about what
        cannot be shown, where Python dropped the docstrings (`python -OO`).
        """
        if not all(entry.doc for entry in self.catalog.entries.values()):
            return None
        write = _within(write)
        write(self.promise())
        tries = 0
        while tries < _TRIES:
            write(self.line())
            answer = read()
            if answer == BLIND:
                continue
            if answer == GAVE_UP:
                write("\nNobody answered: nothing was decided.\n")
                return None
            if not answer.endswith("\n"):
                write("\n")
                return None
            word = answer.strip().lower()
            if word in ("", "y", "yes"):
                return True
            if word in ("n", "no"):
                return False
            if word == "?":
                write(self.details())
            else:
                tries += 1
                write("Please answer y, n or ?\n" if tries < _TRIES else "Nothing was decided.\n")
        return None

    def promise(self) -> str:
        """Return the lines before the question."""
        name = self.name[:1].upper() + self.name[1:]
        promise = (
            f"{name} respects your privacy and never collects {', '.join(self.promises)} or any "
            "personal info."
        )
        told = [promise]
        if self.url:
            told.append(f"For more info: {self.url}")
        if self.new is not None:
            told.append(
                "It could collect more than you agreed to; it does so only if you agree again. "
                "Yes: what is new is collected too. No: what you agreed to before goes on, and "
                "nothing new is collected."
            )
        if self.elsewhere and self.new is None:
            told.append(
                f"You agreed to sending to {' and '.join(self.elsewhere)}. This is about another "
                f"place, {self.receiver()}. Yes: what such a run collects is sent there. No: "
                "nothing is sent there, and what you agreed to before stands."
            )
        elif self.to:
            told.append(f"What is collected is sent to {self.receiver()}.")
        told.append("Answer ? to see all that would be collected, before you decide.")
        return "\n" + "".join(self._fit(line) for line in told)

    def receiver(self) -> str:
        """Return who receives what is collected, and where."""
        return f"{self.operator} ({self.to})" if self.operator else self.to

    def line(self) -> str:
        """Return the question itself."""
        what = "anonymous analytics" if self.new is None else "what is new, too,"
        return f"Allow collection of {what} to help improve {self.name}? (Y)es/(N)o [Yes]: "

    def details(self) -> str:
        """Return the catalog as a table, and the sample line."""
        shown = []
        for entry in self.catalog.entries.values():
            if self.new is not None and entry.name not in self.new:
                continue
            shown.append("\n" + self._fit(f"{entry.name}: {entry.doc}", "  ", 4))
            for name, declared in entry.properties.items():
                if self.new is None or name in self.new[entry.name]:
                    day = first(entry.notes.expires, declared.notes.expires)
                    end = f", until {day}" if day else ""
                    told = f"{name:<18} {declared.doc} ({declared.kind.describe()}{end})"
                    shown.append(self._fit(told, "    ", 23))
        what = "that is new " if self.new is not None else ""
        return (
            f"\nEverything {what}that {self.name} would collect:\n"
            + "".join(shown)
            + "\n"
            + (self._fit(f"Sent to {self.receiver()}.", "  ", 4) if self.to else "")
            + self._fit(
                "With each: a random id of this install, a random id of this run, and the time.",
                "  ",
                4,
            )
            + (f"\nA line exactly as it would be sent:\n\n  {self.sample}\n" if self.sample else "")
        )

    def _fit(self, text: str, indent: str = "", hanging: int = 0) -> str:
        """Return text as lines that the terminal need not break."""
        from textwrap import wrap

        lines = wrap(
            text,
            self.columns - 1,
            initial_indent=indent,
            subsequent_indent=" " * hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return "".join(f"{line}\n" for line in lines)


def _within(write: Callable[[str], None]) -> Callable[[str], None]:
    """Return a `write` that does not fail at a terminal that lacks some of the characters."""

    def replacing(text: str) -> None:
        try:
            write(text)
        except UnicodeEncodeError:
            write(text.encode("ascii", "replace").decode())

    return replacing


def columns() -> int:
    """Return how wide the terminal is; 80 where it does not say."""
    import shutil

    return shutil.get_terminal_size().columns or 80


def forget_typed_ahead() -> None:
    """Drop what was typed before the question was there: nobody has read anything then.

    Not from the background, where the system would stop the host for it.
    """
    try:
        import termios

        if in_foreground():
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    except Exception:
        return


def write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


class Keyboard:
    """Reads answers from the terminal, and knows those that nobody can have meant.

    To be entered before the question is shown: it may be stopped from then on.

    Args:
        patience: How many seconds to wait for each line; None waits as long as it takes.
    """

    __slots__ = ("_continuations", "_patience", "_shown")

    def __init__(self, patience: float | None) -> None:
        self._patience = patience
        self._shown = time.monotonic()
        self._continuations = _Continuations()

    def __enter__(self) -> Keyboard:
        self._continuations.__enter__()
        return self

    def __exit__(self, *how: object) -> None:
        self._continuations.__exit__(*how)

    def read(self) -> str:
        """Return a line, "" at the end of input, or that nobody answered, or blindly."""
        try:
            terminal: int | None = sys.stdin.fileno()
        except (AttributeError, OSError, ValueError):  # a host's own stream: it is just read
            terminal = None
        came = _LINE if terminal is None else self._comes(terminal)
        if came != _LINE:
            forget_typed_ahead()  # half a line is not the host's either
            self._shown = time.monotonic()
            return came
        line = sys.stdin.readline()
        early = time.monotonic() - self._shown < BLIND_SECONDS
        return BLIND if terminal is not None and early and line.strip() == "" and line else line

    def _comes(self, terminal: int) -> str:
        """Return that a line comes in time, or what else came. Only whole lines are seen.

        Whoever stops the host here (Ctrl-Z) and goes on with it later has the shell's words on the
        screen, and pressed Enter for the shell: the question is put once more, and waits anew.
        """
        deadline = None if self._patience is None else time.monotonic() + self._patience
        if sys.platform != "win32":
            while True:
                comes = select.select([terminal], [], [], _LOOK_SECONDS)[0]
                if not in_foreground():
                    if deadline is None:  # stopped, as who reads there is, until it is back
                        os.killpg(os.getpgrp(), signal.SIGTTIN)
                    if not self._continuations.come() or not in_foreground():
                        return GAVE_UP
                    return BLIND
                if self._continuations.come():
                    return BLIND
                if comes:
                    return _LINE
                if deadline is not None and time.monotonic() >= deadline:
                    return GAVE_UP
        else:
            if deadline is None:
                return _LINE
            # A key that was pressed is somebody: from then on the line is waited for.
            while time.monotonic() < deadline:
                if msvcrt.kbhit():
                    return _LINE
                time.sleep(0.1)
            return GAVE_UP


class _Continuations:
    """Tells whether this process was stopped, and goes on, since it was last asked.

    By a signal that is held back and looked for, so that a handler of the host's hears of it all
    the same, afterwards. Where another thread of the host's takes the signal, nothing is told.
    """

    __slots__ = ("_theirs",)

    def __init__(self) -> None:
        self._theirs: set[int] | None = None

    def __enter__(self) -> None:
        if sys.platform != "win32":
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCONT,))
            if signal.SIGCONT not in mask:  # else the host has plans of its own for it
                self._theirs = mask

    def __exit__(self, *_how: object) -> None:
        self._let_through()
        self._theirs = None

    def come(self) -> bool:
        """Return whether this process goes on since it was last asked."""
        if sys.platform == "win32" or self._theirs is None:
            return False
        if signal.SIGCONT not in signal.sigpending():
            return False
        self._let_through()
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCONT,))
        return True

    def _let_through(self) -> None:
        if sys.platform != "win32" and self._theirs is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._theirs)


_LOOK_SECONDS = 0.2
_LINE = "line"
