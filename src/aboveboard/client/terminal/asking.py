"""Asking a person, and keeping the answer: loaded only where somebody is asked.

What to ask is the consent table's decision, how it is put the question's; here the two meet the
install's state file.
"""

from __future__ import annotations

from aboveboard.client.decision import consent, environment
from aboveboard.client.decision.identity import new_id
from aboveboard.client.recipients import recipient, wire
from aboveboard.client.recording.segment import remove_all
from aboveboard.client.recording.session import Session, session_start

from .question import PATIENCE_SECONDS, Keyboard, Question, columns, forget_typed_ahead, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.client.decision.state import State
    from aboveboard.client.host import Host


def ask(
    host: Host,
    decision: consent.Decision,
    facts: consent.Facts,
    state: State,
    disable: Callable[[], bool],
    *,
    patience: float | None = None,
    again: bool = False,
) -> tuple[consent.Decision, State, str]:
    """Ask; return what was decided, the state as it stands then, and what is to be said, or "".

    Args:
        host: Who asks.
        decision: What the table decided: to ask.
        facts: What it decided by.
        state: What the state file says toward the recipient.
        disable: Turns analytics off for good; returns whether that could be kept.
        patience: How many seconds to wait for each line; the question's own if not given. Who gave
            a flag is there, and is waited for.
        again: Whether a yes takes back a no (`turn_on`).
    """
    to = host.target.recipient
    new = consent.growth(decision.covered, facts.terms) if decision.on else None
    put = question(host, state, new)
    forget_typed_ahead()
    # Who gave a flag is there; else the terminal may be one that nobody sits at.
    with Keyboard(None if facts.wanted else patience or PATIENCE_SECONDS) as keyboard:
        answer = put.ask(keyboard.read, write)
    file = host.install.state
    covered = decision.covered
    try:
        if answer is not None:
            _name_yes(host)
        if answer is True:
            if host.toward(file.read()).standing != consent.CONSENTED:
                # No yes stood: what waits is of a run that went on after an earlier one was taken
                # back, and is of before this one.
                remove_all(host.target.segments)
            now = file.agree(consent.merge(facts.agreed, facts.terms), to, again=again)
            covered = facts.terms
            if decision.on and now.standing == consent.CONSENTED:
                write("What is new is collected too, from now on.\n")
        elif answer is False and decision.on:
            now = file.decline(facts.terms, facts.agreed or covered, to)
            if now.standing == consent.CONSENTED:
                write(
                    "Nothing new is collected. What you agreed to before goes on; "
                    f"`{host.app} --analytics-disable` turns everything off.\n"
                )
        elif answer is False and state.elsewhere:
            now = file.refuse(to)
            write(
                f"Nothing is sent to {recipient.shown(to)}. What you agreed to before stands; "
                f"`{host.app} --analytics-disable` turns everything off.\n"
            )
        elif answer is False:
            trouble = ""
            if disable():
                write("Analytics have been permanently disabled.\n")
            else:
                trouble = (
                    "Analytics are off, but your no could not be saved: it may be asked again."
                )
            return consent.Decision(decision.row), state, trouble
        else:
            now = file.read()
    except OSError:
        trouble = "Analytics are off: your answer could not be saved."
        return consent.Decision(decision.row), state, trouble
    # However long the question stood, another terminal may have decided meanwhile.
    now = host.toward(now)
    on = now.standing == consent.CONSENTED and (answer is True or decision.on)
    return consent.Decision(decision.row, on=on, covered=covered if on else None), now, ""


def turn_on(host: Host, disable: Callable[[], bool]) -> str:
    """Ask whoever typed a command for it, also after a no; return why analytics are off then."""
    noes = environment.refusals(host.app, host.environ)
    if noes:
        return f"Analytics are off: {noes[0]} says no here."
    state = host.state()
    was_off = state.standing in (consent.DISABLED, consent.UNREADABLE)
    again = was_off or state.refused
    if again:
        state.standing, state.refused = consent.NOT_ASKED, False
    state.declined = None  # who wants to be asked is asked about all of it
    facts = host.facts(state, True, ask=True)
    decision = consent.decide(facts)
    if decision.on and not decision.ask and decision.covered == facts.terms:
        return ""
    if not facts.can_ask:
        return (
            "Analytics are as they were: you can be asked at a terminal only, and not in CI, "
            "by an agent or in a hook."
        )
    if not facts.can_save:
        return (
            "Analytics are as they were: your answer could not be saved in "
            f"{host.install.state.path}."
        )
    if was_off:
        host.install.remove_waiting()  # of a run that was going on at the time
    decision, _, trouble = ask(host, decision, facts, state, disable, again=again)
    return trouble or ("" if decision.on else "Analytics are not on.")


def question(host: Host, state: State, new: consent.Terms | None = None) -> Question:
    """Return the question as it is put on this install.

    Args:
        host: Who asks.
        state: What the state file says toward its recipient.
        new: The part of the catalog that is new since an earlier yes; None where all of it is.
    """
    return Question(
        name=host.app,
        url=host.url,
        catalog=host.catalog,
        sample=_sample(host, state),
        new=new,
        to=recipient.shown(host.target.recipient),
        elsewhere=tuple(map(recipient.shown, state.elsewhere)),
        columns=columns(),
        promises=host.promises,
        operator=host.operator,
    )


def _sample(host: Host, state: State) -> str:
    """Return an exact line, as the session's first event will be."""
    session = Session(
        catalog=host.catalog,
        covered=host.catalog.terms(),
        user_id=state.user_id or new_id(),
        clock=host.clock,
        form=wire.form(host.target.endpoint),
    )
    return session.line((host.first or session_start)(host.version)).decode().rstrip("\n")


def _name_yes(host: Host) -> None:
    """Have a standing yes say whom, and to what, it was given, where that is known.

    Raises:
        OSError: it could not be kept.
    """
    state = host.install.state.read()
    named = host.unnamed(state)
    terms = state.agreed if state.agreed is not None else host.before
    if named and terms is not None:
        host.install.state.name(named, terms)
