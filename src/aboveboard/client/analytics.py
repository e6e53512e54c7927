"""`Analytics`: what a host holds. Silent, never waiting, never raising into the host."""

from __future__ import annotations

import errno
import os
import sys
import time
from time import monotonic

from aboveboard.catalog.catalog import Catalog, DroppedEvents, Failure
from aboveboard.catalog.kinds import CatalogError

from .decision import consent, environment, startup
from .decision.identity import new_id
from .decision.settings import combined
from .decision.state import State
from .files import directories
from .host import Host
from .install import ID_LOST, POSTHOGS, Install
from .recipients import wire
from .recipients.target import owing, paused, trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aboveboard.catalog.about import About
    from aboveboard.catalog.event import Event

    from .files.appendfile import AuditLog
    from .recipients.target import Target
    from .recording.session import Session


class Analytics:
    """A host's analytics: declare it once, open a session in `main`, record events.

    Args:
        app: The host's name, as it is typed.
        version: The host's own version.
        catalog: The event classes that it may record, or a `Catalog`.
        endpoint: The collector's address.
        key: The project's write key; it can only add, so it may be shipped.
        packages: The host's own packages. Where they are named, exceptions that nothing caught
            are recorded too, reduced to type and places within these packages.
        url: The page on which the host tells its users about its analytics.
        directory: Where the consent is kept, if not in the platform's place for settings.
        before: What a yes covers that was given before the host had aboveboard, and so names no
            terms: events, properties and kinds, as `Catalog.terms` gives them. Where that is not
            said, such a yes is none, and its giver is asked as anyone is.
        before_endpoint: Where the host sent to then. To another recipient, such a yes is none. If
            it is not said, that was `endpoint`.
        named_by_person: Whether `endpoint` or `key` may come from a person: a variable, a setting,
            a flag. Then one that cannot be used raises nothing: the session is off, and who gave
            `--analytics` is told why in a line.
        promises: What your users hold dear and you never collect, in their words, to be read behind
            "never collects": `["your recipes", "shopping lists"]`. If not given, what is true of
            every tool: your files, their names, any text of yours.
        operator: Who receives what is collected, as your users know them: "the Greeter project".
            The address stands beside it in any case. Leave it out where a variable may name
            another collector.
        workers: Whether processes that multiprocessing starts anew record, too. What they need is
            left in a variable of the environment (`recording.workers`), which whatever else the
            host starts inherits: a host that runs other people's programs says False.
        sample_percent: The share of installs that is asked without a flag, in percent. 10 is
            aider's.
        about: What is said of these analytics as a whole, for the page and the policy that are
            published of the catalog (`catalog.about.FACTS`). A `Catalog` has its own.
        environ: The environment, where a test gives one. Otherwise it is the one that the process
            was started with, and what has said no in the process's own since (see `startup`).
        clock: Seconds since 1970; the system's unless a simulation gives another.

    Raises:
        CatalogError: the catalog, the endpoint, the key or the share cannot work. Nothing else
            here or later raises, but in the development mode (`development`).
    """

    def __init__(
        self,
        *,
        app: str,
        version: str,
        catalog: Iterable[type[Event]] | Catalog,
        endpoint: str,
        key: str,
        packages: Sequence[str] = (),
        url: str = "",
        directory: str | os.PathLike[str] = "",
        before: consent.Terms | None = None,
        before_endpoint: str = "",
        named_by_person: bool = False,
        promises: Sequence[str] = (),
        operator: str = "",
        workers: bool = True,
        sample_percent: float = 10,
        about: About | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        _start: Callable[..., None] | None = None,
        _first: Callable[[str], Event] | None = None,
    ) -> None:
        self.app = app
        self.version = version
        if not isinstance(catalog, Catalog):
            catalog = Catalog.of(app, catalog, packages=packages, about=about)
            if not packages and len(catalog.entries) == _BUILT_IN:
                raise CatalogError(
                    "the catalog is empty: name events in catalog=[…], or packages=[…] for crashes"
                )
        self._trouble = trouble(endpoint, key)
        if self._trouble and not named_by_person:
            raise CatalogError(self._trouble)
        if type(sample_percent) not in (int, float) or not 0 <= sample_percent <= 100:
            raise CatalogError(f"sample_percent is a number from 0 to 100, not {sample_percent!r}")
        self.catalog = catalog
        self.url = url
        self.promises = _plain("promises", promises)
        self.operator = "".join(_plain("operator", [operator] if operator else []))
        self.sample_percent = sample_percent
        self._workers = workers
        self._start = _start
        # A host that hands on its own environment has not looked at where its words come from.
        given = None if environ is os.environ else environ
        places = startup.environ() if given is None else given
        install = Install(app, places, os.fspath(directory))
        self._host = Host(
            app=app,
            version=version,
            catalog=catalog,
            url=url,
            promises=self.promises,
            operator=self.operator,
            sample_percent=sample_percent,
            before=before,
            before_endpoint=before_endpoint or endpoint,
            given=given,
            clock=clock,
            first=_first,
            install=install,
            target=install.target(endpoint, key),
        )
        self._debug = environment.is_development(app, places)
        if self._debug:
            self.record = self._record_strictly  # type: ignore[method-assign]  # of this one only
        self._session: Session | None = None
        self._log: AuditLog | None = None
        self._opened = False
        self._refused = False
        self._process = 0
        self._number = ""  # what the session's id is made from, for workers
        self._is_part = False  # whether this is a worker's part of a session
        self._user_id = ""  # with which the session is on
        self._turn = _NEVER  # when what waits is sent, though the session goes on

    @property
    def enabled(self) -> bool:
        """Whether this session records for sending."""
        if not self._opened and self._is_worker:
            self._join()
        return self._session is not None and self._session.segment is not None

    @property
    def _install(self) -> Install:
        return self._host.install

    @property
    def _target(self) -> Target:
        return self._host.target

    def open(self, flags: object = None, *, ask: bool = True) -> None:
        """Open the session: decide, ask where the table says so, begin to record.

        Args:
            flags: Where the host's flags and settings are: an object with attributes (such as
                argparse's namespace) or a mapping. Read are `analytics` (True, False or None),
                `analytics_disable` and `analytics_log`; missing ones are unset. `analytics_asked`
                false says that a yes comes from a file, and needs no line about its being in vain.
            ask: Whether a person may be asked at all; a host that runs in a way in which nobody
                is there says no.
        """
        if self._opened:
            return
        self._opened = True
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
            self._drop()
            if self._log is not None and self._log.failed:
                _say(_no_log(self._log.path, error))
        except KeyboardInterrupt:
            self._drop()
            from .terminal.interrupt import interrupt

            raise interrupt() from None  # the host's, without a page of ours
        finally:
            self._host.counts = None

    def record(self, event: Event) -> None:
        """Record one event: written when this returns, or not at all where the session is off."""
        session = self._session
        if session is not None:
            try:
                session.record(event)
            except OSError as error:
                if error.errno not in _PASSING:
                    self._drop()
                    return
            except Exception:
                return  # one event that is none; the next may be
            # Also where a disk is full: what is sent makes room.
            if monotonic() >= self._turn:
                self._send_meanwhile(session)
        elif not self._opened and self._is_worker and self._join():
            self.record(event)

    def _record_strictly(self, event: Event) -> None:
        """Record as ever, and raise where an event would be lost without a word."""
        from .recording.development import check

        check(self.catalog, event, opened=self._opened or (self._is_worker and self._join()))
        type(self).record(self, event)

    def exception(self, error: BaseException) -> None:
        """Record an exception that the host handled: its type and places, never its text."""
        self._fail(error, handled=True)

    def watch_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Record what reaches the exception handler of an asyncio loop, which goes on as before.

        What ends the program passes through `sys.excepthook`, and needs no call of this.
        """
        try:
            if self._session is not None and Failure.event_name in self.catalog.entries:
                from .recording import crashes

                crashes.watch_loop(loop, self._crash)
        except Exception:
            self._drop()

    def close(self) -> None:
        """End the session, and have what waits sent by a child. Called by itself at exit."""
        self._close(apart=True)

    def disable(self) -> bool:
        """Turn analytics off for good; return whether that could be kept.

        What waits to be sent is removed, in any case.
        """
        self._drop()
        return bool(self._install.disable())

    def refuse(self) -> None:
        """Turn analytics off for good, since someone typed the flag, and say so in a line.

        For a parser that comes upon the flag; the session may be opened afterwards, and is off.
        """
        if self._refused:
            return
        self._refused = True
        try:
            if self._install.state.read().standing == consent.DISABLED:
                self._drop()
                self._install.remove_waiting()  # of a run that was going on at the time
            elif self.disable():
                _say("Analytics have been permanently disabled.")
            else:
                _say(
                    "Analytics are off for this session only: the decision could not be saved in "
                    f"{self._install.state.path}."
                )
        except Exception:
            return

    def turn_on(self) -> bool:
        """Ask whoever has typed a command of yours for it; return whether analytics are on then.

        Also someone who once said no: their yes takes that back, and any other answer leaves it.
        A person's own command is the only thing that may lead here, never a flag, a setting, a
        variable or a file. Where it cannot be, one line on stderr says why. Nothing is recorded in
        this run; the next one is on.
        """
        try:
            from .terminal import asking

            trouble = asking.turn_on(self._host, self.disable)
        except KeyboardInterrupt:
            from .terminal.interrupt import interrupt

            raise interrupt() from None
        except Exception:
            trouble = "Analytics are as they were: the question could not be asked."
        if trouble:
            _say(trouble)
        return not trouble

    def status(self) -> list[str]:
        """Return lines about what was decided here, who receives what, and what waits."""
        from .terminal import answers

        state = self._host.state()
        return list(answers.status(self._install, self._target, state, self._host.environ))

    def details(self) -> str:
        """Return all that may be collected, who receives it, and a line as it would be sent.

        These are the words with which the question answers `?`.
        """
        from .terminal import asking

        return asking.question(self._host, self._install.state.read()).details()

    def waiting(self) -> list[bytes]:
        """Return what waits to be sent, a file at a time, byte for byte as it would be sent."""
        from .terminal import answers

        return list(answers.waiting(self._install))

    def forget(self) -> bool:
        """Ask for everything that this install has sent to be erased; return whether that is kept.

        What waits is removed, and the install has a new identity from here on. The request is sent
        by the same child as everything else, and tried again until a collector takes it. False
        also where it can't be asked for: what PostHog was sent is PostHog's, and an id that the
        state file no longer says can be nobody's.
        """
        self._drop()
        try:
            forgotten = self._install.forget()
        except Exception:
            return False
        try:
            self._send(apart=True)
        except Exception:  # it is kept, and goes out another time
            pass
        return forgotten.outcome not in (ID_LOST, POSTHOGS) and not forgotten.posthogs

    def _open(
        self, *, flag: bool | None, typed: bool, disable: bool, log: object, ask: bool
    ) -> None:
        if disable:
            self.refuse()
            flag = False
        wants = False if self._refused else self._host.wanted(flag)
        self._open_log(log)
        if self._debug:
            self._begin_printing(failed=bool(log) and self._log is None)
            return
        if self._trouble:
            if typed and wants is not False:
                _say(f"Analytics are off: {self._trouble}")
            wants = False
        off = environment.do_not_track(self._host.environ) or wants is False
        state = State(consent.NOT_ASKED)
        if not off or self._log is not None:
            state = self._host.state()
        facts = self._host.facts(state, wants, ask=ask)
        decision = consent.decide(facts)
        if decision.notice and typed and not disable:
            _say(f"{decision.notice} The decision is kept in {self._install.state.path}.")
        if decision.ask:
            from .terminal import asking

            decision, state, trouble = asking.ask(
                self._host, decision, facts, state, self.disable, patience=_PATIENCE
            )
            if trouble:
                _say(trouble)
        if log and self._log is None:
            return  # someone wanted to see what is sent, and can't: nothing is
        owes = bool(owing(self._target))
        left = decision.on and not paused(self._target.pause_file)
        if left and not owes:
            from .recording.segment import any_left

            left = any_left(self._target.segments)
        if decision.on or self._log is not None:
            self._begin(decision, state)
        if left:
            from .delivery import sending

            sending.send_left(self._target, self._host.environ, self._start)
        elif (
            owes
            and not decision.on
            and wants is not False
            and not environment.in_ci(self._host.environ)
        ):
            from .delivery import sending

            sending.deliver_owed(self._target, self._host.environ, self._start)

    @property
    def _is_worker(self) -> bool:
        """Whether this process may be a worker that multiprocessing has started."""
        return self._host.given is None and "multiprocessing.process" in sys.modules

    def _join(self) -> bool:
        """Go on in the session of the program that has started this worker; return whether it does.

        By the same table as any session, but for the flags, which were the program's: it is on
        where the program's is, and where what is kept and the variables say so here, too.
        """
        try:
            from .recording.workers import handed_on

            handed = handed_on(self.app, startup.environ())
            if handed is None:
                return False
            self._opened = True
            self._number = handed.number
            self._open_log(handed.log)
            failed = bool(handed.log) and self._log is None
            if self._debug:
                self._begin_printing(failed=failed, starts=False)
                return self._session is not None
            state = self._host.state()
            wants = self._host.wanted(None if handed.is_on and state.secret else False)
            decision = consent.decide(self._host.facts(state, wants, ask=False))
            if not failed and not self._trouble and (decision.on or self._log is not None):
                self._begin(decision, state, starts=False)
        except Exception:
            self._drop()
        return self._session is not None

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

        self._session = Session(
            catalog=self.catalog,
            # A log of one's own may show all; what is sent is what was agreed to.
            covered=decision.covered if decision.on else self.catalog.terms(),
            # The log of a session that is off names nobody: an id would count its giver, or be
            # made up and count as another install with each run.
            user_id=(state.user_id or new_id()) if decision.on else None,
            log=self._log,
            segment=Writer(self._target.segments) if decision.on else None,
            clock=self._host.clock,
            form=wire.form(self._target.endpoint),
            session_id=self._session_id(decision, state),
            starts=starts,
        )
        if decision.on and starts:
            self._install.remember(self._target)
            if state.agreed is None and self._host.before is not None:
                # From here on the file says it itself.
                self._install.state.name(self._target.recipient, self._host.before)
        if decision.on:
            self._user_id, self._turn = state.user_id, monotonic() + _INTERVAL_SECONDS
        self._process, self._is_part = os.getpid(), not starts
        atexit.register(self._at_exit)
        if starts:
            self._session.record((self._host.first or session_start)(self.version))
        dropped = self._install.take_dropped(self._target) if decision.on and starts else 0
        if dropped:
            self._session.record(DroppedEvents(segments=dropped))
        if Failure.event_name in self.catalog.entries:
            from .recording import crashes

            crashes.watch(self._crash)

    def _session_id(self, decision: consent.Decision, state: State) -> str:
        """Return the id of the session that begins, having handed it on to workers to come."""
        if self._host.given is not None or not self._workers or (decision.on and not state.secret):
            return new_id()
        from .recording import workers

        self._number = self._number or workers.new_number()
        log = os.path.abspath(self._log.path) if self._log is not None and self._log.path else ""
        workers.hand_on(self.app, workers.Handed(self._number, decision.on, log))
        return workers.session_id(state.secret if decision.on else "", self._number)

    def _begin_printing(self, *, failed: bool, starts: bool = True) -> None:
        """Open a session whose lines are printed, unless a log that was wanted is not to be had."""
        if not failed:
            from .recording.development import Screen

            self._log = Screen(self._log, self._shown())  # type: ignore[assignment]  # as we use it
            self._begin(consent.Decision(4), State(consent.NOT_ASKED), starts=starts)

    def _shown(self) -> Callable[[bytes], None] | None:
        """Return what shows each line on the collector's debug page, if a developer wants that."""
        places = startup.environ() if self._host.given is None else self._host.given
        tag = environment.debug_tag(self.app, places)
        if not tag:
            return None
        from .delivery import debugging

        trouble = self._trouble or debugging.trouble(
            self._install, self._target, tag, self._host.environ
        )
        if trouble:
            _say(f"{self.app}: nothing is shown in the collector: {trouble}")
            return None
        return debugging.Shown(self._target, tag, self._host.environ).show

    def _at_exit(self) -> None:
        self._close(apart=False)  # the child outlives the host: it is nobody's at once

    def _close(self, *, apart: bool) -> None:
        session = self._session
        if session is None:
            return
        try:
            if os.getpid() != self._process:
                session.forget_counts()
            session.finish()
            if session.segment is not None:
                session.segment.close()
                if os.getpid() == self._process and not self._is_part:
                    self._send(apart=apart)
            import atexit

            atexit.unregister(self._at_exit)
            self._take_back()
        except Exception:
            self._drop()

    def _crash(self, error: BaseException) -> None:
        self._fail(error, handled=False)

    def _fail(self, error: BaseException, *, handled: bool) -> None:
        self.record(Failure(error=error, handled=handled))

    def _send(self, *, apart: bool) -> None:
        from .delivery import sending

        sending.send(self._target, self._host.environ, self._start, apart=apart)

    def _send_meanwhile(self, session: Session) -> None:
        """Have what waits sent, as once an hour while a session goes on; or end it after a no."""
        self._turn = monotonic() + _INTERVAL_SECONDS
        try:
            from .delivery import meanwhile

            state = self._host.state()
            if not meanwhile.stands(self.app, state, self._host.environ, self._user_id):
                self._drop()
                meanwhile.clear(self._target, state)
            elif session.segment is not None:
                meanwhile.send(
                    self._target,
                    session.segment,
                    self._host.environ,
                    self._start,
                    every=_INTERVAL_SECONDS,
                )
        except Exception:  # another time
            return

    def _open_log(self, log: object) -> None:
        if not log:
            return
        from .files.appendfile import AuditLog

        path = directories.expand(str(log), self._host.environ)
        try:
            self._log = AuditLog(path)
        except (OSError, ValueError) as error:  # or no path at all: it holds a NUL
            _say(_no_log(path, error))

    def _drop(self) -> None:
        """Stop recording, whatever happened: a host's user never learns of our troubles."""
        session, self._session = self._session, None
        self._take_back()
        try:
            if session is not None and session.segment is not None:
                session.segment.close()
        except Exception:
            return

    def _take_back(self) -> None:
        if self._number and os.getpid() == self._process:
            from .recording import workers

            workers.take_back(self.app)


_BUILT_IN = 3
"""Events that every catalog has: `session_start`, `dropped_events`, `rejected_value`."""

_NEVER = float("inf")

_INTERVAL_SECONDS = 3600.0
"""How long a session goes on until what waits is sent, and from one time to the next. No event says
a finer time than an hour; when events come does not, either."""

_PATIENCE: float | None = None
"""Seconds that an unasked-for question waits for; tests set their own."""

_PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT)
"""Too many open files, or a full disk, for the moment: one event is lost, and the next may find
room."""


def _plain(what: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return words that the question can show; raise `CatalogError` where it cannot."""
    if isinstance(words, str) or not all(map(_is_plain, words)):
        raise CatalogError(
            f"{what}: words for the question, each on one line of up to {_WORDS_MAX} letters"
        )
    return tuple(words)


def _is_plain(word: object) -> bool:
    return (
        isinstance(word, str)
        and bool(word.strip())
        and word.isprintable()
        and len(word) <= _WORDS_MAX
    )


_WORDS_MAX = 60


def _no_log(path: str, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    path = "".join(letter if letter.isprintable() else "?" for letter in path)  # one line, always
    return f"Analytics are off: the log {path} cannot be written ({reason})."


def _say(line: str) -> None:
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except Exception:
        return
