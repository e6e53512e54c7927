"""Who serves the directory, and what it has to work with: files, clock, packages."""

from __future__ import annotations

import datetime
import fcntl
import os
import re
import resource
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from aboveboard.collector.operations import descriptors

from .finding import Finding, notice, well, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER, FILES, CLOCK, VERSIONS = "server", "open files", "clock", "versions"

FEW = 1024
"""Open files with which a server works, and few connections get any."""

BUILT = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc).timestamp()
"""No machine that runs this can be older."""

AHEAD = 2 * 3600
"""Seconds that a time may lie ahead of now: what is kept are hours."""


class Server:
    """Whoever serves a directory now.

    Attributes:
        runs: Whether somebody does.
        pid: Its process, where the system tells.
    """

    def __init__(self, lock: Path) -> None:
        self.pid = _holder(lock)
        self.runs = self.pid is not None or _is_locked(lock)

    def finding(self) -> Finding:
        if not self.runs:
            return notice(SERVER, "none serves the directory now: `aboveboard serve` starts one")
        return well(SERVER, "one runs" + (f", process {self.pid}" if self.pid else ""))


def _holder(lock: Path) -> int | None:
    """Return the process that holds a lock, as Linux lists them."""
    try:
        there = lock.stat()
        listed = Path("/proc/locks").read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    device = f"{os.major(there.st_dev):02x}:{os.minor(there.st_dev):02x}:{there.st_ino}"
    for line in listed.splitlines():
        match = re.match(r"\d+: FLOCK\s+\S+\s+WRITE (\d+) (\S+) ", line)
        if match and match[2] == device and int(match[1]) > 0:
            return int(match[1])
    return None


def _is_locked(lock: Path) -> bool:
    """Return whether a lock is held, by asking for a share of it for a moment."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def open_files(server: Server) -> Finding:
    """Return whether a server has files enough: the one that runs, else one that would start."""
    limit, used = _server_files(server.pid) if server.pid else (None, None)
    if limit is None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        limit = descriptors.LIMIT_MAX if hard == resource.RLIM_INFINITY else hard
    told = f"{limit:,} may be open" + (f", {used:,} are" if used is not None else "")
    raise_it = "raise the limit (ulimit -n, LimitNOFILE= of systemd, --ulimit of docker)"
    if limit < descriptors.NEEDED:
        return wrong(FILES, f"{told}, and a server needs {descriptors.NEEDED}: {raise_it}")
    if used is not None and limit - used < descriptors.SPARE:
        return wrong(FILES, f"{told}, so that the next insert may fail: {raise_it}")
    if limit < FEW:
        return notice(FILES, f"{told}, half of them for connections: {raise_it}")
    return well(FILES, told)


def _server_files(pid: int) -> tuple[int | None, int | None]:
    try:
        limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
        used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:  # another user's
        return None, None
    match = re.search(r"^Max open files\s+(\d+)", limits, re.MULTILINE)
    return (int(match[1]) if match else None), used


def clock(newest: int | None, now: float | None = None) -> Finding:
    """Return whether this machine's clock can be right.

    Args:
        newest: The hour in which the inbox last noted something, in seconds since 1970.
        now: The time.
    """
    now = time.time() if now is None else now
    told = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).isoformat(" ", "minutes")
    if now < BUILT:
        return wrong(CLOCK, f"it says {told}, which is past: set it, and keep it set (chrony)")
    if newest is not None and newest > now + AHEAD:
        return wrong(
            CLOCK, f"it says {told}, and events have come later than that: set it, or look why"
        )
    return well(CLOCK, f"it says {told}")


def versions() -> Iterator[Finding]:
    """Yield what is missing or too old of what a collector is made of."""
    lacking = []
    for text in metadata.requires("aboveboard") or []:
        wanted = Requirement(text)
        if wanted.marker is None or not wanted.marker.evaluate({"extra": "collector"}):
            continue
        try:
            there = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            lacking.append(f"{wanted.name} is missing")
            continue
        if not wanted.specifier.contains(there, prereleases=True):
            lacking.append(f"{wanted.name} is {there} and needs {wanted.specifier}")
    if lacking:
        yield wrong(
            VERSIONS, f"{'; '.join(lacking)}: `pip install --upgrade 'aboveboard[collector]'`"
        )
    else:
        python = ".".join(map(str, sys.version_info[:3]))
        yield well(
            VERSIONS,
            f"aboveboard {metadata.version('aboveboard')}, chdb {metadata.version('chdb')}, "
            f"Python {python}",
        )
