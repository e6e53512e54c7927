"""Rows as they wait: the columns of all tables of a delivery, packed into one body."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING

import msgspec

from aboveboard.catalog.line import SEQ, SESSION, TIME, USER_ID, hour
from aboveboard.warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aboveboard.collector.allowlist import Accepted, Columns

IDENTITY = "_identity"
"""A column of rows as they wait, not of the warehouse: what each is known by when it comes again,
perhaps to another collector; a UUID, or null. No property's column is called so."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, dict[str, list[object] | str]])


def pack(tables: dict[str, Columns]) -> bytes:
    """Return columns as they wait: a word that all rows share stands there once, nulls not at all.

    So it is with ids, and in one session with most words too.
    """
    folded: dict[str, dict[str, object]] = {}
    for table, columns in tables.items():
        kept: dict[str, object] = {}
        for name, values in columns.items():
            first = values[0]
            if (first is None or isinstance(first, str)) and values.count(first) == len(values):
                if first is not None:
                    kept[name] = first
            else:
                kept[name] = values
        folded[table] = kept
    return _encoder.encode(folded)


def unpack_into(merged: dict[str, Columns], body: bytes) -> bool:
    """Add one packed body's rows to `merged`; a column that one side lacks is null there.

    Returns:
        Whether 0.1.0 packed it, so that its rows have been given their places only here.
    """
    tables = _decoder.decode(body)
    is_older = any(SEQ not in columns for columns in tables.values())
    if is_older:
        _complete(tables)
    for table, columns in tables.items():
        into = merged.setdefault(table, {})
        before = len(into[TIME]) if into else 0
        rows = len(columns[TIME])
        for name in into.keys() - columns.keys():
            into[name].extend([None] * rows)
        for name, values in columns.items():
            column = into.get(name)
            if column is None:
                column = into[name] = [None] * before
            column += [values] * rows if isinstance(values, str) else values
    return is_older


def identify(accepted: Accepted, identity: str) -> None:
    """Have all rows of a delivery be known by its id."""
    for columns in accepted.tables.values():
        columns[IDENTITY] = [identity] * len(columns[TIME])


def identities(merged: Mapping[str, Columns]) -> dict[str, list[object]]:
    """Take from each table's columns what its rows are known by, where any says so."""
    return {
        table: columns.pop(IDENTITY) for table, columns in merged.items() if IDENTITY in columns
    }


def without(
    merged: Mapping[str, Columns], gone: Mapping[str, Sequence[bool]]
) -> dict[str, Columns]:
    """Return the tables without some of their rows.

    Args:
        merged: The tables.
        gone: By table, for each of its rows whether it is left out; of other tables none is.
    """
    left = {}
    for table, columns in merged.items():
        stay = [not each for each in gone.get(table, ())]
        kept = (
            {name: list(compress(values, stay)) for name, values in columns.items()}
            if table in gone and not all(stay)
            else columns
        )
        if kept[TIME]:
            left[table] = kept
    return left


def _complete(tables: dict[str, dict[str, list[object] | str]]) -> None:
    """Give the rows of a body that 0.1.0 packed their places, by their times, and take the minutes.

    Such a body has no places. A session's start comes first in its second.
    """
    for table, columns in list(tables.items()):
        _disown(tables, table, columns)
    moments = []
    for table, columns in tables.items():
        for row, moment in enumerate(columns[TIME]):
            sessions = columns[SESSION]
            session = sessions if isinstance(sessions, str) else sessions[row]
            moments.append((moment, table != schema.SESSIONS, table, row, session))
        columns[SEQ] = [0] * len(columns[TIME])
        columns[TIME] = [hour(moment) for moment in columns[TIME]]  # type: ignore[arg-type]
    places: Counter[object] = Counter()
    for _, _, table, row, session in sorted(moments):
        tables[table][SEQ][row] = places[session]  # type: ignore[index]
        places[session] += 1


def _disown(
    tables: dict[str, dict[str, list[object] | str]],
    table: str,
    columns: dict[str, list[object] | str],
) -> None:
    """Take the sessions from events of nobody, which 0.1.0 made up, one for each such event."""
    rows = len(columns[TIME])
    users, sessions = (
        [told] * rows if isinstance(told := columns[name], str) else told
        for name in (USER_ID, SESSION)
    )
    if schema.NOBODY not in users:
        return
    if table == schema.SESSIONS:
        kept = [user != schema.NOBODY for user in users]
        if not any(kept):
            del tables[table]
            return
        for name, values in columns.items():
            if not isinstance(values, str):
                columns[name] = list(compress(values, kept))
        return
    columns[SESSION] = [
        schema.NOBODY if user == schema.NOBODY else session
        for user, session in zip(users, sessions, strict=True)
    ]
