"""The steps that a project's tables go through, in order, and which of them are noted as taken.

`_versions` in each project's database has a row a step: which, from when on aboveboard has it, when
it was taken and by which version. New tables take every step, older ones those that they have not
taken. A step may be killed at any moment, and is then taken again from its beginning: each finds by
itself what is left to do. So tables of before `_versions`, which took some, lose nothing.

A step that was ever released is never changed, and `tests/migration` takes older tables through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard import __version__
from aboveboard.warehouse import schema
from aboveboard.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aboveboard.warehouse.engine.statements import Ask, Insert

TABLE = "_versions"
"""No event's table is called so: those begin as an event's name does, with a letter."""


@dataclass(frozen=True)
class Step:
    """A change of the tables.

    Args:
        number: Its place; the first is 1.
        date: When aboveboard got it.
        name: What it does, for a person who looks.
        oldest: The step that a collector must know, or a later one, to go on beside this one: its
            own number where an older collector's rows would be wrong, else an earlier one's.
        oldest_shared: The same where several collectors may have the warehouse, if not as `oldest`.
    """

    number: int
    date: str
    name: str
    oldest: int
    oldest_shared: int | None = None

    def beside(self, *, is_shared: bool) -> int:
        """Return the step that a collector must know to go on beside this one."""
        return self.oldest_shared if is_shared and self.oldest_shared else self.oldest


STEPS = (
    Step(1, "2026-11-26", "ids as keys, hours and places, money as a decimal", 1),
    Step(2, "2026-11-27", "sessions whose start has not come", 2),
    Step(3, "2026-11-27", "sums of messages kept beside their rows", 2),
    # Who does not know it carries what another collector carries, and who was erased elsewhere.
    Step(
        4, "2026-11-28", "which of several collectors carries a delivery, and who was erased", 2, 4
    ),
    Step(5, "2026-11-28", "how often a session says what, kept beside the rows of each event", 2),
)


class Versions:
    """What is noted of one project's tables.

    Args:
        project: Whose.
        database: Where they are.
        command: Carries out a statement.
        ask: Answers a question.
        insert: Inserts rows, given as columns, into a table.
        is_shared: Whether several collectors may have the warehouse.
    """

    def __init__(
        self,
        project: str,
        database: str,
        command: Callable[[str], None],
        ask: Ask,
        insert: Insert,
        *,
        is_shared: bool = False,
    ) -> None:
        self._project = project
        self._database = database
        self._of = schema.name(database, TABLE)
        self._command = command
        self._ask = ask
        self._insert = insert
        self._is_shared = is_shared

    def left(self, present: Mapping[str, Mapping[str, str]]) -> list[Step]:
        """Return the steps that are not noted, in their order.

        Args:
            present: The tables that are there: column to type, by name.

        Raises:
            WarehouseError: a newer aboveboard took a step that this one cannot go on beside.
                Nothing was changed.
        """
        taken = check(self._project, self._database, self._ask) if TABLE in present else set()
        return [step for step in STEPS if step.number not in taken]

    def note(self, steps: Sequence[Step]) -> None:
        """Note steps as taken. The same step noted twice, by two collectors maybe, is one."""
        if not steps:
            return
        self._command(
            f"CREATE TABLE IF NOT EXISTS {self._of} (step UInt32, date Date, name String, "
            "oldest UInt32, taken DateTime('UTC') DEFAULT now('UTC'), by String) "
            f"ENGINE = ReplacingMergeTree ORDER BY step {schema.DURABLE}"
        )
        self._insert(
            TABLE,
            {
                "step": [each.number for each in steps],
                "date": [each.date for each in steps],
                "name": [each.name for each in steps],
                "oldest": [each.beside(is_shared=self._is_shared) for each in steps],
                "by": [__version__] * len(steps),
            },
        )


def check(project: str, database: str, ask: Ask) -> set[int]:
    """Return which steps were taken; see that this aboveboard can go on beside them.

    Args:
        project: Whose tables.
        database: Where they are.
        ask: Answers a question.

    Raises:
        WarehouseError: a newer one took a step that this one cannot go on beside, or the tables are
            gone.
    """
    rows = ask(
        "SELECT step, any(oldest), any(by) "
        f"FROM {schema.name(database, TABLE)} GROUP BY step ORDER BY step"
    )
    taken = {int(str(step)): (int(str(oldest)), str(by)) for step, oldest, by in rows}
    newest = STEPS[-1].number
    for oldest, by in taken.values():
        if oldest > newest:
            raise WarehouseError(
                f"the tables of project {project} were brought up to date by aboveboard "
                f"{by}, which this one ({__version__}) cannot go on beside: install that"
            )
    return set(taken)
