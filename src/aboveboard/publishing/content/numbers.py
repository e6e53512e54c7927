"""The numbers of releases as files: JSON, CSV, Parquet and Prometheus' text."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from aboveboard.publishing import estimates
from aboveboard.publishing import release as releases
from aboveboard.publishing.tables import INSTALLS

from . import parquet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aboveboard.publishing.estimates import Row
    from aboveboard.publishing.release import Counted, Release

    from .about import About

FORMAT = 1
"""The version of the JSON under `v1/`: a field may be added there, and none changes its meaning."""

SHORT = 100
"""A table of so many keys is in its period's JSON whole; of a longer one, what can be told from
none is. Its own files have all of it."""

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


class Rows:
    """The rows of every table of every release, each made once."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[str, Row]] = {}

    def of(self, release: Release, table: Counted) -> dict[str, Row]:
        """Return a table's rows by key, in its order."""
        which = (release.period, table.name)
        if which not in self._rows:
            self._rows[which] = {row.key: row for row in estimates.rows(release, table)}
        return self._rows[which]


def of_period(release: Release, about: About, rows: Rows) -> Iterator[tuple[str, bytes]]:
    """Yield the files of one period."""
    yield f"v1/releases/{release.period}.json", releases.encode_published(release, about.licence)
    row = estimates.installs(release)
    whole = {
        **head(release, about),
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
    yield f"v1/periods/{release.period}.json", encoded(whole)
    for table in release.tables:
        yield (
            f"v1/periods/{release.period}/{table.name}.csv",
            _csv(release, table, about, rows).encode(),
        )
        yield (
            f"v1/periods/{release.period}/{table.name}.json",
            encoded(
                {
                    **head(release, about),
                    "kind": release.kind,
                    "installs": whole["installs"],
                    **_table(release, table, rows),
                }
            ),
        )


def head(release: Release, about: About) -> dict[str, Any]:
    """Return what each file begins with."""
    return {
        "format": FORMAT,
        "project": release.project,
        "period": release.period,
        "licence": about.licence,
    }


def _table(release: Release, table: Counted, rows: Rows) -> dict[str, Any]:
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


def series(name: str, every: Sequence[Release], about: About) -> dict[str, Any]:
    """Return a table over all periods; null is a number that is withheld, or was not listed."""
    told = [(each, table) for each in every for table in each.tables if table.name == name]
    keys = dict.fromkeys(key for _, table in told for key in table.keys)
    counts = [dict(zip(table.keys, table.counts, strict=True)) for _, table in told]
    return {
        **head(every[-1], about),
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


def _csv(release: Release, table: Counted, about: About, rows: Rows) -> str:
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


def of_all(every: Sequence[Release], about: About, rows: Rows) -> bytes:
    """Return all numbers of all periods in Parquet, as one table; active installs have no key."""
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


def metrics(release: Release, about: About) -> str:
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


def encoded(told: dict[str, Any]) -> bytes:
    """Return a file of JSON, on one line."""
    return msgspec.json.encode(told) + b"\n"


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
