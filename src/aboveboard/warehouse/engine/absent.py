"""Libraries that another would use if they are installed, and that nothing here needs.

numpy and pyarrow cost each start a tenth of its time and 35 MiB.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def absent(*names: str) -> Iterator[None]:
    """Have an import of these libraries fail in the block, as if they were not installed.

    What is loaded already is left alone. For the start of a process: other threads see it too.
    """
    missing = [name for name in names if name not in sys.modules]
    for name in missing:
        sys.modules[name] = None  # type: ignore[assignment]  # how Python says that there is none
    try:
        yield
    finally:
        for name in missing:
            sys.modules.pop(name, None)
