"""Groups of errors: what became of each, from the versions in which it came up and was not seen.

Not to have come up says something only where it was to be expected. The rule of three: with an
expectation of three or more, none at all has a chance of one in twenty (Hanley and Lippman-Hand,
"If nothing goes wrong, is everything all right?", JAMA 249, 1983). What is counted is installs, as
everywhere: one person's sessions are not independent of each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from .versions import age

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .table import Table, Value

EXPECTED = 3.0
"""How many installs a failure was to be seen at, for its absence to say that it is gone."""

RELEASE_INSTALLS = 2
"""How many installs a version needs to be taken for a release: a maker's own machine is one."""


@dataclass(frozen=True)
class Release:
    """A version that has been run: by how many installs, since which day."""

    version: str
    installs: int
    first: str


@dataclass(frozen=True)
class Seen:
    """How a failure came up in a version; None is a version that is not known."""

    version: str | None
    first: str
    last: str
    times: int
    sessions: int
    installs: int


@dataclass(frozen=True)
class Resolution:
    """What somebody has said: that a version has no such failure any more."""

    version: str


@dataclass(frozen=True)
class Group:
    """A failure that has come up, with all that is kept of it.

    Args:
        id: The group, `v1:…`.
        kind: `crash`, `handled error` or `provider failure`.
        place: The innermost frame, with the line at which it was seen last.
        seen: By version, the oldest first.
        news: `new` in the newest release, `back` in it after it was gone, `gone` before it; or "".
        resolved: The version that somebody said has no such failure any more.
        reopened: The first version, from that one on, in which it was seen all the same.
    """

    id: str
    kind: str
    name: str | None
    place: str | None
    seen: tuple[Seen, ...]
    news: str = ""
    resolved: str | None = None
    reopened: str | None = None

    @property
    def first(self) -> str:
        """The day on which it came up first."""
        return min(each.first for each in self.seen)

    @property
    def last(self) -> str:
        """The day on which it came up last."""
        return max(each.last for each in self.seen)

    @property
    def first_version(self) -> str | None:
        """The oldest version in which it came up; None if no version is known."""
        return next((each.version for each in self.seen if each.version is not None), None)

    @property
    def last_version(self) -> str | None:
        """The newest version in which it came up."""
        return next(
            (each.version for each in reversed(self.seen) if each.version is not None), None
        )

    @property
    def is_open(self) -> bool:
        """Whether there is something to do about it."""
        return self.resolved is None or self.reopened is not None


def releases(versions: Table) -> tuple[Release, ...]:
    """Return the versions that the question `versions` tells of, the oldest first."""
    found = [
        Release(str(row["version"]), _whole(row["installs"]), str(row["first"]))
        for row in versions.records()
        if row["version"] is not None
    ]
    return tuple(sorted(found, key=lambda release: age(release.version)))


def newest(known: Sequence[Release]) -> Release | None:
    """Return the newest release: a final version of some installs, or else the newest version."""
    final = [
        each for each in known if each.installs >= RELEASE_INSTALLS and _is_final(each.version)
    ]
    return (final or list(known) or [None])[-1]  # type: ignore[list-item]


def groups(
    by_version: Table, known: Sequence[Release], resolved: Mapping[str, str] | None = None
) -> dict[tuple[str, str], Group]:
    """Return every group by its kind and id.

    Args:
        by_version: What the question `error_versions` answers.
        known: All versions that have been run, the oldest first.
        resolved: The version by group that somebody said has no such failure any more.
    """
    rows: dict[tuple[str, str], list[Mapping[str, Value]]] = {}
    for row in by_version.records():
        rows.setdefault((str(row["kind"]), str(row["group"])), []).append(row)
    found = {}
    for (kind, group), its in rows.items():
        its.sort(key=lambda row: age(_text(row["version"])))
        last = max(its, key=lambda row: str(row["last"]))
        seen = tuple(
            Seen(
                _text(row["version"]),
                str(row["first"]),
                str(row["last"]),
                _whole(row["times"]),
                _whole(row["sessions"]),
                _whole(row["installs"]),
            )
            for row in its
        )
        made = Group(group, kind, _text(last["name"]), _text(last["place"]), seen)
        found[kind, group] = _judged(made, known, (resolved or {}).get(group))
    return found


def united(its: Sequence[Group], known: Sequence[Release]) -> Group:
    """Return a group of all its kinds: some of its failures crashed, others were handled."""
    by_version: dict[str | None, Seen] = {}
    for each in (seen for group in its for seen in group.seen):
        there = by_version.get(each.version)
        by_version[each.version] = (
            each
            if there is None
            else Seen(
                each.version,
                min(each.first, there.first),
                max(each.last, there.last),
                each.times + there.times,
                each.sessions + there.sessions,
                max(
                    each.installs, there.installs
                ),  # those of the one kind may be those of the other
            )
        )
    seen = tuple(sorted(by_version.values(), key=lambda each: age(each.version)))
    return _judged(replace(its[0], seen=seen), known, its[0].resolved)


def _judged(group: Group, known: Sequence[Release], resolved: str | None) -> Group:
    reopened = None
    if resolved is not None:
        reopened = next(
            (
                each.version
                for each in group.seen
                if each.version is not None and age(each.version) >= age(resolved)
            ),
            None,
        )
    return replace(group, news=_news(group, known), resolved=resolved, reopened=reopened)


def _news(group: Group, known: Sequence[Release]) -> str:
    release = newest(known)
    if release is None or group.first_version is None or group.last_version is None:
        return ""
    if age(group.first_version) >= age(release.version):
        is_first = all(age(each.version) >= age(release.version) for each in known)
        return "" if is_first or group.first < release.first else "new"
    if age(group.last_version) < age(release.version):
        return "gone" if _missed(group, known, group.last_version, None) else ""
    # Between the last two versions in which it came up there may be some without it.
    there = [each.version for each in group.seen if each.version is not None]
    before = [version for version in there if age(version) < age(release.version)]
    return "back" if before and _missed(group, known, before[-1], release.version) else ""


def _missed(group: Group, known: Sequence[Release], after: str, until: str | None) -> bool:
    """Return whether a failure was to be seen after a version, and was not."""
    lived = [
        each
        for each in known
        if group.first_version is not None
        and age(group.first_version) <= age(each.version) <= age(after)
    ]
    since = [
        each
        for each in known
        if age(each.version) > age(after) and (until is None or age(each.version) < age(until))
    ]
    hit = sum(
        each.installs
        for each in group.seen
        if each.version is not None and age(each.version) <= age(after)
    )
    installs = sum(each.installs for each in lived)
    return bool(installs) and hit / installs * sum(each.installs for each in since) >= EXPECTED


def _is_final(version: str) -> bool:
    try:
        parsed = Version(version)
    except InvalidVersion:
        return False
    return not parsed.is_prerelease and parsed.local is None


def ordered(found: Iterable[Group], sessions: Mapping[str, int]) -> list[Group]:
    """Return groups as work: what is new or back first, then by how many sessions it happens in."""
    rank = {"new": 0, "back": 0, "": 1, "gone": 2}
    return sorted(
        found,
        key=lambda group: (
            not group.is_open,
            0 if group.reopened else rank[group.news],
            -sessions.get(group.id, 0),
            group.id,
        ),
    )


def _whole(value: Value) -> int:
    return int(value) if isinstance(value, (int, float)) else 0


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
