"""Issues: a group of errors as a text for a tracker, with a predicate that finds its later reports.

The text ends in a block that a program reads again:

    ```aboveboard
    group:v1:0f3a9c1e5b7d2468
    ```

Each line is a failure that the issue is about, as terms that must all hold: `group:` a group,
`type:` the exception's type, `frame:` a place on its way, without a line. So one issue can be about
several groups (the function has another name in a newer version; write its group below), and a
person can widen it by hand (`type:KeyError frame:tool.io:read`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .versions import age

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .groups import Group
    from .table import Table, Value

_BLOCK = re.compile(r"^```aboveboard\r?$(.*?)^```\r?$", re.MULTILINE | re.DOTALL)
_TERM = re.compile(
    r"(?P<of>group):(?P<group>v[0-9]{1,3}:[0-9a-f]{16})"
    r"|(?P<of_type>type):(?P<type>[A-Za-z_][\w.]*)"
    r"|(?P<of_frame>frame):(?P<frame>[A-Za-z_][\w.]*:[\w<>]+)",
    re.ASCII,
)


class PredicateError(ValueError):
    """A text has no predicate, or one that cannot be read; the text says what to write."""


@dataclass(frozen=True)
class Terms:
    """One line of a predicate: all that is not None must hold."""

    group: str | None = None
    type: str | None = None
    frames: tuple[str, ...] = ()

    def fits(self, group: Group, places: Iterable[str]) -> bool:
        """Return whether a group is one that the line is about.

        Args:
            group: The group.
            places: The places on its way, without lines.
        """
        return (
            self.group in (None, group.id)
            and self.type in (None, group.name)
            and set(self.frames) <= set(places)
        )


def predicate(text: str) -> tuple[Terms, ...]:
    """Return the lines of an issue's predicate.

    Raises:
        PredicateError: there is none, or a line of it cannot be read.
    """
    blocks = _BLOCK.findall(text)
    if not blocks:
        raise PredicateError("there is no ```aboveboard block in it: `errors --issues` writes one")
    lines = [line.strip() for block in blocks for line in block.splitlines() if line.strip()]
    if not lines:
        raise PredicateError("its ```aboveboard block is empty: write group:v1:… in it")
    return tuple(_terms(line) for line in lines)


def _terms(line: str) -> Terms:
    group = kind = None
    frames = []
    for word in line.split():
        match = _TERM.fullmatch(word)
        if match is None:
            shown = ascii(word)[1:-1][:60]
            raise PredicateError(f"{shown} is no term: use group:v1:…, type:KeyError, frame:a.b:f")
        if match["of"]:
            group = match["group"]
        elif match["of_type"]:
            kind = match["type"]
        else:
            frames.append(match["frame"])
    return Terms(group, kind, tuple(frames))


def places(frames: Table) -> dict[str, tuple[str, ...]]:
    """Return the places on each group's way, innermost first, of what `error_frames` answers."""
    found: dict[str, list[str]] = {}
    for row in frames.records():
        if row["what"] == "frame":
            its = found.setdefault(str(row["group"]), [])
            place = str(row["place"]).rpartition(":")[0]
            if place not in its:
                its.append(place)
    return {group: tuple(its) for group, its in found.items()}


def title(group: Group) -> str:
    """Return an issue's title."""
    place = (group.place or "").rpartition(":")[0]
    kind = {"crash": "Crash", "provider failure": "Provider failure"}.get(group.kind, "Error")
    return f"{kind}: {group.name or 'unknown'}{f' in {place}' if place else ''}"


def text(
    group: Group,
    record: Mapping[str, Value],
    frames: Sequence[Mapping[str, Value]],
    by: Sequence[Mapping[str, Value]],
    period: str,
    link: str | None = None,
) -> str:
    """Return an issue's text, in Markdown.

    Args:
        group: The group.
        record: Its row of `errors`.
        frames: Its rows of `error_frames`.
        by: Its rows of `error_sides`.
        period: The days that `record` and `by` are of, in words.
        link: Where its page is, if that is known.
    """
    share = record["session_share"]
    low, high = record["session_share_low"], record["session_share_high"]
    how = f"{_percent(share)} of sessions" if share is not None else "sessions that are not known"
    if low is not None and high is not None:
        how += f" (95 % interval {_percent(low)} to {_percent(high)})"
    lines = [
        f"{_begin(group)} In {period} it came up {_times(record)}: {how}.".strip(),
        "",
        f"First in {_version(group.first_version)} ({group.first}).",
        f"Last in {_version(group.last_version)} ({group.last}).",
        "",
        "Frames, innermost first:",
        "",
        "```",
    ]
    own = [row for row in frames if row["what"] == "frame"]
    lines += [str(row["place"]) for row in own] or ["(none in the program's own packages)"]
    lines.append("```")
    causes = [str(row["place"]) for row in frames if row["what"] == "cause"]
    if causes:
        lines += ["", "Caused by:", "", "```", *causes, "```"]
    lines += ["", *_sides(by), ""]
    lines.append(_PROMISE)
    if link:
        lines += ["", link]
    lines += ["", "```aboveboard", f"group:{group.id}", "```", ""]
    return "\n".join(lines)


_PROMISE = (
    "Only the type and the frames of the program's own packages are ever collected: no message, no "
    "path, nothing of anybody's own code."
)


def _times(record: Mapping[str, Value]) -> str:
    return (
        f"{_count(record['times'], 'time')} in {_count(record['sessions'], 'session')} "
        f"of {_count(record['installs'], 'install')}"
    )


def _version(version: str | None) -> str:
    return version or "an unknown version"


def _begin(group: Group) -> str:
    if group.reopened:
        return f"It was resolved in {group.resolved}, and is in {group.reopened} again."
    return {
        "new": f"It is new in {group.first_version}.",
        "back": f"It is back in {group.last_version}, after releases without it.",
        "gone": f"It was not seen after {group.last_version}.",
    }.get(group.news, "")


def _sides(by: Sequence[Mapping[str, Value]]) -> list[str]:
    lines = ["| | sessions with it, crashed or handled | of |", "|---|---|---|"]
    for side in ("version", "system", "Python", "model"):
        rows = [row for row in by if row["by"] == side and row["sessions"]]
        if side == "version":
            rows.sort(key=lambda row: age(_text(row["value"])), reverse=True)
        lines += [
            f"| {side} {_text(row['value']) or 'unknown'} | {row['sessions']:,} | "
            f"{row['of_sessions']:,} |"
            for row in rows[:6]
        ]
    return lines


def _percent(value: Value) -> str:
    number = float(value or 0) * 100
    return f"{number:.1f} %" if number >= 0.1 or not number else f"{number:.1g} %"


def _count(value: Value, word: str) -> str:
    number = int(value or 0)
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
