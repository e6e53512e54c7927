"""Backups: written by the command itself, of files that the server holds still for it."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aboveboard import __version__
from aboveboard.collector.inbox.erasures import Erasures, bring_erased
from aboveboard.collector.inbox.storage import INBOX, StorageError
from aboveboard.collector.operations import log
from aboveboard.collector.service import LOCK, RESTORING, lock
from aboveboard.collector.transfer import backups
from aboveboard.collector.transfer.channel import ChannelError
from aboveboard.commands.directory.stores import opened
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.commands.terminal.progress import bar
from aboveboard.warehouse import Warehouse, WarehouseError, embedded
from aboveboard.warehouse.schema import database
from aboveboard.warehouse.transfer import frozen

from .taken import many

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILURES = (backups.BackupError, ChannelError, StorageError, WarehouseError)


def backup(args: argparse.Namespace) -> int:
    log.to_stderr()
    os.umask(0o077)
    try:
        if args.target.exists():
            raise backups.BackupError(f"{args.target} is there already: name another directory")
        if not (args.data / INBOX).is_file():
            raise backups.BackupError(f"{args.data} is no data directory: name it with --data")
        with opened(args) as directory:
            told, _ = directory.ask("freeze")
            tables = msgspec.convert(told["tables"], list[frozen.FrozenTable])
            copies, warehouse = Path(told["files"]), Path(told["warehouse"])
            size = sum(
                path.stat().st_size for path, _ in backups.sources(copies, warehouse, tables)
            )
            with bar("backing up", size, is_bytes=True) as advance:
                manifest = backups.write(
                    args.target,
                    copies,
                    warehouse,
                    tables,
                    __version__,
                    int(time.time()) // 3600 * 3600,
                    advance,
                )
    except FAILURES as error:
        warn(f"aboveboard backup: {error}")
        return 1
    except FileNotFoundError:
        warn("aboveboard backup: the collector has ended meanwhile: start this again")
        return 1
    say(f"{_what(manifest)} are in {args.target}")
    return 0


def restore(args: argparse.Namespace) -> int:
    log.to_stderr()
    os.umask(0o077)  # all of it is its owner's alone
    try:
        manifest = backups.read(args.source, __version__)
        _check_empty(args.data)
        held = lock(args.data, is_restoring=True)
        try:
            _restore(args, manifest)
        finally:
            held.release()
    except FAILURES as error:
        warn(f"aboveboard restore: {error}")
        return 1
    except OSError as error:
        warn(f"aboveboard restore: {args.data} cannot be written: {error.strerror}")
        return 1
    say(f"{_what(manifest)} are in {args.data}, as they were in {args.source}")
    if args.erased is None:
        say(
            "  who was erased after that is in it again: name a later data directory, or backup, "
            "with --erased, or erase them again"
        )
    return 0


def _restore(args: argparse.Namespace, manifest: backups.Manifest) -> None:
    build: Path = args.data / RESTORING
    backups.remove(build)
    build.mkdir(mode=0o700)
    backups.unplace(args.data)
    size = sum(size for size, _ in manifest.files.values())
    try:
        with bar("restoring", size, is_bytes=True) as advance:
            backups.restore(args.source, manifest, build, advance)
        if args.erased is not None:
            _erase_again(build, args.erased)
    except BaseException:
        backups.remove(build)
        raise
    backups.place(build, args.data)


def _erase_again(build: Path, later: Path) -> None:
    """Ask for what was erased after the backup; the collector does it at its start."""
    names = bring_erased(build / INBOX, later / INBOX)
    if not names:
        return
    warehouse = Warehouse(embedded(build / backups.PARTS))
    erasures = Erasures(build)
    asked = 0
    try:
        for project in names:
            for users in _installs(warehouse, project):
                for user in erasures.erased(project, users):
                    erasures.ask(project, str(user), again=True)
                    asked += 1
    finally:
        erasures.close()
        warehouse.close()
    say(f"{many(asked, 'install')} that was erased later is erased again when the collector starts")


def _installs(warehouse: Warehouse, project: str) -> Iterator[list[object]]:
    for bucket in range(64):
        rows = warehouse.query(
            f"SELECT DISTINCT toString(user_uuid) FROM {database(project)}._sessions "  # noqa: S608
            f"WHERE user_id % 64 = {bucket:d}",
            bounded=False,
        ).rows
        yield [user for (user,) in rows]


def _check_empty(directory: Path) -> None:
    if not directory.exists() or (directory / RESTORING).is_dir():
        return
    if not directory.is_dir() or {each.name for each in directory.iterdir()} - {LOCK}:
        raise backups.BackupError(f"{directory} is not empty: name another one with --data")


def _what(manifest: backups.Manifest) -> str:
    size = sum(size for size, _ in manifest.files.values())
    rows = sum(table.rows or 0 for table in manifest.tables if not table.name.startswith("_"))
    return f"{many(rows, 'event')} of the warehouse and what waits, {size / 2**20:,.1f} MiB,"
