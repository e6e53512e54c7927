"""A file that a command writes: whole, or as it was before."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Write a file as a whole, or leave what was there as it was.

    Raises:
        OSError: it could not be written.
    """
    path = path.resolve()  # of a link, what it leads to is written
    if path.exists() and not path.is_file():  # a device or a pipe has no half-written state
        path.write_bytes(content)
        return
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
