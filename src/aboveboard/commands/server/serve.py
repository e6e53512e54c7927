"""`aboveboard serve`: the collector and its dashboard, one process, one port, one directory."""

from __future__ import annotations

import argparse
import gc
import os

from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.directory.variables import PUBLIC_URL, SECRET
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.paths import typed_path

NAME = "serve"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8300, help="port (%(default)s)")
    add_data_argument(parser)
    add_warehouse_argument(parser)
    parser.add_argument(
        "--catalog",
        type=typed_path,
        metavar="FILE",
        help="a catalog, as `aboveboard catalog json` prints it, for the project named with "
        "--project",
    )
    parser.add_argument("--project", metavar="NAME", help="the project to add or bring up to date")
    parser.add_argument(
        "--admin-secret",
        default=os.environ.get(SECRET) or None,
        metavar="SECRET",
        help=f"what the dashboard asks for, needed unless --host is this machine; {SECRET}, or "
        "`aboveboard secret`, is better, since arguments are seen by others",
    )
    parser.add_argument(
        "--base-path",
        default="",
        metavar="PATH",
        help="the path under which a proxy shows all of it: /analytics",
    )
    parser.add_argument(
        "--public-url",
        default=os.environ.get(PUBLIC_URL) or "",
        metavar="URL",
        help="the address by which others reach it through a proxy, which senders are told; its "
        f"path is --base-path; {PUBLIC_URL} does the same",
    )
    parser.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="how lines on stderr are written (%(default)s); as json, what is said on stdout "
        "otherwise is one of them",
    )
    parser.add_argument(
        "--insights",
        type=typed_path,
        metavar="DIR",
        help="a directory of insights of your own, each a pair of files NAME.sql and NAME.json",
    )
    parser.add_argument("--demo", action="store_true", help="fill a demo project where it is empty")


def run(args: argparse.Namespace) -> int:
    gc.disable()  # until all is loaded: looking through what only grows costs a tenth of the start
    try:
        from . import server  # what a collector needs may be missing, and the help is there still
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    else:
        return server.run(args)
    finally:
        gc.enable()
