"""A host on this install: what it declared, what was decided, and what the next decision is by.

`Analytics` records for it; the question is put on its behalf. Neither needs the other.
"""

from __future__ import annotations

import os
import time

from aboveboard.client.decision import consent, environment, startup
from aboveboard.client.recipients import recipient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.catalog.event import Event
    from aboveboard.client.decision.state import State
    from aboveboard.client.install import Install
    from aboveboard.client.recipients.target import Target


class Host:
    """What `Analytics` was given, and where it is kept.

    Args:
        app: As `Analytics` has it; so are those that are not told here.
        given: The environment that the host handed on; None if it is the process's.
        first: What makes the first event of a session; `session_start` if not given.
        install: Where this install keeps what was decided.
        target: Where its events go.
        trouble: Why nothing can be sent there; "" if it can.
        start: Stands in for what starts a child, in a test or a simulation.
        is_development: Whether the session's lines are printed, and nothing is sent.
    """

    def __init__(
        self,
        *,
        app: str,
        version: str,
        catalog: Catalog,
        url: str,
        promises: tuple[str, ...],
        operator: str,
        sample_percent: float,
        before: consent.Terms | None,
        before_endpoint: str,
        given: Mapping[str, str] | None,
        clock: Callable[[], float],
        first: Callable[[str], Event] | None,
        install: Install,
        target: Target,
        trouble: str,
        workers: bool,
        start: Callable[..., None] | None,
        is_development: bool,
    ) -> None:
        self.app = app
        self.version = version
        self.catalog = catalog
        self.url = url
        self.promises = promises
        self.operator = operator
        self.sample_percent = sample_percent
        self.before = before
        self.before_endpoint = before_endpoint
        self.given = given
        self.clock = clock
        self.first = first
        self.install = install
        self.target = target
        self.trouble = trouble
        self.workers = workers
        self.start = start
        self.is_development = is_development
        self.counts: Mapping[str, str] | None = None
        """What counts while a session opens: told apart once, and not at each look."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that counts now."""
        if self.given is not None:
            return self.given
        if self.counts is not None:
            return self.counts
        return environment.narrowed(self.app, startup.environ(), os.environ)

    def state(self) -> State:
        """Return what the state file says about today's recipient."""
        return self.toward(self.install.state.read())

    def toward(self, state: State) -> State:
        """Return what a state file's content says about today's recipient."""
        return state.toward(self.target.recipient, self.unnamed(state))

    def unnamed(self, state: State) -> str:
        """Return the recipient of a yes that names none: 0.1.0's target, or the host, says it."""
        if not state.is_unnamed:
            return ""
        if state.agreed is not None:
            return self.install.unnamed()
        return recipient.of(self.before_endpoint)

    def wanted(self, flag: bool | None) -> bool | None:
        """Return False where anything says no, else True where anything says yes."""
        said = (flag, environment.wanted(self.app, self.environ))
        if any(word is False for word in said):
            return False
        return True if any(word is True for word in said) else None

    def facts(self, state: State, wants: bool | None, *, ask: bool) -> consent.Facts:
        """Return what the consent table decides by; an install that may be asked has an id then.

        Args:
            state: What the state file says toward the recipient.
            wants: What `wanted` says.
            ask: Whether a person may be asked at all.
        """
        environ = self.environ
        can_ask = (
            ask
            and not environment.in_ci(environ)
            and not environment.by_agent(environ)
            and (wants is True or not environment.unattended(environ))
            and environment.has_terminal()
        )
        undecided = state.standing in (consent.NOT_ASKED, consent.CONSENTED)
        no_track = environment.do_not_track(environ)
        may_come = wants is True or (wants is None and self.sample_percent > 0)
        can_save = True
        if can_ask and undecided and may_come and not no_track:
            can_save = self.install.state.writable()
            try:
                if can_save and not state.user_id:
                    state.user_id = self.install.state.identify().user_id
            except OSError:
                can_save = False
        return consent.Facts(
            standing=state.standing,
            agreed=self._agreed(state),
            declined=state.declined,
            terms=self.catalog.terms(),
            wanted=wants,
            refused=state.refused,
            do_not_track=no_track,
            can_ask=can_ask,
            can_save=can_save,
            day=time.strftime("%Y-%m-%d", time.gmtime(self.clock())),
            in_sample=bool(state.user_id) and consent.in_sample(state.user_id, self.sample_percent),
        )

    def _agreed(self, state: State) -> consent.Terms | None:
        """Return the terms of a standing yes; one without terms was to what the host had before."""
        if state.agreed is None and state.standing == consent.CONSENTED:
            return self.before
        return state.agreed
