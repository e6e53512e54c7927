"""The addresses that take events: ours, and PostHog's."""

from __future__ import annotations

import logging
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from litestar import Request, Response, Router, get, post
from litestar.concurrency import sync_to_thread as run_sync
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp

from aboveboard.catalog.line import SENT_AT
from aboveboard.collector.allowlist import Accepted
from aboveboard.collector.erasing import proof, turn
from aboveboard.collector.inbox.erasures import TooManyToDecideError
from aboveboard.collector.inbox.inbox import Delivery, UnavailableError
from aboveboard.collector.inbox.storage import StorageError
from aboveboard.collector.limits.gate import OverLimitError
from aboveboard.collector.operations.log import described
from aboveboard.collector.projects.registry import UnreadableError
from aboveboard.collector.protocols import clocks, debugging, posthog, segment

from . import direct, messages
from .authentication import authorization
from .authentication.callers import Caller, Callers, called
from .authentication.strangers import Strangers
from .batch import delivery as batch_delivery
from .bodies import writekey
from .bodies.body import Bodies, Body, CutOffError, TooLongError, TooManyError
from .bodies.desk import Desk
from .bodies.inflate import (
    INFLATED_MAX,
    OBJECTS_MAX,
    WIRE_MAX,
    DamagedError,
    TooLargeError,
    TooManyObjectsError,
)
from .messages import HEADERS, NO_STORE, Answer
from .overlimit import Noting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar.types import Receive, Scope

    from aboveboard.collector.limits.gate import Sender
    from aboveboard.collector.service import Collector, Reader

log = logging.getLogger(__name__)

RETRY_AFTER = 2
"""Seconds. Small, since stock aider waits for it at its exit."""

TOO_LARGE = f"the body is larger than {WIRE_MAX} bytes"

TOO_LARGE_READ = {
    TooLargeError: f"the body is larger than {INFLATED_MAX} bytes when inflated",
    writekey.TooLargeToLookError: f"the gzipped body is larger than {writekey.LOOKED_AT_MAX} "
    "bytes, too large to look for its key: send the write key as Authorization: Bearer",
    writekey.TooSlowToLookError: "looking for the key in the body takes too long: "
    "send the write key as Authorization: Bearer",
    TooManyObjectsError: f"the body has more than {OBJECTS_MAX} objects and lists",
}
TOO_MANY_LINES = f"the body has more than {segment.LINES_MAX} lines"
TOO_MANY_EVENTS = f"the batch has more than {posthog.EVENTS_MAX} events"
NO_KEY = "the body has no api_key or token"

GONE_WITHIN = 86_400
"""Seconds after the hour of a request within which the install is gone from every file. Minutes, as
a rule; a warehouse that is down, or a disk that is full, may take hours to be seen to."""

DECIDED_AFTER = 3600

VERDICTS_MAX = 100
"""Lines that an answer names; a body of garbage is not to make a longer answer."""

TAKEN = Answer({"status": 1})
"""What PostHog's clients are told whose events are stored."""

_SENT_AT = SENT_AT.lower()


class RefusedError(Exception):
    """The request is answered with this status and this line."""

    def __init__(self, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers or {}


class UnknownKeyError(RefusedError):
    """The request has no key that is known.

    Attributes:
        named: Whether it has one at all; a look from outside, such as the doctor's, has none.
    """

    def __init__(self, *, named: bool) -> None:
        super().__init__(401, "this write key is unknown", {"WWW-Authenticate": "Bearer"})
        self.named = named


class Ingest(NamedTuple):
    """The addresses.

    Args:
        router: Every route that takes events or keeps a PostHog client content.
        in_front: By path, what takes a POST in front of it (direct.py).
    """

    router: Router
    in_front: Mapping[str, direct.Take]


def ingest(collector: Collector) -> Ingest:
    """Return the addresses of a collector."""
    bodies = Bodies()
    callers = Callers(collector)
    desk = Desk()
    noting = Noting(collector.committer)
    gate = collector.gate

    def is_known(key: str) -> bool:
        return collector.reader(key) is not None

    async def whole(receive: Receive, body: Body, caller: Caller) -> tuple[Reader, Sender, bytes]:
        """Return what reads for a request's key, whom it counts for, and its body.

        Raises:
            UnknownKeyError: it has no key that is known. Its body was read all the same.
        """
        key, reader, sender = caller
        sent = _whole(await body.read(receive, keep=reader is not None))
        if reader is None or sender is None:
            raise UnknownKeyError(named=key is not None)
        return reader, sender, sent

    async def take_events(scope: Scope, receive: Receive) -> Answer:
        headers = messages.headers(scope)
        caller = callers.of(authorization.bearer(headers.get("authorization")))
        with bodies.coming(known=caller.reader is not None) as body:
            reader, sender, sent = await whole(receive, body, caller)
            identity = _uuid(headers.get("idempotency-key"))
            project, told = reader.project.name, headers.get(_SENT_AT)
            gate.check_key(sender)

            def read(inflated: bytes) -> Delivery:
                read = _read_segment(reader, inflated, told)
                return Delivery(project, identity, read, installs=read.installs())

            async with desk.reading(sent, read) as delivery:
                installs = gate.check_installs(sender, delivery.installs)
                receipt = await collector.committer.submit(delivery)
        accepted = receipt.accepted  # without what came of an install that was erased
        collector.metrics.count(project, receipt)
        if not receipt.duplicate:
            gate.count(sender, accepted, installs)
        return Answer(
            {
                "accepted": accepted.events,
                "refused": len(accepted.rejected) + accepted.erased,
                "rejected": [
                    {"line": line, "reason": reason}
                    for line, reason in accepted.rejected[:VERDICTS_MAX]
                ],
                "duplicate": receipt.duplicate,
            }
        )

    @post("/v1/debug", status_code=200)
    async def debug(request: Request[Any, Any, Any]) -> Response[dict[str, object]]:
        caller = callers.of(authorization.bearer(request.headers.get("authorization")))
        with bodies.coming(known=caller.reader is not None) as body:
            reader, sender, sent = await whole(request.receive, body, caller)
            gate.check_key(sender)
            if len(sent) > debugging.BODY_MAX:
                raise RefusedError(413, f"the body is larger than {debugging.BODY_MAX} bytes")
            project, tag = reader.project, request.headers.get("debug-tag", "")
            shown = collector.tags.take(project.name, tag, sent, project.catalog)
        if shown is None:
            raise RefusedError(404, "this tag is not open: /debug opens one")
        return Response({"shown": shown}, headers=NO_STORE)

    turns = turn.Turns()

    @post("/v1/erase", status_code=202)
    async def erase(request: Request[Any, Any, Any]) -> Response[dict[str, object]]:
        key = authorization.bearer(request.headers.get("authorization"))
        # A revoked key will do: a client that has no other must still be able to ask.
        project = collector.projects.ever_by_key(key) if key else None
        with bodies.coming(known=project is not None) as body:
            sent = _whole(await body.read(request.receive, keep=project is not None))
            if project is None:
                raise UnknownKeyError(named=key is not None)
            asked = _asked(sent)
        wait = turns.wait(project)
        if wait is not None:
            raise _too_many_to_erase(wait)
        requests = collector.eraser.requests
        ask = requests.ask if asked.is_proved else requests.ask_person
        try:
            receipt = await run_sync(ask, project, asked.user_id)
        except TooManyToDecideError:
            raise _too_many_to_erase(DECIDED_AFTER) from None
        collector.eraser.wake()
        return Response(
            {
                "receipt": receipt.id,
                "taken": receipt.asked,
                "gone": receipt.gone,
                "gone_by": receipt.asked + GONE_WITHIN if receipt.decided else None,
                "decided": receipt.decided,
            },
            status_code=202 if receipt.gone is None else 200,
            headers=NO_STORE,
        )

    async def take_batch(scope: Scope, receive: Receive) -> Answer:
        outer = caller = callers.of(_outer_key(scope))
        known = outer.reader is not None
        with bodies.coming(known=known) as body:
            sent = _whole(await body.read(receive))
            if not known:
                caller = callers.of(await desk.find_key(sent, is_known))
                bodies.promote(body)
            if caller.sender is not None:
                gate.check_key(caller.sender)
            async with desk.reading(sent, partial(_read_batch, collector, outer.key)) as read:
                sender, delivery = read
                installs = gate.check_installs(sender, delivery.installs)
                receipt = await collector.committer.submit(delivery)
        collector.metrics.count(delivery.project, receipt)
        gate.count(sender, receipt.accepted, installs)
        # Exactly 200: PostHog's clients send again on 202 and 204.
        return TAKEN

    @post("/v1/events", status_code=200)
    async def events(request: Request[Any, Any, Any]) -> ASGIApp:
        return await direct.route(take_events, request)

    @post([*posthog.PATHS], status_code=200)
    async def capture(request: Request[Any, Any, Any]) -> ASGIApp:
        return await direct.route(take_batch, request)

    @post(["/flags", "/decide"], status_code=200)
    async def flags() -> Response[dict[str, object]]:
        return Response(posthog.QUIET, headers=NO_STORE)

    @get(["/flags", "/decide", "/array/{key:str}/config"])
    async def config() -> Response[dict[str, object]]:
        return Response(posthog.QUIET, headers=NO_STORE)

    unknown = Strangers()

    def refuse(_request: object, error: RefusedError) -> Response[dict[str, str]]:
        collector.metrics.refused[str(error.status)] += 1
        if isinstance(error, UnknownKeyError) and error.named:
            unknown.note()
        return Response(
            {"error": error.reason},
            status_code=error.status,
            headers={**HEADERS, **NO_STORE, **error.headers},
        )

    def unavailable(request: object, error: Exception) -> Response[dict[str, str]]:
        del error  # it may tell the disk's paths: the log has it
        later = {"Retry-After": str(RETRY_AFTER)}
        return refuse(request, RefusedError(503, "nothing can be taken now, try later", later))

    def over_limit(
        request: Request[Any, Any, Any], error: OverLimitError
    ) -> Response[dict[str, str]]:
        noting.note(error.project, error.limit)
        wait = error.wait
        if "idempotency-key" not in request.headers:
            wait = min(wait, RETRY_AFTER)  # a PostHog client, which would keep its host from ending
        later = {"Retry-After": str(wait)}
        return refuse(request, RefusedError(429, f"{error}: send it again later", later))

    def slow(request: object, _error: TooLongError) -> Response[dict[str, str]]:
        return refuse(request, RefusedError(408, "the body took too long"))

    def cut_off(request: object, _error: CutOffError) -> Response[dict[str, str]]:
        return refuse(request, RefusedError(400, "the body ended early"))

    def too_large(request: object, error: TooLargeError) -> Response[dict[str, str]]:
        return refuse(request, RefusedError(413, TOO_LARGE_READ[type(error)]))

    def damaged(request: object, _error: DamagedError) -> Response[dict[str, str]]:
        return refuse(request, RefusedError(400, "the body is damaged gzip"))

    def no_key(request: object, _error: writekey.NoKeyError) -> Response[dict[str, str]]:
        return refuse(request, RefusedError(400, NO_KEY))

    def unknown_key(request: object, _error: object) -> Response[dict[str, str]]:
        return refuse(request, UnknownKeyError(named=True))

    def http(request: object, error: HTTPException) -> Response[dict[str, str]]:
        reason = TOO_LARGE if error.status_code == 413 else "refused"
        return refuse(request, RefusedError(error.status_code, reason))

    def unexpected(request: object, error: Exception) -> Response[dict[str, str]]:
        # Its text may hold what was sent. Type and place say enough.
        log.error("a request failed: %s", described(error))
        return refuse(request, RefusedError(500, "this is a fault of the collector"))

    router = Router(
        "/",
        route_handlers=[events, debug, erase, capture, flags, config],
        exception_handlers={
            RefusedError: refuse,
            UnavailableError: unavailable,
            UnreadableError: unavailable,
            StorageError: unavailable,
            TooManyError: unavailable,
            OverLimitError: over_limit,
            TooLongError: slow,
            CutOffError: cut_off,
            TooLargeError: too_large,
            DamagedError: damaged,
            writekey.NoKeyError: no_key,
            writekey.UnknownKeyError: unknown_key,
            HTTPException: http,
            Exception: unexpected,
        },
    )
    return Ingest(router, {"/v1/events": take_events, **dict.fromkeys(posthog.PATHS, take_batch)})


def _whole(body: bytes | None) -> bytes:
    if body is None:
        raise RefusedError(413, TOO_LARGE)
    return body


def _asked(sent: bytes) -> proof.Asked:
    if len(sent) > proof.BODY_MAX:
        raise RefusedError(413, f"the request is larger than {proof.BODY_MAX} bytes")
    try:
        return proof.read(sent)
    except proof.NoProofError as error:
        raise RefusedError(400, str(error)) from None


def _too_many_to_erase(seconds: int) -> RefusedError:
    later = {"Retry-After": str(seconds)}
    return RefusedError(429, "too many requests to erase come, ask again later", later)


def _uuid(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise RefusedError(400, "Idempotency-Key is to be the segment's UUID") from None


def _outer_key(scope: Scope) -> str | None:
    """Return the write key that a PostHog client's request has outside its body."""
    key = authorization.bearer(messages.headers(scope).get("authorization"))
    if key is None and scope["query_string"]:
        told = Request[Any, Any, Any](scope).query_params
        key = next(filter(None, map(told.get, posthog.KEY_NAMES)), None)
    return key


def _read_segment(reader: Reader, inflated: bytes, sent: str | None) -> Accepted:
    clock = clocks.of_header(sent, reader.allowlist.clock())
    try:
        return reader.segments.read(inflated, segment.SOURCE, clock)
    except segment.TooManyLinesError:
        raise RefusedError(413, TOO_MANY_LINES) from None


def _read_batch(
    collector: Collector, outer_key: str | None, inflated: bytes
) -> tuple[Sender, Delivery]:
    try:
        batch = posthog.parse(inflated, outer_key)
    except posthog.MalformedError as error:
        raise RefusedError(400, str(error)) from None
    except posthog.TooManyEventsError:
        raise RefusedError(413, TOO_MANY_EVENTS) from None
    _, reader, sender = called(batch.key, collector.reader(batch.key))
    if reader is None or sender is None:
        raise UnknownKeyError(named=True)
    return sender, batch_delivery(reader, batch)
