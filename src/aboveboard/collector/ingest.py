"""The addresses that take events: ours, and PostHog's."""

from __future__ import annotations

import asyncio
import logging
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from litestar import Request, Response, Router, get, post
from litestar.exceptions import HTTPException

from aboveboard.client import exceptions

from . import access, posthog, segment
from .allowlist import Accepted
from .batch import delivery as batch_delivery
from .body import DRAIN_MAX, Bodies, TooLongError, TooManyError
from .inbox import Delivery, UnavailableError
from .inflate import WIRE_MAX, DamagedError, TooLargeError, claimed_size, inflate

if TYPE_CHECKING:
    from collections.abc import Callable

    from .service import Collector, Reader

T = TypeVar("T")

log = logging.getLogger(__name__)

LARGE = 256 * 1024
"""Bytes, inflated, from which a body is read in a thread: others are answered meanwhile."""

RETRY_AFTER = 2
"""Seconds. Small, since stock aider waits for it at its exit."""

TOO_LARGE = f"the body is larger than {WIRE_MAX} bytes"

VERDICTS_MAX = 100
"""Lines that an answer names; a body of garbage is not to make a longer answer."""

NO_STORE = {"Cache-Control": "no-store"}


class RefusedError(Exception):
    """The request is answered with this status and this line."""

    def __init__(self, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers or {}


def router(collector: Collector) -> Router:
    """Return every route that takes events or keeps a PostHog client content."""
    bodies = Bodies()

    @post("/v1/events", status_code=200)
    async def events(request: Request[Any, Any, Any]) -> Response[dict[str, object]]:
        with bodies.room(request):
            key = access.bearer(request.headers.get("authorization"))
            reader = collector.reader(key) if key else None
            body = _whole(await bodies.read(request, keep=reader is not None))
            if reader is None:
                raise _unknown_key()
            identity = _uuid(request.headers.get("idempotency-key"))
            accepted = await _off_loop(body, partial(_read_segment, reader, body))
            receipt = await collector.committer.submit(
                Delivery(reader.project.name, identity, accepted)
            )
        collector.metrics.count(reader.project.name, receipt)
        return Response(
            {
                "accepted": accepted.events,
                "rejected": [
                    {"line": line, "reason": reason}
                    for line, reason in accepted.rejected[:VERDICTS_MAX]
                ],
                "duplicate": receipt.duplicate,
            },
            headers=NO_STORE,
        )

    @post([*posthog.PATHS], status_code=200)
    async def capture(request: Request[Any, Any, Any]) -> Response[dict[str, object]]:
        with bodies.room(request):
            body = _whole(await bodies.read(request))
            delivery = await _off_loop(body, partial(_read_batch, collector, body))
            receipt = await collector.committer.submit(delivery)
        collector.metrics.count(delivery.project, receipt)
        # Exactly 200: PostHog's clients send again on 202 and 204.
        return Response({"status": 1}, headers=NO_STORE)

    @post(["/flags", "/decide"], status_code=200)
    async def flags() -> Response[dict[str, object]]:
        return Response(posthog.QUIET, headers=NO_STORE)

    @get(["/flags", "/decide", "/array/{key:str}/config"])
    async def config(key: str = "") -> Response[dict[str, object]]:  # noqa: ARG001  # any key
        return Response(posthog.QUIET, headers=NO_STORE)

    def refuse(_request: object, error: RefusedError) -> Response[dict[str, str]]:
        collector.metrics.refused[str(error.status)] += 1
        return Response(
            {"error": error.reason}, status_code=error.status, headers={**NO_STORE, **error.headers}
        )

    def unavailable(request: object, error: Exception) -> Response[dict[str, str]]:
        del error  # it may tell the disk's paths: the log has it
        later = {"Retry-After": str(RETRY_AFTER)}
        return refuse(request, RefusedError(503, "nothing can be taken now, try later", later))

    def slow(request: object, _error: TooLongError) -> Response[dict[str, str]]:
        return refuse(request, RefusedError(408, "the body took too long"))

    def http(request: object, error: HTTPException) -> Response[dict[str, str]]:
        reason = TOO_LARGE if error.status_code == 413 else "refused"
        return refuse(request, RefusedError(error.status_code, reason))

    def unexpected(request: object, error: Exception) -> Response[dict[str, str]]:
        # Its text may hold what was sent. Type and place say enough.
        reduced = exceptions.reduce(error, ["aboveboard"])
        log.error("a request failed: %s at %s", reduced["type"], reduced["frames"])
        return refuse(request, RefusedError(500, "this is a fault of the collector"))

    return Router(
        "/",
        route_handlers=[events, capture, flags, config],
        request_max_body_size=DRAIN_MAX,
        exception_handlers={
            RefusedError: refuse,
            UnavailableError: unavailable,
            TooManyError: unavailable,
            TooLongError: slow,
            HTTPException: http,
            Exception: unexpected,
        },
    )


def _whole(body: bytes | None) -> bytes:
    if body is None:
        raise RefusedError(413, TOO_LARGE)
    return body


async def _off_loop(body: bytes, read: Callable[[], T]) -> T:
    return await asyncio.to_thread(read) if claimed_size(body) > LARGE else read()


def _unknown_key() -> RefusedError:
    return RefusedError(401, "this write key is unknown", {"WWW-Authenticate": "Bearer"})


def _uuid(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise RefusedError(400, "Idempotency-Key is to be the segment's UUID") from None


def _inflated(body: bytes) -> bytes:
    try:
        return inflate(body)
    except TooLargeError:
        raise RefusedError(413, "the body is too large when inflated") from None
    except DamagedError:
        raise RefusedError(400, "the body is damaged gzip") from None


def _read_segment(reader: Reader, body: bytes) -> Accepted:
    return reader.segments.read(_inflated(body), segment.SOURCE)


def _read_batch(collector: Collector, body: bytes) -> Delivery:
    try:
        batch = posthog.parse(_inflated(body))
    except posthog.MalformedError as error:
        raise RefusedError(400, str(error)) from None
    reader = collector.reader(batch.key)
    if reader is None:
        raise _unknown_key()
    return batch_delivery(reader, batch)
