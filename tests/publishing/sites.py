"""Periods that are published, and what a site says of them."""

from __future__ import annotations

from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import Event, choice
from aboveboard.publishing.content.about import About
from tests.publishing.releases import release


class Say(Event):
    """Somebody said a <b>word</b>."""

    word: str = choice('a "b"\\', "<i>c</i>", "d,e", doc="A word & more")


CATALOG = Catalog.of("tool", [Say])
ABOUT = About("CC0-1.0", 0.12)
EVERY = [release("2026-08"), release("2026-09", kind="exact"), release("2026-10")]
