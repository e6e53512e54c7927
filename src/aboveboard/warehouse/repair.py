"""What of a move is not there: asked by install and month, and where that is in parts, by row.

An insert makes one block for each month, and on a cluster of each shard, which is the installs'. So
rows of one install and month come together or not at all, unless a server has cut the insert in
more blocks than one; then each row is looked for.

Names in these statements are `schema.quote`d, and numbers are numbers: nothing else is pasted.
"""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING

from aboveboard.catalog.line import SEQ, SESSION, TIME, USER_ID

from . import schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from .engine.statements import Ask, Columns

INSTALLS_MAX = 5_000
"""Installs that are asked for at once; a query's text has at most 256 KiB."""


def missing(
    ask: Ask, project: str, table: str, move: int, columns: Columns
) -> dict[str, list[object]]:
    """Return those rows of a move that its table has not.

    Args:
        ask: Answers a question.
        project: Whose table.
        table: Its name.
        move: The number that the move's rows carry.
        columns: All of the move's rows for this table, ids as UUIDs.
    """
    keys = {each: schema.key(str(each)) for each in set(columns[USER_ID])}
    months = {each: schema.partition(int(str(each))) for each in set(columns[TIME])}
    pairs = [
        (keys[user], months[moment])
        for user, moment in zip(columns[USER_ID], columns[TIME], strict=True)
    ]
    if not pairs:
        return {name: [] for name in columns}
    of = schema.name(schema.database(project), table)
    where = (
        f"{schema.MOVE.name} = {move:d} AND user_id BETWEEN {min(keys.values()):d} AND "
        f"{max(keys.values()):d} AND {schema.PARTITION} IN ({_listed(set(months.values()))})"
    )
    wanted = Counter(pairs)
    there = {
        (_int(user), _int(month)): _int(count)
        for user, month, count in ask(
            f"SELECT user_id, {schema.PARTITION} AS month, count() FROM {of} WHERE {where} "
            "GROUP BY user_id, month"
        )
    }
    in_parts = {pair for pair in wanted if 0 < there.get(pair, 0) < wanted[pair]}
    rows = _rows(ask, of, where, {user for user, _ in in_parts}) if in_parts else Counter()
    sessions = {each: schema.key(str(each)) for each in set(columns[SESSION])}
    lacks = []
    for pair, session, seq, moment in zip(
        pairs, columns[SESSION], columns[SEQ], columns[TIME], strict=True
    ):
        if pair not in in_parts:
            lacks.append(pair not in there)
            continue
        row = (pair[0], sessions[session], _int(seq), _int(moment))
        lacks.append(rows[row] <= 0)
        rows[row] -= 1
    return {name: list(compress(values, lacks)) for name, values in columns.items()}


def _rows(ask: Ask, of: str, where: str, installs: Collection[int]) -> Counter[tuple[int, ...]]:
    """Return how often each row of those installs is there: install, session, place and hour."""
    found: Counter[tuple[int, ...]] = Counter()
    for some in _portions(sorted(installs)):
        for *row, count in ask(
            f"SELECT user_id, session, seq, toUnixTimestamp(time), count() FROM {of} "
            f"WHERE {where} AND user_id IN ({_listed(some)}) GROUP BY user_id, session, seq, time"
        ):
            found[tuple(map(_int, row))] = _int(count)
    return found


def _portions(installs: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(installs), INSTALLS_MAX):
        yield installs[start : start + INSTALLS_MAX]


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(f"{each:d}" for each in sorted(numbers))


def _int(value: object) -> int:
    return int(str(value))
