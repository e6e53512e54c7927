"""`aboveboard compare`: which of two models, versions or commands is used more, as is published."""

from __future__ import annotations

import argparse
import difflib
import json
import math
import sys
from typing import TYPE_CHECKING, Any

from aboveboard.commands.terminal.printing import say, warn
from aboveboard.publishing.estimates import REACH
from aboveboard.publishing.reading import comparison, documents, source
from aboveboard.publishing.reading.documents import DocumentError
from aboveboard.publishing.reading.source import SourceError
from aboveboard.rendering import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aboveboard.publishing.reading.comparison import Answer, Value
    from aboveboard.publishing.reading.documents import Document, PublishedTable
    from aboveboard.publishing.reading.source import Source

OFFERED = 5
"""Names that are offered in the place of one that there is not."""


class UnknownError(ValueError):
    """A name is not published; the text says which are near."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        metavar="FILE-OR-URL",
        help="a published site: its address (https), its directory, or a file of its v1/",
    )
    parser.add_argument("one", metavar="A", help="a model, version, command or system")
    parser.add_argument("other", metavar="B", help="another one, of the same table")
    parser.add_argument(
        "--table", metavar="TABLE", help="in which table, where several have both names"
    )
    parser.add_argument(
        "--period", metavar="PERIOD", help="a week, 2026-W44, or a month, 2026-10 (the newest)"
    )
    parser.add_argument("--json", action="store_true", help="the answer as JSON")


def run(args: argparse.Namespace) -> int:
    try:
        named = source.of(args.source)
        document = documents.read(named, args.period)
        found = list(_found(document, named, args))
        answers = [comparison.compare(document, *each) for each in found]
    except (SourceError, DocumentError) as error:
        warn(f"aboveboard compare: {error}")
        return 1
    except UnknownError as error:
        warn(f"aboveboard compare: {error}")
        return 2
    if args.json:
        told = {**_head(document), "answers": [_json(each) for each in answers]}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    else:
        _say(document, answers)
    return 0


def _found(
    document: Document, named: Source, args: argparse.Namespace
) -> Iterator[tuple[PublishedTable, str, str]]:
    """Yield the tables that have both names, with the names as the tables write them."""
    tables = _tables(document, args.table)
    found = list(_having(tables, args.one, args.other))
    whole = tables
    if not found:  # of a long table, what is rare is in a file of its own
        whole = [documents.whole(document, each.name, named) for each in tables]
        found = list(_having(whole, args.one, args.other))
    if not found:
        raise UnknownError(_nothing(whole, args.one, args.other))
    for table, one, other in found:
        if one == other:
            raise UnknownError(f"{args.one!r} and {args.other!r} are one and the same in it: {one}")
        if all(count is None for count in table.counts.values()):
            raise DocumentError(
                f"every number of {table.name} is withheld in {document.period}: nothing can be "
                "compared in it"
            )
        yield table, one, other


def _tables(document: Document, name: str | None) -> list[PublishedTable]:
    if not document.tables:
        raise DocumentError(f"{document.period} has no table: only the active installs are told")
    if name is None:
        return document.tables
    found = [each for each in document.tables if each.name == name]
    if not found:
        raise UnknownError(f"{name!r} is no table of it: use {documents.names(document.tables)}")
    return found


def _having(
    tables: Iterable[PublishedTable], one: str, other: str
) -> Iterator[tuple[PublishedTable, str, str]]:
    for table in tables:
        pair = _key(table, one), _key(table, other)
        if pair[0] is not None and pair[1] is not None:
            yield table, pair[0], pair[1]


def _key(table: PublishedTable, name: str) -> str | None:
    """Return the value that a name means: itself, or the only one that differs in case alone."""
    if name in table.counts:
        return name
    alike = [key for key in table.counts if key.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def _nothing(tables: list[PublishedTable], one: str, other: str) -> str:
    """Say why no table has both names."""
    for name in (one, other):
        if all(_key(table, name) is None for table in tables):
            near = _near(tables, name)
            there = f"; near it are {', '.join(near)}" if near else ""
            return (
                f"{name!r} is not published in {documents.names(tables)}{there}"
                if len(tables) <= OFFERED or near
                else f"{name!r} is not published in any of the {len(tables)} tables"
            )
    where = [
        f"{name!r} is in {documents.names(t for t in tables if _key(t, name) is not None)}"
        for name in (one, other)
    ]
    return f"{where[0]}, and {where[1]}: two values of the same table can be compared"


def _near(tables: Iterable[PublishedTable], name: str) -> list[str]:
    """Return the values that are most like a name: parts of each other first."""
    keys = list(dict.fromkeys(key for table in tables for key in table.counts))
    asked = name.casefold()
    within = [key for key in keys if len(asked) > 1 and asked in key.casefold()]
    within.sort(key=lambda key: (len(key), key))
    by_folded = {key.casefold(): key for key in keys}
    close = difflib.get_close_matches(asked, by_folded, n=OFFERED, cutoff=0.5)
    return list(dict.fromkeys([*within, *(by_folded[each] for each in close)]))[:OFFERED]


def _say(document: Document, answers: list[Answer]) -> None:
    scale = document.scale
    noise = f", each number ± {math.ceil(REACH * scale)} for noise" if scale else ""
    say(f"{document.project}, {document.period}: {document.installs:,} opted-in installs{noise}")
    for answer in answers:
        say("", answer.table.title)
        width = max(len(value.key) for value in (answer.one, answer.other))
        for value in (answer.one, answer.other):
            say(f"  {value.key.ljust(width)}  {_told(value)}")
        say(*_sentences(answer))
    say("", "Opted-in installs are not all installs.")


def _told(value: Value) -> str:
    if value.installs is None:
        return "withheld"
    share = "" if value.share is None else f"  {wording.share(value.share)}"
    return f"{value.installs:,} installs{share}"


def _sentences(answer: Answer) -> Iterator[str]:
    one, other, more = answer.one, answer.other, answer.more
    if answer.difference is None:
        withheld = [value.key for value in (one, other) if value.installs is None]
        why = f"{' and '.join(withheld)}: withheld" if withheld else "too few installs were active"
        yield f"It cannot be told which is used more ({why})."
        return
    points = [100 * each for each in (answer.difference.value, *_bounds(answer))]
    if more is other:
        points = [-points[0], -points[2], -points[1]]
    value, low, high = (f"{each:.1f}" for each in points)
    if more is None:
        yield (
            f"It cannot be told which is used more: the difference is {value} points, and may be "
            f"{low} to {high}."
        )
    elif answer.verdict == "certain":
        less = other if more is one else one
        yield f"{more.key} is used more than {less.key}, by {value} points ({low} to {high})."
        yield "That is certain, as far as 95 % is: the interval has noise and sampling in it."
    else:
        yield f"Of the installs that were counted, more used {more.key}."
        yield (
            f"Whether that holds beyond them cannot be told: {value} points, with sampling "
            f"{low} to {high}."
        )
    if answer.table.cap > 1:
        yield (
            f"An install counts for {answer.table.cap} values of this table at most, those that it "
            "used most often."
        )


def _bounds(answer: Answer) -> tuple[float, float]:
    assert answer.difference is not None
    return answer.difference.low, answer.difference.high


def _head(document: Document) -> dict[str, Any]:
    return {
        "project": document.project,
        "period": document.period,
        "installs": document.installs,
        "noise_standard_deviation": document.scale,
        "bias": "Opted-in installs are not all installs.",
    }


def _json(answer: Answer) -> dict[str, Any]:
    difference = answer.difference
    return {
        "table": answer.table.name,
        "cap": answer.table.cap,
        "a": {**vars(answer.one)},
        "b": {**vars(answer.other)},
        "verdict": answer.verdict,
        "more": None if answer.more is None else answer.more.key,
        "share_difference": None if difference is None else difference.value,
        "share_difference_95": None if difference is None else [*_bounds(answer)],
        "noise_95": answer.noise,
    }
