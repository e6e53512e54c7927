"""What programs fetch: the catalog, what was not taken, the feed of alerts, and files."""

from __future__ import annotations

import json

from litestar import get
from litestar.params import FromPath

from aboveboard.dashboard import assets, feed, visitors
from aboveboard.dashboard.pages import quarantine
from aboveboard.dashboard.responses import FOREVER, answer, base_of
from aboveboard.dashboard.view import UnknownError

from .asked import Answer, Asked, address, dropped, looked_at


@get("/quarantine.json", sync_to_thread=True)
def quarantine_json(request: Asked) -> Answer:
    rows = dropped(request, looked_at(request, look=False))
    return answer(quarantine.as_json(rows).encode(), "application/json")


@get("/catalog.json", sync_to_thread=True)
def catalog_json(request: Asked) -> Answer:
    project = looked_at(request, look=False).project
    told = {
        "project": project.name,
        "retention_days": project.retention,
        "catalog": project.catalog.as_json(),
    }
    return answer(json.dumps(told).encode(), "application/json")


@get("/alerts.atom", sync_to_thread=True)
def alerts(request: Asked) -> Answer:
    view = looked_at(request, look=False)
    alerts: feed.Alerts | None = request.app.state.get("alerts")
    recent = alerts.recent(view.project.name) if alerts is not None else ()
    told = feed.atom(view.project.name, recent, address(request) + base_of(request))
    return answer(told.encode(), "application/atom+xml")


@get("/assets/{file:str}", sync_to_thread=True, opt={visitors.STRANGERS: assets.is_for_strangers})
def asset(request: Asked, file: FromPath[str]) -> Answer:
    asset = assets.find(file)
    if asset is None:
        raise UnknownError("there is no such file; reload the page for the names of today")
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers = {**FOREVER, "Content-Encoding": "gzip"}
        return answer(asset.compressed, asset.media_type, headers=headers)
    return answer(asset.content, asset.media_type, headers=FOREVER)
