"""Errors as work: the groups, one of them, and what people decide about it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from litestar import get, post
from litestar.params import FromPath

from aboveboard import insights
from aboveboard.dashboard import signin, visitors
from aboveboard.dashboard.pages import error
from aboveboard.dashboard.pages import errors as work
from aboveboard.dashboard.responses import FRESH, answer
from aboveboard.dashboard.view import UnknownError, View
from aboveboard.rendering import charts

from .asked import Answer, Asked, first_steps, looked_at, shown
from .refusals import told

NOTE_MAX = 32 * 2**10
"""Bytes of a form with a note."""


@get("/errors", sync_to_thread=True)
def groups(request: Asked) -> Answer:
    view = looked_at(request)
    if view.choices is None:
        return first_steps(request, view)
    decisions = _decisions(request)
    resolved = decisions.resolved(view.project.name) if decisions else {}
    return shown(
        request,
        "errors.html",
        view,
        errors=work.named("errors"),
        seen=work.look(view, resolved),
        kinds=work.KINDS,
        parts=charts.parts,
        day_of=work.day,
    )


@get("/errors/{group:str}", sync_to_thread=True)
def one(request: Asked, group: FromPath[str]) -> Answer:
    view = _view_of_group(request, group)
    if view.choices is None:
        return first_steps(request, view)
    decisions = _decisions(request)
    name = view.project.name
    seen = error.look(
        view,
        decisions.resolved(name) if decisions else {},
        decisions.of(name, group) if decisions else (),
    )
    return shown(
        request,
        "error.html",
        view,
        seen=seen,
        parts=charts.parts,
        day_of=work.day,
        can_write=decisions is not None,
    )


@post("/errors/{group:str}", request_max_body_size=NOTE_MAX, status_code=200)
async def decide(request: Asked, group: FromPath[str]) -> Answer:
    """Keep what somebody says of a group. Whoever may see a project may say it."""
    form = await signin.form_of(request)
    return await asyncio.to_thread(_decided, request, group, form)


def _decided(request: Asked, group: str, form: dict[str, str]) -> Answer:
    view = _view_of_group(request, group, look=False)
    decisions = _decisions(request)
    if decisions is None:
        raise UnknownError("nothing can be said here")
    visitor = visitors.of(request)
    about = (view.project.name, group)
    who = visitor.name if visitor is not None else ""
    try:
        if "withdraw" in form:
            number = form["withdraw"]
            decisions.withdraw(*about, int(number) if number.isdecimal() else 0, who)
        elif form.get("say") == "resolved":
            decisions.resolve(*about, form.get("version", ""), who)
        elif form.get("say") == "opened":
            decisions.open(*about, who)
        else:
            decisions.note(*about, form.get("note", ""), who)
    except ValueError as wrong:  # the text says what to do
        return told(request, 400, "That cannot be kept", str(wrong))
    return answer(b"", "text/plain", 303, {**FRESH, "Location": view.link()})


def _view_of_group(request: Asked, group: str, *, look: bool = True) -> View:
    """Return the view of one group of errors, which the path names."""
    view = looked_at(request, look=look)
    filters = insights.Filters.from_query({"group": group})
    return replace(view, filters=replace(view.filters, group=filters.group))


def _decisions(request: Asked) -> work.Decisions | None:
    """Return where what people say of errors is kept, if there is such a place."""
    decisions: work.Decisions | None = request.app.state.get("decisions")
    return decisions
