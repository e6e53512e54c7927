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
    from aboveboard.client.analytics import Analytics
    from aboveboard.client.decision.state import State


def ask(
    analytics: Analytics,
    decision: consent.Decision,
    facts: consent.Facts,
    state: State,
    *,
    patience: float | None = None,
    again: bool = False,
) -> tuple[consent.Decision, State, str]:
    """Ask; return what was decided, the state as it stands then, and what is to be said, or "".

    Args:
        analytics: The host's.
        decision: What the table decided: to ask.
        facts: What it decided by.
        state: What the state file says toward the recipient.
        patience: How many seconds to wait for each line; the question's own if not given. Who gave
            a flag is there, and is waited for.
        again: Whether a yes takes back a no (`turn_on`).
    """
    to = analytics._target.recipient
    new = consent.growth(decision.covered, facts.terms) if decision.on else None
    put = question(analytics, state, new)
    forget_typed_ahead()
    # Who gave a flag is there; else the terminal may be one that nobody sits at.
    with Keyboard(None if facts.wanted else patience or PATIENCE_SECONDS) as keyboard:
        answer = put.ask(keyboard.read, write)
    file = analytics._install.state
    covered = decision.covered
    try:
        if answer is not None:
            _name_yes(analytics)
        if answer is True:
            if analytics._toward(file.read()).standing != consent.CONSENTED:
                # No yes stood: what waits is of a run that went on after an earlier one was taken
                # back, and is of before this one.
                remove_all(analytics._target.segments)
            now = file.agree(consent.merge(facts.agreed, facts.terms), to, again=again)
            covered = facts.terms
            if decision.on and now.standing == consent.CONSENTED:
                write("What is new is collected too, from now on.\n")
        elif answer is False and decision.on:
            now = file.decline(facts.terms, facts.agreed or covered, to)
            if now.standing == consent.CONSENTED:
                write(
                    "Nothing new is collected. What you agreed to before goes on; "
                    f"`{analytics.app} --analytics-disable` turns everything off.\n"
                )
        elif answer is False and state.elsewhere:
            now = file.refuse(to)
            write(
                f"Nothing is sent to {recipient.shown(to)}. What you agreed to before stands; "
                f"`{analytics.app} --analytics-disable` turns everything off.\n"
            )
        elif answer is False:
            trouble = ""
            if analytics.disable():
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
    now = analytics._toward(now)
    on = now.standing == consent.CONSENTED and (answer is True or decision.on)
    return consent.Decision(decision.row, on=on, covered=covered if on else None), now, ""


def turn_on(analytics: Analytics) -> str:
    """Ask whoever typed a command for it, also after a no; return why analytics are off then."""
    noes = environment.refusals(analytics.app, analytics._environ)
    if noes:
        return f"Analytics are off: {noes[0]} says no here."
    state = analytics._toward(analytics._install.state.read())
    was_off = state.standing in (consent.DISABLED, consent.UNREADABLE)
    again = was_off or state.refused
    if again:
        state.standing, state.refused = consent.NOT_ASKED, False
    state.declined = None  # who wants to be asked is asked about all of it
    facts = analytics._facts(state, True, ask=True)
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
            f"{analytics._install.state.path}."
        )
    if was_off:
        analytics._install.remove_waiting()  # of a run that was going on at the time
    decision, _, trouble = ask(analytics, decision, facts, state, again=again)
    return trouble or ("" if decision.on else "Analytics are not on.")


def question(analytics: Analytics, state: State, new: consent.Terms | None = None) -> Question:
    """Return the question as it is put on this install.

    Args:
        analytics: The host's.
        state: What the state file says toward its recipient.
        new: The part of the catalog that is new since an earlier yes; None where all of it is.
    """
    return Question(
        name=analytics.app,
        url=analytics.url,
        catalog=analytics.catalog,
        sample=_sample(analytics, state),
        new=new,
        to=recipient.shown(analytics._target.recipient),
        elsewhere=tuple(map(recipient.shown, state.elsewhere)),
        columns=columns(),
        promises=analytics.promises,
        operator=analytics.operator,
    )


def _sample(analytics: Analytics, state: State) -> str:
    """Return an exact line, as the session's first event will be."""
    session = Session(
        catalog=analytics.catalog,
        covered=analytics.catalog.terms(),
        user_id=state.user_id or new_id(),
        clock=analytics._clock,
        form=wire.form(analytics._target.endpoint),
    )
    return (
        session.line((analytics._first or session_start)(analytics.version)).decode().rstrip("\n")
    )


def _name_yes(analytics: Analytics) -> None:
    """Have a standing yes say whom, and to what, it was given, where that is known.

    Raises:
        OSError: it could not be kept.
    """
    state = analytics._install.state.read()
    named = analytics._unnamed(state)
    terms = state.agreed if state.agreed is not None else analytics._before
    if named and terms is not None:
        analytics._install.state.name(named, terms)
