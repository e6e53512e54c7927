"""How a command reaches the data: by itself, or through the server that has the directory open."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aboveboard.collector.inbox import storage
from aboveboard.collector.projects.project import Project
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.service import Collector
from aboveboard.collector.transfer.channel import Asker
from aboveboard.warehouse import WarehouseError
from aboveboard.warehouse.engine import address

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Ask = Callable[..., tuple[dict[str, Any], bytes]]


class NoProjectError(Exception):
    """There is no such project; the text is one line that says what to do."""


@dataclass(frozen=True)
class Opened:
    """A data directory that is worked on.

    Args:
        ask: Carries out an operation of `transfer.store`.
        collector: What has the directory open, if that is this process.
    """

    ask: Ask
    collector: Collector | None


@contextlib.contextmanager
def opened(args: argparse.Namespace) -> Iterator[Opened]:
    """Open the data directory, or ask the server that has it.

    Raises:
        StorageError, WarehouseError, ChannelError: it cannot be reached.
    """
    try:
        collector = Collector(args.data, warehouse(args))
    except storage.BusyError:
        with contextlib.closing(Asker(args.data)) as asker:
            yield Opened(asker.ask, None)
        return
    with contextlib.closing(collector), contextlib.ExitStack() as held:

        def ask(
            do: str, told: dict[str, Any] | None = None, body: bytes = b""
        ) -> tuple[dict[str, Any], bytes]:
            return collector.store.answer(do, dict(told or {}), body, held)

        yield Opened(ask, collector)


def warehouse(args: argparse.Namespace) -> str | None:
    """Return the URL of the warehouse that is named, None where it is in the data directory.

    Raises:
        WarehouseError: a cluster is named, and no nodes of it.
    """
    url: str | None = args.warehouse
    if args.cluster is None:
        return url
    if url is None or address.directory(url) is not None:
        raise WarehouseError(
            f"cluster {args.cluster!r} is of servers: name each of its nodes with --warehouse "
            "clickhouse://user:password@one:8123,two:8123/"
        )
    return address.cluster(url, args.cluster)


def check_there(directory: Path) -> None:
    """Leave no data directory behind where a command has only looked, at a mistyped name.

    Raises:
        StorageError: there is none.
    """
    if not directory.exists():
        raise storage.StorageError(
            f"there is no directory {directory}: name another with --data, or begin with "
            "`aboveboard serve`"
        )


def project(args: argparse.Namespace) -> Project:
    """Return the project that is named.

    Raises:
        NoProjectError: there is none of that name.
        StorageError: there is no data directory, or it cannot be used.
    """
    check_there(args.data)
    with contextlib.closing(Projects(args.data)) as projects:
        return of(projects, args.project, args.data)


def of(projects: Projects, name: str, directory: Path) -> Project:
    """Return a project of a data directory.

    Raises:
        NoProjectError: there is none of that name.
    """
    found = projects.get(name)
    if found is None:
        there = ", ".join(each.name for each in projects.all()) or "none"
        raise NoProjectError(
            f"there is no project {name!r} (there is: {there}) in {directory}: name another "
            "directory with --data, or add the project with `aboveboard projects add`"
        )
    return found
