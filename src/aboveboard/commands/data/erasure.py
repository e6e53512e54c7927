"""What `aboveboard erase` does, by itself or by the collector that serves the directory."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.collector.inbox import erasures, storage
from aboveboard.collector.inbox.erasures import Erasures
from aboveboard.collector.operations import log
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.service import Collector
from aboveboard.commands.access.keys import day
from aboveboard.commands.directory import stores
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.commands.terminal.table import print_table
from aboveboard.warehouse import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAIT_SECONDS = 120.0
"""How long the collector that runs is waited for, before its answer is left for later."""

LOOK_SECONDS = 0.1


class UsageError(Exception):
    """The arguments do not go together; the text says what to do."""


class NotDoneError(Exception):
    """It is not done, and why."""


@dataclass(frozen=True)
class _Desk:
    """Where requests are left, and what carries them out if nobody else does."""

    requests: Erasures
    carry_out: Callable[[], None] | None
    """None if a collector serves the directory, which does so by itself."""


def run(args: argparse.Namespace) -> int:
    log.to_stderr()
    try:
        _check(args)
        if args.list:
            with contextlib.closing(Erasures(args.data)) as requests:
                _list(requests, args.project)
            return 0
        _check_project(args)
        with _opened(args) as desk:
            return _erase(args, desk)
    except UsageError as error:
        warn(f"aboveboard erase: {error}")
        return 2
    except (NotDoneError, storage.StorageError, WarehouseError) as error:
        warn(f"aboveboard erase: {error}")
        return 1


def _check(args: argparse.Namespace) -> None:
    rows = args.since is not None or args.until is not None or args.install
    if args.list:
        return
    if not args.project:
        raise UsageError("--project says whose events: `aboveboard projects list` names them")
    if args.user_id and rows:
        raise UsageError("an install is erased as a whole; for some rows of it use --install")
    if not args.user_id and not rows:
        raise UsageError("say what: an install's UUID, or rows by --since, --until and --install")
    if args.since is not None and args.until is not None and args.since >= args.until:
        raise UsageError("--since is not before --until: exchange them")


def _check_project(args: argparse.Namespace) -> None:
    stores.check_there(args.data)
    with contextlib.closing(Projects(args.data)) as projects:
        there = sorted({each.name for each in projects.all()} | projects.unreadable().keys())
    if args.project not in there:
        raise NotDoneError(
            f"there is no project {args.project!r} (there is: {', '.join(there) or 'none'})"
        )


@contextlib.contextmanager
def _opened(args: argparse.Namespace) -> Iterator[_Desk]:
    try:
        collector = Collector(args.data, stores.warehouse(args))
    except storage.BusyError:
        with contextlib.closing(Erasures(args.data)) as requests:
            yield _Desk(requests, None)
        return

    def carry_out() -> None:
        collector.mover.move_all(args.project)
        collector.eraser.erase_all(args.project)

    try:
        yield _Desk(collector.eraser.requests, carry_out)
    finally:
        collector.close()


def _erase(args: argparse.Namespace, desk: _Desk) -> int:
    installs = [args.user_id] if args.user_id else args.install
    counted = desk.requests.ask_rows(args.project, installs, args.since, args.until, count=True)
    rows = _wait(desk, counted, erasures.COUNTED)
    desk.requests.remove(counted)
    if rows is None:
        raise NotDoneError("the collector has not counted the rows yet; nothing was erased")
    what = _what(rows, args)
    if args.dry_run:
        say(f"{what} would be erased")
        return 0
    if not args.yes:
        _confirm(what)
    if args.user_id:
        receipt = desk.requests.ask(args.project, args.user_id, again=True)
        say(f"receipt {receipt.id}: nothing of this install is taken any more")
        _wait_until(desk, lambda: _is_gone(desk.requests, args.project, receipt.id))
        done = _is_gone(desk.requests, args.project, receipt.id)
    else:
        number = desk.requests.ask_rows(args.project, installs, args.since, args.until)
        done = _wait(desk, number, erasures.GONE) is not None
        if done:
            desk.requests.remove(number)
    if done:
        say(f"{what} erased, from the files too")
    else:
        say(f"{what} being erased by the collector that runs; `aboveboard erase --list` says more")
    return 0


def _what(rows: int, args: argparse.Namespace) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'} of project {args.project}"


def _confirm(what: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"{what} would be erased: say --yes, or --dry-run only to count")
    say(f"{what} will be erased, for good. Go on? (y/N)")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise NotDoneError("nothing was erased")


def _wait(desk: _Desk, number: int, state: str) -> int | None:
    """Return how many rows a request is about, once it has come to a state; None if it has not."""

    def has_come() -> bool:
        request = desk.requests.get(number)
        return request is not None and request.state == state

    _wait_until(desk, has_come)
    request = desk.requests.get(number)
    return request.rows if request is not None and request.state == state else None


def _wait_until(desk: _Desk, true: Callable[[], bool]) -> None:
    if desk.carry_out is not None:
        desk.carry_out()
        return
    end = time.monotonic() + WAIT_SECONDS
    while not true() and time.monotonic() < end:
        time.sleep(LOOK_SECONDS)


def _is_gone(requests: Erasures, project: str, receipt: str) -> bool:
    waits = requests.all(erasures.WANTED, erasures.BEGUN, erasures.STRUCK, erasures.UNDECIDED)
    return not any(each.is_whole and each.project == project for each in waits) and any(
        each.id == receipt and each.gone is not None for _, each in requests.receipts(project)
    )


def _list(requests: Erasures, project: str | None) -> None:
    rows = [
        (name, each.id, day(each.asked), day(each.gone) or "not yet")
        for name, each in requests.receipts(project)
    ]
    undecided = [
        each for each in requests.all(erasures.UNDECIDED) if project in (None, each.project)
    ]
    if rows:
        print_table(("PROJECT", "RECEIPT", "ASKED", "GONE"), rows)
    elif not undecided:
        say("no install was erased yet")
    for request in undecided:
        for user_id in request.installs or ():
            say(
                f"asked on {day(request.asked)} without a secret, for you to decide: "
                f"`aboveboard erase {user_id} --project {request.project}`"
            )
