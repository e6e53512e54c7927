"""How far a command is: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def bar(doing: str, total: int, *, is_bytes: bool = False) -> Iterator[Callable[[int], None]]:
    """Give what is told of each step, on standard error.

    Args:
        doing: What is done, in a word.
        total: How many steps there are.
        is_bytes: Whether they are bytes.
    """
    if not sys.stderr.isatty():
        yield lambda _size: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    counted = DownloadColumn() if is_bytes else MofNCompleteColumn()
    columns = TextColumn(doing), BarColumn(), counted, TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda size: progress.advance(task, size)
