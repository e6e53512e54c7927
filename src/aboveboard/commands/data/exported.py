"""The importer's way with exports: rows that are lacking are added, as often as they are.

Nothing is noted of what was taken: a run that was killed is run again, and adds the rest.
"""

from __future__ import annotations

import contextlib
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aboveboard.auditlog.files import is_damage, unpacked
from aboveboard.collector.allowlist import AllowList
from aboveboard.collector.transfer import exports, rows
from aboveboard.collector.transfer.logs import lines
from aboveboard.collector.transfer.scratch import scratch
from aboveboard.collector.transfer.store import packed
from aboveboard.commands.directory.stores import opened, project
from aboveboard.commands.terminal.printing import say
from aboveboard.commands.terminal.progress import bar
from aboveboard.warehouse import convert

from .taken import many, tell_older, tell_unfit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO

    from aboveboard.collector.allowlist import Unfit
    from aboveboard.commands.directory.stores import Ask


@dataclass
class _Total:
    added: int = 0
    events: int = 0
    erased: int = 0
    nobodys: int = 0
    damaged: int = 0
    older: int = 0
    cut_off: int = 0
    unfit: Counter[Unfit] = field(default_factory=Counter)


def take(args: argparse.Namespace, files: Sequence[tuple[Path, str]]) -> None:
    """Take exports into a project, and say what came of it.

    Raises:
        WarehouseError, StorageError, ChannelError: not all was taken; run it again.
    """
    taker = project(args)
    reader = rows.ExportReader(AllowList(taker.catalog, days=taker.retention))
    move = secrets.randbits(63)
    total = _Total()
    with contextlib.ExitStack() as stack:
        found = []
        for file, kind in files:
            lines_of = file
            if kind != exports.JSONL:  # before the warehouse is open in this process
                beside = stack.enter_context(_beside(args.data))
                lines_of = beside / "lines.jsonl"
                with _plain(file, kind, beside) as plain:
                    convert.to_lines(plain, lines_of, kind, reader.catalog)
            found.append(lines_of)
        size = sum(file.stat().st_size for file in found)
        with opened(args) as directory, bar("importing", size, is_bytes=True) as advance:
            for file in found:
                with file.open("rb") as opened_file:
                    _take(opened_file, args.project, move, reader, directory.ask, total, advance)
    _report(total, args.project)


def _beside(data: Path) -> AbstractContextManager[Path]:
    """Give a directory for what a file is while it is read, where there is room for data."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return scratch(".import-", data)


@contextlib.contextmanager
def _plain(file: Path, kind: str, beside: Path) -> Iterator[Path]:
    """Give a table's file that ClickHouse reads, unpacked where it is packed."""
    with file.open("rb") as opened_file:
        reading = unpacked(opened_file)
        if reading is opened_file:
            yield file
            return
        copy = beside / f"table.{kind}"
        with copy.open("wb") as into:
            while block := reading.read(1 << 20):
                into.write(block)
    yield copy
    copy.unlink()


def _take(
    file: BinaryIO,
    name: str,
    move: int,
    reader: rows.ExportReader,
    ask: Ask,
    total: _Total,
    advance: Callable[[int], None],
) -> None:
    read = 0
    for folded in rows.folded(_events(lines(unpacked(file)), total)):
        chunk = reader.read(folded)
        if chunk.tables:
            answer, _ = ask("merge", {"project": name, "move": move}, packed(chunk.tables))
            total.added += answer["added"]
            total.erased += answer["erased"]
        total.events += chunk.events
        total.nobodys += chunk.nobodys
        total.damaged += chunk.damaged
        total.older += chunk.older
        total.unfit += chunk.unfit
        advance(file.tell() - read)
        read = file.tell()


def _events(found: Iterator[bytes], total: _Total) -> Iterator[bytes]:
    """Yield an export's lines but for its first; of a packed one that is damaged, those before."""
    try:
        for line in found:
            if line.strip() and not rows.is_header(line):
                yield line
    except Exception as error:
        if not is_damage(error):
            raise
        total.cut_off += 1


def _report(total: _Total, name: str) -> None:
    say(f"{many(total.added, 'event')} of an export taken into project {name}")
    if total.nobodys:
        say(f"  {many(total.nobodys, 'event')} of no install in it: they count as events only")
    known = total.events - total.added - total.erased
    if known:
        say(f"  {many(known, 'event')} known already")
    if total.older:
        tell_older(total.older, name)
    if total.erased:
        say(f"  {many(total.erased, 'event')} left out, of installs that were erased")
    if total.damaged:
        say(f"  {many(total.damaged, 'line')} damaged and left out")
    if total.cut_off:
        say("  a packed export is damaged or cut off: what stands behind that place is left out")
    tell_unfit(total.unfit)
