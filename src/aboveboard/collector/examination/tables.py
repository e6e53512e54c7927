"""The warehouse: whether it can be reached, and has the tables that the catalogs want.

An embedded one belongs to the process that has it open, and opening it changes it. But ClickHouse
keeps each table's declaration as a text file, which anybody may read.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from aboveboard.warehouse import Warehouse, WarehouseError, database, tables

from .finding import Finding, well, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from aboveboard.catalog.catalog import Catalog

    Present = dict[str, dict[str, str]]

ABOUT = "warehouse"
MADE_WITHIN = 10.0
"""Seconds that a server has for the tables of a project, or of a catalog, that was just added."""

_PAUSE = 0.25
_COLUMN = re.compile(r"^    `(\w+)` (.+?)(?: CODEC\(.*\))?,?$", re.MULTILINE)


def examine(
    catalogs: Mapping[str, Catalog], directory: Path, url: str | None, *, served: bool
) -> Iterator[Finding]:
    """Yield what there is to say about the warehouse.

    Args:
        catalogs: The projects' catalogs.
        directory: Where an embedded one is.
        url: A server's, if events are kept in one.
        served: Whether a server runs, which makes tables that are missing.
    """
    end = time.monotonic() + (MADE_WITHIN if served else 0)
    try:
        while True:
            present = _asked(url, catalogs) if url else _read(directory, catalogs)
            found = [
                finding
                for name, catalog in catalogs.items()
                for finding in _compare(name, catalog, present[name], served=served)
            ]
            if not found or time.monotonic() >= end:
                break
            time.sleep(_PAUSE)
    except WarehouseError as error:
        yield wrong(ABOUT, str(error))
        return
    except OSError as error:
        yield wrong(
            ABOUT,
            f"{directory} cannot be read ({error.strerror}): "
            + ("bring back a copy" if served else "`aboveboard serve` makes it at its first start"),
        )
        return
    number = sum(map(len, present.values()))
    yield from found or [well(ABOUT, f"{number} tables, as the catalogs want them")]


def _compare(
    project: str, catalog: Catalog, present: Present, *, served: bool
) -> Iterator[Finding]:
    missing = []
    for table in tables(catalog):
        columns = present.get(table.name)
        if columns is None:
            missing.append(table.name)
            continue
        for column in table.columns:
            kept = columns.get(column.name)
            if kept is None:
                missing.append(f"{table.name}.{column.name}")
            elif kept != column.type:
                yield wrong(
                    ABOUT,
                    f"project {project}: {table.name}.{column.name} is kept as {kept} and the "
                    f"catalog wants {column.type}: give the property another name",
                )
    if missing and served:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        yield wrong(
            ABOUT,
            f"project {project}: {', '.join(missing[:3])}{more} are not there, though a server "
            "runs: its log says why",
        )


def _read(directory: Path, catalogs: Mapping[str, Catalog]) -> dict[str, Present]:
    """Return the columns' types by project, table and name, as the files declare them."""
    list(directory.iterdir())
    found: dict[str, Present] = {}
    for name in catalogs:
        folder = directory / "metadata" / database(name)
        declared = sorted(folder.glob("*.sql")) if folder.exists() else []
        found[name] = {
            path.stem: dict(_COLUMN.findall(path.read_text(encoding="utf-8"))) for path in declared
        }
    return found


def _asked(url: str, catalogs: Mapping[str, Catalog]) -> dict[str, Present]:
    """Return the same as a server tells it."""
    found: dict[str, Present] = {name: {} for name in catalogs}
    warehouse = Warehouse(url)
    try:
        for name in catalogs:
            for table, column, kind in warehouse.query(
                "SELECT table, name, type FROM system.columns WHERE database = {database:String}",
                {"database": database(name)},
            ).rows:
                found[name].setdefault(str(table), {})[str(column)] = str(kind)
    finally:
        warehouse.close()
    return found
