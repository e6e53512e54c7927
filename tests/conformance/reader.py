"""The standard once more, written of docs/protocol.md, catalog.md and conformance.md alone.

It imports nothing of aboveboard's, so that what it passes can be known from the pages. It is read
as a whole rather than quickly: no bounds on memory, no second way for honest bodies.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

LISTS = files("aboveboard").joinpath("catalog")
MODELS = LISTS.joinpath("models.txt").read_text("ascii").splitlines()
PROVIDERS = {line.split()[1] for line in MODELS if line.startswith("provider ")}
STANDARD = [
    line.split()
    for line in LISTS.joinpath("standard.txt").read_text("ascii").splitlines()
    if not line.startswith("#")
]
REFUSED = object()
HOUR, DAY = 3600, 86_400


def value(kind: dict[str, Any], told: Any) -> Any:
    """Return what is kept of a value, or REFUSED."""
    return None if told is None else KINDS[kind["kind"]](kind, told)


def flag(_kind: dict[str, Any], told: Any) -> Any:
    return told if isinstance(told, bool) else REFUSED


def number(kind: dict[str, Any], told: Any) -> Any:
    whole = kind["kind"] == "count"
    if isinstance(told, bool) or not isinstance(told, int if whole else (int, float)):
        return REFUSED
    units = {"dollars": 10_000, "seconds": 30 * DAY, "bytes": 10**13}
    if not 0 <= told <= (kind.get("most", 10**9) if whole else units[kind["unit"]]):
        return REFUSED
    return max((step for step in kind.get("steps", ()) if step <= told), default=told)


def choice(kind: dict[str, Any], told: Any) -> Any:
    return told if isinstance(told, str) and told in kind["choices"] else REFUSED


def command(kind: dict[str, Any], told: Any) -> Any:
    if not isinstance(told, str):
        return REFUSED
    return told if told in kind["commands"] else "other"


def model(_kind: dict[str, Any], told: Any) -> Any:
    if not isinstance(told, str):
        return REFUSED
    if told in MODELS and " " not in told:
        return told
    provider, slash, rest = told.partition("/")
    if not (slash and provider in PROVIDERS):
        return None
    return told if rest in MODELS and " " not in rest else f"{provider}/REDACTED"


def version(_kind: dict[str, Any], told: Any) -> Any:
    form = re.compile(
        r"v?(?P<release>(?:(?:19|20)\d{6}|\d{1,4})(?:\.\d{1,5}){0,4})"
        r"(?:[-_.]?(?P<pre>a|b|c|rc|alpha|beta|pre|preview)[-_.]?(?P<n>\d{1,3})?)?"
        r"(?:\.post(?P<post>\d{1,3}))?(?P<dev>[-_.]?dev\d*)?"
        r"(?P<git>-\d+-g[0-9a-f]+(?:-dirty|-broken)?|-dirty|-broken)?(?:[+ ].*)?",
        re.ASCII | re.DOTALL,
    )
    found = form.fullmatch(told) if isinstance(told, str) and len(told) <= 64 else None
    if found is None:
        return REFUSED
    parts = [int(part) for part in found["release"].split(".")]
    if re.fullmatch(rf"{BYTE}(?:\.{BYTE}){{3}}", found["release"], re.ASCII):
        return REFUSED
    pre = {"a": "a", "alpha": "a", "b": "b", "beta": "b"}.get(found["pre"] or "", "rc")
    return (
        ".".join(map(str, parts[:3]))
        + (f"{pre}{int(found['n'] or 0)}" if found["pre"] else "")
        + (f".post{int(found['post'] or 0)}" if found["post"] or found["git"] else "")
        + (".dev0" if found["dev"] else "")
    )


BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d{1,2})"
WORD = r"[A-Za-z_]\w{0,63}"
DOTTED = rf"{WORD}(?:\.{WORD}){{0,9}}"
FUNCTION = r"(?:[A-Za-z_]\w{0,99}|<(?:module|lambda|listcomp|genexpr|dictcomp|setcomp)>)"
FRAME = re.compile(rf"({DOTTED}):{FUNCTION}:[0-9]{{1,5}}", re.ASCII)
ID = re.compile(r"[0-9]{6}|(?=(?:[a-f]*[0-9]){3})[0-9a-f]{8}")


def exception(kind: dict[str, Any], told: Any) -> Any:
    packages, types = kind["packages"], kind["types"]
    if isinstance(told, str):
        found = re.match(rf"({WORD}(?:\.{WORD}){{0,5}})\b", told[:200], re.ASCII)
        for name in (found[1], found[1].rpartition(".")[2]) if found else ():
            public = type_of(name, [], types)
            if public != "other":
                return finished(public, [], [])
        return REFUSED
    if not isinstance(told, dict) or not isinstance(told.get("type"), str):
        return REFUSED
    frames, causes = told.get("frames", []), told.get("causes", [])
    if not isinstance(frames, list) or not isinstance(causes, list):
        return REFUSED
    kept = []
    for cause in (each for each in causes[:8] if isinstance(each, str)):
        name, _, frame = cause.partition(" ")
        place = f" {frame}" if is_frame(frame, packages) else ""
        kept.append(type_of(name, packages, types) + place)
    frames = [frame for frame in frames if is_frame(frame, packages)]
    return finished(type_of(told["type"], packages, types), frames[-30:], kept)


def type_of(name: str, packages: list[str], types: list[str]) -> str:
    for line in STANDARD:
        if name in line:
            return line[-1]
    own = getattr(builtins, name, None)
    if name in types or (isinstance(own, type) and issubclass(own, BaseException)):
        return name
    tops = [*packages, *(package.partition(".")[0] for package in packages)]
    is_ours = any(name == top or name.startswith(f"{top}.") for top in tops)
    is_name = re.fullmatch(DOTTED, name, re.ASCII)
    return name if is_ours and is_name and not ID.search(name) else "other"


def is_frame(frame: Any, packages: list[str]) -> bool:
    found = FRAME.fullmatch(frame) if isinstance(frame, str) and len(frame) <= 200 else None
    return bool(
        found
        and not ID.search(frame.rpartition(":")[0])
        and any(found[1] == each or found[1].startswith(f"{each}.") for each in packages)
    )


def finished(name: str, frames: list[str], causes: list[str]) -> dict[str, Any]:
    places = [frame.rpartition(":")[0] for frame in frames]
    changes = [place for n, place in enumerate(places) if not n or places[n - 1] != place]
    words = [name, *changes, *(cause.partition(" ")[0] for cause in causes)]
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
    return {"type": name, "frames": frames, "causes": causes, "fingerprint": digest}


KINDS: dict[str, Callable[[dict[str, Any], Any], Any]] = {
    "flag": flag,
    "count": number,
    "amount": number,
    "choice": choice,
    "command": command,
    "model": model,
    "version": version,
    "exception": exception,
}


def read(
    body: bytes, catalog: dict[str, Any], now: float, sent_at: str | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what is kept of a segment, and the verdicts on its other lines."""
    events = {event["name"]: event["properties"] for event in catalog["events"]}
    stored, rejected = [], []
    for number, line in enumerate(body.split(b"\n"), 1):
        if line.strip(b" \t\r"):
            kept = _line(line, events, number - 1, now, sent_at)
            if isinstance(kept, str):
                rejected.append({"line": number, "reason": kept})
            else:
                stored.append(kept)
    return stored, rejected


def _line(
    line: bytes, events: dict[str, Any], place: int, now: float, sent_at: str | None
) -> dict[str, Any] | str:
    if len(line) > 65_536:
        return "longer than 65536 bytes"
    try:
        told = json.loads(line.decode(), parse_constant=_refuse, parse_float=_double)
    except RecursionError:
        return "nested too deeply"
    except ValueError:
        return "not a line of JSON"
    if not isinstance(told, dict) or not isinstance(told.get("properties"), dict):
        return "not an event: event, properties, user_id, session and time are needed"
    if len(told["properties"]) > 500:
        return "more than 500 properties"
    for name in ("user_id", "session"):
        if not re.fullmatch(RANDOM, str(told.get(name)), re.IGNORECASE):
            return f"{name} is no random UUID"
    moment, seq, event = told.get("time"), told.get("seq", place), told.get("event")
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        return "time is not in seconds since 1970, or lies in the future"
    if sent_at is not None and sent_at.isdigit():
        sent = int(sent_at) // HOUR * HOUR
        ahead = sent - now // HOUR * HOUR
        if abs(ahead) > 6 * HOUR and moment // HOUR * HOUR <= sent:
            moment -= ahead
    if not 1_262_304_000 <= moment <= now + DAY:
        return "time is not in seconds since 1970, or lies in the future"
    if moment < now - 400 * DAY:
        return "time is longer ago than what is taken"
    if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq < 2**32:
        return "seq is no whole number from 0 to 4294967295"
    if not isinstance(event, str) or event not in events:
        return "the catalog has no such event"
    properties = {}
    for kind in events[event]:
        kept = value(kind, told["properties"].get(kind["name"]))
        properties[kind["name"]] = None if kept is REFUSED else kept
    names = {name: told[name] for name in ("user_id", "session")}
    when = {"seq": seq, "time": int(moment // HOUR) * HOUR}
    return {"event": event, "properties": properties, **names, **when}


RANDOM = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def _double(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        _refuse(text)
    return number


def _refuse(word: str) -> None:
    raise ValueError(word)
