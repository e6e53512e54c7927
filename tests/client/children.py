"""The children that a process has left."""

from __future__ import annotations

from pathlib import Path

from tests.client.conftest import Tool


def children_of(tool: Tool) -> list[int]:
    """The sending children of this home that are alive; not the shell that starts one."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes()
                if str(tool.home).encode() in (process / "environ").read_bytes() and (
                    b"aboveboard.client" in words and not words.startswith(b"/bin/sh")
                ):
                    found.append(int(process.name))
            except OSError:
                continue
    return found
