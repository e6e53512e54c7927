"""How much memory a process has had at most."""

from __future__ import annotations

from pathlib import Path


def peak() -> int:
    """Return the most that this program has had in memory at once, in KiB.

    Linux's own figure for this program: `getrusage` counts what its parent had before the exec.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
