"""`aboveboard status`: what was decided on this machine, what waits, and where everything is."""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path

from aboveboard.client import consent, segment
from aboveboard.client.errand import POSTHOG, paused
from aboveboard.client.install import Install

from . import installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser, required=False)
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    chosen = [installs.named(args.app, args.directory)] if args.app else installs.found()
    described = [describe(install, args.directory) for install in chosen]
    if args.json:
        print(json.dumps(described, indent=1))
    elif described:
        print("\n\n".join(text(one) for one in described))
    else:
        print("No tool on this machine has left any of aboveboard's files.")
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
        "decided": state.decided,
        "user_id": state.user_id or None,
        "agreed_events": sorted(state.agreed) if state.agreed is not None else None,
        "sends_to": errand.endpoint if errand else None,
        "waiting_files": len(paths),
        "waiting_events": sum(text.count(b"\n") for text in texts),
        "waiting_bytes": sum(map(len, texts)),
        "set_aside_files": len(segment.listed(str(Path(install.segments) / "aside"))),
        "paused": paused(install.errand("", "").pause_file),
        "erasures_owed": len(list(Path(install.errand("", "").erasures).glob("*.json"))),
        "state_file": install.state.path,
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
    lines = [f"{one['app']}: {meaning}"]

    def add(name: str, value: object) -> None:
        lines.append(f"  {name:<12} {value}")

    decided = one["decided"]
    if isinstance(decided, int):
        moment = datetime.datetime.fromtimestamp(decided, datetime.timezone.utc).astimezone()
        add("decided", f"{moment:%Y-%m-%d %H:%M}")
    if one["agreed_events"] is not None:
        add("agreed to", f"{len(_list(one['agreed_events']))} kinds of events")
    unreadable = one["decision"] == consent.UNREADABLE
    add(
        "install",
        one["user_id"] or ("an id that cannot be read" if unreadable else "has no id yet"),
    )
    if one["sends_to"]:
        add("sends to", one["sends_to"])
    waiting = f"{one['waiting_events']} events in {one['waiting_files']} files"
    add("waiting", waiting + (", sending paused for a while" if one["paused"] else ""))
    if one["set_aside_files"]:
        add("set aside", f"{one['set_aside_files']} files that the collector refused")
    if one["erasures_owed"]:
        takes_none = str(one["sends_to"]).startswith(POSTHOG)
        fate = "kept, since PostHog takes none" if takes_none else "sent as soon as they can be"
        add("owed", f"{one['erasures_owed']} requests to erase, {fate}")
    add("decision in", one["state_file"])
    add("waiting in", one["waiting_directory"])
    if one["doubt"]:
        add("but", one["doubt"])
    return "\n".join(lines)


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # sent meanwhile
        return b""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
