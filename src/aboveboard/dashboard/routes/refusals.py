"""What is said of what cannot be shown: a page to a browser, JSON or a line to a program."""

from __future__ import annotations

import json
import logging
from typing import Any

from litestar.exceptions import HTTPException

from aboveboard.dashboard import signin, visitors
from aboveboard.dashboard.responses import answer, page
from aboveboard.insights.own import UnansweredError

from .asked import Answer, Asked

log = logging.getLogger(__name__)

_JSON = "application/json"


def errors() -> dict[int | type[Exception], Any]:
    """Return how an app tells of what goes wrong outside of these routes, or unforeseen in them.

    A browser is shown a page; a program is given JSON or a line of text.
    """
    return {HTTPException: _failed, Exception: _unforeseen}


def refused(status: int, heading: str) -> Any:
    """Return what answers an error, in the form that was asked for."""

    def handle(request: Asked, error: Exception) -> Answer:
        return told(request, status, heading, str(error))

    return handle


def unanswered(request: Asked, error: UnansweredError) -> Answer:
    """Say that an insight of the operator's own fails: to who asked, and in the log."""
    log.error("an insight of your own failed: %s", line(str(error)))
    return told(request, 422, "This insight cannot be answered", str(error))


def line(text: str, most: int = 300) -> str:
    """Return a text as it fits one line of a log."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain if len(plain) <= most else f"{plain[:most]}…"


def told(request: Asked, status: int, heading: str, message: str) -> Answer:
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
    return page(
        request,
        "refused.html",
        status,
        view=None,
        heading=heading,
        message=message,
        project=_project(request),
    )


def _project(request: Asked) -> str:
    """Return the name of the project that was asked for, "" if the visitor sees none of it."""
    projects = request.app.state.get("projects")
    asked = request.query_params.get("project")
    if projects is None or not asked:
        return ""
    seen = visitors.seen_by(visitors.of(request), projects).all()
    return next((project.name for project in seen if project.name == asked), "")


def _failed(request: Asked, error: HTTPException) -> Answer:
    """Answer what the framework, or a guard, refuses."""
    if error.status_code >= 500:
        log.error("a page failed: %s, %s", error.status_code, type(error).__name__)
    if error.status_code == 401 and visitors.wants_page(request):
        return signin.ask(request)
    heading, message = _FAILURES.get(error.status_code, ("That did not work", ""))
    answered = told(request, error.status_code, heading, message or error.detail)
    answered.headers.update(error.headers or {})
    return answered


def _unforeseen(request: Asked, error: Exception) -> Answer:
    # Its text may hold what was asked. Its type says enough to begin with.
    log.error("a page failed: %s", type(error).__name__)
    return told(request, 500, "This is a fault of aboveboard", "The page could not be made.")


_FAILURES = {
    401: ("The dashboard is closed", ""),
    403: ("The dashboard is closed", ""),
    404: ("There is nothing here", "There is no page of that address."),
    405: ("That did not work", "This address is not for that method."),
    413: ("That did not work", "That is too much at once."),
    429: ("That did not work", ""),
}
