"""The page: what was decided, what waits and what left by day, and what each property is for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aboveboard.catalog.notes import first
from aboveboard.commands.machine import status
from aboveboard.commands.terminal.printing import plain
from aboveboard.contract.document import html
from aboveboard.contract.document.blocks import (
    Code,
    Heading,
    Items,
    Listing,
    TableBlock,
    joined,
    paragraph,
)

from .record import FATES, KEPT, REFUSED, SENT, WAITING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard.catalog.catalog import Catalog, Entry
    from aboveboard.contract.document.blocks import Block, Line

    from .record import Record

HEADS = {
    WAITING: "Waiting",
    SENT: "Sent",
    REFUSED: "Refused",
    KEPT: "In the log alone",
}
MEANING = {
    WAITING: "recorded, and still on this machine: the next run of the tool sends it",
    SENT: "in a log as recorded for sending, and waiting no longer: it was sent, or was dropped "
    "unsent if too much waited or you forgot it",
    REFUSED: "a collector did not take it: it stays here",
    KEPT: "of a session that was off: it never leaves",
}
DAYS = 62
LONGEST = 200
"""Characters of a value that a table shows."""


def page(described: dict[str, object], record: Record, catalog: Catalog | None, logs: int) -> str:
    """Return the page as HTML.

    Args:
        described: What `status.describe` says of the install.
        record: What this machine has.
        catalog: What the tool may collect; None if that is not known here.
        logs: How many audit logs were named.
    """
    app = str(described["app"])
    blocks: list[Block] = [
        Heading(1, f"{app} on this machine"),
        paragraph(
            "Made now, of the files on this machine, by ",
            Code(f"aboveboard view {app}"),
            ". Nothing of it leaves, and nobody else can open it. Load it again to see it afresh.",
        ),
        Heading(2, "What you decided"),
        paragraph(plain(f"{app}: {status.meaning(described)}")),
        Items([(_fact(name), Code(plain(value))) for name, value in status.facts(described)]),
        *_days(record, app, logs),
        *_purposes(record, catalog, app),
        *_lines(record),
        Heading(2, "What you can do"),
        Items(
            [
                (Code(f"aboveboard disable {app}"), ": off on this machine, for good"),
                (Code(f"aboveboard forget {app}"), ": asks for all that was sent to be erased"),
                (Code(f"aboveboard show {app}"), ": what waits, in the terminal"),
            ]
        ),
    ]
    return html.render(blocks, f"What {app} has recorded on this machine")


def _fact(name: str) -> str:
    return f"{name}: " if name else ""


def _days(record: Record, app: str, logs: int) -> Iterator[Block]:
    yield Heading(2, "By day")
    if not logs:
        yield paragraph(
            "What was sent is not kept on this machine, unless you have a log of it: give the "
            "tool ",
            Code("--analytics-log FILE"),
            ", and then ",
            Code(f"aboveboard view {app} --log FILE"),
            ". Without one, this is what waits.",
        )
    for trouble in record.troubles:
        yield paragraph(plain(trouble))
    if record.damaged:
        yield paragraph(f"Left out, no event: {record.damaged:,}.")
    if not record.days:
        yield paragraph("There is no event.")
        return
    fates = [fate for fate in FATES if any(day[fate] for day in record.days.values())]
    days = sorted(record.days.items(), reverse=True)
    rows: list[tuple[Line, ...]] = [
        ((day,), *((f"{counted[fate]:,}",) for fate in fates)) for day, counted in days[:DAYS]
    ]
    total = sum((counted for _, counted in days), start=type(days[0][1])())
    rows.append((("All days",), *((f"{total[fate]:,}",) for fate in fates)))
    yield TableBlock(("Day (UTC)", *(HEADS[fate] for fate in fates)), rows)
    yield Items([(f"{HEADS[fate]}: {MEANING[fate]}.",) for fate in fates])


def _purposes(record: Record, catalog: Catalog | None, app: str) -> Iterator[Block]:
    yield Heading(2, "What each property is for")
    entries = {} if catalog is None else catalog.entries
    if catalog is None:
        yield paragraph(
            "What the tool says of its properties is in its catalog: name that with ",
            Code(f"aboveboard view {app} --catalog CATALOG"),
            ", its JSON file, or MODULE:NAME in its code.",
        )
    for event in dict.fromkeys((*entries, *record.events)):
        counted = record.events.get(event)
        if counted is None:
            continue
        entry = entries.get(event)
        yield Heading(3, plain(event)[:LONGEST], is_code=True)
        told = "Not in the catalog." if entry is None and catalog is not None else ""
        if entry is not None:
            told = " ".join(entry.doc.split())
        numbers = ", ".join(
            f"{HEADS[fate].lower()} {counted[fate]:,}" for fate in FATES if counted[fate]
        )
        yield paragraph(plain(f"{told} On this machine: {numbers}.".strip()))
        rows = list(_properties(record, event, entry))
        if rows:
            yield TableBlock(("Property", "What it is", "Why", "The newest value"), rows)
    unseen = [name for name in entries if name not in record.events]
    if unseen:
        yield paragraph(
            "In the catalog, and not in what this machine has: ", *joined(map(Code, unseen)), "."
        )


def _properties(record: Record, event: str, entry: Entry | None) -> Iterator[tuple[Line, ...]]:
    declared = {} if entry is None else entry.properties
    seen = [name for of, name in record.last if of == event]
    for name in dict.fromkeys((*declared, *seen)):
        found = declared.get(name)
        what = why = ""
        if found is not None:
            what = f"{' '.join(found.doc.split())} ({found.kind.describe()})"
            why = first(found.notes.why, "" if entry is None else entry.notes.why)
            if day := first(found.notes.expires, "" if entry is None else entry.notes.expires):
                why += f" Until {day}."
        elif entry is not None:
            what = "not in the catalog"
        value = ""
        if (event, name) in record.last:
            value = json.dumps(record.last[event, name], ensure_ascii=False)
        yield (
            (Code(plain(name)[:LONGEST]),),
            (plain(what),),
            (plain(why.strip()),),
            (Code(plain(value)[:LONGEST]) if value else "",),
        )


def _lines(record: Record) -> Iterator[Block]:
    for fate in FATES:
        newest = record.newest[fate]
        if newest:
            yield Heading(2, f"{HEADS[fate]}: the lines")
            number = sum(counted[fate] for counted in record.events.values())
            if number > len(newest):
                yield paragraph(f"The last {len(newest)} of {number:,}, byte for byte.")
            else:
                yield paragraph("All of them, byte for byte.")
            yield Listing(
                "\n".join(plain(line.decode("utf-8", "replace").rstrip("\r\n")) for line in newest),
                "json",
            )
