"""Alerts: what a maker should hear of without looking: found in the insights' answers.

Each rule says only what is beyond chance, so that an alert is worth reading. Of the many shares of
a table one in twenty moves "surely" by chance alone, so their intervals are widened to the number
of rows (Bonferroni: all of them hold together in 95 of 100 cases).
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from . import groups
from .comparison import compare
from .insight import get
from .versions import age

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from aboveboard.statistics.differences import Difference
    from aboveboard.warehouse import Warehouse

    from .filters import Filters
    from .insight import Insight, Project

ERROR, CRASHES, SHARE, INSTALLS, REFUSED = "error", "crashes", "share", "installs", "refused"

DAYS = 7
"""Whole days that are compared with as many before: a week has the same days as another."""

RELEASE_DAYS = 30
"""How far back a release is compared with the one before it."""

REFUSED_LEAST = 100
REFUSED_TIMES = 3
"""Refused lines are told of from so many a day on, if they are so many times the week's mean."""


@dataclass(frozen=True)
class Alert:
    """Something to look at.

    Args:
        key: The same for the same thing, so that it is told once.
        kind: Which rule found it.
        title: What it is, in a line.
        text: How sure that is, in a sentence or two.
        path: The page to look at, without the project.
    """

    key: str
    kind: str
    title: str
    text: str
    path: str


def find(
    warehouse: Warehouse,
    project: Project,
    filters: Filters,
    resolved: Mapping[str, str],
    refused: Sequence[int] = (),
    *,
    ends: Callable[[], bool] = lambda: False,
) -> list[Alert]:
    """Return what there is to tell of a project now.

    Args:
        warehouse: What is asked.
        project: Whose.
        filters: Of today; their period is not used.
        resolved: The version by group that somebody said has no such failure any more.
        refused: How many lines were refused on each of the last days, today's last.
        ends: Whether nobody waits for it any more; looked at between the rules.

    Raises:
        WarehouseError: a question could not be answered.
    """
    asked = _Asked(warehouse, project, filters)
    found = list(rising(refused, filters.today))
    rules: tuple[Callable[[], Iterable[Alert]], ...] = (
        partial(asked.errors, resolved),
        asked.crashes,
        asked.installs,
        asked.shares,
    )
    for rule in rules:
        if ends():
            break
        found += rule()
    return found


class _Asked:
    def __init__(self, warehouse: Warehouse, project: Project, filters: Filters) -> None:
        self._warehouse = warehouse
        self._project = project
        self._filters = filters

    def errors(self, resolved: Mapping[str, str]) -> Iterator[Alert]:
        """Yield crashes that are new in the newest release, back in it, or reopened."""
        by_version, versions = self._offered("error_versions"), self._offered("versions")
        if by_version is None or versions is None:
            return
        known = groups.releases(versions.run(self._warehouse, self._project, self._filters))
        table = by_version.run(self._warehouse, self._project, self._filters)
        for (kind, _), group in sorted(groups.groups(table, known, resolved).items()):
            news = "reopened" if group.reopened else group.news
            if kind != "crash" or not group.is_open or news not in ("new", "back", "reopened"):
                continue
            version = group.reopened or group.last_version
            place = (group.place or "").rpartition(":")[0]
            name = f"{group.name or 'An unknown error'}{f' in {place}' if place else ''}"
            installs = sum(each.installs for each in group.seen if each.version == version)
            yield Alert(
                f"{ERROR}:{group.id}:{news}:{version}",
                ERROR,
                f"{name} is {'open again' if news == 'reopened' else news} in {version}",
                f"It crashed on {_installs(installs)} of {version} so far.",
                f"/errors/{group.id}",
            )

    def crashes(self) -> Iterator[Alert]:
        """Yield the newest release, if it surely has fewer crash-free sessions than the last."""
        insight, versions = self._offered("crash_free"), self._offered("versions")
        if insight is None or versions is None:
            return
        known = groups.releases(versions.run(self._warehouse, self._project, self._filters))
        release = groups.newest(known)
        earlier = [
            each
            for each in known
            if release is not None
            and age(each.version) < age(release.version)
            and each.installs >= groups.RELEASE_INSTALLS
        ]
        if release is None or not earlier:
            return
        before = earlier[-1].version
        filters = _last(self._filters, RELEASE_DAYS)
        sides = replace(filters, compare=f"{before}..{release.version}").sides()
        if sides is None:
            return
        compared = compare(insight, self._warehouse, self._project, sides)
        for row in compared.rows.values():
            share = row.get("crash_free_share")
            if share is None or share.by is None or share.by.high >= 0:
                continue
            yield Alert(
                f"{CRASHES}:{release.version}",
                CRASHES,
                f"{release.version} crashes more than {before}",
                f"{_percent(share.now)} of its sessions are crash-free, {_percent(share.then)} "
                f"were: {_points(share.by)}, 95 % interval.",
                "/errors",
            )

    def installs(self) -> Iterator[Alert]:
        """Yield that surely fewer installs are active than the week before."""
        insight = self._offered("totals")
        sides = _last(self._filters, DAYS).sides()
        if insight is None or sides is None:
            return
        for row in compare(insight, self._warehouse, self._project, sides).rows.values():
            change = row.get("installs")
            if change is None or change.by is None or change.by.high >= 0 or not change.then:
                continue
            yield Alert(
                f"{INSTALLS}:{_week(sides.now.until)}",
                INSTALLS,
                f"Active installs fell by {-change.by.value:.0%}",
                f"{change.now:,.0f} in the {DAYS} days until {sides.now.until}, {change.then:,.0f} "
                f"before: {change.by.low:+.0%} to {change.by.high:+.0%}, 95 % interval.",
                "/",
            )

    def shares(self) -> Iterator[Alert]:
        """Yield models and commands whose share surely moved since the week before."""
        sides = _last(self._filters, DAYS).sides()
        for name, column, words in (
            ("models", "message_share", "of messages"),
            ("commands", "install_share", "of installs"),
        ):
            insight = self._offered(name)
            if insight is None or sides is None:
                continue
            rows = compare(insight, self._warehouse, self._project, sides).rows
            moved = {
                key: each
                for key, row in rows.items()
                if (each := row.get(column)) is not None and each.by is not None
            }
            for key, each in moved.items():
                assert each.by is not None
                if not beyond(each.by, len(moved)):
                    continue
                called = next(
                    (str(part) for part in reversed(key) if part is not None), "not public"
                )
                way = "up" if each.by.value > 0 else "down"
                yield Alert(
                    f"{SHARE}:{name}:{called}:{way}:{_week(sides.now.until)}",
                    SHARE,
                    f"{called} is {way} to {_percent(each.now)} {words}",
                    f"It was {_percent(each.then)} in the {DAYS} days before: {_points(each.by)}, "
                    f"95 % interval; beyond chance also among {len(moved)} rows.",
                    f"/insights/{name}",
                )

    def _offered(self, name: str) -> Insight | None:
        insight = get(name)
        if insight is None or not insight.offered(self._project.catalog):
            return None
        return insight


def beyond(difference: Difference, rows: int) -> bool:
    """Return whether a difference leaves out zero, as one of so many that are looked at."""
    if not rows:
        return False
    normal = statistics.NormalDist()
    wider = normal.inv_cdf(1 - 0.025 / rows) / normal.inv_cdf(0.975)
    low = difference.value - (difference.value - difference.low) * wider
    high = difference.value + (difference.high - difference.value) * wider
    return low > 0 or high < 0


def rising(refused: Sequence[int], today: date) -> Iterator[Alert]:
    """Yield that more lines are refused than in the week before, if it is many more.

    Args:
        refused: How many on each of the last days, today's last; at least two days are needed.
        today: The day.
    """
    *before, now = refused or (0,)
    usual = statistics.mean(before[-DAYS:]) if before else 0
    if not before or now < max(REFUSED_LEAST, REFUSED_TIMES * usual):
        return
    yield Alert(
        f"{REFUSED}:{today}",
        REFUSED,
        f"{now:,} refused values and events today",
        f"It was {usual:,.0f} a day before. The quarantine says which, and of which version.",
        "/quarantine",
    )


def _last(filters: Filters, days: int) -> Filters:
    """Return the filters of the last whole days."""
    query = {"since": f"{days + 1}d", "until": str(filters.today)}
    return type(filters).from_query(query, filters.today, late=filters.late)


def _week(day: date) -> str:
    """Return a day's week: what moved once is told once a week."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def _installs(count: int) -> str:
    return f"{count:,} install{'' if count == 1 else 's'}"


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f} %"


def _points(by: Difference) -> str:
    return f"{100 * by.value:+.1f} points ({100 * by.low:+.1f} to {100 * by.high:+.1f})"
