"""`aboveboard status`: what was decided on this machine, what waits, and where everything is."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from pathlib import Path

from aboveboard.client import consent, environment, segment, verdicts
from aboveboard.client.errand import POSTHOG, paused
from aboveboard.client.install import Install
from aboveboard.client.state import State

from . import access, installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser, required=False)
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    chosen = [installs.named(args.app, args.directory)] if args.app else installs.found()
    described = [describe(install, args.directory) for install in chosen]
    overlooked = [] if args.app else installs.overlooked()
    if args.json:
        print(json.dumps(described, indent=1))
    elif described:
        print("\n\n".join(text(one) for one in described))
    elif not overlooked:
        print("No tool on this machine has left any of aboveboard's files.")
    if overlooked:
        print(
            f"aboveboard status: not looked into, since not yours to read: {_some(overlooked)}; "
            "`aboveboard status NAME` says more of a tool",
            file=sys.stderr,
        )
    return 0


def describe(install: Install, directory: str = "") -> dict[str, object]:
    """Return what there is to say about an install; times are in seconds since 1970."""
    state = install.state.read()
    errand = install.remembered()
    paths = segment.listed(install.segments)
    texts = [_bytes(path) for path in paths]
    return {
        "app": install.app,
        "decision": state.standing,
        "off_here": _off_here(install.app),
        "obstacle": _obstacle(install, state) or None,
        "decided": state.decided,
        "user_id": state.user_id or None,
        "agreed_events": sorted(state.agreed) if state.agreed is not None else None,
        "sends_to": errand.endpoint if errand else None,
        "waiting_unseen": _unseen(install) or None,
        "waiting_files": len(paths),
        "waiting_events": sum(text.count(b"\n") for text in texts),
        "waiting_bytes": sum(map(len, texts)),
        "set_aside_files": len(segment.listed(str(Path(install.segments) / "aside"))),
        "refused_with": _refused_with(install),
        "lines_not_taken": verdicts.read(install.errand("", "").refused_file),
        "paused": paused(install.errand("", "").pause_file),
        "cannot_erase": install.errand("", "").cannot_erase(),
        "erasures_owed": sum(name.endswith(".json") for name in _names(install)),
        "state_file": install.state.path,
        "no_apart": install.state.apart() or None,
        "waiting_directory": install.segments,
        "doubt": installs.doubt(install, directory) or None,
    }


def text(one: dict[str, object]) -> str:
    """Return an install's description as lines for a terminal."""
    meaning = {
        consent.NOT_ASKED: "not asked yet: nothing is recorded or sent",
        consent.CONSENTED: "you agreed: events are recorded and sent",
        consent.DISABLED: "permanently disabled: nothing is recorded or sent",
        consent.UNREADABLE: "the file cannot be read or understood: nothing is recorded or sent",
    }[str(one["decision"])]
    if one["decision"] == consent.CONSENTED and one["agreed_events"] is None:
        meaning = "you agreed before it had aboveboard: events are sent if it says what that was to"
    lines = [f"{one['app']}: {meaning}"]

    def add(name: str, value: object) -> None:
        lines.append(f"  {name:<12} {value}")

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
    if one["sends_to"]:
        add("sends to", one["sends_to"])
    waiting = (
        f"{_number(one['waiting_events'], 'event')} in {_number(one['waiting_files'], 'file')}"
    )
    if one["waiting_unseen"]:
        waiting = "cannot be looked at"
    add("waiting", waiting + (", sending paused for a while" if one["paused"] else ""))
    if one["set_aside_files"]:
        why = f" ({one['refused_with']})" if one["refused_with"] else ""
        add(
            "set aside",
            _number(one["set_aside_files"], "file") + f" that the collector refused{why}",
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
    add("decision in", one["no_apart"] or one["state_file"])
    add("waiting in", one["waiting_directory"])
    if one["doubt"]:
        add("but", one["doubt"])
    return "\n".join(lines)


def _off_here(app: str) -> str:
    """Return what in this environment turns the app's sessions off, whatever was decided, or ""."""
    if environment.do_not_track(os.environ):
        return "DO_NOT_TRACK is set"
    if environment.wanted(app, os.environ) is False:
        return f"{environment.variable(app)} says no"
    return ""


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
    if trouble and state.agreed is None:  # what the yes was given to is still to be kept
        return f"nothing can be recorded: {trouble}"
    trouble = _unseen(install) or access.unwritable(install.segments)
    return f"nothing can be recorded: {trouble}" if trouble else ""


def _unseen(install: Install) -> str:
    """Return why what waits cannot be looked at, or ""."""
    return access.unreadable(install.spool) or access.unreadable(install.segments)


def _names(install: Install) -> list[str]:
    """Return the names of the requests to erase."""
    try:
        return [path.name for path in Path(install.errand("", "").erasures).iterdir()]
    except OSError:
        return []


_REFUSALS = {
    "400": "it could not read them",
    "401": "it does not know the tool's write key",
    "413": "they are too large for it",
}


def _refused_with(install: Install) -> str:
    """Return what the collector said of the last file that it refused, or ""."""
    refused = segment.listed(str(Path(install.segments) / "aside"))
    status = Path(refused[-1]).stem.rpartition(".")[2] if refused else ""
    return _REFUSALS.get(status, "")


def _some(paths: list[str]) -> str:
    more = len(paths) - _SHOWN_MAX
    return ", ".join(paths[:_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")


_SHOWN_MAX = 3


def _number(count: object, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # sent meanwhile
        return b""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
