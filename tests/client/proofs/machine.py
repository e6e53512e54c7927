"""A machine on which runs of a tool happen one after the other, and may end at any system call.

All in one process, for speed. A crash is an exception that no `except Exception` sees; from then on
every system call that could change something raises it again, so that no cleanup code of the dead
process takes effect, and what it held (files, locks) is let go of, as the system does.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import fcntl
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from aboveboard import Analytics, Catalog, Event
from aboveboard.client.decision.statefile import StateFile, noes
from aboveboard.client.install import Install
from aboveboard.client.recording import segment
from tests.client.places import NOBODY, place
from tests.client.proofs.consent_model import END_OF_INPUT

CALLS = (
    "open", "write", "fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "close",
    "ftruncate", "utime", "pipe",
)  # fmt: skip
"""What a process asks of the system to change something; each is a moment at which it may die."""


class SimulatedCrash(BaseException):
    """The process has died."""


class System:
    """The system calls, counted; at the `at`-th the process dies, or the call fails.

    Args:
        at: The number of the call, from 1; 0 for none.
        failure: The error of that call; None, and the process dies there.
        share: How much of the data is written where the call is a write.
    """

    def __init__(self, at: int = 0, failure: int | None = None, share: float = 0) -> None:
        self.at = at
        self.failure = failure
        self.share = share
        self.count = 0
        self.died = False
        self.failed = False
        self.open: set[int] = set()
        self._real: dict[str, Callable[..., Any]] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Count and fail; at the end, let go of what was held."""
        flock = fcntl.flock
        for name in CALLS:
            self._real[name] = getattr(os, name)
            setattr(os, name, self._hook(name, self._real[name]))
        fcntl.flock = self._hook("flock", flock)
        try:
            yield
        finally:
            fcntl.flock = flock
            for name, real in self._real.items():
                setattr(os, name, real)

    def release(self) -> None:
        """Close what the process had open, as its end does."""
        for descriptor in self.open:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self.open.clear()
        segment._writers.clear()

    def _hook(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            short = self._count(name, real, args)
            if short:
                return short
            if name == "fsync":  # it is the order of calls that is proven here, not the disk
                return None
            result = real(*args, **kwargs)
            if name == "open":
                self.open.add(result)
            elif name == "pipe":
                self.open.update(result)
            elif name == "close":
                self.open.discard(args[0])
            return result

        return call

    def _count(self, name: str, real: Callable[..., Any], args: tuple[Any, ...]) -> int:
        """Count a call, and die or fail where it is time; return how much of a write was done."""
        self.count += 1
        short = 0
        if self.count == self.at and not self.died:
            if name == "write":
                part = args[1][: int(len(args[1]) * self.share)]
                short = real(args[0], part) if part else 0
            if self.failure is None:
                self.died = True
            elif name not in ("close", "pipe"):  # a close that fails has closed all the same
                self.failed = True
                if not short:  # else the disk took a part, and will take no more or some
                    raise OSError(self.failure, os.strerror(self.failure))
        if self.died:
            raise SimulatedCrash
        return short


class Terminal(io.StringIO):
    """A stream that is a terminal or is not, on which someone types `answers`."""

    def __init__(self, is_terminal: bool, answers: Sequence[str] = ()) -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self._answers = list(answers)
        self.reads = 0

    def isatty(self) -> bool:
        return self._is_terminal

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # as StringIO's
        self.reads += 1
        word = self._answers.pop(0) if self._answers else END_OF_INPUT
        return "" if word == END_OF_INPUT else word + "\n"


@dataclass
class Observed:
    """What a run was seen to do."""

    enabled: bool = False
    asked: int = 0
    stderr: str = ""
    lines: list[bytes] = field(default_factory=list)
    logged: list[bytes] = field(default_factory=list)
    died: bool = False
    failed: bool = False
    children: int = 0
    calls: int = 0


class Machine:
    """A home directory, and what is in it."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.state = os.path.join(home, ".config", "tool", "analytics.json")
        self.spool = os.path.join(home, ".local", "state", "tool")
        self.segments = str(place(self.spool) / "segments")
        self.log = os.path.join(home, "log.jsonl")
        self._seen: set[str] = set()
        self._noes = (f"{self.state}.no", *noes(self.spool, {"HOME": home}))

    def run(
        self,
        catalog: Catalog,
        events: Sequence[Event],
        *,
        environ: dict[str, str],
        flags: SimpleNamespace,
        terminal: tuple[bool, bool, bool],
        answers: Sequence[str],
        percent: float,
        system: System,
        closes: bool,
        before: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Observed:
        """Run the tool once: open, record `events`, end."""
        seen = Observed()
        streams = (sys.stdin, sys.stdout, sys.stderr)
        stdin, stdout, stderr = (
            Terminal(terminal[0], answers),
            Terminal(terminal[1]),
            Terminal(terminal[2]),
        )
        log_before = os.path.getsize(self.log) if os.path.exists(self.log) else 0

        def start(*_target: object, **_how: object) -> None:
            seen.children += 1

        analytics = Analytics(
            app="tool",
            version="1.2.3",
            catalog=catalog,
            endpoint=NOBODY,
            key="key",
            before=before,
            sample_percent=percent,
            environ={"HOME": self.home, **environ},
            clock=lambda: 1_700_000_000.0,
            _start=start,
        )
        sys.stdin, sys.stdout, sys.stderr = stdin, stdout, stderr
        try:
            with system.running():
                analytics.open(flags)
                for event in events:
                    analytics.record(event)
                seen.enabled = analytics.enabled
                if closes:
                    analytics.close()
        except SimulatedCrash:
            pass
        finally:
            sys.stdin, sys.stdout, sys.stderr = streams
            atexit.unregister(analytics._lifetime.at_exit)
            system.release()
        seen.asked, seen.stderr = stdin.reads, stderr.getvalue()
        seen.died, seen.failed, seen.calls = system.died, system.failed, system.count
        seen.lines = self._new_lines()
        if os.path.exists(self.log):
            with open(self.log, "rb") as file:
                file.seek(log_before)
                seen.logged = file.read().splitlines(keepends=True)
        return seen

    def reset(self, system: System) -> bool:
        """Take back what was decided; return whether that is said to be done."""
        install = Install("tool", {"HOME": self.home})
        assert install.state.path == self.state
        try:
            with system.running():
                install.reset()
        except (SimulatedCrash, OSError):
            return False
        finally:
            system.release()
        return True

    def waiting(self) -> dict[str, bytes]:
        """Return the bytes of each segment that waits, by its path."""
        found = {}
        for folder in (self.segments, os.path.join(self.segments, "aside")):
            if os.path.isdir(folder):
                for name in sorted(os.listdir(folder)):
                    path = os.path.join(folder, name)
                    if os.path.isfile(path):
                        with open(path, "rb") as file:
                            found[path] = file.read()
        return found

    def state_bytes(self) -> bytes | None:
        try:
            with open(self.state, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def says_no_apart(self) -> bool:
        """Return whether a no lies apart from the state file, as whoever cannot write it leaves."""
        return any(map(os.path.exists, self._noes))

    def move_the_no(self) -> None:
        """Have a no that lies apart from the state file stand in it, and only there."""
        if self.says_no_apart():
            for path in self._noes:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
            StateFile(self.state).disable()

    def write_state(self, data: bytes) -> None:
        os.makedirs(os.path.dirname(self.state), exist_ok=True)
        with open(self.state, "wb") as file:
            file.write(data)

    def _new_lines(self) -> list[bytes]:
        """Return the lines of segments that were not there before: each run starts its own."""
        lines = []
        for path, data in self.waiting().items():
            name = os.path.basename(path).partition(".")[0]  # also where it is set aside
            if name not in self._seen:
                self._seen.add(name)
                lines += data.splitlines(keepends=True)
        return lines


FAILURES = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS)
