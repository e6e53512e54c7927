"""The address by which others reach the collector, where a proxy stands before it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from . import basepath

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/[^\s?#]*)?", re.ASCII)


class PublicUrlError(ValueError):
    """It cannot be one; the text says what to do."""


def checked(url: str) -> str:
    """Return a public address without a slash at its end; nothing for nothing.

    Raises:
        PublicUrlError: it is no address that a sender could be given.
        basepath.BasePathError: its path cannot be a base path.
    """
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        is_address = bool(_ADDRESS.fullmatch(url) and parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise PublicUrlError(
            f"--public-url {url!r} is no address that senders can be given, such as "
            "https://analytics.example.org"
        )
    return f"{parts.scheme}://{parts.netloc}{basepath.checked(parts.path)}"


def path_of(url: str) -> str:
    """Return the path of an address that was checked: what a proxy shows before every path."""
    return urlsplit(url).path
