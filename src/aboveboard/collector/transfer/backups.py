"""A backup: a directory with the files of one moment, and a manifest that has a digest of each.

It is written under a temporary name and renamed. A restore reads every file against its digest,
makes tables of the parts, counts their rows, and only then has the data directory's files in their
places.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from aboveboard.collector.inbox import migrations as inbox_steps
from aboveboard.collector.inbox import storage
from aboveboard.collector.projects import migrations as project_steps
from aboveboard.warehouse import Warehouse, embedded
from aboveboard.warehouse.transfer import frozen

from .store import FILES, PUBLISHED, RELEASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MANIFEST = "manifest.json"
PARTS = "warehouse"
FORMAT = 1

_BLOCK = 1 << 20


class BackupError(Exception):
    """It cannot be written, or is none that can be restored; the text is one line."""


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds.

    Args:
        aboveboard_backup: The format's number.
        version: The aboveboard that wrote it.
        made: The hour, in seconds since 1970.
        tables: The warehouse's.
        files: Path to size and BLAKE2b digest.
    """

    aboveboard_backup: int
    version: str
    made: int
    tables: list[frozen.FrozenTable]
    files: dict[str, tuple[int, str]]


class _Sealed(msgspec.Struct):
    digest: str
    manifest: msgspec.Raw


def write(
    target: Path,
    copies: Path,
    warehouse: Path,
    tables: Sequence[frozen.FrozenTable],
    version: str,
    made: int,
    advance: Callable[[int], None],
) -> Manifest:
    """Write a backup of files that do not change meanwhile.

    Args:
        target: Where to; it is not there yet.
        copies: Where the SQLite files are.
        warehouse: The warehouse's directory.
        tables: Its tables.
        version: Which aboveboard writes.
        made: When.
        advance: Told of the bytes that were written.

    Raises:
        BackupError: it cannot be written; nothing is at `target`.
    """
    with _plain(target), _partial(target) as partial:
        files = {}
        for source, name in sources(copies, warehouse, tables):
            into = partial / name
            into.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with source.open("rb") as reading:
                files[name] = _copy(reading, into, advance)
        manifest = Manifest(FORMAT, version, made, list(tables), files)
        said = msgspec.json.encode(manifest)
        sealed = msgspec.json.encode(_Sealed(_digest(said), msgspec.Raw(said)))
        _write(partial / MANIFEST, sealed)
        for directory in {partial, *(path.parent for path in partial.rglob("*"))}:
            _sync(directory)
    return manifest


def sources(
    copies: Path, warehouse: Path, tables: Sequence[frozen.FrozenTable]
) -> Iterator[tuple[Path, str]]:
    """Yield the files of a backup, and what each is called in it."""
    for name in FILES:
        yield copies / name, name
    for path in sorted((copies / PUBLISHED).glob(f"*/{RELEASE}")):
        yield path, path.relative_to(copies).as_posix()
    for table in tables:
        parts = warehouse / table.path
        if table.path and parts.is_dir():
            for path in sorted(parts.rglob("*")):
                if path.is_file():
                    below = path.relative_to(parts).as_posix()
                    yield path, f"{PARTS}/{table.database}/{table.name}/{below}"


def read(backup: Path, version: str) -> Manifest:
    """Return a backup's manifest.

    Raises:
        BackupError: it is none, is damaged, or a newer aboveboard has written it.
    """
    try:
        sealed = msgspec.json.decode((backup / MANIFEST).read_bytes(), type=_Sealed)
        told = msgspec.json.decode(sealed.manifest)
        is_whole = _digest(bytes(sealed.manifest)) == sealed.digest
    except OSError as error:
        raise BackupError(f"{backup} is no backup: {MANIFEST}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _damaged(backup, MANIFEST) from None
    if not is_whole or not isinstance(told, dict):
        raise _damaged(backup, MANIFEST)
    wrote = str(told.get("version", ""))
    if told.get("aboveboard_backup") != FORMAT or _numbers(wrote) > _numbers(version):
        raise BackupError(f"{backup} was written by aboveboard {wrote}, which is newer: upgrade")
    try:
        return msgspec.convert(told, Manifest)
    except msgspec.ValidationError:
        raise _damaged(backup, MANIFEST) from None


def restore(backup: Path, manifest: Manifest, build: Path, advance: Callable[[int], None]) -> None:
    """Make a data directory's files of a backup, in a directory that is there for that.

    Raises:
        BackupError: the backup is damaged.
        StorageError, WarehouseError: it cannot be used.
    """
    for name, (size, digest) in manifest.files.items():
        if name in FILES or re.fullmatch(rf"{PUBLISHED}(/[A-Za-z0-9_][A-Za-z0-9_.-]*){{2}}", name):
            into = build / name
        elif re.fullmatch(rf"{PARTS}(/[A-Za-z0-9_%][A-Za-z0-9_.%@-]*)+", name):
            into = build / f"parts/{name.removeprefix(f'{PARTS}/')}"
        else:
            raise _damaged(backup, MANIFEST)
        into.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            reading = (backup / name).open("rb")
        except OSError as error:
            raise BackupError(f"{backup / name} cannot be read: {error.strerror}") from None
        with reading:
            found = _copy(reading, into, advance)
        if found != (size, digest):
            raise _damaged(backup, name)
    for name, steps in (
        (storage.INBOX, inbox_steps.INBOX),
        (project_steps.FILE, project_steps.PROJECTS),
    ):
        if name not in manifest.files:
            raise _damaged(backup, name)
        if storage.version_of(build / name) > len(steps):
            raise BackupError(f"{backup} was written by a newer aboveboard: upgrade this one")
    (build / PARTS).mkdir(mode=0o700)
    warehouse = Warehouse(embedded(build / PARTS))
    try:
        frozen.rebuild(warehouse, manifest.tables, build / "parts")
    finally:
        warehouse.close()
    shutil.rmtree(build / "parts", ignore_errors=True)


def place(build: Path, directory: Path) -> None:
    """Have what `restore` made at its place; the working directory goes last."""
    for name in (PARTS, PUBLISHED, *FILES):
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                (build / f"{name}{end}").rename(directory / f"{name}{end}")
    _sync(directory)
    shutil.rmtree(build)
    _sync(directory)


def unplace(directory: Path) -> None:
    """Remove what a restore that was killed has left."""
    for name in (PARTS, PUBLISHED):
        shutil.rmtree(directory / name, ignore_errors=True)
    for name in FILES:
        for end in ("", "-wal", "-shm"):
            (directory / f"{name}{end}").unlink(missing_ok=True)


def remove(build: Path) -> None:
    """Remove a restore's working directory, if it is there."""
    if build.is_dir():
        shutil.rmtree(build)


@contextlib.contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """Give a directory, which has its name once all is in it."""
    if target.exists():
        raise BackupError(f"{target} is there already: name another directory")
    partial = target.with_name(f".{target.name}.partial")
    partial.mkdir(exist_ok=True, mode=0o700)
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"another backup writes {target} now") from None
        _empty(partial)
        try:
            yield partial
            partial.rename(target)
            _sync(target.absolute().parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    finally:
        os.close(descriptor)


def _empty(directory: Path) -> None:
    for each in directory.iterdir():
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def _copy(reading: IO[bytes], into: Path, advance: Callable[[int], None]) -> tuple[int, str]:
    """Copy a file; return its size and its digest, with the copy on the disk."""
    digest, size = hashlib.blake2b(digest_size=32), 0
    with into.open("wb") as writing:
        into.chmod(0o600)
        while block := reading.read(_BLOCK):
            digest.update(block)
            writing.write(block)
            size += len(block)
            advance(len(block))
        writing.flush()
        os.fsync(writing.fileno())
    return size, digest.hexdigest()


def _write(file: Path, said: bytes) -> None:
    with file.open("wb") as writing:
        writing.write(said)
        writing.flush()
        os.fsync(writing.fileno())


def _digest(said: bytes) -> str:
    return hashlib.blake2b(said, digest_size=32).hexdigest()


def _damaged(backup: Path, name: str) -> BackupError:
    return BackupError(f"{backup} is damaged: {name} is not what was written; use another backup")


def _numbers(version: str) -> list[int]:
    found = re.match(r"\d+(\.\d+)*", version)
    return [int(each) for each in found.group().split(".")] if found else []


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _plain(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}") from None
