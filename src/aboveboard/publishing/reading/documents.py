"""The files under `v1/` of a published site, as a reader has them: whoever wrote them.

Nothing of a file is believed to have the form that it should have: what has not is refused by name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aboveboard.publishing.estimates import REACH

from .source import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .source import Source

FORMAT = 1
"""The version of the files that are understood."""

MOST = 1 << 53
"""No number of installs is greater, and every one is told exactly."""

LONGEST = 500
"""Characters of a title or a value."""

_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.-]{1,200}", re.ASCII)


class DocumentError(ValueError):
    """A file is not of a published site, or lacks what was asked; the text says what to do."""


@dataclass(frozen=True)
class PublishedTable:
    """A table of a period.

    Args:
        cap: For how many of its values one install counts at most.
        counts: Installs by value; None where the number is withheld.
        is_whole: Whether all of its values are here: of a long table, a period's file has those
            that can be told from none.
    """

    name: str
    title: str
    cap: int
    counts: dict[str, int | None]
    is_whole: bool


@dataclass(frozen=True)
class Document:
    """What a file tells of one period.

    Args:
        installs: The active installs.
        scale: The standard deviation of the noise in each number; 0 if they are exact.
        k: The least number that is told, if they are exact.
    """

    project: str
    period: str
    installs: int
    scale: float
    k: int | None
    tables: list[PublishedTable]


def read(source: Source, period: str | None = None) -> Document:
    """Return what a source tells of a period; the newest one where none is named.

    Raises:
        DocumentError: it is none of ours, or has not that period.
        SourceError: it cannot be read.
    """
    if period is not None and not _NAME.fullmatch(period):
        raise DocumentError(f"{period[:40]!r} is no period: write a week as 2026-W44")
    if source.file is not None:
        return parsed(source.content(), source.file, period)
    assert source.site is not None
    path = "v1/latest.json" if period is None else f"v1/periods/{period}.json"
    try:
        content = source.site.read(path)
    except SourceError as error:
        if period is None:
            raise
        raise SourceError(f"{error} (v1/recency.json says which periods are out)") from None
    return parsed(content, path, period)


def whole(document: Document, name: str, source: Source) -> PublishedTable:
    """Return a table with all of its values, of a site whose period's file has some.

    Raises:
        DocumentError, SourceError: as `read` has it.
    """
    found = next(each for each in document.tables if each.name == name)
    if found.is_whole:
        return found
    if source.site is None:
        raise DocumentError(
            f"{source.name} has a part of {name} only: name the site, where the rest of it is"
        )
    path = f"v1/periods/{document.period}/{name}.json"
    told = _loaded(source.site.read(path), path)
    table = _table(told, path)
    if table.name != name or told.get("period") != document.period:
        raise _strange(path)
    return PublishedTable(table.name, table.title, table.cap, table.counts, is_whole=True)


def parsed(content: bytes, name: str, period: str | None = None) -> Document:
    """Return what a file tells of a period.

    Args:
        content: The file's.
        name: The file's, for messages.
        period: Which one; None for the newest that it has.

    Raises:
        DocumentError: it is none of ours, or has not that period.
    """
    told = _loaded(content, name)
    if told.get("format") is not None and told["format"] != FORMAT:
        raise DocumentError(f"{name} is of a newer aboveboard: `pip install -U aboveboard`")
    try:
        if "release" in told:
            found = _of_release(told["release"], name)
        elif "rows" in told:
            found = _of_table(told, name)
        elif "table" in told:
            found = _of_series(told, name, period)
        elif "tables" in told and "made" not in told:
            found = _of_period(told, name)
        else:
            raise _strange(name)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, DocumentError):
            raise
        raise _strange(name) from None
    if period is not None and found.period != period:
        raise DocumentError(f"{name} is of {found.period}: name the site for {period}")
    return found


def _loaded(content: bytes, name: str) -> dict[str, Any]:
    try:
        told = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _strange(name) from None
    if not isinstance(told, dict):
        raise _strange(name)
    return told


def _no_number(text: str) -> None:
    raise ValueError(text)


def _strange(name: str) -> DocumentError:
    return DocumentError(
        f"{name} is no file of numbers that `aboveboard publish` writes: name a site, or of its "
        "v1/ latest.json, a file of periods/ or one of tables/"
    )


def _of_period(told: dict[str, Any], name: str) -> Document:
    return Document(
        _text(told["project"]),
        _named(told["period"]),
        _count(told["installs"]["value"]),
        _scale(told["noise_standard_deviation"]),
        _count(told["k"]) or None,
        [_table(each, name) for each in _list(told["tables"])],
    )


def _of_release(told: Any, name: str) -> Document:
    if told["format"] != FORMAT:
        raise _strange(name)
    tables = []
    for each in _list(told["tables"]):
        keys, counts = (_list(each[what]) for what in ("keys", "counts"))
        if len(keys) != len(counts):
            raise _strange(name)
        by_key = {_text(key): _told(count) for key, count in zip(keys, counts, strict=True)}
        named = _named(each["name"])
        tables.append(
            PublishedTable(named, _text(each["title"]), _count(each["cap"]), by_key, True)
        )
    return Document(
        _text(told["project"]),
        _named(told["period"]),
        _count(told["installs"]),
        _scale(told["scale"]),
        _count(told["k"]) or None,
        tables,
    )


def _of_table(told: dict[str, Any], name: str) -> Document:
    if "installs" not in told:
        raise DocumentError(
            f"{name} does not say how many installs there were: name the site, or its "
            "v1/latest.json"
        )
    table = _table(told, name)
    return Document(
        _text(told["project"]),
        _named(told["period"]),
        _count(told["installs"]["value"]),
        _scale(told["installs"]["noise_95"]) / REACH,
        None,
        [table],
    )


def _of_series(told: dict[str, Any], name: str, period: str | None) -> Document:
    periods = _list(told["periods"])
    if not periods:
        raise _strange(name)
    wanted = [at for at, each in enumerate(periods) if period is None or each["period"] == period]
    if not wanted:
        raise DocumentError(
            f"{name} has no {period}: the newest of its periods is {_named(periods[-1]['period'])}"
        )
    at = wanted[-1]
    counts = {
        _text(key): _told(_list(of_periods)[at]) for key, of_periods in told["installs"].items()
    }
    of = periods[at]
    return Document(
        _text(told["project"]),
        _named(of["period"]),
        _count(of["installs"]),
        _scale(of["installs_noise_95"]) / REACH,
        None,
        [
            PublishedTable(
                _named(told["table"]), _text(told["title"]), _count(of["cap"]), counts, True
            )
        ],
    )


def _table(told: dict[str, Any], name: str) -> PublishedTable:
    try:
        counts = {_text(row["key"]): _told(row["installs"]) for row in _list(told["rows"])}
        there = told.get("keys")
        is_whole = "all_rows" not in told or (there is not None and len(counts) == there)
        return PublishedTable(
            _named(told["name"]), _text(told["title"]), _count(told["cap"]), counts, is_whole
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        raise _strange(name) from None


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise ValueError
    return value


def _named(value: object) -> str:
    if not _NAME.fullmatch(text := _text(value)):
        raise ValueError
    return text


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= MOST:
        raise ValueError
    return value


def _told(value: object) -> int | None:
    return None if value is None else _count(value)


def _scale(value: object) -> float:
    if not isinstance(value, (int, float)) or not 0 <= value < MOST:
        raise ValueError
    return float(value)


def names(tables: Iterable[PublishedTable]) -> str:
    """Return the names of tables, for a message."""
    return ", ".join(each.name for each in tables)
