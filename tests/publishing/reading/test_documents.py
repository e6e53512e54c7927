"""The files of a site, as a stranger may have made them."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from aboveboard.publishing import site
from aboveboard.publishing.content import numbers
from aboveboard.publishing.reading import documents
from tests.publishing.releases import release
from tests.publishing.sites import ABOUT, CATALOG, EVERY

NUMBERS = (
    "v1/latest.json",
    *(f"v1/releases/{each.period}.json" for each in EVERY),
    *(f"v1/periods/{each.period}.json" for each in EVERY),
    *(f"v1/periods/{each.period}/{table.name}.json" for each in EVERY for table in each.tables),
    *(f"v1/tables/{table.name}.json" for table in EVERY[-1].tables),
)
"""The files that have numbers, of those of a site."""


@functools.cache
def files() -> dict[str, bytes]:
    """Return the files of a site."""
    return site.files(CATALOG, EVERY, ABOUT)


def test_every_file_is_tried() -> None:
    others = {"v1/recency.json", "v1/catalog.json"}
    assert {name for name in files() if name.endswith(".json")} == {*NUMBERS, *others}


def test_every_file_of_numbers_tells_the_same() -> None:
    for name in NUMBERS:
        found = documents.parsed(files()[name], name)
        made = next(each for each in EVERY if each.period == found.period)
        assert (found.project, found.installs) == ("tool", made.installs)
        assert found.scale == pytest.approx(made.scale, abs=0.001)
        for table in found.tables:
            counted = made.table(table.name)
            assert counted is not None
            assert table.counts == dict(zip(counted.keys, counted.counts, strict=True))
            assert table.cap == counted.cap
            assert table.is_whole


def test_a_long_table_is_known_to_have_more_values_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numbers, "SHORT", 3)
    short = site.files(CATALOG, [release()], ABOUT)
    system, word = documents.parsed(short["v1/latest.json"], "latest.json").tables
    assert (system.is_whole, word.is_whole) == (False, True)


@pytest.mark.parametrize("name", NUMBERS)
def test_whatever_stands_in_it_is_taken_or_refused_in_a_line(name: str) -> None:
    """Each value of a file in turn is another, or is not there."""
    whole = json.loads(files()[name])
    said = []
    for path in _paths(whole):
        for odd in (None, [], {}, "x" * 501, "../..", -1, 1e400, True, 10**400, ["a"], {"a": 1}):
            changed = json.loads(files()[name])
            _put(changed, path, odd)
            try:
                documents.parsed(json.dumps(changed).encode(), name)
            except documents.DocumentError as error:
                said.append(str(error))
    assert len(said) > 20
    assert not any("\n" in each for each in said)


def test_what_is_not_ours_is_said_to_be_none() -> None:
    for content in (
        *(b"", b"\xff", b"[" * 100_000, b"[]", b"NaN", b'{"rows": NaN}', b"1" * 5000, b"{}"),
        *(files()["v1/recency.json"], files()["v1/catalog.json"]),
    ):
        with pytest.raises(documents.DocumentError, match=r"^x\.json is no file of numbers"):
            documents.parsed(content, "x.json")


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [path, *(each for key in value for each in _paths(value[key], (*path, key)))][1:]
    if isinstance(value, list):
        return [
            path,
            *(each for at, one in enumerate(value[:2]) for each in _paths(one, (*path, at))),
        ]
    return [path]


def _put(value: Any, path: tuple[Any, ...], odd: Any) -> None:
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = odd
