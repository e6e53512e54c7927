"""`Analytics`: what a host holds. Silent, never waiting, never raising into the host."""

from __future__ import annotations

import os
import sys
import time

from . import consent, environment, spawn, wire
from .catalog import Catalog, Failure
from .errand import VARIABLE, paused
from .install import Install
from .segment import Writer, any_waits
from .state import State, new_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .event import Event
    from .session import Session


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
        sample_percent: The share of installs that is asked without a flag, in percent. 10 is
            aider's.
        environ: The environment; the process's own unless a test gives another.
        clock: Seconds since 1970; the system's unless a simulation gives another.

    Raises:
        CatalogError: the catalog cannot work. Nothing else here or later raises.
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
        directory: str = "",
        sample_percent: float = 10,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        _start: Callable[[Mapping[str, str], Mapping[str, str]], None] | None = None,
        _first: Callable[[str], Event] | None = None,
    ) -> None:
        self.app = app
        self.version = version
        if not isinstance(catalog, Catalog):
            catalog = Catalog.of(app, catalog, packages=packages)
        self.catalog = catalog
        self.url = url
        self.sample_percent = sample_percent
        self._environ = os.environ if environ is None else environ
        self._clock = clock
        self._start = _start
        self._first = _first
        self._install = Install(app, self._environ, directory)
        self._errand = self._install.errand(endpoint, key)
        self._session: Session | None = None
        self._log = -1
        self._opened = False
        self._process = 0

    @property
    def enabled(self) -> bool:
        """Whether this session records for sending."""
        return self._session is not None and self._session.segment is not None

    def open(self, flags: object = None) -> None:
        """Open the session: decide, ask where the table says so, begin to record.

        Args:
            flags: Where the host's flags and settings are: an object with attributes (such as
                argparse's namespace) or a mapping. Read are `analytics` (True, False or None),
                `analytics_disable` and `analytics_log`; missing ones are unset.
        """
        if self._opened:
            return
        self._opened = True
        try:
            self._open(
                wanted=_setting(flags, "analytics"),
                disable=bool(_setting(flags, "analytics_disable")),
                log=_setting(flags, "analytics_log"),
            )
        except Exception:
            self._drop()

    def record(self, event: Event) -> None:
        """Record one event: written when this returns, or not at all where the session is off."""
        session = self._session
        if session is not None:
            try:
                session.record(event)
            except Exception:
                self._drop()

    def exception(self, error: BaseException) -> None:
        """Record an exception that the host handled: its type and places, never its text."""
        self._fail(error, handled=True)

    def watch_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Record what reaches the exception handler of an asyncio loop, which goes on as before.

        What ends the program passes through `sys.excepthook`, and needs no call of this.
        """
        try:
            if self._session is not None and Failure.event_name in self.catalog.entries:
                from . import crashes

                crashes.watch_loop(loop, self._crash)
        except Exception:
            self._drop()

    def close(self) -> None:
        """End the session, and have what waits sent by a child. Called by itself at exit."""
        session = self._session
        if session is None:
            return
        try:
            if os.getpid() != self._process:
                session.forget_counts()
            session.finish()
            if session.segment is not None:
                session.segment.close()
                if os.getpid() == self._process:
                    self._send()
            import atexit

            atexit.unregister(self.close)
        except Exception:
            self._drop()

    def disable(self) -> bool:
        """Turn analytics off for good; return whether that could be kept.

        What waits to be sent is removed, in any case.
        """
        self._drop()
        return self._install.disable()

    def forget(self) -> bool:
        """Ask for everything that this install has sent to be erased; return whether that is kept.

        What waits is removed, and the install has a new identity from here on. The request is sent
        by the same child as everything else, and tried again until a collector takes it.
        """
        self._drop()
        try:
            self._install.forget()
            self._send()
        except Exception:
            return False
        return True

    def _open(self, *, wanted: object, disable: bool, log: object) -> None:
        if disable:
            self._disable_by_flag()
            wanted = False
        wants = self._wanted(wanted)
        self._open_log(log)
        off = environment.do_not_track(self._environ) or wants is False
        state = State(consent.NOT_ASKED)
        if not off or self._log >= 0:
            state = self._install.state.read()
        facts = self._facts(state, wants)
        decision = consent.decide(facts)
        if decision.notice and wanted is True:
            _say(decision.notice)
        if decision.ask:
            decision = self._ask(decision, facts, state)
            state = self._install.state.read()
        if log and self._log < 0:
            return  # someone wanted to see what is sent, and can't: nothing is
        if decision.on or self._log >= 0:
            self._begin(decision, state)
        elif os.path.isdir(self._errand.erasures):
            self._send()  # a request to erase is still owed, whatever was decided since

    def _facts(self, state: State, wants: bool | None) -> consent.Facts:
        can_ask = not environment.in_ci(self._environ) and environment.has_terminal()
        undecided = state.standing in (consent.NOT_ASKED, consent.CONSENTED)
        can_save = True
        if can_ask and undecided and wants is not False and not state.user_id:
            try:
                state.user_id = self._install.state.identify().user_id
            except OSError:
                can_save = False
        return consent.Facts(
            standing=state.standing,
            agreed=state.agreed,
            declined=state.declined,
            terms=self.catalog.terms(),
            wanted=wants,
            do_not_track=environment.do_not_track(self._environ),
            can_ask=can_ask,
            can_save=can_save,
            in_sample=bool(state.user_id) and consent.in_sample(state.user_id, self.sample_percent),
        )

    def _wanted(self, flag: object) -> bool | None:
        """Return False where anything says no, else True where anything says yes."""
        said = (flag, environment.wanted(self.app, self._environ))
        if any(word is False for word in said):
            return False
        return True if any(word is True for word in said) else None

    def _ask(
        self, decision: consent.Decision, facts: consent.Facts, state: State
    ) -> consent.Decision:
        from .question import Question

        new = consent.growth(decision.covered, facts.terms) if decision.on else None
        question = Question(
            name=self.app, url=self.url, catalog=self.catalog, sample=self._sample(state), new=new
        )
        answer = question.ask(_read, _write)
        file = self._install.state
        try:
            if answer is True:
                kept = file.agree(facts.terms)
                if kept.standing == consent.CONSENTED:
                    return consent.Decision(decision.row, on=True, covered=facts.terms)
                return consent.Decision(decision.row)
            if answer is False and decision.on:
                file.decline(facts.terms, decision.covered)
            elif answer is False and not self.disable():
                _say("Analytics are off, but your no could not be saved: you may be asked again.")
        except OSError:
            _say("Analytics are off: your answer could not be saved.")
            return consent.Decision(decision.row)
        return consent.Decision(decision.row, on=decision.on, covered=decision.covered)

    def _begin(self, decision: consent.Decision, state: State) -> None:
        import atexit

        from .session import Session, session_start

        self._session = Session(
            catalog=self.catalog,
            # A log of one's own may show all; what is sent is what was agreed to.
            covered=decision.covered if decision.on else self.catalog.terms(),
            user_id=state.user_id or new_id(),
            log=self._log if self._log >= 0 else None,
            segment=Writer(self._errand.segments) if decision.on else None,
            clock=self._clock,
            form=wire.form(self._errand.endpoint),
        )
        if decision.on:
            self._install.remember(self._errand)
        self._process = os.getpid()
        atexit.register(self.close)
        self._session.record((self._first or session_start)(self.version))
        if Failure.event_name in self.catalog.entries:
            from . import crashes

            crashes.watch(self._crash)
        if decision.on and not spawn.can_spawn():
            self._send_from_a_thread()

    def _crash(self, error: BaseException) -> None:
        self._fail(error, handled=False)

    def _fail(self, error: BaseException, *, handled: bool) -> None:
        self.record(Failure(error=error, handled=handled))

    def _send(self) -> None:
        if paused(self._errand.pause_file):
            return
        if not any_waits(self._errand.segments) and not os.path.isdir(self._errand.erasures):
            return
        if self._start is not None:
            self._start({VARIABLE: self._errand.as_json()}, self._environ)
        elif spawn.can_spawn():
            spawn.start({VARIABLE: self._errand.as_json()}, self._environ)

    def _send_from_a_thread(self) -> None:
        """Send what earlier sessions left, where no child can be started; exit does not wait."""
        import threading

        def send() -> None:
            from . import upload

            try:
                upload.run(self._errand, self._environ)
            except Exception:
                return

        threading.Thread(target=send, name="aboveboard", daemon=True).start()

    def _open_log(self, log: object) -> None:
        if not log:
            return
        path = os.path.expanduser(str(log))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        try:
            self._log = os.open(path, flags, 0o600)
        except OSError as error:
            _say(f"Analytics are off: the log {path} cannot be written ({error.strerror}).")

    def _disable_by_flag(self) -> None:
        already = self._install.state.read().standing == consent.DISABLED
        if not self.disable():
            _say(
                "Analytics are off for this session only: the decision could not be saved in "
                f"{self._install.state.path}."
            )
        elif not already:
            _say("Analytics have been permanently disabled.")

    def _drop(self) -> None:
        """Stop recording, whatever happened: a host's user never learns of our troubles."""
        session, self._session = self._session, None
        try:
            if session is not None and session.segment is not None:
                session.segment.close()
        except Exception:
            return

    def _sample(self, state: State) -> str:
        """Return an exact line, as the session's first event will be."""
        from .session import Session, session_start

        reader, writer = os.pipe()
        try:
            session = Session(
                catalog=self.catalog,
                covered=self.catalog.terms(),
                user_id=state.user_id,
                log=writer,
                clock=self._clock,
                form=wire.form(self._errand.endpoint),
            )
            session.record((self._first or session_start)(self.version))
            return os.read(reader, 65536).decode().rstrip("\n")
        finally:
            os.close(reader)
            os.close(writer)


def _setting(flags: object, name: str) -> object:
    """Return a flag or setting by name, from a mapping (dashes or underscores) or an object."""
    if hasattr(flags, "keys"):
        settings: Mapping[str, object] = flags  # type: ignore[assignment]
        for spelling in (name, name.replace("_", "-")):
            if spelling in settings.keys():  # noqa: SIM118  # a mapping is all that is promised
                return settings[spelling]
        return None
    return getattr(flags, name, None)


def _say(line: str) -> None:
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except Exception:
        return


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _read() -> str:
    return sys.stdin.readline()
