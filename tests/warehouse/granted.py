"""A user with the documented grants, and all that a collector does."""

from __future__ import annotations

import re
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.inbox.inbox import Delivery
from aboveboard.collector.service import Collector, Reader
from aboveboard.warehouse import Warehouse, WarehouseError, Which, database
from aboveboard.warehouse.transfer.exchange import Choice, Exchange
from tests.collector.tool import CATALOG, EVENTS, NOW, Exit, Install, Launched, until
from tests.conftest import ROOT

DOCUMENT = ROOT / "docs" / "warehouse.md"


def refused(url: str) -> str:
    """Return what is said of a URL that cannot be opened."""
    with pytest.raises(WarehouseError) as told:
        Warehouse(url).close()
    said = str(told.value)
    assert "\n" not in said
    assert "secret" not in said
    assert said[0].islower() or said.startswith("clickhouse")
    return said


def grants(of: str = "grants") -> list[str]:
    """Return the grants as the documentation has them."""
    part = DOCUMENT.read_text().partition(f"<!-- {of} -->")[2].partition("<!-- end")[0]
    told = re.findall(r"^(GRANT .*?) TO aboveboard;$", part, re.MULTILINE)
    assert told
    return told


def do_everything(url: str, directory: Path) -> None:
    """Do all that a collector does with a warehouse, the removal of the project at the end."""
    with closing(Collector(directory, url)) as collector:
        project = collector.add_project("tool", CATALOG)
        me = Install()
        deliver(collector, me.segment(3))
        deliver(collector, Install().segment(2))
        collector.mover.move_all()

        class More(Launched, name="launched"):
            """A run began, later."""

            reason = Exit.event_properties[0]

        grown = Catalog.of("tool", [*EVENTS[:5], More])
        collector.add_project("tool", grown)
        collector.warehouse.ensure("tool", grown, 90)
        exchange = Exchange(collector.warehouse)
        told = [
            exchange.lines("tool", grown, Choice(), piece)
            for piece in exchange.pieces("tool", grown, Choice())
        ]
        assert sum(each.count(b"\n") for each in told) == 7
        erasing = collector.warehouse.erasing("tool")
        which = Which((me.user_id,))
        erasing.prepare()
        tables = erasing.count(which)
        assert tables == {"message_send": 3, "sessions": 1}
        erasing.begin(which, tables)
        until(erasing.is_done)
        erasing.old_parts(tables)
        erasing.hurry(tables)
        erasing.wake(tables)
        erasing.end(tables)
        assert count(collector, "message_send") == 2
        collector.warehouse.remove("tool", 1)
        ids: dict[str, list[object]] = {
            "user_id": [me.user_id], "session": [me.session], "seq": [1], "time": [NOW],
            "_move": [2],
        }  # fmt: skip
        assert exchange.merge("tool", 7, "launched", ids) == 2
        assert exchange.merge("tool", 8, "launched", ids) == 0
        assert project.name == "tool"
        collector.eraser.requests.ask("tool", Install().user_id)  # so that others are to know it
        collector.remove_project("tool")


def deliver(collector: Collector, segment: bytes, project: str = "tool") -> None:
    found = collector.projects.get(project)
    assert found is not None
    accepted = Reader(found).segments.read(segment)
    collector.inbox.commit([Delivery(project, uuid.uuid4(), accepted)])


def count(collector: Collector, table: str, project: str = "tool") -> object:
    sql = f"SELECT count() FROM {{project:Identifier}}.{table}"
    return collector.warehouse.query(sql, {"project": database(project)}).rows[0][0]
