"""The site: pages, and the same numbers as JSON, CSV and Prometheus text, as files by path.

Pages have no script, load nothing, and say by their own policy that nothing may be loaded. All is
made of the releases and the catalog: nothing of the warehouse comes here.
"""

from __future__ import annotations

import csv
import functools
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import jinja2
import msgspec

from aboveboard.rendering import dots, palette, wording

from . import budget, estimates, parquet, periods
from . import release as releases
from .tables import INSTALLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aboveboard.catalog.catalog import Catalog

    from .estimates import Row
    from .release import Counted, Release

FORMAT = 1
"""The version of the JSON under `v1/`: a field may be added there, and none changes its meaning."""

ROWS = 15
"""Rows of a table that a page shows; the files have all."""

SHORT = 100
"""A table of so many keys is in its period's JSON whole; of a longer one, what can be told from
none is. Its own files have all of it."""

HISTORY = 26
"""Periods that a line over time shows."""

CSV_COLUMNS = (
    *("project", "period", "since", "until", "table", "key", "installs", "installs_noise_95"),
    *("share", "share_noise_95", "share_sampling_low", "share_sampling_high", "licence"),
)

COLUMNS = {
    "project": "The tool",
    "period": "A week, 2026-W44, or a month, 2026-10",
    "since": "Its first day, in UTC",
    "until": "Its last day",
    "table": "Which property; installs for the number of active installs",
    "key": "Which of its values; empty for the active installs",
    "installs": "How many installs, noise and all; empty where the number is withheld",
    "installs_noise_95": "Half of the 95 % interval of the noise, in installs; 0 of exact numbers",
    "share": "Of the active installs; empty where too few are active",
    "share_noise_95": "Half of the 95 % interval that the noise gives the share",
    "share_sampling_low": "The lower bound of the 95 % interval of sampling alone",
    "share_sampling_high": "Its upper bound",
    "licence": "Of the data; in Parquet it is in the file's metadata",
    "kind": "noise, or exact (Parquet)",
    "told_from_none": "Whether it can be told from nobody (Parquet)",
}
"""The dictionary of the flat files: CSV has the first of these, up to the licence."""


@dataclass(frozen=True)
class About:
    """What a maker says of the site.

    Args:
        licence: The data's, by its SPDX name.
        opted_in: Of those who were asked, the share that said yes; None where it is not known.
        sample: Lines of events, as volunteers gave them.
        policy: The privacy policy, as a page; empty where there is none.
    """

    licence: str
    opted_in: float | None = None
    sample: Sequence[str] = ()
    policy: str = ""


@dataclass(frozen=True)
class Line:
    """A row of a table as a page shows it, with where its marks stand in percent of the axis."""

    row: Row
    text: str
    noise: str
    sampling: str
    at: float | None
    noise_ends: tuple[float, float] | None
    sample_ends: tuple[float, float] | None
    spark: str


@dataclass(frozen=True)
class Section:
    """A table as a page shows it."""

    table: Counted
    lines: list[Line]
    axis: str
    folded: int
    withheld: int


class _Rows:
    """The rows of every table of every release, each made once."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[str, Row]] = {}

    def of(self, release: Release, table: Counted) -> dict[str, Row]:
        """Return a table's rows by key, in its order."""
        which = (release.period, table.name)
        if which not in self._rows:
            self._rows[which] = {row.key: row for row in estimates.rows(release, table)}
        return self._rows[which]


def files(catalog: Catalog, every: Sequence[Release], about: About) -> dict[str, bytes]:
    """Return the site's files by their paths.

    Args:
        catalog: What is collected: the dictionary.
        every: The releases, the earliest first; one at least.
        about: What the maker says.
    """
    last, rows = every[-1], _Rows()
    found: dict[str, bytes] = {}
    for number, each in enumerate(every):
        found |= dict(_data(each, about, rows))
        found[f"periods/{each.period}.html"] = _page(
            "period.html", each, about, root="../", earlier=every[: number + 1], rows=rows
        )
    found["index.html"] = _page("period.html", last, about, root="", earlier=every, rows=rows)
    found["archive.html"] = _page("archive.html", last, about, every=list(reversed(every)))
    found["method.html"] = _page("method.html", last, about, **_method(every))
    found["dictionary.html"] = _page(
        "dictionary.html", last, about, catalog=catalog, shared=_shared(last), columns=COLUMNS
    )
    found |= {
        "v1/recency.json": _json(
            {
                **_head(last, about),
                "made": last.made,
                "periods": [each.period for each in every],
                "tables": [each.name for each in last.tables],
            }
        ),
        "v1/latest.json": found[f"v1/periods/{last.period}.json"],
        "v1/catalog.json": _json({"licence": about.licence, "catalog": catalog.as_json()}),
        "v1/numbers.parquet": _parquet(every, about, rows),
        "v1/metrics.txt": _metrics(last, about).encode(),
    }
    if about.policy:
        found["policy.html"] = about.policy.encode()
    if about.sample:
        found |= {
            "v1/sample.jsonl": "".join(about.sample).encode(),
            "v1/sample.json": _json(
                {"licence": about.licence, "lines": len(about.sample), "file": "v1/sample.jsonl"}
            ),
        }
    for name in dict.fromkeys(table.name for each in every for table in each.tables):
        found[f"v1/tables/{name}.json"] = _json({**_head(last, about), **_series(name, every)})
    return found


def _data(release: Release, about: About, rows: _Rows) -> Iterator[tuple[str, bytes]]:
    """Yield the files of one period."""
    yield f"v1/releases/{release.period}.json", releases.encode_published(release, about.licence)
    row = estimates.installs(release)
    whole = {
        **_head(release, about),
        "since": release.since,
        "until": release.until,
        "kind": release.kind,
        "rho": release.rho,
        "noise_standard_deviation": release.scale,
        "k": release.k,
        "opted_in_share": about.opted_in,
        "bias": "Opted-in installs are not all installs.",
        "installs": {"value": row.installs, "noise_95": round(row.noise, 3)},
        "tables": [
            {
                **_table(release, table, rows),
                "all_rows": f"v1/periods/{release.period}/{table.name}.json",
                "rows": [
                    told
                    for told in _table(release, table, rows)["rows"]
                    if told["told_from_none"] or len(table.keys) <= SHORT
                ],
            }
            for table in release.tables
        ],
    }
    yield f"v1/periods/{release.period}.json", _json(whole)
    for table in release.tables:
        yield (
            f"v1/periods/{release.period}/{table.name}.csv",
            _csv(release, table, about, rows).encode(),
        )
        yield (
            f"v1/periods/{release.period}/{table.name}.json",
            _json(
                {
                    **_head(release, about),
                    "kind": release.kind,
                    "installs": whole["installs"],
                    **_table(release, table, rows),
                }
            ),
        )


def _head(release: Release, about: About) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "project": release.project,
        "period": release.period,
        "licence": about.licence,
    }


def _table(release: Release, table: Counted, rows: _Rows) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "doc": table.doc,
        "cap": table.cap,
        "keys": len(table.keys),
        "rows": [
            {
                "key": row.key,
                "installs": row.installs,
                "installs_noise_95": round(row.noise, 3),
                "share": _short(row.share),
                "share_noise_95": _short(row.share_noise),
                "share_sampling_95": None
                if row.sample_low is None
                else [_short(row.sample_low), _short(row.sample_high)],
                "told_from_none": row.is_told,
            }
            for row in rows.of(release, table).values()
        ],
    }


def _series(name: str, every: Sequence[Release]) -> dict[str, Any]:
    """Return a table over all periods; null is a number that is withheld, or was not listed."""
    told = [(each, table) for each in every for table in each.tables if table.name == name]
    keys = dict.fromkeys(key for _, table in told for key in table.keys)
    counts = [dict(zip(table.keys, table.counts, strict=True)) for _, table in told]
    return {
        "table": name,
        "title": told[-1][1].title,
        "periods": [
            {
                "period": each.period,
                "kind": each.kind,
                "installs": each.installs,
                "installs_noise_95": round(estimates.REACH * each.scale, 3),
                "cap": table.cap,
            }
            for each, table in told
        ],
        "installs": {key: [of_period.get(key) for of_period in counts] for key in keys},
    }


def _csv(release: Release, table: Counted, about: About, rows: _Rows) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows(
        [*_flat(release, table.name, row), about.licence]
        for row in rows.of(release, table).values()
    )
    return text.getvalue()


def _flat(release: Release, table: str, row: Row) -> list[str | int | float | None]:
    """Return a number with all that belongs to it, in the order of `CSV_COLUMNS`, licence apart."""
    return [
        *(release.project, release.period, release.since, release.until, table),
        *(row.key, row.installs, round(row.noise, 3), _short(row.share)),
        *(_short(row.share_noise), _short(row.sample_low), _short(row.sample_high)),
    ]


def _parquet(every: Sequence[Release], about: About, rows: _Rows) -> bytes:
    """Return all numbers of all periods as one table; the active installs have no key."""
    numbers = (
        (*_flat(release, table, row), release.kind, row.is_told)
        for release in every
        for table, found in [
            (INSTALLS, [replace(estimates.installs(release), key="")]),
            *((each.name, list(rows.of(release, each).values())) for each in release.tables),
        ]
        for row in found
    )
    facts = {"licence": about.licence, "project": every[-1].project, "format": str(FORMAT)}
    return parquet.file(numbers, facts)


def _metrics(release: Release, about: About) -> str:
    """Return the last period in Prometheus' text format."""
    name = "aboveboard_published_installs"
    own = f'project="{_label(release.project)}",period="{release.period}"'
    lines = [
        f"# HELP {name} Opted-in installs of a period, as published. Licence: {about.licence}",
        f"# TYPE {name} gauge",
        f'{name}{{{own},table="{INSTALLS}",key=""}} {release.installs}',
    ]
    lines += [
        f'{name}{{{own},table="{_label(table.name)}",key="{_label(key)}"}} {count}'
        for table in release.tables
        for key, count in zip(table.keys, table.counts, strict=True)
        if count is not None
    ]
    lines += [
        f"# HELP {name}_noise The standard deviation of the noise in each of them.",
        f"# TYPE {name}_noise gauge",
        f"{name}_noise{{{own}}} {release.scale!r}",
    ]
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _json(told: dict[str, Any]) -> bytes:
    return msgspec.json.encode(told) + b"\n"


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _shared(release: Release) -> set[str]:
    return {table.name for table in release.tables}


def _method(every: Sequence[Release]) -> dict[str, Any]:
    year = [each for each in every if each.days.until > every[-1].days.until - budget.YEAR]
    spent = sum(each.rho for each in year)
    return {
        "year_rho": budget.YEAR_RHO,
        "year_epsilon": budget.epsilon(budget.YEAR_RHO),
        "spent": spent,
        "spent_epsilon": budget.epsilon(spent),
        "advantage": budget.advantage(every[-1].rho),
        "year_advantage": budget.advantage(budget.YEAR_RHO),
        "settled": periods.SETTLED.days,
        "rates": budget.RATES,
        "contribution": 1 + sum(min(each.cap, len(each.keys)) for each in every[-1].tables),
    }


def _section(release: Release, table: Counted, earlier: Sequence[Release], rows: _Rows) -> Section:
    every = list(rows.of(release, table).values())
    shown = estimates.ranked(every)[:ROWS]
    axis = dots.Axis.over(row.high for row in shown if row.high is not None)
    top = axis.top or 1.0

    def ends(low: float | None, high: float | None) -> tuple[float, float] | None:
        if low is None or high is None:
            return None
        left, right = (100 * min(1.0, max(0.0, each) / top) for each in (low, high))
        return left, right

    lines = []
    history = _history(release, table.name, earlier, rows)
    for row in shown:
        around = (row.share or 0.0, row.share_noise or 0.0)
        lines.append(
            Line(
                row,
                "" if row.share is None else wording.share(row.share),
                "" if row.share_noise is None else _points(row.share_noise),
                ""
                if row.sample_low is None or row.sample_high is None
                else wording.interval(row.sample_low, row.sample_high) + "%",
                None if row.share is None else 100 * min(1.0, row.share / top),
                ends(around[0] - around[1], around[0] + around[1])
                if release.scale and row.share is not None
                else None,
                ends(row.low, row.high),
                dots.spark(
                    [None if (then := of.get(row.key)) is None else then.share for of in history]
                ),
            )
        )
    withheld = sum(row.installs is None for row in every)
    return Section(table, lines, wording.scale(top), len(every) - len(lines) - withheld, withheld)


def _history(
    release: Release, name: str, earlier: Sequence[Release], rows: _Rows
) -> list[dict[str, Row]]:
    """Return a table's rows in each period of the same length, up to `HISTORY` of them."""
    alike = [each for each in earlier if each.days.every == release.days.every][-HISTORY:]
    return [rows.of(each, table) for each in alike for table in each.tables if table.name == name]


def _points(value: float) -> str:
    """Return half of an interval in points, never as none."""
    points = 100 * value
    digits = 0 if points >= 10 else 1 if points >= 0.1 else 2
    return f"± {max(points, 0.01):.{digits}f} pt"


def _page(template: str, release: Release, about: About, *, root: str = "", **told: Any) -> bytes:
    if template == "period.html":
        earlier, rows = told.pop("earlier"), told.pop("rows")
        told["sections"] = [_section(release, table, earlier, rows) for table in release.tables]
        told["installs"] = estimates.installs(release)
        told["is_last"] = not root
    text = (
        _templates()
        .get_template(template)
        .render(
            release=release,
            about=about,
            root=root,
            days=wording.period(release.days.since, release.days.until),
            palette=palette.css(),
            wording=wording,
            **told,
        )
    )
    return text.encode()


@functools.cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("aboveboard.publishing"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["period"] = lambda each: wording.period(each.days.since, each.days.until)
    return environment
