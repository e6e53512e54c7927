"""How a command asks questions: of the warehouse itself, or through the server that has it open."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, cast

from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.inbox.storage import StorageError
from aboveboard.collector.inbox.tallies.lateness import Lateness
from aboveboard.collector.transfer import answers
from aboveboard.collector.transfer.channel import ChannelError
from aboveboard.commands.directory import stores
from aboveboard.insights import FilterError, Filters
from aboveboard.warehouse import QueryLimitError, Result, WarehouseError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from aboveboard.collector.projects.project import Project
    from aboveboard.warehouse import Limits, Warehouse

FAILURES = (
    stores.NoProjectError,
    ChannelError,
    StorageError,
    WarehouseError,
    CatalogError,
    FilterError,
)
"""What can be wrong, each with a text that says what to do."""


class Asked:
    """A warehouse as one sees it who only asks."""

    def __init__(self, ask: stores.Ask) -> None:
        self._ask = ask

    def query(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        bounded: bool = True,  # noqa: ARG002  # a command's questions always are
        in_order: bool = False,
    ) -> Result:
        return self._answer({"sql": sql, "parameters": _plain(parameters), "in_order": in_order})

    def read_only(
        self, sql: str, limits: Limits, parameters: Mapping[str, object] | None = None
    ) -> Result:
        return self._answer(
            {"sql": sql, "parameters": _plain(parameters), "limits": asdict(limits)}
        )

    def explain(self, sql: str, limits: Limits) -> list[str]:
        told = self._told({"sql": sql, "limits": asdict(limits), "explains": True})[0]
        return cast("list[str]", told["lines"])

    def present(self, project: str) -> dict[str, dict[str, str]]:
        """Return a project's tables, once what waits is moved into them."""
        told, _ = self._ask("present", {"project": project})
        return cast("dict[str, dict[str, str]]", told["tables"])

    def _answer(self, told: dict[str, object]) -> Result:
        return answers.unpacked(self._told(told)[1])

    def _told(self, told: dict[str, object]) -> tuple[dict[str, object], bytes]:
        try:
            return self._ask("query", told)
        except ChannelError as error:
            # The server's own words; which kind of error it was shows in them.
            text = str(error)
            raise (QueryLimitError if "was stopped" in text else WarehouseError)(text) from None


def _plain(parameters: Mapping[str, object] | None) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in (parameters or {}).items()
    }


@contextlib.contextmanager
def opened(args: argparse.Namespace) -> Iterator[tuple[Warehouse, Project]]:
    """Give a project's warehouse, with its tables made and what waits moved into it.

    Raises:
        FAILURES: it cannot be asked.
    """
    project = stores.project(args)
    with stores.opened(args) as directory:
        warehouse = Asked(directory.ask)
        warehouse.present(project.name)
        yield cast("Warehouse", warehouse), project


def add_period(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose days and people, as every page has them."""
    parser.add_argument("--since", metavar="DAY", help="the first day, or 30d (30d)")
    parser.add_argument("--until", metavar="DAY", help="the last day (today)")
    parser.add_argument("--version", metavar="VERSION", help="of this version only", default=None)
    parser.add_argument("--os", metavar="SYSTEM", help="of this system only", default=None)


def late(args: argparse.Namespace) -> timedelta:
    """Return how long after a day's end the project's sessions of that day are in.

    Raises:
        StorageError: the directory cannot be read.
    """
    with contextlib.closing(Lateness(args.data)) as lateness:
        return lateness.of(args.project)


def filters(args: argparse.Namespace) -> Filters:
    """Return the filters that the options of `add_period` say.

    Raises:
        FilterError: one cannot be used.
    """
    told = {name: getattr(args, name) for name in ("since", "until", "version", "os")}
    return Filters.from_query({name: value for name, value in told.items() if value})
