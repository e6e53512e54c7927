"""`aboveboard resend`: what a collector refused, sent once more after the reason is mended.

A key that the collector did not know yet, a proxy that let no large body pass, a collector that was
too old: the same bytes are taken then, and counted once, since none of them was stored.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from aboveboard.client.decision import consent, environment
from aboveboard.client.delivery import spawn
from aboveboard.client.install import Install
from aboveboard.client.recipients.target import VARIABLE, Folder, Target, paused
from aboveboard.client.recording import segment
from aboveboard.commands.terminal.printing import say, warn

from . import access, installs

DAYS_MAX = segment.WAITING_SECONDS_MAX // 86_400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    install = installs.named(args.app, args.directory)
    trouble = installs.locked(install)
    if trouble:
        return _fail(f"{trouble}. Nothing changed")
    if install.state.read().standing != consent.CONSENTED:
        return _fail(f"nothing of {args.app} is sent from here: `aboveboard status {args.app}`")
    files = requests = too_old = 0
    try:
        for place in map(Folder, install.places()):
            brought, old = segment.bring_back(place.segments)
            files += brought
            too_old += old
            requests += _bring_back_requests(place.erasures)
    except OSError as error:
        return _fail(
            f"not all could be taken back ({error.strerror or error}); try again, with the rights "
            "of whoever runs the tool"
        )
    stay = (
        f"{_many(too_old, 'file is', 'files are')} older than {DAYS_MAX} days, too old to be sent, "
        "and left where they are"
    )
    if not files and not requests:
        said = f"Nothing of {args.app} that a collector refused is kept here"
        say(f"{said} that could be sent: {stay}." if too_old else f"{said}.")
        return 0
    what = [
        _many(number, *names)
        for number, names in (
            (files, ("file of events", "files of events")),
            (requests, ("request to erase", "requests to erase")),
        )
        if number
    ]
    say(f"{' and '.join(what)} that a collector refused: {_fate(install)}.")
    if too_old:
        say(f"{stay[:1].upper()}{stay[1:]}.")
    return 0


def _bring_back_requests(folder: str) -> int:
    """Have the requests to erase of a recipient, that it refused, owed again; return how many.

    Raises:
        OSError: not all could be renamed.
    """
    refused = list(Path(folder).glob("*.json.refused")) if access.is_there(folder) else []
    for path in refused:
        path.replace(path.with_suffix(""))
    return len(refused)


def _fate(install: Install) -> str:
    targets = install.targets()
    runs = f"when {install.app} runs"
    if environment.do_not_track(os.environ):
        return f"waiting again, and sent {runs} without DO_NOT_TRACK"
    if targets and all(paused(target.pause_file) for target in targets):
        return f"waiting again, and sent {runs} after the pause that follows a collector's absence"
    if targets and _send(targets[0]):
        return (
            f"on the way now, with the key that {install.app} had at its last run (mended since? "
            f"then run it once, and resend again); `aboveboard status {install.app}` tells of what "
            "is refused again"
        )
    return f"waiting again, and sent {runs}"


def _send(target: Target) -> bool:
    """Send the child that delivers what waits; return whether it is on its way."""
    try:
        spawn.start(target.lock, {VARIABLE: target.as_json()}, os.environ)
    except OSError:
        return False
    return True


def _many(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _fail(reason: str) -> int:
    warn(f"aboveboard resend: {reason}")
    return 1
