"""Questions of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from litestar import get

from aboveboard.dashboard.pages import sql as sql_page
from aboveboard.dashboard.responses import FRESH, answer, base_of, page
from aboveboard.dashboard.view import View
from aboveboard.insights import FilterError
from aboveboard.insights.adhoc import asking, rules
from aboveboard.warehouse import QueryLimitError

from .asked import Answer, Asked, view_of

if TYPE_CHECKING:
    from aboveboard.insights import Table


@get("/sql", sync_to_thread=True)
def question(request: Asked) -> Answer:
    """Answer somebody's own question.

    A link can ask one, since it only reads; but not a link of another site, which could have
    anybody's browser ask what costs the most.
    """
    query = request.query_params
    kept = {name: query[name] for name in ("project", "theme") if name in query}
    view = view_of(request, kept).with_choices()
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
