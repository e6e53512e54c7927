"""PostHog's capture protocol, as its own clients speak it.

Measured against posthog 7.8.6, which aider uses: a batch is sent again whole, with the same uuids
and another `sentAt`. Other clients send again what waits, which has grown meanwhile. So an event is
known by its own uuid, and one without a uuid is an event each time that it comes.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.catalog.line import SEQ, SEQ_MAX, hour
from aboveboard.collector.allowlist import AllowList, Unfit, UnfitCounts, is_plausible, is_random_id
from aboveboard.warehouse.schema import NOBODY

from . import clocks
from .identity import identity
from .legacy import Told, Translator, Wording, decode
from .segment import PROPERTIES_MAX, TOO_DEEP, TOO_MANY_PROPERTIES, UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    Json = object

SOURCE = "posthog"
PATHS = ("/batch", "/capture", "/e", "/i/v0/e", "/track")

KEY_NAMES = ("api_key", "token")
"""What clients call the write key, in a body and in a query."""

QUIET = {
    "flags": {},
    "featureFlags": {},
    "featureFlagPayloads": {},
    "errorsWhileComputingFlags": False,
    "supportedCompression": ["gzip", "gzip-js"],
    "sessionRecording": False,
    "hasFeatureFlags": False,
}
"""What a client is told that asks about feature flags or its configuration: there are none."""

_EXCEPTION = "$exception"
_EVENTS = uuid.UUID("5c1f1b0e-8f1e-4f0e-9a63-0d9f1f3f4f5b")


EVENTS_MAX = 10_000
"""Events of one batch. PostHog's clients send a hundred, unless told otherwise."""


WORDINGS_MAX = 100
"""Different sets of names that are remembered while a batch is read. An honest one has a dozen."""


class MalformedError(ValueError):
    """The body is none that a PostHog client sends."""


class TooManyEventsError(ValueError):
    """The batch has more events than are taken."""


@dataclass(frozen=True)
class Batch:
    key: str
    former_id: uuid.UUID | None
    """As 0.1.0 knew it; None if an event of it has no uuid."""

    events: list[dict[str, Json]]

    sent: Json = None
    """The time of sending, as the sender tells it."""


def parse(body: bytes, outer_key: str | None = None) -> Batch:
    """Return the events of a body, and the write key that came with them.

    Args:
        body: JSON.
        outer_key: The key that came beside the body, for one that holds none.

    Raises:
        MalformedError: the body is no JSON, or holds no events or no key, or an event with too
            many properties.
        TooManyEventsError: there are more than `EVENTS_MAX`.
    """
    try:
        document = decode(body)
    except RecursionError:
        raise MalformedError(f"the body is {TOO_DEEP}") from None
    except UNREADABLE:
        raise MalformedError("the body is not JSON") from None
    if isinstance(document, dict):
        batch = document.get("batch", [document])
    else:
        document, batch = {}, document
    if not isinstance(batch, list):
        raise MalformedError("the body has no list of events")
    if len(batch) > EVENTS_MAX:
        raise TooManyEventsError
    events = [event for event in batch if isinstance(event, dict)]
    for event in events:
        properties = event.get("properties")
        if isinstance(properties, dict) and len(properties) > PROPERTIES_MAX:
            raise MalformedError(f"an event has {TOO_MANY_PROPERTIES}")
    key = next(filter(None, map(_key, (document, *events))), outer_key)
    if key is None:
        raise MalformedError("the body has no api_key or token")
    return Batch(key, _former_id(events), events, _sent(document))


def read(
    events: list[dict[str, Json]],
    allowlist: AllowList,
    translator: Translator,
    sent: Json = None,
) -> tuple[list[Told], UnfitCounts]:
    """Return the events in the catalog's words, in the order of their times, and what is unfit.

    The times have done their work then: of each, the hour is left. An event of our own client that
    does not tell its place has the one that it has in the batch, which is a segment.

    Args:
        events: As they came.
        allowlist: The project's.
        translator: The project's.
        sent: The time of sending as the sender tells it, which shows a clock that is wrong.
    """
    now = allowlist.clock()
    reading = _Reading(now, clocks.of_text(sent, now), translator)
    installs = [_NONE if _lone(event) else reading.install(event) for event in events]
    senders = {install for install in installs if install}
    sender = senders.pop() if len(senders) == 1 else NOBODY
    told = []
    for number, (event, install) in enumerate(zip(events, installs, strict=True)):
        each = reading.event(event, number, sender if install is _NONE else install)
        if each is not None:
            told.append(each)
    told.sort(key=lambda each: each.moment)
    for each in told:
        each.moment = hour(each.moment)
    return told, reading.unfit


_NONE = ""
"""Of an event that names no install of its own."""


class _Reading:
    """Reads the events of one batch; what they have in common is worked out once.

    Args:
        now: The time here.
        clock: The sender's.
        translator: The project's.
    """

    def __init__(self, now: float, clock: clocks.Clock, translator: Translator) -> None:
        self.unfit = UnfitCounts()
        self._now = now
        self._clock = clock
        self._translator = translator
        self._installs: dict[str, str | None] = {}
        self._wordings: dict[tuple[str, ...], Wording] = {}

    def install(self, event: Mapping[str, Json]) -> str | None:
        """Return the install that an event names; None if none, or who says who it is."""
        properties = event.get("properties")
        inner = properties.get("distinct_id") if isinstance(properties, dict) else None
        for told in (event.get("distinct_id"), inner):
            if isinstance(told, str):
                if told not in self._installs:
                    self._installs[told] = told.lower() if is_random_id(told) else None
                if (install := self._installs[told]) is not None:
                    return install
        return None

    def event(self, event: Mapping[str, Json], number: int, user_id: str | None) -> Told | None:
        """Return an event of an install in the catalog's words; None if it is not taken."""
        name, properties = event.get("event"), event.get("properties")
        if not isinstance(name, str):
            self.unfit[Unfit("event", "", "")] += 1
            return None
        if not isinstance(properties, dict):
            properties = {}
        if name == _EXCEPTION:
            name = "exception"
            properties = {"error": reduce(properties), **properties}
        elif name.startswith("$"):
            return None
        moment = _moment(event, self._now, self._clock, self._translator.days)
        session: str | None = None
        seq: int | None = number
        if properties.get("$lib") == "aboveboard":
            properties = dict(properties)
            session, seq = _session(properties), _place(properties.pop(SEQ, number))
        name, kept, machine = self._translated(name, properties)
        if user_id is None or moment is None or seq is None:
            missing = "user_id" if user_id is None else "time" if moment is None else SEQ
            self.unfit[Unfit("value", name, missing)] += 1
            return None
        own = event.get("uuid")
        seed = own if isinstance(own, str) else uuid.uuid4().hex
        return Told(name, kept, user_id, moment, seed, machine, session, seq, identity(own))

    def _translated(
        self, event: str, properties: Mapping[str, Json]
    ) -> tuple[str, dict[str, object], dict[str, object]]:
        """Return what `Translator.translate` does: its words are found once for the same names."""
        names = (event, *properties)
        wording = self._wordings.get(names)
        if wording is None:
            wording = self._translator.wording(event, properties)
            if len(self._wordings) < WORDINGS_MAX:
                self._wordings[names] = wording
        return wording.of(properties)


def _session(properties: Mapping[str, Json]) -> str | None:
    """Return the session of an event that aboveboard's own client sent in PostHog's form."""
    session = properties.get("$session_id")
    return session if isinstance(session, str) and is_random_id(session) else None


def _place(told: Json) -> int | None:
    return told if type(told) is int and 0 <= told <= SEQ_MAX else None


def reduce(properties: Mapping[str, Json]) -> dict[str, Json] | None:
    """Return `$exception_list` as a claim that the exception kind can check: type and frames.

    The list holds causes first, so the last is what was raised. Message, paths, source lines and
    variables are left behind here; the kind drops every frame that is not the app's own.
    """
    chain = properties.get("$exception_list")
    raised = chain[-1] if isinstance(chain, list) and chain else None
    if not isinstance(raised, dict):
        return None
    name, module = raised.get("type"), raised.get("module")
    if isinstance(module, str) and isinstance(name, str) and module != "builtins":
        name = f"{module.partition('.')[0]}.{name}"
    trace = raised.get("stacktrace")
    frames = trace.get("frames") if isinstance(trace, dict) else None
    return {
        "type": name,
        "frames": [
            f"{frame.get('module')}:{frame.get('function')}:{frame.get('lineno')}"
            for frame in (frames if isinstance(frames, list) else [])
            if isinstance(frame, dict)
        ],
    }


def _lone(event: Mapping[str, Json]) -> bool:
    """Return whether the client made up an id for this event alone, as it does for a crash."""
    properties = event.get("properties")
    return (
        event.get("event") == _EXCEPTION
        and isinstance(properties, dict)
        and properties.get("$process_person_profile") is False
    )


def _moment(
    event: Mapping[str, Json], now: float, clock: clocks.Clock, days: int | None
) -> int | None:
    """Return the event's time in seconds; now where it has none, None where it cannot be."""
    told = event.get("timestamp")
    if told is None:
        return int(now)
    seconds = clocks.seconds(told) if isinstance(told, str) else None
    if seconds is None:
        return None
    moment = int(clock.true(int(seconds)))
    return moment if is_plausible(moment, now, days=days) else None


def _sent(document: Mapping[str, Json]) -> Json:
    """Return the time of sending; of an older time's events, brought over, it says nothing."""
    if document.get("historical_migration"):
        return None
    return document.get("sentAt") or document.get("sent_at")


def _key(part: Mapping[str, Json]) -> str | None:
    properties = part.get("properties")
    for holder in (part, properties):
        if isinstance(holder, dict):
            for name in KEY_NAMES:
                key = holder.get(name)
                if isinstance(key, str) and key:
                    return key
    return None


def _former_id(events: list[dict[str, Json]]) -> uuid.UUID | None:
    uuids = [event.get("uuid") for event in events]
    named = [each for each in uuids if isinstance(each, str)]
    if not named or len(named) < len(uuids):
        return None
    text = "\n".join(sorted(named)).encode()
    return uuid.uuid5(_EVENTS, hashlib.sha256(text).hexdigest())
