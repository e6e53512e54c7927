"""`/public/NAME`: a published site for whoever asks, of a project that has it turned on.

No secret is asked for, nothing is asked of the warehouse, and no answer tells a project that is
not public from one that there is not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from litestar import Request, Response, Router, get
from litestar.params import FromPath
from litestar.response import Stream

from .site import Sites

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .site import File

FRESH_SECONDS = 300
"""How long an answer may be shown again: a site changes once a day, and may be turned off."""

TYPES = {
    "html": "text/html",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv; header=present",
    "txt": "text/plain",
    "parquet": "application/vnd.apache.parquet",
}
"""By the ending of a name; the library adds the charset to texts."""

METRICS = "text/plain; version=0.0.4"
"""Prometheus' own, which it insists on."""

HEADERS = {
    # The pages have their style within, and nothing else is loaded, sent or run.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Anybody's page may show what everybody may read; no cookie goes with such a request.
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}

_NOTHING = b"There is nothing here.\n"

_TAG = re.compile(r'(?:W/)?("[^"]*")')

_CODING = re.compile(
    r"(?:^|,)\s*(?:x-)?gzip\s*(?:;\s*q\s*=\s*(?P<q>[0-9.]+)\s*)?(?=,|$)", re.IGNORECASE
)

Asked = Request[Any, Any, Any]


def router(directory: Path, is_public: Callable[[str], bool]) -> Router:
    """Return the addresses of the sites of a data directory.

    Args:
        directory: The data directory.
        is_public: Whether there is a project of that name, and its site is turned on.
    """
    sites = Sites(directory)

    @get("/public/{project:str}", sync_to_thread=True)
    def first(request: Asked, project: FromPath[str]) -> Response[Any]:
        if not _asked(request).endswith("/"):
            # Links of a page are beside it, so its address ends as a folder's does.
            if not is_public(project) or sites.find(project, "") is None:
                return _nothing()
            base = str(request.app.state.get("base_path", ""))
            place = {"Location": f"{base}/public/{project}/"}
            return Response(b"", status_code=308, headers={**HEADERS, **_cached(), **place})
        return _answer(request, project, "")

    @get("/public/{project:str}/{file:path}", sync_to_thread=True)
    def below(request: Asked, project: FromPath[str], file: FromPath[str]) -> Response[Any]:
        del file  # as the router has it; the address itself tells `a` from `a/` and `//a`
        return _answer(request, project, _asked(request).split("/", 3)[3])

    def _answer(request: Asked, project: str, path: str) -> Response[Any]:
        file = sites.find(project, path) if is_public(project) else None
        if file is None:
            return _nothing()
        packed = file.packed if _takes_gzip(request.headers.get("accept-encoding", "")) else None
        tag = f'"{file.digest}{"-gzip" if packed is not None else ""}"'
        headers = {**HEADERS, **_cached(), "ETag": tag}
        if _has(request.headers.get("if-none-match", ""), file):
            return Response(b"", status_code=304, headers=headers)
        if packed is not None:
            headers["Content-Encoding"] = "gzip"
        if file.content is None:
            headers["Content-Length"] = str(file.size)
            return Stream(sites.blocks(project, file), media_type=_type(file.name), headers=headers)
        content = file.content if packed is None else packed
        return Response(content, media_type=_type(file.name), headers=headers)

    return Router("/", route_handlers=[first, below])


def _asked(request: Asked) -> str:
    """Return the path as it was asked for: the router leaves a slash at its end away."""
    path: str = request.scope["asked"]  # type: ignore[typeddict-item]  # set by the application
    return path


def _nothing() -> Response[bytes]:
    headers = {**HEADERS, "Cache-Control": "no-store"}
    return Response(_NOTHING, status_code=404, media_type=TYPES["txt"], headers=headers)


def _cached() -> dict[str, str]:
    return {"Cache-Control": f"public, max-age={FRESH_SECONDS}", "Vary": "Accept-Encoding"}


def _type(name: str) -> str:
    if name == "v1/metrics.txt":
        return METRICS
    return TYPES.get(name.rpartition(".")[2], "application/octet-stream")


def _has(header: str, file: File) -> bool:
    """Return whether who asks has this content already, in either form (RFC 9110, 13.1.2)."""
    known = {f'"{file.digest}"', f'"{file.digest}-gzip"'}
    return header.strip() == "*" or bool(known & set(_TAG.findall(header)))


def _takes_gzip(header: str) -> bool:
    found = _CODING.search(header)
    return found is not None and (found["q"] is None or found["q"].strip("0.") != "")
