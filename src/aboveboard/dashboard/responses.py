"""Responses: templates filled, and the headers that every answer of the dashboard carries."""

from __future__ import annotations

import functools
import gzip
import json
import re
from typing import TYPE_CHECKING, Any

from litestar import Response
from markupsafe import Markup

from aboveboard.insights import own
from aboveboard.insights.filters import GRAINS
from aboveboard.rendering import charts, html, wording

from . import assets, navigation, view

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2
    from litestar import Request

HTML = "text/html"

SECURITY = {
    # Nothing is loaded from elsewhere, and nothing is run that did not come from here.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FRESH = {"Cache-Control": "no-store"}
"""Pages and data: what was true a second ago is not shown again, nor kept on a disk."""

WITH_SECRETS = ("first.html", "sign-in.html", "invitation.html")
"""Templates that are not compressed: where a page holds a key and words of its address, the length
of what is compressed would tell the key to whoever can choose the words and see the length."""

WORTH = 1400
"""Bytes that fit one packet are not worth compressing."""

FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


def page(
    request: Request[Any, Any, Any], template: str, status: int = 200, **context: Any
) -> Response[bytes]:
    """Return a filled template as a page.

    Every template has `base`, the path under which the dashboard is (nothing, or `/analytics`),
    `visitor`, who asks, if that is known, and `own`, the operator's insights for a project.
    """
    base = base_of(request)
    text = (
        _environment()
        .get_template(template)
        .render(
            base=base,
            asset=lambda name: base + assets.url(name),
            visitor=request.scope.get("user"),
            own=lambda project: own.offered(request.app.state.get("own_insights", ()), project),
            **context,
        )
    )
    content = text.encode()
    takes = "gzip" in request.headers.get("accept-encoding", "")
    if not takes or template in WITH_SECRETS or len(content) < WORTH:
        return answer(content, HTML, status=status)
    headers = {**FRESH, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return answer(gzip.compress(content, 5, mtime=0), HTML, status=status, headers=headers)


def base_of(request: Request[Any, Any, Any]) -> str:
    """Return what stands before every path of ours where a browser sees it."""
    return str(request.app.state.get("base_path", ""))


def redirect(request: Request[Any, Any, Any], path: str) -> Response[bytes]:
    """Return the way to another of our pages."""
    return answer(b"", "text/plain", 303, {**FRESH, "Location": base_of(request) + path})


def answer(
    content: bytes, media_type: str, status: int = 200, headers: Mapping[str, str] = FRESH
) -> Response[bytes]:
    """Return content with the headers of the dashboard."""
    return Response(
        content, media_type=media_type, status_code=status, headers={**SECURITY, **headers}
    )


@functools.cache
def _environment() -> jinja2.Environment:
    environment = html.templates("aboveboard.dashboard")
    environment.globals |= {
        "VEGA": assets.VEGA,
        "PERIODS": view.PERIODS,
        "SYSTEMS": view.SYSTEMS,
        "GRAINS": GRAINS,
        "navigation": navigation.offered,
        "here": navigation.here,
        "subject": None,  # the event that a page is about, on those that are about one
        "values": None,  # what a filter can be chosen from, where one is being added
        "looks": lambda: {theme: charts.config(theme) for theme in view.THEMES},
    }
    environment.filters |= {
        "day": wording.day,
        "human": wording.human,
        "scale": wording.scale,
        "data": _data,
        "prose": _prose,
        "breakable": _breakable,
    }
    return environment


def _data(value: object) -> Markup:
    """Return a value as JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))  # noqa: S704


def _prose(text: str) -> Markup:
    """Return a docstring's text, with what stands between backticks as code."""
    whole = Markup()
    for number, part in enumerate(text.split("`")):
        whole += Markup("<code>{}</code>").format(part) if number % 2 else part
    return whole


def _breakable(text: str) -> Markup:
    """Return a long name with places where a line may break: after its separators."""
    return Markup("<wbr>").join(re.split(r"(?<=[/.:_-])(?=\w)", text))
