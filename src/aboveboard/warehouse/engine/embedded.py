"""ClickHouse inside this process (chDB), with a directory of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from aboveboard.warehouse.engine.lock import hold
from aboveboard.warehouse.errors import WarehouseBusyError, WarehouseError

from . import driver
from .complaints import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clickhouse_connect.driver.client import Client
    from filelock import FileLock

LOCK = "aboveboard.lock"

CONFIGURATION = Path(__file__).with_name("embedded.xml")


class Embedded:
    """The embedded engine. Its profile is nobody else's, so it has ClickHouse's own settings.

    Tables have those of `embedded.xml`, which says why.

    Args:
        directory: Where its files are; this process alone has it.

    Raises:
        WarehouseBusyError: another process has it.
        WarehouseError: it cannot be written to.
    """

    reading: Mapping[str, object] = {
        "analyzer_inline_views": 1,
        "enable_materialized_cte": 1,
    }
    """For this engine, whose version is known: an older server refuses a setting that it does not
    know. `errors` over the view `_sessions` took 20 % longer than over a table; so, 6 %."""

    writing: Mapping[str, object] = {
        # Without it a materialized view counts a repeat that its table drops.
        "deduplicate_blocks_in_dependent_materialized_views": 1,
        # An imported log may span more months than the hundred that are a server's default.
        "max_partitions_per_insert_block": 0,
        "date_time_input_format": "best_effort",
        # Rows that stand in the statement would be stored later, together with those of others.
        "async_insert": 0,
    }

    inline_max = 64 * 1024
    """Bytes of rows up to which they stand in the statement: the driver puts them into a file that
    ClickHouse reads, which takes a twelfth of the processor more for a session's. From megabytes
    on it takes less."""

    def __init__(self, directory: Path) -> None:
        self.directory: Path | None = directory
        self._lock: FileLock | None = _hold(directory)

    def connect(self) -> Client:
        """Return another connection.

        Raises:
            WarehouseError: the engine cannot be opened.
        """
        with plain(f"cannot open the warehouse {self.directory}: "):
            return driver.connect(
                interface="chdb",
                path=str(self.directory),
                chdb_options={"config-file": str(CONFIGURATION)},
            )

    def named(self, name: str) -> Mapping[str, object]:  # noqa: ARG002  # a server's has use for it
        """Return nothing: what this process began ends with it."""
        return {}

    def is_at_work(self, name: str) -> bool:  # noqa: ARG002  # a cluster's has use for it
        """Return False: what this process began has ended when its call returns."""
        return False

    def check(self) -> None:
        """Do nothing: the directory is this process's."""

    def free(self) -> int | None:
        """Return how many bytes the disk has left; None where that cannot be known."""
        return shutil.disk_usage(self.directory).free if self.directory else None

    def close(self) -> None:
        """Give the directory free."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _hold(directory: Path) -> FileLock:
    """Take the directory for this process.

    ClickHouse locks it as well, but its error takes a page to say so.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return hold(directory / LOCK)
    except Timeout:
        raise WarehouseBusyError(
            f"another aboveboard has {directory} open: stop it, or choose another with --data"
        ) from None
    except OSError as error:
        raise WarehouseError(
            f"cannot write to {directory} ({error.strerror}): choose another with --data"
        ) from None
