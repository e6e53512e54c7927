"""The options that say which data, for every command that works on some."""

from __future__ import annotations

import argparse
import os

from aboveboard.collector.inbox import storage
from aboveboard.commands.terminal.paths import typed_path


def add_data_argument(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Add `--data`, as every command has it that works on a data directory.

    `again`: an action has it as well, for those who write it there; what stood before stays.
    """
    place = storage.default_directory()
    parser.add_argument(
        "--data",
        type=typed_path,
        default=argparse.SUPPRESS if again else place,
        metavar="DIR",
        help=f"where the collector keeps everything (ABOVEBOARD_DATA, else {place})".replace(
            "%", "%%"
        ),
    )


def add_warehouse_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--warehouse`, as every command has it that opens the warehouse."""
    parser.add_argument(
        "--warehouse",
        default=os.environ.get("ABOVEBOARD_WAREHOUSE") or None,
        metavar="URL",
        help="clickhouse://user:password@host:8123/, where events are kept in a ClickHouse server "
        "(ABOVEBOARD_WAREHOUSE, else the data directory)",
    )
    parser.add_argument(
        "--cluster",
        default=os.environ.get("ABOVEBOARD_CLUSTER") or None,
        metavar="NAME",
        help="the cluster, as ClickHouse's configuration calls it, each of whose nodes --warehouse "
        "names: clickhouse://user:password@one:8123,two:8123/ (ABOVEBOARD_CLUSTER)",
    )
