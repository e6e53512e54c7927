"""`aboveboard forget`: have everything erased that an install has sent, and be someone new."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from aboveboard.client.decision import environment
from aboveboard.client.delivery import spawn
from aboveboard.client.install import ID_LOST, NOTHING_SENT, POSTHOGS, Forgotten, Install
from aboveboard.client.recipients.target import POSTHOG, VARIABLE, Target, owing, paused
from aboveboard.commands.terminal.printing import say, warn

from . import access, installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    install = installs.named(args.app, args.directory)
    trouble = installs.locked(install)
    if trouble:
        return _fail(f"{trouble}. Nothing changed")
    doubt = installs.doubt(install, args.directory)
    try:
        forgotten = install.forget()
    except OSError as error:
        folders = (Path(install.spool), Path(install.state.path).parent)
        reason = next(filter(None, map(access.unwritable, folders)), "")
        reason = reason or error.strerror or str(error)
        return _fail(f"the request could not be kept ({reason}); nothing changed")
    targets = [target for target in install.targets() if not target.endpoint.startswith(POSTHOG)]
    cannot = bool(targets) and all(target.cannot_erase() for target in targets)
    started = bool(targets) and _send(targets[0])
    if forgotten.outcome == ID_LOST:
        return _fail(_say_lost(install, doubt))
    if forgotten.outcome == POSTHOGS:
        return _fail(
            f"{_say_posthogs(install, forgotten)}. What waited is removed, and {args.app} has a "
            "new id here"
        )
    if forgotten.outcome == NOTHING_SENT:
        say(_say_nothing(install, forgotten, doubt))
        return 0
    say(
        f"What waited is removed. The request to erase all that {forgotten.user_id} has sent "
        f"{_say_when(install, started=started, cannot=cannot)}. {args.app} has a new id here; your "
        "decision about analytics stands."
    )
    return _fail(_say_posthogs(install, forgotten)) if forgotten.posthogs else 0


def _send(target: Target) -> bool:
    """Send the child that delivers requests; return whether it is on its way."""
    if not owing(target) or environment.do_not_track(os.environ) or paused(target.pause_file):
        return False
    try:
        spawn.start(target.lock, {VARIABLE: target.as_json()}, os.environ)
    except OSError:
        return False
    return True


def _say_when(install: Install, *, started: bool, cannot: bool) -> str:
    if cannot:
        return (
            "is kept. The collector has said lately that it cannot erase yet; it is asked again "
            f"once a day when {install.app} runs without --no-analytics"
        )
    if started:
        return (
            "is kept, and the collector is asked now. Until it takes the request, it is asked "
            f"again when {install.app} runs without --no-analytics; `aboveboard status "
            f"{install.app}` tells whether it has, "
            "and until when all is gone"
        )
    if environment.do_not_track(os.environ):
        return f"is kept, and goes out once {install.app} runs without DO_NOT_TRACK"
    targets = install.targets()
    if targets and all(paused(target.pause_file) for target in targets):
        return (
            f"is kept, and goes out when {install.app} runs after the pause that follows a "
            "collector's absence"
        )
    return f"is kept, and goes out when {install.app} runs without --no-analytics"


def _say_nothing(install: Install, forgotten: Forgotten, doubt: str) -> str:
    said = (
        f"Nothing was ever sent from here by aboveboard for {install.app}: there is no one to ask."
    )
    if forgotten.user_id:
        said += (
            f" {install.app} has a new id here; if it has sent anything without aboveboard, its "
            f"makers know that under {forgotten.user_id}."
        )
    return f"{said} {doubt}".rstrip()


def _say_posthogs(install: Install, forgotten: Forgotten) -> str:
    return (
        f"{install.app} has sent to PostHog, which takes no request to erase from here; ask those "
        f"who receive it at {' and '.join(forgotten.posthogs)} (as a rule the makers of "
        f"{install.app}) to erase {forgotten.user_id}"
    )


def _say_lost(install: Install, doubt: str) -> str:
    return (
        f"{install.app} may have sent events from here, but {install.state.path} does not say "
        "under which id, so nobody can be asked to erase them; put that file back as it was, and "
        f"try again. What waited is removed. {doubt}"
    ).rstrip(" .")


def _fail(reason: str) -> int:
    warn(f"aboveboard forget: {reason}")
    return 1
