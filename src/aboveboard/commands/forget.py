"""`aboveboard forget`: have everything erased that an install has sent, and be someone new."""

from __future__ import annotations

import argparse
import os
import sys

from aboveboard.client import spawn
from aboveboard.client.errand import VARIABLE

from . import installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    install = installs.named(args.app, args.directory)
    try:
        forgotten = install.forget()
    except OSError as error:
        print(
            f"aboveboard forget: the request could not be kept ({error.strerror}); "
            "nothing has changed",
            file=sys.stderr,
        )
        return 1
    errand = install.remembered()
    if errand is not None:
        spawn.start(errand.lock, {VARIABLE: errand.as_json()}, os.environ)
    if not forgotten.user_id or errand is None:
        print(f"Nothing was ever sent from here for {args.app}: there is nobody to ask.")
        return 0
    print(
        f"What waited is removed. The request to erase all that {forgotten.user_id} has sent goes "
        f"out now, and again until it is taken. {args.app} has a new id here; your decision about "
        "analytics stands."
    )
    return 0
