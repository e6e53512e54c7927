"""The pages of the bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar import get

from aboveboard.dashboard.pages import (
    models,
    overview,
    quarantine,
    releases,
    retention,
    trust,
    usage,
)
from aboveboard.dashboard.responses import page
from aboveboard.dashboard.view import MODEL
from aboveboard.insights import FilterError
from aboveboard.rendering import charts

from .asked import Answer, Asked, dropped, first_steps, looked_at, named, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.dashboard.view import View


@get("/", sync_to_thread=True)
def front_page(request: Asked) -> Answer:
    return _of(request, "overview.html", overview.look)


@get("/models", sync_to_thread=True)
def models_page(request: Asked) -> Answer:
    view = looked_at(request)
    if view.choices is None:
        return first_steps(request, view)
    named(request, "models", view)
    name = view.own.get(MODEL)
    if name is not None:
        try:
            seen = models.of_one(view, name)
        except FilterError:
            if view.filters.sampling is None:
                raise
            view = view.of_everybody()  # that a sample has no message of it says nothing
            seen = models.of_one(view, name)
        return shown(request, "model.html", view, seen=seen)
    return shown(request, "models.html", view, seen=models.look(view))


@get("/usage", sync_to_thread=True)
def usage_page(request: Asked) -> Answer:
    return _of(request, "usage.html", usage.look, insight="commands")


@get("/releases", sync_to_thread=True)
def releases_page(request: Asked) -> Answer:
    return _of(request, "releases.html", releases.look, insight="stability")


@get("/retention", sync_to_thread=True)
def retention_page(request: Asked) -> Answer:
    return _of(request, "retention.html", retention.look)


@get("/trust", sync_to_thread=True)
def trust_page(request: Asked) -> Answer:
    view = looked_at(request)
    return page(request, "trust.html", view=view, **trust.look(view, dropped(request, view)))


@get("/set-up", sync_to_thread=True)
def set_up_page(request: Asked) -> Answer:
    return first_steps(request, looked_at(request))


@get("/quarantine", sync_to_thread=True)
def quarantine_page(request: Asked) -> Answer:
    view = looked_at(request)
    rows = dropped(request, view)
    return page(
        request, "quarantine.html", view=view, rows=rows, newer=quarantine.newer_catalogs(rows)
    )


@get("/catalog", sync_to_thread=True)
def catalog_page(request: Asked) -> Answer:
    view = looked_at(request)
    return page(request, "catalog.html", view=view, catalog=view.project.catalog)


def _of(
    request: Asked, template: str, look: Callable[[View], object], *, insight: str = ""
) -> Answer:
    """Answer with a page of a project's data, or with the first steps where there is none yet.

    Args:
        request: The request.
        template: The page's template.
        look: What the page is given to show.
        insight: The insight by whose own parameters the page can be asked, if there is one.
    """
    view = looked_at(request)
    if view.choices is None:
        return first_steps(request, view)
    if insight:
        named(request, insight, view)
    return shown(request, template, view, seen=look(view), parts=charts.parts)
