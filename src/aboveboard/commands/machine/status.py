"""`aboveboard status`: what was decided on this machine, what waits, and where everything is."""

from __future__ import annotations

import argparse
import datetime
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aboveboard.client.decision import consent, environment
from aboveboard.client.decision.state import State
from aboveboard.client.delivery import proxy, receipts, verdicts
from aboveboard.client.install import Install
from aboveboard.client.recipients import recipient, wire
from aboveboard.client.recipients.target import POSTHOG, Folder, Target, paused
from aboveboard.client.recording import segment
from aboveboard.client.terminal import answers
from aboveboard.commands.terminal.printing import say, warn

from . import access, installs

Add = Callable[[str, object], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser, required=False)
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    chosen = [installs.named(args.app, args.directory)] if args.app else installs.found()
    if args.app and not (
        installs.is_known(chosen[0]) or _obstacle(chosen[0], State(consent.NOT_ASKED))
    ):
        warn(
            f"aboveboard status: nothing of a tool called {args.app} was found here: `aboveboard "
            "status` lists those that were; if it keeps its decision elsewhere, give that place "
            "with --directory"
        )
        return 2
    described = [describe(install, args.directory) for install in chosen]
    overlooked = [] if args.app else installs.overlooked()
    if args.json:
        say(*json.dumps(described, indent=1).split("\n"))
    elif described:
        for number, one in enumerate(described):
            say(*([""] if number else []), *text(one))
    elif not overlooked:
        say("No tool on this machine has left any of aboveboard's files.")
    if overlooked:
        warn(
            f"aboveboard status: not looked into, since not yours to read: {_some(overlooked)}; "
            "`aboveboard status NAME` says more of a tool",
        )
    return 0


def describe(install: Install, directory: str = "") -> dict[str, object]:
    """Return what there is to say about an install; times are in seconds since 1970."""
    state = install.state.read()
    targets = install.targets() or [install.target("", "")]
    recipients = [_describe_recipient(install, target, state) for target in targets]
    agreed = [terms for terms in (state.agreed, *map(_agreed, state.recipients.values())) if terms]
    return {
        "app": install.app,
        "decision": state.standing,
        "off_here": _off_here(install.app),
        "obstacle": _obstacle(install, state) or None,
        "decided": state.decided,
        "user_id": state.user_id or None,
        "agreed_events": sorted({event for terms in agreed for event in terms}) if agreed else None,
        "sends_to": targets[0].endpoint or None,
        "refused": [
            recipient.shown(name)
            for name, answer in sorted(state.recipients.items())
            if answer.get("refused") is True
        ],
        "recipients": recipients,
        "waiting_unseen": _unseen(install) or None,
        **{
            name: sum(int(str(one[name])) for one in recipients)
            for name in ("waiting_files", "waiting_events", "waiting_bytes")
        },
        "state_file": install.state.path,
        "no_apart": install.state.apart() or None,
        "doubt": installs.doubt(install, directory) or None,
    }


def _describe_recipient(install: Install, target: Target, state: State) -> dict[str, object]:
    """Return what there is to say about a recipient, or about none where nobody is known."""
    place = target.path if target.endpoint else install.spool
    if target.endpoint and not access.is_there(target.file):  # as 0.1.0 had it
        place = install.spool
    at = Folder(place)
    paths = segment.listed(at.segments)
    texts = [_bytes(path) for path in paths]
    toward = state.toward(target.recipient, install.unnamed())
    return {
        "sends_to": target.endpoint or None,
        "proxy_trouble": proxy.trouble(wire.address(target.endpoint), os.environ) or None,
        "consented": toward.standing == consent.CONSENTED,
        "waiting_files": len(paths),
        "waiting_events": sum(text.count(b"\n") for text in texts),
        "waiting_bytes": sum(map(len, texts)),
        "set_aside_files": len(segment.listed(str(Path(at.segments) / "aside"))),
        "refused_with": _refused_with(at.segments),
        "lines_not_taken": verdicts.read(at.refused_file),
        "paused": paused(at.pause_file),
        "cannot_erase": at.cannot_erase(),
        "erasures_owed": sum(name.endswith(".json") for name in _names(at.erasures)),
        "erasures_taken": [each.as_json() for each in receipts.read(at.receipts_file)],
        "waiting_directory": at.segments,
    }


def text(one: dict[str, object]) -> list[str]:
    """Return an install's description as lines for a terminal."""
    return [
        f"{one['app']}: {meaning(one)}",
        *(f"  {name:<12} {value}" for name, value in facts(one)),
    ]


def meaning(one: dict[str, object]) -> str:
    """Return what was decided about a tool, in words."""
    said = answers.MEANING[str(one["decision"])]
    if one["decision"] == consent.CONSENTED and one["agreed_events"] is None:
        return (
            f"you agreed before {one['app']} had aboveboard: what it says that your yes covered "
            "is recorded and sent; if it says nothing, nothing is, and it asks you again"
        )
    return said


def facts(one: dict[str, object]) -> list[tuple[str, str]]:
    """Return what else there is to say about an install: names and values."""
    told: list[tuple[str, str]] = []

    def add(name: str, value: object) -> None:
        told.append((name, str(value)))

    if one["off_here"]:
        add("here", f"off: {one['off_here']}")
    if one["obstacle"]:
        add("here", one["obstacle"])
    decided = one["decided"]
    if isinstance(decided, int):
        moment = datetime.datetime.fromtimestamp(decided, datetime.timezone.utc).astimezone()
        add("decided", f"{moment:%Y-%m-%d %H:%M}")
    if one["agreed_events"] is not None:
        add("agreed to", _number(len(_list(one["agreed_events"])), "kind") + " of events")
    unreadable = one["decision"] == consent.UNREADABLE
    add(
        "install",
        one["user_id"] or ("an id that cannot be read" if unreadable else "has no id yet"),
    )
    for name in _list(one["refused"]):
        add("said no to", name)
    for recipient_ in _dicts(one["recipients"]):
        _add_recipient(add, str(one["app"]), recipient_, unseen=bool(one["waiting_unseen"]))
    add("decision in", one["no_apart"] or one["state_file"])
    if one["doubt"]:
        add("but", one["doubt"])
    return told


def _add_recipient(add: Add, app: str, one: dict[str, object], *, unseen: bool) -> None:
    """Add the lines about what a recipient gets."""
    if one["sends_to"]:
        add("sends to", one["sends_to"])
    if one["proxy_trouble"]:
        add("proxy", one["proxy_trouble"])
    waiting = (
        f"{_number(one['waiting_events'], 'event')} in {_number(one['waiting_files'], 'file')}"
    )
    if unseen:
        waiting = "cannot be looked at"
    add("waiting", waiting + (", sending paused for a while" if one["paused"] else ""))
    if one["set_aside_files"]:
        why = f" ({one['refused_with']})" if one["refused_with"] else ""
        add(
            "set aside",
            _number(one["set_aside_files"], "file") + f" that the collector refused{why}; once "
            f"that is mended, `aboveboard resend {app}` sends {_them(one['set_aside_files'])}",
        )
    refused = one["lines_not_taken"]
    if isinstance(refused, dict) and refused:
        add("not taken", _number(sum(refused.values()), "line") + ", which the collector refused:")
        for reason, times in sorted(refused.items(), key=lambda item: (-item[1], item[0])):
            add("", f"{times}: {reason}")
    if one["erasures_owed"]:
        takes_none = str(one["sends_to"]).startswith(POSTHOG)
        fate = "kept, since PostHog takes none" if takes_none else "sent as soon as they can be"
        if one["cannot_erase"]:
            fate = "kept: the collector cannot erase yet, and is asked again once a day"
        add("owed", f"{_number(one['erasures_owed'], 'request')} to erase, {fate}")
    for receipt in _dicts(one["erasures_taken"]):
        add("erased", _taken(receipt))
    add("waiting in", one["waiting_directory"])


def _taken(receipt: Mapping[str, object]) -> str:
    """Return what a collector said when it took a request to erase."""
    taken, gone_by = receipt["taken"], receipt["gone_by"]
    when = f", asked on {_day(taken)}" if isinstance(taken, int) else ""
    if not receipt["decided"]:
        return f"receipt {receipt['receipt']}{when}: a person there is to decide"
    by = f", gone by {_day(gone_by)}" if isinstance(gone_by, int) else ""
    return f"receipt {receipt['receipt']}{when}{by}"


def _day(seconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).astimezone()
    return f"{moment:%Y-%m-%d %H:%M}"


def _off_here(app: str) -> str:
    """Return what in this environment turns the app's sessions off, whatever was decided, or ""."""
    noes = environment.refusals(app, os.environ)
    return f"{noes[0]} says no" if noes else ""


def _obstacle(install: Install, state: State) -> str:
    """Return why nothing could be recorded, or no answer kept, whatever was decided, or ""."""
    if state.standing == consent.DISABLED:
        return ""
    trouble = access.unreadable(install.state.path)
    if trouble:
        return f"off, and nobody is asked: {trouble}"
    trouble = access.unwritable(Path(install.state.path).parent)
    if trouble and state.standing == consent.NOT_ASKED:
        return f"nobody is asked, since no answer could be kept: {trouble}"
    if (
        trouble and state.agreed is None and not state.recipients
    ):  # what the yes was given to is still to be kept
        return f"nothing can be recorded: {trouble}"
    trouble = _unseen(install) or next(
        filter(None, map(access.unwritable, install.directories())), ""
    )
    return f"nothing can be recorded: {trouble}" if trouble else ""


def _unseen(install: Install) -> str:
    """Return why what waits cannot be looked at, or ""."""
    return next(filter(None, map(access.unreadable, install.directories())), "")


def _names(folder: str) -> list[str]:
    """Return the names of the requests to erase."""
    try:
        return [path.name for path in Path(folder).iterdir()]
    except OSError:
        return []


_REFUSALS = {
    "400": "it could not read them",
    "401": "it does not know the tool's write key",
    "413": "they are too large for it",
}


def _refused_with(segments: str) -> str:
    """Return what the collector said of the last file that it refused, or ""."""
    refused = segment.listed(str(Path(segments) / "aside"))
    status = Path(refused[-1]).stem.rpartition(".")[2] if refused else ""
    return _REFUSALS.get(status, "")


def _some(paths: list[str]) -> str:
    more = len(paths) - _SHOWN_MAX
    return ", ".join(paths[:_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")


_SHOWN_MAX = 3


def _number(count: object, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _them(count: object) -> str:
    return "it" if count == 1 else "them"


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # sent meanwhile
        return b""


def _dicts(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _agreed(answer: Mapping[str, Any]) -> Any:
    return answer.get("agreed")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
