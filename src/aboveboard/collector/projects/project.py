"""A project: a name, a catalog, the write keys that ship in clients, and how it is treated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources

from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.allowlist import AllowList
from aboveboard.collector.limits import limits as rates
from aboveboard.collector.protocols.legacy import Translator
from aboveboard.warehouse import tables

RETENTION_DAYS = 400
"""Thirteen months, so that a month can be compared with the same one of last year."""


@dataclass(frozen=True)
class Project:
    name: str
    catalog: Catalog
    keys: tuple[str, ...]
    """The write keys that are in use, the oldest first."""

    shipped: bool
    """Whether the catalog is the one that comes with aboveboard, and grows with it."""

    limits: rates.Limits = rates.DEFAULT

    retention: int = RETENTION_DAYS
    """How many days what is collected is kept."""

    is_public: bool = False
    """Whether its published site is shown to everybody at `/public/NAME`."""


SHIPPED = "aider"
"""The app whose catalog comes with aboveboard, and the project that is made where there is none."""


def shipped_catalog(app: str) -> Catalog:
    """Return the catalog of an app whose catalog comes with aboveboard; it is data, not code."""
    file = resources.files("aboveboard") / "hosts" / app / "catalog.json"
    return Catalog.from_json(json.loads(file.read_text(encoding="utf-8")))


def check_use(catalog: Catalog) -> None:
    """Raise `WarehouseError` or `CatalogError` if events could not be taken by a catalog."""
    tables(catalog)
    Translator(AllowList(catalog))
