"""The site: pages, and the same numbers as JSON, CSV and Prometheus text, as files by path.

All is made of the releases and the catalog: nothing of the warehouse comes here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .content import numbers, pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.catalog.catalog import Catalog

    from .content.about import About
    from .release import Release


def files(catalog: Catalog, every: Sequence[Release], about: About) -> dict[str, bytes]:
    """Return the site's files by their paths.

    Args:
        catalog: What is collected: the dictionary.
        every: The releases, the earliest first; one at least.
        about: What the maker says.
    """
    last, rows = every[-1], numbers.Rows()
    found: dict[str, bytes] = {}
    for number, each in enumerate(every):
        found |= dict(numbers.of_period(each, about, rows))
        found[f"periods/{each.period}.html"] = pages.page(
            "period.html", each, about, root="../", earlier=every[: number + 1], rows=rows
        )
    found["index.html"] = pages.page("period.html", last, about, root="", earlier=every, rows=rows)
    found["archive.html"] = pages.page("archive.html", last, about, every=list(reversed(every)))
    found["method.html"] = pages.page("method.html", last, about, **pages.method(every))
    found["dictionary.html"] = pages.page(
        "dictionary.html",
        last,
        about,
        catalog=catalog,
        shared=_shared(last),
        columns=numbers.COLUMNS,
    )
    found |= {
        "v1/recency.json": numbers.encoded(
            {
                **numbers.head(last, about),
                "made": last.made,
                "periods": [each.period for each in every],
                "tables": [each.name for each in last.tables],
            }
        ),
        "v1/latest.json": found[f"v1/periods/{last.period}.json"],
        "v1/catalog.json": numbers.encoded(
            {"licence": about.licence, "catalog": catalog.as_json()}
        ),
        "v1/numbers.parquet": numbers.of_all(every, about, rows),
        "v1/metrics.txt": numbers.metrics(last, about).encode(),
    }
    if about.policy:
        found["policy.html"] = about.policy.encode()
    if about.sample:
        found |= {
            "v1/sample.jsonl": "".join(about.sample).encode(),
            "v1/sample.json": numbers.encoded(
                {"licence": about.licence, "lines": len(about.sample), "file": "v1/sample.jsonl"}
            ),
        }
    for name in dict.fromkeys(table.name for each in every for table in each.tables):
        found[f"v1/tables/{name}.json"] = numbers.encoded(numbers.series(name, every, about))
    return found


def _shared(release: Release) -> set[str]:
    return {table.name for table in release.tables}
