"""A session's life in this process: opened or joined, begun, sent from, and ended."""

from __future__ import annotations

import os
import sys
from time import monotonic

from aboveboard.catalog.catalog import DroppedEvents

from .decision import consent, environment, startup
from .decision.identity import new_id
from .decision.settings import combined
from .decision.state import State
from .files import directories
from .recipients import wire
from .recipients.target import owing, paused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .files.appendfile import AuditLog
    from .host import Host
    from .recording.session import Session


class Lifetime:
    """What `Analytics` opens, records into and closes, once in a process.

    Nothing here raises into the host, but `send` and a person's Ctrl-C.

    Args:
        host: What was declared, and where it is kept.

    Attributes:
        session: What is recorded into; None if nothing is recorded.
        log: The audit log, if one is written.
        is_opened: Whether it was decided what is recorded.
        turn: When what waits is sent, though the session goes on, by the monotonic clock.
    """

    def __init__(self, host: Host) -> None:
        self.session: Session | None = None
        self.log: AuditLog | None = None
        self.is_opened = False
        self.turn = _NEVER
        self._host = host
        self._refused = False
        self._process = 0
        self._number = ""  # what the session's id is made from, for workers
        self._is_part = False  # whether this is a worker's part of a session
        self._user_id = ""  # with which the session is on

    def open(self, flags: object, *, ask: bool) -> bool:
        """Open the session as `Analytics.open` has it; return whether something is recorded now.

        Nothing happens the second time.
        """
        if self.is_opened:
            return False
        self.is_opened = True
        try:
            said = combined(flags)
            self._host.counts = self._host.environ
            self._open(
                flag=environment.said(said["analytics"]),
                typed=said["analytics"] is True and said["analytics_asked"] is True,
                disable=said["analytics_disable"] is True,
                log=said["analytics_log"],
                ask=ask,
            )
        except Exception as error:
            self.drop()
            if self.log is not None and self.log.failed:
                say(_no_log(self.log.path, error))
        except KeyboardInterrupt:
            self.drop()
            from .terminal.interrupt import interrupt

            raise interrupt() from None  # the host's, without a page of ours
        finally:
            self._host.counts = None
        return self.session is not None

    def join(self) -> bool:
        """Go on in the session of the program that has started this worker; return whether it does.

        By the same table as any session, but for the flags, which were the program's: it is on
        where the program's is, and where what is kept and the variables say so here, too. A process
        that multiprocessing has not started, or whose session was opened, joins none.
        """
        host = self._host
        if self.is_opened or host.given is not None or "multiprocessing.process" not in sys.modules:
            return False
        try:
            from .recording.workers import handed_on

            handed = handed_on(host.app, startup.environ())
            if handed is None:
                return False
            self.is_opened = True
            self._number = handed.number
            self._open_log(handed.log)
            failed = bool(handed.log) and self.log is None
            if host.is_development:
                self._begin_printing(failed=failed, starts=False)
                return self.session is not None
            state = host.state()
            wants = host.wanted(None if handed.is_on and state.secret else False)
            decision = consent.decide(host.facts(state, wants, ask=False))
            if not failed and not host.trouble and (decision.on or self.log is not None):
                self._begin(decision, state, starts=False)
        except Exception:
            self.drop()
        return self.session is not None

    def close(self) -> None:
        """End the session, and have what waits sent by a child, while the host goes on."""
        self._close(apart=True)

    def disable(self) -> bool:
        """Turn analytics off for good; return whether that could be kept.

        What waits to be sent is removed, in any case.
        """
        self.drop()
        return bool(self._host.install.disable())

    def refuse(self) -> None:
        """Turn analytics off for good, since someone typed the flag, and say so in a line.

        For a parser that comes upon the flag; the session may be opened afterwards, and is off.
        """
        install = self._host.install
        if self._refused:
            return
        self._refused = True
        try:
            if install.state.read().standing == consent.DISABLED:
                self.drop()
                install.remove_waiting()  # of a run that was going on at the time
            elif self.disable():
                say("Analytics have been permanently disabled.")
            else:
                say(
                    "Analytics are off for this session only: the decision could not be saved in "
                    f"{install.state.path}."
                )
        except Exception:
            return

    def send(self, *, apart: bool) -> None:
        """Have what waits sent by a child.

        Args:
            apart: Whether the host goes on, as `sending.send` has it.

        Raises:
            OSError: the system would not start it.
        """
        from .delivery import sending

        sending.send(self._host.target, self._host.environ, self._host.start, apart=apart)

    def send_meanwhile(self, session: Session) -> None:
        """Have what waits sent, as once an hour while a session goes on; or end it after a no."""
        self.turn = monotonic() + _INTERVAL_SECONDS
        host = self._host
        try:
            from .delivery import meanwhile

            state = host.state()
            if not meanwhile.stands(host.app, state, host.environ, self._user_id):
                self.drop()
                meanwhile.clear(host.target, state)
            elif session.segment is not None:
                meanwhile.send(
                    host.target,
                    session.segment,
                    host.environ,
                    host.start,
                    every=_INTERVAL_SECONDS,
                )
        except Exception:  # another time
            return

    def drop(self) -> None:
        """Stop recording, whatever happened: a host's user never learns of our troubles."""
        session, self.session = self.session, None
        self._take_back()
        try:
            if session is not None and session.segment is not None:
                session.segment.close()
        except Exception:
            return

    def _open(
        self, *, flag: bool | None, typed: bool, disable: bool, log: object, ask: bool
    ) -> None:
        host = self._host
        if disable:
            self.refuse()
            flag = False
        wants = False if self._refused else host.wanted(flag)
        self._open_log(log)
        if host.is_development:
            self._begin_printing(failed=bool(log) and self.log is None)
            return
        if host.trouble:
            if typed and wants is not False:
                say(f"Analytics are off: {host.trouble}")
            wants = False
        off = environment.do_not_track(host.environ) or wants is False
        state = State(consent.NOT_ASKED)
        if not off or self.log is not None:
            state = host.state()
        facts = host.facts(state, wants, ask=ask)
        decision = consent.decide(facts)
        if decision.notice and typed and not disable:
            say(f"{decision.notice} The decision is kept in {host.install.state.path}.")
        if decision.ask:
            from .terminal import asking

            decision, state, trouble = asking.ask(
                host, decision, facts, state, self.disable, patience=_PATIENCE
            )
            if trouble:
                say(trouble)
        if log and self.log is None:
            return  # someone wanted to see what is sent, and can't: nothing is
        owes = bool(owing(host.target))
        left = decision.on and not paused(host.target.pause_file)
        if left and not owes:
            from .recording.segment import any_left

            left = any_left(host.target.segments)
        if decision.on or self.log is not None:
            self._begin(decision, state)
        if left:
            from .delivery import sending

            sending.send_left(host.target, host.environ, host.start)
        elif (
            owes and not decision.on and wants is not False and not environment.in_ci(host.environ)
        ):
            from .delivery import sending

            sending.deliver_owed(host.target, host.environ, host.start)

    def _begin(self, decision: consent.Decision, state: State, *, starts: bool = True) -> None:
        """Begin to record.

        Args:
            decision: What was decided.
            state: What the state file says.
            starts: Whether a session starts; else this is a worker's part of one.
        """
        import atexit

        from .recording.segment import Writer
        from .recording.session import Session, session_start

        host = self._host
        self.session = Session(
            catalog=host.catalog,
            # A log of one's own may show all; what is sent is what was agreed to.
            covered=decision.covered if decision.on else host.catalog.terms(),
            # The log of a session that is off names nobody: an id would count its giver, or be
            # made up and count as another install with each run.
            user_id=(state.user_id or new_id()) if decision.on else None,
            log=self.log,
            segment=Writer(host.target.segments) if decision.on else None,
            clock=host.clock,
            form=wire.form(host.target.endpoint),
            session_id=self._session_id(decision, state),
            starts=starts,
        )
        if decision.on and starts:
            host.install.remember(host.target)
            if state.agreed is None and host.before is not None:
                # From here on the file says it itself.
                host.install.state.name(host.target.recipient, host.before)
        if decision.on:
            self._user_id, self.turn = state.user_id, monotonic() + _INTERVAL_SECONDS
        self._process, self._is_part = os.getpid(), not starts
        atexit.register(self.at_exit)
        if starts:
            self.session.record((host.first or session_start)(host.version))
        dropped = host.install.take_dropped(host.target) if decision.on and starts else 0
        if dropped:
            self.session.record(DroppedEvents(segments=dropped))

    def _session_id(self, decision: consent.Decision, state: State) -> str:
        """Return the id of the session that begins, having handed it on to workers to come."""
        host = self._host
        if host.given is not None or not host.workers or (decision.on and not state.secret):
            return new_id()
        from .recording import workers

        self._number = self._number or workers.new_number()
        log = os.path.abspath(self.log.path) if self.log is not None and self.log.path else ""
        workers.hand_on(host.app, workers.Handed(self._number, decision.on, log))
        return workers.session_id(state.secret if decision.on else "", self._number)

    def _begin_printing(self, *, failed: bool, starts: bool = True) -> None:
        """Open a session whose lines are printed, unless a log that was wanted is not to be had."""
        if not failed:
            from .recording.development import Screen

            self.log = Screen(self.log, self._shown())  # type: ignore[assignment]  # as we use it
            self._begin(consent.Decision(4), State(consent.NOT_ASKED), starts=starts)

    def _shown(self) -> Callable[[bytes], None] | None:
        """Return what shows each line on the collector's debug page, if a developer wants that."""
        host = self._host
        places = startup.environ() if host.given is None else host.given
        tag = environment.debug_tag(host.app, places)
        if not tag:
            return None
        from .delivery import debugging

        trouble = host.trouble or debugging.trouble(host.install, host.target, tag, host.environ)
        if trouble:
            say(f"{host.app}: nothing is shown in the collector: {trouble}")
            return None
        return debugging.Shown(host.target, tag, host.environ).show

    def at_exit(self) -> None:
        """End the session as the process ends: the child outlives it, and is nobody's at once."""
        self._close(apart=False)

    def _close(self, *, apart: bool) -> None:
        session = self.session
        if session is None:
            return
        try:
            if os.getpid() != self._process:
                session.forget_counts()
            session.finish()
            if session.segment is not None:
                session.segment.close()
                if os.getpid() == self._process and not self._is_part:
                    self.send(apart=apart)
            import atexit

            atexit.unregister(self.at_exit)
            self._take_back()
        except Exception:
            self.drop()

    def _open_log(self, log: object) -> None:
        if not log:
            return
        from .files.appendfile import AuditLog

        path = directories.expand(str(log), self._host.environ)
        try:
            self.log = AuditLog(path)
        except (OSError, ValueError) as error:  # or no path at all: it holds a NUL
            say(_no_log(path, error))

    def _take_back(self) -> None:
        if self._number and os.getpid() == self._process:
            from .recording import workers

            workers.take_back(self._host.app)


_NEVER = float("inf")

_INTERVAL_SECONDS = 3600.0
"""How long a session goes on until what waits is sent, and from one time to the next. No event says
a finer time than an hour; when events come does not, either."""

_PATIENCE: float | None = None
"""Seconds that an unasked-for question waits for; tests set their own."""


def _no_log(path: str, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    path = "".join(letter if letter.isprintable() else "?" for letter in path)  # one line, always
    return f"Analytics are off: the log {path} cannot be written ({reason})."


def say(line: str) -> None:
    """Write a line to stderr, if there is one."""
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except Exception:
        return
