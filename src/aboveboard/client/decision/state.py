"""What was decided on this install, as the state file says it.

It is aider's own `analytics.json` with its three keys (`uuid`, `permanently_disable`,
`asked_opt_in`), and some of ours: `recipients`, what was answered about each: the terms that a yes
was given to (`agreed`), those that a later question was answered with no (`declined`), or that
there was no yes at all (`refused`); `decided`, when that was; and `secret`, from which the id was
made, so that only this install can ask for its data to be erased. 0.1.0 kept `agreed` and
`declined` without a recipient. Keys that are not ours are kept. A file that cannot be understood is
left as it is, until someone says no for good.

`check` tells a file that was damaged, by a bit or by hand, from one that was written: a yes is
believed only with it, or where no key of ours is there (aider's own file, and then only by a host
that knows what such a yes was given to). A no always is.
"""

from __future__ import annotations

import json

from . import consent
from .identity import is_id, is_secret_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeGuard

_TIME_MAX = 2**33
"""Seconds since 1970, in the year 2242; what is later is no time."""

_AIDERS = {"uuid", "asked_opt_in", "permanently_disable"}
"""aider writes all three, and so do we: a file with some of them was damaged."""

_OURS = ("recipients", "agreed", "declined", "decided", "secret", "check")


class State:
    """What the file says.

    Attributes:
        standing: `not asked`, `consented`, `disabled` or `unreadable`.
        user_id: The install's id, or "" where none was made yet.
        recipients: What was answered about each recipient, by its name.
        agreed: The terms of a consent that names no recipient; None where no terms were kept either
            (aider's own file). What `toward` returns has those of one recipient.
        declined: The same for what a later question was answered with no; None where there is none.
        decided: When the decision was made, in seconds since 1970; None where that is not known.
        secret: What the id was made from; "" where it was not made here.
        refused: Whether the recipient that this is about was answered with no. See `toward`.
        elsewhere: The recipients that a yes stands for, if this is about another. See `toward`.
    """

    __slots__ = (
        "agreed", "decided", "declined", "elsewhere", "recipients", "refused", "secret", "standing",
        "user_id",
    )  # fmt: skip

    def __init__(
        self,
        standing: str,
        user_id: str = "",
        agreed: consent.Terms | None = None,
        declined: consent.Terms | None = None,
        decided: int | None = None,
        secret: str = "",
        recipients: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.recipients = recipients or {}
        self.refused = False
        self.elsewhere: tuple[str, ...] = ()
        self.decided = decided
        self.secret = secret
        self.standing = standing
        self.user_id = user_id
        self.agreed = agreed
        self.declined = declined

    @property
    def is_unnamed(self) -> bool:
        """Whether a consent stands here that names no recipient."""
        return self.standing == consent.CONSENTED and (
            self.agreed is not None or not self.recipients
        )

    def toward(self, recipient: str, unnamed: str = "") -> State:
        """Return what the file says as far as one recipient is concerned.

        A yes to another is none to this one: about this one, nobody was asked.

        Args:
            recipient: Whom it is about.
            unnamed: Whom a consent was given to that names nobody; "" where that is not known.
        """
        state = State(
            self.standing, self.user_id, None, None, self.decided, self.secret, self.recipients
        )
        if self.standing != consent.CONSENTED:
            return state
        answer = self.recipients.get(recipient)
        if answer is not None:
            state.refused = answer.get("refused") is True
            state.agreed, state.declined = answer.get("agreed"), answer.get("declined")
        elif self.is_unnamed and recipient == unnamed:
            state.agreed, state.declined = self.agreed, self.declined
            return state
        if state.agreed is None:
            state.standing = consent.NOT_ASKED
            others = {
                name for name, said in self.recipients.items() if said.get("agreed") is not None
            }
            others |= {unnamed} if self.is_unnamed and unnamed else set()
            state.elsewhere = tuple(sorted(others - {recipient}))
        return state


def makes_sense(document: Mapping[str, object]) -> bool:
    """Return whether a file's object is one that was written, and not damaged."""
    user_id = document.get("uuid")
    return (
        len(document.keys() & _AIDERS) in (0, len(_AIDERS))
        and (
            not any(key in document for key in _OURS) or document.get("check") == checksum(document)
        )
        and _is_answer(document.get("permanently_disable"))
        and _is_answer(document.get("asked_opt_in"))
        and (user_id is None or is_id(user_id))
        and all(
            document.get(key) is None or _are_terms(document.get(key))
            for key in ("agreed", "declined")
        )
        and (document.get("recipients") is None or _are_answers(document.get("recipients")))
    )


def checksum(document: Mapping[str, object]) -> str:
    """Return what `check` holds: it tells a damaged file, not a forged one."""
    from binascii import crc32

    rest = {key: value for key, value in document.items() if key != "check"}
    return f"{crc32(json.dumps(rest, sort_keys=True).encode()):08x}"


def _is_answer(value: object) -> bool:
    return value is None or value is True or value is False


def _are_terms(value: object) -> TypeGuard[consent.Terms]:
    return isinstance(value, dict) and all(
        isinstance(properties, dict) and all(isinstance(kind, str) for kind in properties.values())
        for properties in value.values()
    )


def _are_answers(value: object) -> TypeGuard[Mapping[str, Mapping[str, Any]]]:
    """Return whether a value is what `recipients` holds."""
    return isinstance(value, dict) and all(
        isinstance(answer, dict)
        and all(_are_terms(answer[key]) for key in ("agreed", "declined") if key in answer)
        for answer in value.values()
    )


def understood(document: Mapping[str, object]) -> State:
    """Return what a file's object says."""
    user_id = document.get("uuid")
    if not is_id(user_id):
        user_id = None
    agreed, declined = document.get("agreed"), document.get("declined")
    decided, secret = document.get("decided"), document.get("secret")
    recipients = document.get("recipients")
    if document.get("permanently_disable"):
        standing = consent.DISABLED
    elif document.get("asked_opt_in"):
        standing = consent.CONSENTED
    else:
        standing = consent.NOT_ASKED
    return State(
        standing,
        user_id.lower() if isinstance(user_id, str) else "",
        agreed if _are_terms(agreed) else None,
        declined if _are_terms(declined) else None,
        decided if type(decided) is int and 0 <= decided < _TIME_MAX else None,
        secret if isinstance(secret, str) and is_secret_of(secret, user_id) else "",
        recipients if _are_answers(recipients) else None,
    )
