"""Filters: what a question is asked about, as the URL says it: period, version, system and more."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from aboveboard.catalog.catalog import OPERATING_SYSTEMS
from aboveboard.catalog.kinds import REJECTED, Version

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .sampling import Sampling

NAMES = (
    "since",
    "until",
    "version",
    "os",
    "event",
    "group",
    "where",
    "by",
    "compare",
    "of",
    "split",
    "steps",
    "within",
    "sampling",
)
"""The parameters that filter; `project` stands beside them, and is the page's to choose."""

WHERE = "where"
"""A parameter that may be given several times: each is a `Where`."""

STEPS = "steps"
"""A parameter that may be given several times, as a form does, or once with commas."""

WHERE_MOST = 8

GRAINS = ("day", "week", "month")

STEPS_LEAST, STEPS_MOST = 2, 8
SESSION, PERIOD = WITHIN = ("session", "period")
"""Within what the steps of a funnel are taken: one session, or one install's whole period."""

AUTO = "auto"
PREVIOUS, OFF = "previous", "off"
AGAINST = ".."
"""What stands between the two versions of `compare=0.86.1..0.86.2`."""

DAYS_DEFAULT = 30
DAYS_MAX = 3660
"""Ten years: a daily series that is longer is a mistake, or somebody's bad joke."""

SESSION_LONGEST = timedelta(days=7)
"""How long a session is followed. Chats stay open over a weekend, few for a week; without a bound,
a question about one day would have to look at every session that there ever was."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_GROUP = re.compile(r"v[0-9]{1,3}:[0-9a-f]{16}", re.ASCII)
_DAYS = re.compile(r"([0-9]{1,4})d", re.ASCII)
_FIRST, _LAST = date(1970, 1, 1), date(2105, 12, 31)
"""What ClickHouse's DateTime can hold, in whole years."""


class FilterError(ValueError):
    """A parameter that cannot be used; the text is one line that says what can."""


@dataclass(frozen=True)
class Where:
    """Only sessions in which an event happened of which a property had a value.

    Args:
        value: None for no value. The catalog knows whether there are such an event and property.
    """

    event: str
    property: str
    value: str | None

    @classmethod
    def of(cls, text: str) -> Where:
        """Return what `message_send.main_model:gpt-5` says.

        Raises:
            FilterError: it says nothing of the kind.
        """
        name, colon, value = text.partition(":")
        event, _, declared = name.rpartition(".")
        if not colon or not event or not declared:
            raise FilterError(
                f"where={shown(text)} is no filter: use one such as message_send.main_model:gpt-5"
            )
        return cls(event, declared, value or None)

    def __str__(self) -> str:
        return f"{self.event}.{self.property}:{self.value or ''}"


@dataclass(frozen=True)
class Sides:
    """The two questions that a comparison asks: `now` is compared with `then`."""

    now: Filters
    then: Filters


@dataclass(frozen=True)
class Filters:
    """A period of whole days in UTC, both ends included, and what else is asked for.

    An event's name, and its properties', are the catalog's to know: whoever has one finds out
    whether they are there.

    `asked` is what the query said, so that links can repeat it: a page that was asked for "the
    last 30 days" still means that tomorrow. `today`, in UTC, is not over, and of the days before it
    sessions may still come in, for as long after a day's end as `late` says: those days are in the
    period, and in no comparison. Of which installs is asked, where not of all, is found out by who
    wants a quick answer (sampling.py), and the same on both sides of a comparison. `exits` is false
    for who asks for errors alone: how sessions end, which nearly all tell, takes most of it.
    """

    since: date
    until: date
    version: str | None = None
    os: str | None = None
    event: str | None = None
    group: str | None = None
    asked: tuple[tuple[str, str], ...] = ()
    where: tuple[Where, ...] = ()
    grain: str = GRAINS[0]
    compare: str = PREVIOUS
    of: str | None = None
    split: str | None = None
    steps: tuple[str, ...] = ()
    within: str = SESSION
    sampling: Sampling | None = None
    exits: bool = True
    today: date = field(default_factory=lambda: _today(), compare=False)
    late: timedelta = field(default=timedelta(0), compare=False)

    @classmethod
    def from_query(
        cls,
        query: Mapping[str, str],
        today: date | None = None,
        *,
        beside: Collection[str] = (),
        late: timedelta = timedelta(0),
    ) -> Filters:
        """Return the filters of a URL's query; what it leaves out is the last 30 days of all.

        Args:
            query: `since` is a date (`2026-08-01`) or a number of days that ends at `until`
                (`30d`); `until` is a date, today if left out; `version`; `os`; `event`; `group`,
                one of errors; `where`, as often as wanted; `by` is a grain; `compare` is
                `previous`, `off` or two versions (`0.86.1..0.86.2`); `of` and `split` are
                properties of the event; `steps` are a funnel's events, with commas, `within` a
                `session` or the `period`; `sampling` is `auto`, or `off`
                for every install. Empty values count as left out.
            today: The day it is, in UTC, for tests.
            beside: Other parameters that the query may have.
            late: How long after a day's end its sessions are in.

        Raises:
            FilterError: a value cannot be used, or is given twice, or a parameter is not known: a
                misspelled filter would else be answered with the numbers of everybody.
        """
        given: dict[str, str] = {}
        where: list[Where] = []
        for name, value in query.items():
            if name not in NAMES and name not in beside:
                known = ", ".join((*NAMES, *beside))
                raise FilterError(f"{shown(name)} is no parameter here: use {known}")
            if name == WHERE and value.strip():
                where.append(Where.of(value.strip()))
            elif name == STEPS and value.strip():
                given[name] = ",".join(filter(None, (given.get(name), value.strip())))
            elif name in NAMES and value.strip():
                if name in given:
                    raise FilterError(f"{name} is given twice: once is enough")
                given[name] = value.strip()
        if given.get("sampling") not in (None, AUTO, OFF):
            raise FilterError(
                f"sampling={shown(given['sampling'])} is not known: use {AUTO} or {OFF}"
            )
        today = today or _today()
        until = _date("until", given["until"]) if "until" in given else today
        since = _since(given.get("since", f"{DAYS_DEFAULT}d"), until)
        if since > until:
            raise FilterError(f"since={since} is after until={until}: exchange them")
        if (until - since).days >= DAYS_MAX:
            raise FilterError(f"a period is at most {DAYS_MAX} days long: choose a later since")
        if len(where) > WHERE_MOST:
            raise FilterError(f"where is given {len(where)} times: {WHERE_MOST} are possible")
        return cls(
            since,
            until,
            _version(given.get("version")),
            _os(given.get("os")),
            given.get("event"),
            _group(given.get("group")),
            tuple(given.items()),
            tuple(dict.fromkeys(where)),
            _grain(given.get("by")),
            _compare(given.get("compare")),
            given.get("of"),
            given.get("split"),
            _steps(given.get(STEPS)),
            _within(given.get("within")),
            today=today,
            late=late,
        )

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (self.until - self.since).days + 1

    @property
    def earliest(self) -> date:
        """The first day on which a session may have begun that still runs in the period."""
        return max(self.since - SESSION_LONGEST, _FIRST)

    @property
    def latest(self) -> date:
        """The last day of a session that began in the period."""
        return min(self.until + SESSION_LONGEST, _LAST)

    @property
    def settling(self) -> date:
        """The first day that is not whole: it is not over, or its sessions are not all in."""
        now = datetime.combine(self.today, datetime.now(UTC).time())
        return (now - self.late).date()

    @property
    def by_session(self) -> bool:
        """Whether sessions must be looked up to answer."""
        return self.by_start or bool(self.where)

    @property
    def by_start(self) -> bool:
        """Whether only a session's start says if it is asked for."""
        return self.version is not None or self.os is not None

    @property
    def wide(self) -> str:
        """The grain of what a day is too short for: a week, unless months are asked for."""
        return "week" if self.grain == "day" else self.grain

    @property
    def may_be_sampled(self) -> bool:
        """Whether some installs may stand for all, where there are very many."""
        return dict(self.asked).get("sampling") != OFF

    @property
    def is_compared(self) -> bool:
        """Whether a comparison was asked for by name; a page compares without being asked."""
        return "compare" in dict(self.asked) and self.compare != OFF

    @property
    def versions(self) -> tuple[str, str] | None:
        """The two versions that are compared, the older one first; None where periods are."""
        older, between, newer = self.compare.partition(AGAINST)
        return (older, newer) if between else None

    def sides(self) -> Sides | None:
        """Return what is compared with what; None where nothing is, or nothing can be.

        Only whole days are compared: one that is not over, or not all in, is in no change.
        """
        whole = self.whole()
        if whole is None or self.compare == OFF:
            return None
        if self.versions:
            older, newer = self.versions
            return Sides(replace(whole, version=newer), replace(whole, version=older))
        before = whole.before()
        return Sides(whole, before) if before else None

    def whole(self) -> Filters | None:
        """Return the same without the days that are not whole, or None where no other is left."""
        until = min(self.until, self.settling - timedelta(days=1))
        return replace(self, until=until, asked=()) if self.since <= until else None

    def before(self) -> Filters | None:
        """Return the same for the period just before, or None where time has not begun yet."""
        if (self.since - _FIRST).days < self.days:
            return None
        length = timedelta(days=self.days)
        return replace(self, since=self.since - length, until=self.until - length, asked=())

    def parameters(self) -> dict[str, object]:
        """Return what the SQL binds."""
        return {
            "since": self.since,
            "until": self.until,
            "earliest": self.earliest,
            "latest": self.latest,
            "today": self.today,
            "settling": self.settling,
            "version": self.version or "",
            "os": self.os or "",
            "group": self.group or "",
        }


def _today() -> date:
    return datetime.now(UTC).date()


def _date(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        also = ", or a number of days such as 30d" if name == "since" else ""
        raise FilterError(f"{name}={shown(text)} is no date: use YYYY-MM-DD{also}")
    if not _FIRST <= day <= _LAST:
        raise FilterError(f"{name}={day} is out of reach: use a date from {_FIRST} to {_LAST}")
    return day


def _since(text: str, until: date) -> date:
    days = _DAYS.fullmatch(text)
    if days is None:
        return _date("since", text)
    count = int(days.group(1))
    if not 1 <= count <= DAYS_MAX:
        raise FilterError(f"since={text}: use from 1d to {DAYS_MAX}d")
    return max(until - timedelta(days=count - 1), _FIRST)


def _version(text: str | None) -> str | None:
    if text is None:
        return None
    version = Version().accept(text)
    if version is REJECTED:
        raise FilterError(f"version={shown(text)} is no version: use one such as 0.86.2")
    return str(version)


def _os(text: str | None) -> str | None:
    if text is not None and text not in OPERATING_SYSTEMS:
        systems = ", ".join(OPERATING_SYSTEMS)
        raise FilterError(f"os={shown(text)} is not known: use one of {systems}")
    return text


def _group(text: str | None) -> str | None:
    if text is not None and not _GROUP.fullmatch(text):
        raise FilterError(
            f"group={shown(text)} is no group of errors: use one as errors.json has it"
        )
    return text


def _grain(text: str | None) -> str:
    if text is not None and text not in GRAINS:
        raise FilterError(f"by={shown(text)} is no grain: use one of {', '.join(GRAINS)}")
    return text or GRAINS[0]


def _steps(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    steps = tuple(filter(None, (step.strip() for step in text.split(","))))
    if not STEPS_LEAST <= len(steps) <= STEPS_MOST:
        raise FilterError(
            f"steps={shown(text)} are {len(steps)} events: use from {STEPS_LEAST} to {STEPS_MOST}, "
            "with commas, such as session_start,exit"
        )
    return steps


def _within(text: str | None) -> str:
    if text is not None and text not in WITHIN:
        raise FilterError(f"within={shown(text)} is not known: use one of {', '.join(WITHIN)}")
    return text or SESSION


def _compare(text: str | None) -> str:
    if text is None or text in (PREVIOUS, OFF):
        return text or PREVIOUS
    versions = [Version().accept(each) for each in text.split(AGAINST)]
    if len(versions) != 2 or REJECTED in versions:
        raise FilterError(
            f"compare={shown(text)} cannot be used: use {PREVIOUS}, {OFF} or two versions such as "
            f"0.86.1{AGAINST}0.86.2"
        )
    return AGAINST.join(map(str, versions))


def shown(text: str) -> str:
    """Return a stranger's text in a length and a form that fit one line."""
    plain = ascii(text)[1:-1]
    return plain if len(plain) <= 60 else f"{plain[:60]}..."
