"""The feed: a project's alerts as Atom (RFC 4287), for whatever reads feeds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Sequence


class Alert(Protocol):
    """An alert; the collector's `Alert`."""

    @property
    def number(self) -> int: ...

    @property
    def key(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def at(self) -> int: ...


class Alerts(Protocol):
    """Where alerts are kept; the collector's `Alerts`."""

    def recent(self, project: str, most: int = 50) -> Sequence[Alert]: ...


def atom(project: str, alerts: Sequence[Alert], address: str) -> str:
    """Return the feed.

    Args:
        project: Whose alerts.
        alerts: The newest first.
        address: Where the dashboard is, without a slash at its end.
    """
    updated = alerts[0].at if alerts else 0
    feed = f"{address}/alerts.atom?project={project}"
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<id>{escape(feed)}</id>",
        f"<title>{escape(project)}: alerts</title>",
        f"<updated>{_time(updated)}</updated>",
        "<author><name>aboveboard</name></author>",
        f'<link rel="self" href={quoteattr(feed)}/>',
    ]
    for each in alerts:
        link = f"{address}{each.path}?project={project}"
        lines += [
            "<entry>",
            f"<id>urn:aboveboard:{escape(project)}:{each.number}</id>",
            f"<title>{escape(each.title)}</title>",
            f"<updated>{_time(each.at)}</updated>",
            f"<link href={quoteattr(link)}/>",
            f'<content type="text">{escape(each.text)}</content>',
            "</entry>",
        ]
    return "\n".join([*lines, "</feed>", ""])


def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
