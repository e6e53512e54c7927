"""`aboveboard export`: a project's events as a file, which `aboveboard import` takes back."""

from __future__ import annotations

import argparse
import uuid
from datetime import date

from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.terminal.missing import explain_missing

NAME = "export"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", required=True, metavar="NAME", help="whose events")
    parser.add_argument(
        "-o",
        "--output",
        default="-",
        metavar="FILE",
        help="where to; - is standard output (%(default)s). A name that ends in .gz is packed",
    )
    parser.add_argument(
        "--format",
        choices=("jsonl", "csv", "parquet"),
        help="lines of JSON, or a table (as the file's name ends, else jsonl)",
    )
    parser.add_argument("--since", type=_day, metavar="DAY", help="from this day on (2026-08-01)")
    parser.add_argument("--until", type=_day, metavar="DAY", help="up to the end of this day")
    parser.add_argument(
        "--install",
        type=_install,
        metavar="UUID",
        help="of one install only: what a person may ask for who names it",
    )
    parser.add_argument(
        "--event", action="append", default=[], metavar="NAME", help="of this event only; repeat it"
    )
    add_data_argument(parser)
    add_warehouse_argument(parser)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-08-01") from None


def _install(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no install's UUID; `aboveboard status` tells one's own"
        ) from None


def run(args: argparse.Namespace) -> int:
    try:
        from . import exporter  # what a collector needs may be missing, and the help is there still
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    return exporter.run(args)
