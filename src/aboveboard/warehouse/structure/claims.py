"""Which of several collectors of one warehouse carries a delivery that more than one of them took.

A balancer may bring a delivery, or an event that carries an identity, to one collector and its
repeat to another; each knows its own inbox only. So before a move's rows are inserted, the move
claims their ids here, and drops what another move has claimed before it:

1. Its ids are added to `_claims`, each with the move's number.
2. The move takes a turn: the next free number in `_turns`. All collectors insert it with one token
   for each number, and ClickHouse keeps one row of a token. So a turn belongs to one move, and
   whoever has turn n has seen that every turn before it is taken.
3. Of the moves that claim an id, the one with the lowest turn has it. One without a turn will get
   a later one, since its claims come before its turn.

So two moves never both keep an id: the later one of them reads after its own turn, and finds the
claims and the turn of the earlier one. And never do both drop it: turns do not change. A move that
is repeated after its collector was killed finds its own turn and decides as it did before. This
needs no Keeper, and holds on one server and on the replicas of a shard alike.

Names in these statements are `schema.quote`d, and numbers are numbers: nothing else is pasted.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, TypeVar

from aboveboard.warehouse import schema
from aboveboard.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from aboveboard.warehouse.engine.statements import Ask, Command

Item = TypeVar("Item")

CLAIMS, TURNS = "_claims", "_turns"
"""No event's table is called so: those begin as an event's name does, with a letter."""

CLAIM_DAYS = 31
"""How long a claim stays: a day longer than an inbox knows a delivery's id."""

TURN_DAYS = 2 * CLAIM_DAYS
"""How long a turn stays, so that no claim is there without its own."""

IDS_MAX = 5_000
"""Ids that are asked for at once; a query's text has at most 256 KiB."""

TRIES_MAX = 1_000
"""Turns that are tried for one move. Other movers take one a second each, and a server that was
killed may have noted a token without its row."""


def create(database: str, *, is_replicated: bool = False) -> list[str]:
    """Return the DDL of both tables."""
    of = schema.engine("MergeTree", is_replicated=is_replicated)
    window = schema.REPLICATED_WINDOW if is_replicated else schema.WINDOW
    hour = "hour DateTime('UTC') DEFAULT toStartOfHour(now('UTC'))"
    return [
        f"CREATE TABLE IF NOT EXISTS {schema.name(database, table)} ({columns}, {hour}) "
        f"ENGINE = {of} ORDER BY {key} TTL hour + INTERVAL {days:d} DAY {schema.DURABLE}, {window}"
        for table, columns, key, days in (
            (CLAIMS, "id UUID, move UInt64", "id", CLAIM_DAYS),
            (TURNS, "turn UInt64, move UInt64", "turn", TURN_DAYS),
        )
    ]


class Claims:
    """One project's.

    Args:
        database: Where they are.
        command: Carries out a statement with settings.
        ask: Answers a question, on the node that `command` is carried out on.
        insert: Inserts rows, given as columns, into a table of the database, with settings.
        is_replicated: Whether rows have replicas.
    """

    def __init__(
        self,
        database: str,
        command: Command,
        ask: Ask,
        insert: Callable[[str, Mapping[str, Sequence[object]], Mapping[str, object]], None],
        *,
        is_replicated: bool = False,
    ) -> None:
        self._claims = schema.name(database, CLAIMS)
        self._turns = schema.name(database, TURNS)
        self._command = command
        self._ask = ask
        self._insert = insert
        self._is_replicated = is_replicated

    def elsewhere(self, ids: Collection[str], move: int) -> set[str]:
        """Claim ids for a move; return those of them that another move has.

        The same call again returns the same.

        Args:
            ids: UUIDs.
            move: The move's number.

        Raises:
            WarehouseError: it cannot be known now; the same call may be repeated.
        """
        if not ids:
            return set()
        named = sorted(ids)
        # Without a token of its own ClickHouse would take a repeat for rows that it has, also where
        # a server was killed when it had noted that, and before the rows were in.
        self._insert(
            CLAIMS,
            {"id": named, "move": [move] * len(named)},
            {"insert_deduplication_token": str(uuid.uuid4())},
        )
        turn = self._turn(move)
        self._catch_up(self._claims)
        rivals: dict[int, set[str]] = {}
        for some in _portions(named):
            for id_, other in self._ask(
                f"SELECT DISTINCT id, move FROM {self._claims} "
                f"WHERE id IN ({_listed(some)}) AND move != {move:d}"
            ):
                rivals.setdefault(int(str(other)), set()).add(str(id_))
        earlier = self._earlier(rivals, turn) if rivals else set()
        return set().union(*(rivals[each] for each in earlier))

    def _turn(self, move: int) -> int:
        """Return the move's turn, a new one unless it has one."""
        self._catch_up(self._turns)
        told = self._ask(f"SELECT max(turn), maxIf(turn, move = {move:d}) FROM {self._turns}")
        last, own = (int(str(each)) for each in told[0])
        if own:
            return own
        for turn in range(last + 1, last + 1 + TRIES_MAX):
            # The condition is for a mover that was asleep for so long that the token is forgotten.
            self._command(
                f"INSERT INTO {self._turns} (turn, move) SELECT {turn:d}, {move:d} "
                f"WHERE (SELECT max(turn) FROM {self._turns}) < {turn:d}",
                {"insert_deduplication_token": f"turn:{turn:d}"},
            )
            self._catch_up(self._turns)
            if self._ask(f"SELECT move FROM {self._turns} WHERE turn = {turn:d}") == [(move,)]:
                return turn
        raise WarehouseError("no turn was free; it is tried again")

    def _earlier(self, moves: Collection[int], turn: int) -> set[int]:
        """Return those of the moves whose turn was before."""
        found = set()
        for some in _portions(sorted(moves)):
            listed = ", ".join(f"{each:d}" for each in some)
            for (move,) in self._ask(
                f"SELECT move FROM {self._turns} WHERE turn < {turn:d} AND move IN ({listed})"
            ):
                found.add(int(str(move)))
        return found

    def _catch_up(self, table: str) -> None:
        """Have the node know what other replicas have taken."""
        if self._is_replicated:
            self._command(f"SYSTEM SYNC REPLICA {table} LIGHTWEIGHT", {})


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(f"'{uuid.UUID(each)}'" for each in ids)


def _portions(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), IDS_MAX):
        yield items[start : start + IDS_MAX]
