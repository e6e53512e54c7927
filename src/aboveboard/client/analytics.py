"""`Analytics`: what a host holds. Silent, never waiting, never raising into the host."""

from __future__ import annotations

import errno
import os
import sys
import time
from time import monotonic

from aboveboard.catalog.catalog import Catalog, Failure
from aboveboard.catalog.kinds import CatalogError, scripts

from .decision import environment, startup
from .host import Host
from .install import ID_LOST, POSTHOGS, Install
from .lifetime import Lifetime, say
from .recipients.target import trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aboveboard.catalog.about import About
    from aboveboard.catalog.event import Event

    from .decision.consent import Terms
    from .recipients.target import Target


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
        before: Terms | None = None,
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
        maker = sys._getframe(1).f_globals
        if maker.get("__name__") == "__main__" and type(file := maker.get("__file__")) is str:
            scripts.add(file)
        wrong = trouble(endpoint, key)
        if wrong and not named_by_person:
            raise CatalogError(wrong)
        if type(sample_percent) not in (int, float) or not 0 <= sample_percent <= 100:
            raise CatalogError(f"sample_percent is a number from 0 to 100, not {sample_percent!r}")
        self.catalog = catalog
        self.url = url
        self.promises = _plain("promises", promises)
        self.operator = "".join(_plain("operator", [operator] if operator else []))
        self.sample_percent = sample_percent
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
            trouble=wrong,
            workers=workers,
            start=_start,
            is_development=environment.is_development(app, places),
        )
        if self._host.is_development:
            self.record = self._record_strictly  # type: ignore[method-assign]  # of this one only
        self._lifetime = Lifetime(self._host)

    @property
    def enabled(self) -> bool:
        """Whether this session records for sending."""
        if not self._lifetime.is_opened:
            self._is_joined()
        session = self._lifetime.session
        return session is not None and session.segment is not None

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
        if self._lifetime.open(flags, ask=ask):
            self._watch()

    def record(self, event: Event) -> None:
        """Record one event: written when this returns, or not at all where the session is off."""
        lifetime = self._lifetime
        session = lifetime.session
        if session is not None:
            try:
                session.record(event)
            except OSError as error:
                if error.errno not in _PASSING:
                    lifetime.drop()
                    return
            except Exception:
                return  # one event that is none; the next may be
            # Also where a disk is full: what is sent makes room.
            if monotonic() >= lifetime.turn:
                lifetime.send_meanwhile(session)
        elif not lifetime.is_opened and self._is_joined():
            self.record(event)

    def _record_strictly(self, event: Event) -> None:
        """Record as ever, and raise where an event would be lost without a word."""
        from .recording.development import check

        check(self.catalog, event, opened=self._lifetime.is_opened or self._is_joined())
        type(self).record(self, event)

    def exception(self, error: BaseException) -> None:
        """Record an exception that the host handled: its type and places, never its text."""
        self._fail(error, handled=True)

    def watch_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Record what reaches the exception handler of an asyncio loop, which goes on as before.

        What ends the program passes through `sys.excepthook`, and needs no call of this.
        """
        try:
            if self._lifetime.session is not None and Failure.event_name in self.catalog.entries:
                from .recording import crashes

                crashes.watch_loop(loop, self._crash)
        except Exception:
            self._lifetime.drop()

    def close(self) -> None:
        """End the session, and have what waits sent by a child. Called by itself at exit."""
        self._lifetime.close()

    def disable(self) -> bool:
        """Turn analytics off for good; return whether that could be kept.

        What waits to be sent is removed, in any case.
        """
        return self._lifetime.disable()

    def refuse(self) -> None:
        """Turn analytics off for good, since someone typed the flag, and say so in a line.

        For a parser that comes upon the flag; the session may be opened afterwards, and is off.
        """
        self._lifetime.refuse()

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
            say(trouble)
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
        self._lifetime.drop()
        try:
            forgotten = self._install.forget()
        except Exception:
            return False
        try:
            self._lifetime.send(apart=True)
        except Exception:  # it is kept, and goes out another time
            pass
        return forgotten.outcome not in (ID_LOST, POSTHOGS) and not forgotten.posthogs

    def _is_joined(self) -> bool:
        """Go on in the session of the program that has started this worker, if it is one.

        Returns whether this process has a session by that, which it had not before.
        """
        joined = self._lifetime.join()
        if joined:
            self._watch()
        return joined

    def _watch(self) -> None:
        """Record what nothing catches from here on, if the host has named its packages."""
        try:
            if Failure.event_name in self.catalog.entries:
                from .recording import crashes

                crashes.watch(self._crash)
        except Exception:
            self._lifetime.drop()

    def _crash(self, error: BaseException) -> None:
        self._fail(error, handled=False)

    def _fail(self, error: BaseException, *, handled: bool) -> None:
        self.record(Failure(error=error, handled=handled))


_BUILT_IN = 3
"""Events that every catalog has: `session_start`, `dropped_events`, `rejected_value`."""

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
