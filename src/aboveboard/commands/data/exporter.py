"""The exporter: asks for one piece after another, and writes them to a file."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aboveboard import __version__
from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.inbox.storage import StorageError
from aboveboard.collector.operations import log
from aboveboard.collector.transfer import exports, rows
from aboveboard.collector.transfer.channel import ChannelError
from aboveboard.commands.directory.stores import NoProjectError, opened, project
from aboveboard.commands.terminal.printing import warn
from aboveboard.commands.terminal.progress import bar
from aboveboard.warehouse import WarehouseError
from aboveboard.warehouse.transfer.exchange import Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aboveboard.commands.directory.stores import Ask

FAILURES = (
    exports.UnwritableError,
    NoProjectError,
    ChannelError,
    StorageError,
    WarehouseError,
    CatalogError,
)


def run(args: argparse.Namespace) -> int:
    log.to_stderr()
    kind = args.format or exports.format_of(args.output)
    try:
        _check(args, kind)
        catalog = project(args).catalog
        choice = Choice(
            None if args.since is None else _moment(args.since),
            None if args.until is None else _moment(args.until, 1),
            args.install,
            tuple(args.event),
        )
        unknown = [name for name in args.event if name not in catalog.entries]
        if unknown:
            raise CatalogError(
                f"the catalog of {args.project} has no event {unknown[0]!r} "
                f"(it has {', '.join(sorted(catalog.entries))})"
            )
        with opened(args) as directory:
            told = {"project": args.project, "choice": choice.as_json()}
            plan, _ = directory.ask("pieces", told)
            total = sum(piece["rows"] for piece in plan["pieces"])
            first = rows.header(
                args.project,
                __version__,
                {"app": catalog.app, "made": int(time.time()) // 3600 * 3600, **_asked(args)},
            )
            with bar("exporting", total) as advance:
                counted: list[int] = []
                lines = _lines(directory.ask, told, plan["pieces"], kind, advance, counted)
                complete = exports.write(args.output, kind, first, plan["columns"], lines)
        complete()
    except FAILURES as error:
        warn(f"aboveboard export: {error}")
        return 1
    if not plan["settled"]:
        warn("aboveboard export: some events wait for the warehouse still, and are not in it")
    number = sum(counted)
    warn(f"{number:,} event{'' if number == 1 else 's'} of project {args.project} exported")
    return 0


def _moment(day: date, days: int = 0) -> int:
    """Return the beginning of a day in UTC, or of one that many days later, in Unix seconds."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=days)
    return int(start.timestamp())


def _check(args: argparse.Namespace, kind: str) -> None:
    if args.since and args.until and args.since > args.until:
        raise exports.UnwritableError("--since is after --until: exchange them")
    if exports.is_flat(kind) and args.output.endswith(exports.PACKED):
        raise exports.UnwritableError(f"only lines of JSON are packed: leave {exports.PACKED} away")
    if kind == "parquet" and args.output == exports.STANDARD_OUTPUT and sys.stdout.isatty():
        raise exports.UnwritableError("Parquet is not for a terminal: name a file with -o")


def _asked(args: argparse.Namespace) -> dict[str, object]:
    """Return what was chosen, for whoever finds the file; never whose it is."""
    chosen: dict[str, object] = {
        name: value.isoformat()
        for name in ("since", "until")
        if (value := getattr(args, name)) is not None
    }
    return chosen | ({"events": args.event} if args.event else {})


def _lines(
    ask: Ask,
    told: dict[str, Any],
    pieces: list[dict[str, Any]],
    kind: str,
    advance: Callable[[int], None],
    counted: list[int],
) -> Iterator[bytes]:
    for piece in pieces:
        _, lines = ask("lines", {**told, "piece": piece, "flat": exports.is_flat(kind)})
        yield lines
        counted.append(lines.count(b"\n"))
        advance(piece["rows"])
