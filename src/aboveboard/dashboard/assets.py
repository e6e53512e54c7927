"""Assets: stylesheet, scripts and icon, under names that change with their content.

A name that holds its content's hash can be kept by a browser forever. Vega comes out of
`vl-convert`, which carries it: nothing is loaded from elsewhere, and nothing of it is kept here.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import threading
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version

from aboveboard.rendering import palette

MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
STYLESHEET = "dashboard.css"
VEGA = "vega.js"

_SNIPPET = "window.vegaEmbed = vegaEmbed;"
_bundling = threading.Lock()


@dataclass(frozen=True)
class Asset:
    content: bytes
    compressed: bytes
    media_type: str


@functools.cache
def url(name: str) -> str:
    """Return the address of an asset: `/assets/dashboard.0123456789ab.css`."""
    stem, _, ending = name.rpartition(".")
    if name == VEGA:
        # Making the bundle takes a second, so its address comes from what it is made from.
        made_from = f"{version('vl-convert-python')} {_SNIPPET}".encode()
    else:
        made_from = _read(name)
    return f"/assets/{stem}.{hashlib.sha256(made_from).hexdigest()[:12]}.{ending}"


def is_for_strangers(file: str) -> bool:
    """Return whether the sign-in page needs a file; Vega is large, and it has no charts."""
    return not file.startswith(VEGA.partition(".")[0] + ".")


def find(file: str) -> Asset | None:
    """Return what is at `/assets/<file>`, or None."""
    name = _names().get(file)
    if name is None:
        return None
    with _bundling:  # the first two who ask for Vega need not both make it
        return _load(name)


@functools.cache
def _names() -> dict[str, str]:
    names = [each.name for each in resources.files(__package__).joinpath("static").iterdir()]
    return {url(name).rpartition("/")[2]: name for name in (*names, VEGA)}


@functools.cache
def _load(name: str) -> Asset:
    if name == VEGA:
        import vl_convert

        content = vl_convert.javascript_bundle(_SNIPPET).encode()
    else:
        content = _read(name)
    media_type = MEDIA_TYPES[name.rpartition(".")[2]]
    return Asset(content, gzip.compress(content, mtime=0), media_type)


def _read(name: str) -> bytes:
    content = resources.files(__package__).joinpath("static", name).read_bytes()
    return palette.css().encode() + content if name == STYLESHEET else content
