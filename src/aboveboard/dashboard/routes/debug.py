"""A developer's own events: the page, a tag for it, and what came as JSON."""

from __future__ import annotations

from urllib.parse import urlencode

from litestar import get, post

from aboveboard.dashboard import signin
from aboveboard.dashboard.pages import debug as debug_page
from aboveboard.dashboard.responses import FRESH, answer, base_of, page
from aboveboard.dashboard.view import UnknownError, View

from .asked import Answer, Asked, view_of

FORM_MAX = 4 * 2**10
"""Bytes of the form that opens a tag."""


@get("/debug", sync_to_thread=True)
def debug(request: Asked) -> Answer:
    view = _view(request)
    tag = request.query_params.get("tag", "")
    events = _tags(request).seen(view.project.name, tag) if tag else None
    return page(
        request,
        "debug.html",
        view=view,
        tag=tag if events is not None else "",
        gone=bool(tag) and events is None,
        events=events or (),
        variable=debug_page.variable(view.project.catalog.app),
    )


@get("/debug.json", sync_to_thread=True)
def debug_json(request: Asked) -> Answer:
    view = _view(request)
    events = _tags(request).seen(view.project.name, request.query_params.get("tag", ""))
    if events is None:
        raise UnknownError("this tag is not open: /debug opens one")
    return answer(debug_page.as_json(events).encode(), "application/json")


@post("/debug", request_max_body_size=FORM_MAX, status_code=200)
async def open_tag(request: Asked) -> Answer:
    """Open a tag. Whoever may see a project may."""
    await signin.form_of(request)
    view = _view(request)
    tag = _tags(request).open(view.project.name)
    where = "/debug?" + urlencode({"project": view.project.name, "tag": tag})
    return answer(b"", "text/plain", 303, {**FRESH, "Location": base_of(request) + where})


def _view(request: Asked) -> View:
    query = request.query_params
    return view_of(request, {name: query[name] for name in ("project", "theme") if name in query})


def _tags(request: Asked) -> debug_page.Tags:
    tags: debug_page.Tags | None = request.app.state.get("tags")
    if tags is None:
        raise UnknownError("no events can be looked at here")
    return tags
