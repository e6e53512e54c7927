"""Routes: every address of the dashboard. What they show is worked out elsewhere."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from litestar import Request, Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from aboveboard import insights, warehouse
from aboveboard.insights import FilterError
from aboveboard.insights.adhoc import asking, rules
from aboveboard.insights.statement import with_values
from aboveboard.rendering import cells, charts
from aboveboard.warehouse import QueryLimitError, WarehouseError

from . import assets, feed, signin, values, visitors
from .listing import listed
from .pages import (
    crossing,
    error,
    event,
    models,
    overview,
    quarantine,
    releases,
    retention,
    trust,
    usage,
)
from .pages import errors as work
from .pages import sql as sql_page
from .pages.first import FirstSteps
from .responses import FOREVER, FRESH, answer, base_of, page
from .view import MODEL, UnknownError, UnreadableError, View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar.types import ControllerRouterHandler

    from aboveboard.insights import Insight, Table

log = logging.getLogger(__name__)

Asked = Request[Any, Any, Any]
Answer = Response[bytes]

NOTE_MAX = 32 * 2**10
"""Bytes of a form with a note."""

FORMATS = ("json", "csv", "svg", "png", "sql")
_JSON = "application/json"


def routes() -> list[ControllerRouterHandler]:
    """Return the dashboard, for an app with `warehouse`, `projects` and `quarantine` in its state.

    `quarantine` is anything with the collector's `Quarantine.dropped(project)`. `directory`, if it
    is there, is the data directory, for the commands that a page shows; `door` who lets people in
    and out; `decisions` where what people say of errors is kept, `alerts` what was found;
    `base_path` what a browser sees before every path; `public_url` what senders are told.
    """
    return [
        Router(
            "/",
            route_handlers=[
                *(_front, _insight, _models, _usage, _releases, _retention, _trust, _set_up),
                *(_quarantine, _quarantine_json, _catalog, _catalog_json, _asset),
                *(_errors, _error, _decide, _sql, _alerts),
                *signin.ROUTES,
            ],
            exception_handlers={
                FilterError: _refused(400, "That cannot be shown"),
                UnknownError: _refused(404, "There is nothing here"),
                UnreadableError: _refused(503, "This project cannot be shown"),
                QueryLimitError: _refused(422, "That is too much for one question"),
                WarehouseError: _refused(503, "The warehouse did not answer"),
            },
        )
    ]


@get("/", sync_to_thread=True)
def _front(request: Asked) -> Answer:
    view = _view(request)
    if view.choices is None:
        return _first(request, view)
    return _page(request, "overview.html", view, seen=overview.look(view), parts=charts.parts)


@get("/insights/{file:str}", sync_to_thread=True)
def _insight(request: Asked, file: FromPath[str]) -> Answer:
    name, dot, suffix = file.partition(".")
    view = _view(request, look=not dot)
    insight = _named(name, view)
    if not dot and view.choices is None:
        return _first(request, view)
    if not dot and insight.name == event.PAGE and view.filters.event:
        seen = event.look(view)
        return _page(
            request,
            "event.html",
            view,
            subject=seen.entry,
            seen=seen,
            crossing=None if seen.empty else crossing.look(view, seen.entry),
            parts=charts.parts,
        )
    if not dot:
        return _insight_page(request, view, insight)
    if suffix not in FORMATS:
        raise UnknownError(f"an insight is a page, or data as {', '.join(FORMATS)}")
    if suffix == "sql":
        sql, parameters = insight.statement(view.project, view.filters)
        return answer(with_values(sql, parameters).encode(), "text/plain; charset=utf-8")
    table = insight.run(view.warehouse, view.project, view.filters)
    if suffix == "json":
        return answer(table.as_json().encode(), "application/json")
    if suffix == "csv":
        return answer(
            table.as_csv().encode(),
            "text/csv",
            headers={
                **FRESH,
                "Content-Disposition": f'attachment; filename="{_file_name(view, insight)}.csv"',
            },
        )
    parts = charts.parts(insight, table, view.measure)
    if not parts:
        raise UnknownError("there is no chart of this: nothing in this period")
    behind = _behind(insight, table.records())
    installs = f", {behind:,} {'install' if behind == 1 else 'installs'}" if behind else ""
    told = (insight.question, f"{view.project.name}, {view.in_words()}{installs}")
    if suffix == "svg":
        return answer(charts.svg(parts, view.theme, *told).encode(), "image/svg+xml")
    name = f'attachment; filename="{_file_name(view, insight)}.png"'
    return answer(
        charts.png(parts, view.theme, *told),
        "image/png",
        headers={**FRESH, "Content-Disposition": name},
    )


@get("/errors", sync_to_thread=True)
def _errors(request: Asked) -> Answer:
    view = _view(request)
    if view.choices is None:
        return _first(request, view)
    decisions = _decisions(request)
    resolved = decisions.resolved(view.project.name) if decisions else {}
    return _page(
        request,
        "errors.html",
        view,
        seen=work.look(view, resolved),
        kinds=work.KINDS,
        parts=charts.parts,
        day_of=work.day,
    )


@get("/errors/{group:str}", sync_to_thread=True)
def _error(request: Asked, group: FromPath[str]) -> Answer:
    view = _view_of_group(request, group)
    if view.choices is None:
        return _first(request, view)
    decisions = _decisions(request)
    name = view.project.name
    seen = error.look(
        view,
        decisions.resolved(name) if decisions else {},
        decisions.of(name, group) if decisions else (),
    )
    return _page(
        request,
        "error.html",
        view,
        seen=seen,
        parts=charts.parts,
        day_of=work.day,
        can_write=decisions is not None,
    )


@post("/errors/{group:str}", request_max_body_size=NOTE_MAX, status_code=200)
async def _decide(request: Asked, group: FromPath[str]) -> Answer:
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
        return _told(request, 400, "That cannot be kept", str(wrong))
    return answer(b"", "text/plain", 303, {**FRESH, "Location": view.link()})


@get("/sql", sync_to_thread=True)
def _sql(request: Asked) -> Answer:
    """Answer somebody's own question.

    A link can ask one, since it only reads; but not a link of another site, which could have
    anybody's browser ask what costs the most.
    """
    query = request.query_params
    kept = {name: query[name] for name in ("project", "theme") if name in query}
    view = _view_of(request, kept).with_choices()
    text, form = query.get("q", ""), query.get("as", "")
    if form not in ("", "csv", "json"):
        raise FilterError("as is csv or json")
    waits = bool(text) and request.headers.get("sec-fetch-site") == "cross-site"
    table, wrong, status = None, "", 200
    if text.strip() and not waits:
        try:
            table = asking.ask(view.warehouse, view.project, text)
        except (rules.RefusedError, QueryLimitError, asking.BusyError) as error:
            wrong, status = str(error), _STATUS.get(type(error), 400)
    if form:
        return _sql_data(view, form, table, wrong or "there is no question", status)
    seen = sql_page.look(view, text, table, f"{wrong[:1].upper()}{wrong[1:]}", waits=waits)

    def link(form: str = "", text: str = text) -> str:
        return base_of(request) + "/sql?" + urlencode({**view.asked, "q": text, **_as(form)})

    return page(request, "sql.html", status, view=view, page=seen, sql_link=link)


_STATUS: dict[type[Exception], int] = {QueryLimitError: 422, asking.BusyError: 503}


def _as(form: str) -> dict[str, str]:
    return {"as": form} if form else {}


def _sql_data(view: View, form: str, table: Table | None, wrong: str, status: int) -> Answer:
    if table is None:
        return answer(f"{wrong}\n".encode(), "text/plain", max(status, 400))
    if form == "json":
        return answer(table.as_json().encode(), "application/json")
    name = f'attachment; filename="{view.project.name}-sql.csv"'
    headers = {**FRESH, "Content-Disposition": name}
    return answer(table.as_csv().encode(), "text/csv", headers=headers)


@get("/alerts.atom", sync_to_thread=True)
def _alerts(request: Asked) -> Answer:
    view = _view(request, look=False)
    alerts: feed.Alerts | None = request.app.state.get("alerts")
    recent = alerts.recent(view.project.name) if alerts is not None else ()
    told = feed.atom(view.project.name, recent, _address(request) + base_of(request))
    return answer(told.encode(), "application/atom+xml")


@get("/models", sync_to_thread=True)
def _models(request: Asked) -> Answer:
    view = _view(request)
    if view.choices is None:
        return _first(request, view)
    _named("models", view)
    name = view.own.get(MODEL)
    if name is not None:
        return _page(request, "model.html", view, seen=models.of_one(view, name))
    return _page(request, "models.html", view, seen=models.look(view))


@get("/usage", sync_to_thread=True)
def _usage(request: Asked) -> Answer:
    view = _view(request)
    if view.choices is None:
        return _first(request, view)
    _named("commands", view)
    return _page(request, "usage.html", view, seen=usage.look(view))


@get("/releases", sync_to_thread=True)
def _releases(request: Asked) -> Answer:
    view = _view(request)
    if view.choices is None:
        return _first(request, view)
    _named("stability", view)
    return _page(request, "releases.html", view, seen=releases.look(view), parts=charts.parts)


@get("/retention", sync_to_thread=True)
def _retention(request: Asked) -> Answer:
    view = _view(request)
    if view.choices is None:
        return _first(request, view)
    return _page(request, "retention.html", view, seen=retention.look(view), parts=charts.parts)


@get("/trust", sync_to_thread=True)
def _trust(request: Asked) -> Answer:
    view = _view(request)
    return page(request, "trust.html", view=view, **trust.look(view, _dropped(request, view)))


@get("/set-up", sync_to_thread=True)
def _set_up(request: Asked) -> Answer:
    return _first(request, _view(request))


@get("/quarantine", sync_to_thread=True)
def _quarantine(request: Asked) -> Answer:
    view = _view(request)
    rows = _dropped(request, view)
    return page(
        request, "quarantine.html", view=view, rows=rows, newer=quarantine.newer_catalogs(rows)
    )


@get("/quarantine.json", sync_to_thread=True)
def _quarantine_json(request: Asked) -> Answer:
    rows = _dropped(request, _view(request, look=False))
    return answer(quarantine.as_json(rows).encode(), "application/json")


@get("/catalog.json", sync_to_thread=True)
def _catalog_json(request: Asked) -> Answer:
    project = _view(request, look=False).project
    told = {
        "project": project.name,
        "retention_days": project.retention,
        "catalog": project.catalog.as_json(),
    }
    return answer(json.dumps(told).encode(), "application/json")


@get("/catalog", sync_to_thread=True)
def _catalog(request: Asked) -> Answer:
    view = _view(request)
    return page(request, "catalog.html", view=view, catalog=view.project.catalog)


@get("/assets/{file:str}", sync_to_thread=True, opt={visitors.STRANGERS: assets.is_for_strangers})
def _asset(request: Asked, file: FromPath[str]) -> Answer:
    asset = assets.find(file)
    if asset is None:
        raise UnknownError("there is no such file; reload the page for the names of today")
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers = {**FOREVER, "Content-Encoding": "gzip"}
        return answer(asset.compressed, asset.media_type, headers=headers)
    return answer(asset.content, asset.media_type, headers=FOREVER)


def _dropped(request: Asked, view: View) -> list[quarantine.Row]:
    return quarantine.rows(request.app.state.quarantine.dropped(view.project.name))


def _view(request: Asked, *, look: bool = True) -> View:
    view = _view_of(request, request.query_params)
    return view.with_choices() if look else view


def _view_of(request: Asked, query: Mapping[str, str]) -> View:
    state = request.app.state
    return View.of(
        request.scope["path"],
        query,
        state.warehouse,
        visitors.seen_by(visitors.of(request), state.projects),
        base_of(request),
    )


def _view_of_group(request: Asked, group: str, *, look: bool = True) -> View:
    """Return the view of one group of errors, which the path names."""
    view = _view(request, look=look)
    filters = insights.Filters.from_query({"group": group})
    return replace(view, filters=replace(view.filters, group=filters.group))


def _decisions(request: Asked) -> work.Decisions | None:
    """Return where what people say of errors is kept, if there is such a place."""
    decisions: work.Decisions | None = request.app.state.get("decisions")
    return decisions


def _named(name: str, view: View) -> Insight:
    insight = insights.get(name)
    if insight is None:
        names = ", ".join(each.name for each in view.offered())
        raise UnknownError(f"there is no insight of that name: use one of {names}")
    if not insight.offered(view.project.catalog):
        raise UnknownError(f"{view.project.name} collects nothing that could answer {name}")
    return insight


def _file_name(view: View, insight: Insight) -> str:
    """Return the name under which a browser keeps a table."""
    about = [warehouse.table(view.subject().name)] if insight.of_event else []
    return "-".join([view.project.name, insight.name, *about])


def _insight_page(request: Asked, view: View, insight: Insight) -> Answer:
    table = insight.run(view.warehouse, view.project, view.filters)
    return _page(
        request,
        "insight.html",
        view,
        insight=insight,
        table=table,
        listing=listed(
            view,
            [name for name in insight.columns if name in table.columns],
            [] if charts.is_blank(insight, table) else cells.rows(insight, table),
        ),
        scale=cells.scale_of(insight, table),
        parts=charts.parts(insight, table, view.measure),
        measures=charts.measures(insight, table) if "params" in (insight.chart or {}) else [],
        subject=view.subject() if insight.of_event else None,
        behind=_behind(insight, table.records()),
    )


def _page(request: Asked, template: str, view: View, **context: Any) -> Answer:
    """Return a page that has the bar, with the values of a filter that is being added."""
    return page(request, template, view=view, values=values.find(view), **context)


def _behind(insight: Insight, records: list[dict[str, Any]]) -> int | None:
    """Return the number of installs behind every share of a table, None where it differs."""
    columns = {column.of for column in insight.columns.values() if column.of}
    numbers = {record[column] for column in columns for record in records}
    return numbers.pop() if len(numbers) == 1 else None


def _first(request: Asked, view: View) -> Answer:
    """Return the page of a project without events: how to send the first."""
    visitor = visitors.of(request)
    steps = FirstSteps.of(
        view.project,
        request.app.state.get("public_url") or _address(request) + base_of(request),
        request.app.state.get("directory"),
        for_admin=visitor is None or visitor.is_admin,
    )
    return page(request, "first.html", view=view, steps=steps)


def _address(request: Asked) -> str:
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


def errors() -> dict[int | type[Exception], Any]:
    """Return how an app tells of what goes wrong outside of these routes, or unforeseen in them.

    A browser is shown a page; a program is given JSON or a line of text.
    """
    return {HTTPException: _failed, Exception: _unforeseen}


def _refused(status: int, heading: str) -> Any:
    """Return what answers an error, in the form that was asked for."""

    def handle(request: Asked, error: Exception) -> Answer:
        return _told(request, status, heading, str(error))

    return handle


def _told(request: Asked, status: int, heading: str, message: str) -> Answer:
    path = request.scope["path"]  # an address as a whole may be nonsense, with a Host that is
    accepts = request.headers.get("accept", "")
    is_browser = "text/html" in accepts
    is_program = (request.method not in ("GET", "HEAD") and not is_browser) or path.startswith(
        "/v1/"
    )
    if is_program or path.endswith(".json") or (_JSON in accepts and not is_browser):
        return answer(json.dumps({"error": message}).encode(), _JSON, status)
    if (
        not is_browser
        or path.startswith("/assets/")
        or path.endswith((".csv", ".svg", ".png", ".atom"))
    ):
        return answer(f"{message}\n".encode(), "text/plain", status)
    return page(request, "refused.html", status, view=None, heading=heading, message=message)


def _failed(request: Asked, error: HTTPException) -> Answer:
    """Answer what the framework, or a guard, refuses."""
    if error.status_code == 401 and visitors.wants_page(request):
        return signin.ask(request)
    heading, message = _FAILURES.get(error.status_code, ("That did not work", ""))
    told = _told(request, error.status_code, heading, message or error.detail)
    told.headers.update(error.headers or {})
    return told


def _unforeseen(request: Asked, error: Exception) -> Answer:
    # Its text may hold what was asked. Its type says enough to begin with.
    log.error("a page failed: %s", type(error).__name__)
    return _told(request, 500, "This is a fault of aboveboard", "The page could not be made.")


_FAILURES = {
    401: ("The dashboard is closed", ""),
    403: ("The dashboard is closed", ""),
    404: ("There is nothing here", "There is no page of that address."),
    405: ("That did not work", "This address is not for that method."),
    413: ("That did not work", "That is too much at once."),
    429: ("That did not work", ""),
}
