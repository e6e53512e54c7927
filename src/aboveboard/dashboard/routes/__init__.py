"""Routes: every address of the dashboard. What they show is worked out elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar import Router

from aboveboard.dashboard import signin
from aboveboard.dashboard.view import UnknownError, UnreadableError
from aboveboard.insights import FilterError
from aboveboard.insights.adhoc.asking import BusyError
from aboveboard.insights.own import UnansweredError
from aboveboard.warehouse import QueryLimitError, WarehouseError

from . import data, debug, groups, insights, pages, sql
from .refusals import errors, refused, unanswered

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

__all__ = ["errors", "routes"]


def routes() -> list[ControllerRouterHandler]:
    """Return the dashboard, for an app whose state has what pages ask.

    `warehouse` and `projects`; `quarantine`, anything with the collector's
    `Quarantine.dropped(project)`; `lateness`, with its `Lateness.of(project)`. `directory`, if it
    is there, is the data directory, for the commands that a page shows; `door` who lets people in
    and out; `own_insights` those of the operator; `tags` where a
    developer's own events are looked at; `decisions` where what people say of errors is
    kept, `alerts` what was found; `base_path` what a browser sees before every path; `public_url`
    what senders are told.
    """
    return [
        Router(
            "/",
            route_handlers=[
                *(pages.front_page, pages.models_page, pages.usage_page, pages.releases_page),
                *(pages.retention_page, pages.trust_page, pages.set_up_page),
                *(pages.quarantine_page, pages.catalog_page),
                *(insights.insight, groups.groups, groups.one, groups.decide, sql.question),
                *(debug.debug, debug.debug_json, debug.open_tag),
                *(data.quarantine_json, data.catalog_json, data.alerts, data.asset),
                *signin.ROUTES,
            ],
            exception_handlers={
                FilterError: refused(400, "That cannot be shown"),
                UnknownError: refused(404, "There is nothing here"),
                UnreadableError: refused(503, "This project cannot be shown"),
                QueryLimitError: refused(422, "That is too much for one question"),
                BusyError: refused(503, "Other questions are being answered"),
                UnansweredError: unanswered,
                WarehouseError: refused(503, "The warehouse did not answer"),
            },
        )
    ]
