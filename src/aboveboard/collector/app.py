"""The collector and its dashboard as one application."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from litestar import Litestar, Request, Response, Router, get
from litestar.datastructures import State

from aboveboard.warehouse.engine.absent import absent

from .http import basepath, direct, messages
from .http.authentication import access
from .http.authentication.door import Door
from .http.ingest import ingest
from .operations import metrics
from .public import routes as public

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from litestar.types import ControllerRouterHandler

    from .service import Collector


def create_app(
    collector: Collector,
    pages: Sequence[ControllerRouterHandler] = (),
    *,
    errors: Mapping[int | type[Exception], Any] | None = None,
    door: Door | None = None,
    base_path: str = "",
    public_url: str = "",
    more: Mapping[str, Any] | None = None,
) -> Litestar:
    """Return the application over a collector that somebody else starts and closes.

    Pages find `warehouse`, `projects`, `quarantine`, `lateness`, `directory`, `door`
    and `decisions` in `request.app.state`, and `more`.

    Args:
        collector: What stores and answers.
        pages: The dashboard's routes; the collector itself knows nothing of them.
        errors: How the dashboard tells of what goes wrong outside of its own routes.
        base_path: What a proxy shows before every path, as `basepath.checked` has it. Requests are
            taken with it and without, since proxies may remove it.
        public_url: The address that pages tell senders, as `publicurl.checked` has it; the one that
            a request names where nothing.
        more: What else pages are to find there.
        door: Who is let in to the dashboard and the metrics; None for the register's own.

    Raises:
        basepath.BasePathError: the base path begins as one of our own paths does.
    """
    door = door or Door(collector.register)
    guarded = Router(
        "/",
        route_handlers=[*pages, _metrics(collector)],
        guards=[access.guard(door)],
    )
    taking = ingest(collector)
    app = _Application(
        [
            *(taking.router, guarded, _healthz(collector), _readyz(collector)),
            public.router(collector.directory, collector.projects.is_public),
        ],
        state=State(
            {
                "warehouse": collector.warehouse,
                "projects": collector.shown,
                "quarantine": collector.inbox.quarantine,
                "lateness": collector.inbox.lateness,
                "directory": collector.directory,
                "door": door,
                "decisions": collector.decisions,
                "alerts": collector.alerts,
                "tags": collector.tags,
                "base_path": base_path,
                "public_url": public_url,
                **(more or {}),
            }
        ),
        response_headers=messages.HEADERS,
        exception_handlers=dict(errors or {}),
        openapi_config=None,
        logging_config=None,
        in_front=taking.in_front,
    )
    basepath.check_apart(base_path, [route.path for route in app.routes])
    return app


class _Application(Litestar):
    """Answers HEAD wherever it answers GET, with everything but the body (RFC 9110, 9.3.2).

    Args:
        in_front: By path, what takes a POST in front of the routes (http/direct.py).
        args, told: As Litestar has them.
    """

    def __init__(self, *args: Any, in_front: Mapping[str, direct.Take], **told: Any) -> None:
        self._in_front = in_front
        with absent("pydantic", "attrs"):  # litestar has plugins for what may be of theirs
            super().__init__(*args, **told)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope = basepath.without(self.state.base_path, scope)
            take = self._in_front.get(scope["path"]) if scope["method"] == "POST" else None
            if take is not None:
                answer = await direct.taken(take, scope, receive)
                if answer is not None:
                    await answer(scope, receive, send)
                    return
            scope["asked"] = scope["path"]
            if scope["method"] == "HEAD":
                scope = {**scope, "method": "GET"}
                send = _without_body(send)
        await super().__call__(scope, receive, send)


def _without_body(send: Any) -> Any:
    async def send_head(message: Any) -> None:
        if message["type"] == "http.response.body":
            if message.get("more_body"):
                return
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(message)

    return send_head


def _healthz(collector: Collector) -> Any:
    @get("/healthz", media_type="text/plain", sync_to_thread=False)
    def healthz() -> Response[str]:
        if collector.watch.fallen:
            return Response("a worker has ended\n", status_code=503, headers=messages.NO_STORE)
        return Response("ok\n", headers=messages.NO_STORE)

    return healthz


def _readyz(collector: Collector) -> Any:
    @get("/readyz", media_type="text/plain", sync_to_thread=False)
    def readyz() -> Response[str]:
        troubles = collector.troubles()
        return Response(
            "".join(f"{trouble}\n" for trouble in troubles) or "ready\n",
            status_code=503 if troubles else 200,
            headers=messages.NO_STORE,
        )

    return readyz


def _metrics(collector: Collector) -> Any:
    @get("/metrics", sync_to_thread=False, opt={access.ALL_PROJECTS: True})
    def prometheus(request: Request[Any, Any, Any]) -> Response[bytes]:
        del request
        failing = collector.failing()
        everyone = {each.name for each in collector.projects.all()} | failing.keys()
        told = metrics.text(
            collector.metrics,
            ready=not collector.troubles(),
            free=shutil.disk_usage(collector.directory).free,
            waiting=collector.inbox.depth.events,
            inserts=collector.mover.inserts,
            moved=collector.mover.moved,
            failing={name: name in failing for name in everyone},
            over_limit=collector.gate.refused,
        )
        return Response(told, media_type=metrics.CONTENT_TYPE, headers=messages.NO_STORE)

    return prometheus
