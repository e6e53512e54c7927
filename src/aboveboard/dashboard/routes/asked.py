"""What every route is asked and answers: a view, in a page with the bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from litestar import Request, Response

from aboveboard import insights
from aboveboard.dashboard import values, visitors
from aboveboard.dashboard.pages import quarantine
from aboveboard.dashboard.pages.first import FirstSteps
from aboveboard.dashboard.responses import base_of, page
from aboveboard.dashboard.view import UnknownError, View
from aboveboard.insights import own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard.insights import Insight


Asked = Request[Any, Any, Any]
Answer = Response[bytes]


def looked_at(request: Asked, *, look: bool = True) -> View:
    """Return what a request asks to see; with `look`, what its filters can be set to as well.

    Raises:
        FilterError: A filter cannot be; the text is one line that says what to do.
        UnknownError: There is no such project, or it is not this visitor's to see.

    """
    view = view_of(request, request.query_params)
    if not look:
        return view
    view = view.with_choices()
    return view if view.choices is None else sampled(request, view)


def sampled(request: Asked, view: View) -> View:
    """Return a view with the sample that it is asked of where there is very much data."""
    return view.with_sampling(request.app.state.get("sampling_place"))


def view_of(request: Asked, query: Mapping[str, str]) -> View:
    state = request.app.state
    return View.of(
        request.scope["path"],
        query,
        state.warehouse,
        visitors.seen_by(visitors.of(request), state.projects),
        state.lateness.of,
        base_of(request),
    )


def shown(request: Asked, template: str, view: View, **context: Any) -> Answer:
    """Return a page that has the bar, with the values of a filter that is being added."""
    return page(request, template, view=view, values=values.find(view), **context)


def first_steps(request: Asked, view: View) -> Answer:
    """Return the page of a project without events: how to send the first."""
    visitor = visitors.of(request)
    steps = FirstSteps.of(
        view.project,
        request.app.state.get("public_url") or address(request) + base_of(request),
        request.app.state.get("directory"),
        for_admin=visitor is None or visitor.is_admin,
    )
    return page(request, "first.html", view=view, steps=steps)


def named(request: Asked, name: str, view: View) -> Insight:
    """Return an insight that the project's catalog can answer; raises UnknownError for others."""
    theirs: tuple[own.Own, ...] = request.app.state.get("own_insights", ())
    insight = insights.get(name) or next((each for each in theirs if each.name == name), None)
    if insight is None:
        names = ", ".join(
            each.name for each in (*view.offered(), *own.offered(theirs, view.project))
        )
        raise UnknownError(f"there is no insight of that name: use one of {names}")
    if not insight.offered(view.project.catalog):
        raise UnknownError(f"{view.project.name} collects nothing that could answer {name}")
    return insight


def address(request: Asked) -> str:
    """Return the collector's address as the browser reached it, where its Host can be one."""
    scheme = "https" if visitors.is_https(request) else request.scope["scheme"]
    told = f"{scheme}://{request.headers.get('host', '')}"
    try:
        parts = urlsplit(told)
        if parts.port != 0 and parts.hostname and parts.netloc == told.partition("//")[2]:
            return told
    except ValueError:
        pass
    host, port = request.scope["server"] or ("localhost", None)
    return f"{request.scope['scheme']}://{host}" + (f":{port}" if port else "")


def dropped(request: Asked, view: View) -> list[quarantine.Row]:
    return quarantine.rows(request.app.state.quarantine.dropped(view.project.name))
