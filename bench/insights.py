"""What every insight costs beside the yardstick: `count(), uniqExact(user_id)` of the messages.

    python bench/insights.py --events 10000000
    python bench/insights.py --data DIR --only errors retention --days 30 --note bench/growth.csv

Rows as `kept.py` makes them, with replies and failures besides: an install an event in 400, 13
months. Each question is asked of the period and of the same with a filter, in turn with the
yardstick of that period, and the least processor time of some rounds counts. Ratios are of the
processor's time, since machines are shared; memory is bounded by what a question may take. What
a question costs over days with nothing is what ClickHouse needs to understand it: with more events
that stays as it is, so `times` is also given without it. `--note` adds a line a question to a file,
which `growth.py` draws. `--sampling` asks as pages do, of some installs where there are many, and
tells how far the counts of common rows are then from those of every install.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from kept import DICE, EVENTS_A_SESSION, PROJECT, TABLES, WITHIN, fill

from aboveboard import insights
from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.insights.insight import Insight
from aboveboard.insights.sampling import choose, place_of
from aboveboard.warehouse import Limits, Warehouse, WarehouseError, embedded

MODEL = (
    "{models}[1 + multiIf(cityHash64(number, 11) % 100 < 85, install, "
    "cityHash64(number, 11) % 100 < 99, install * 7 + 3, number) % 40]"
)
"""An install has one model for most of its messages, another for some, and any for one in 100."""

MIX = {
    **TABLES,
    "message_send": (f"{WITHIN} AND {DICE} < 55", {
        **TABLES["message_send"][1],
        "main_model": MODEL,
    }),
    "reply": (f"{WITHIN} AND {DICE} < 55", {
        "main_model": MODEL,
        "edit_format": TABLES["message_send"][1]["edit_format"],
        "edits": "['applied', 'applied', 'failed', 'none'][1 + number % 4]",
        "first_token": "number % 7 / 2",
        "duration": "number % 31",
    }),
    "exception": (f"number % {EVENTS_A_SESSION} = 2 AND cityHash64(its_session, 8) % 100 < 2", {
        "error_type": "['KeyError', 'OSError', 'UnicodeDecodeError'][1 + its_session % 3]",
        "error_frames": "['aider.main:main:1157', concat('aider.io:f', "
        "toString(cityHash64(its_session) % 20), ':', toString(install % 40))]",
        "handled": "its_session % 3 = 0",
    }),
    "provider_error": (f"{WITHIN} AND cityHash64(number, 9) % 100 = 0", {
        "error_type": "['litellm.RateLimitError', 'litellm.Timeout'][1 + number % 2]",
        "error_frames": "['litellm.main:completion:3116']",
    }),
}  # fmt: skip
"""By table, as `kept.TABLES` has it. A reply is beside each answered message."""

FILTERS: dict[str, dict[str, str]] = {
    "all": {},
    "version": {"version": "0.86.2"},
    "where": {"where": "message_send.edit_format:diff"},
}
EVENTS = ("message_send",)
YARDSTICK = (
    f"SELECT count(), uniqExact(user_id) FROM project_{PROJECT}.message_send "
    "WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}"
)
NOTED = ("insight", "days", "asked of", "events", "yardstick", "seconds", "MiB", "stopped")
"""The columns of `--note`: seconds are the processor's, MiB what this process grew by at most."""

NOTHING = date(2020, 1, 1)
"""A day on which nothing happened."""

PATIENT = Limits(seconds=600)


@dataclass(frozen=True)
class Asked:
    name: str
    catalog: Catalog


def cost(ask: Callable[[], object], rounds: int) -> float:
    """Return the processor's seconds of the quickest round."""
    spent = []
    for _ in range(rounds):
        before = time.process_time()
        ask()
        spent.append(time.process_time() - before)
    return min(spent)


def resident(which: str) -> int:
    """Return MiB of this process's memory: `VmRSS` now, `VmHWM` at most since `forget_most`."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{which}:")[2].split()[0]) // 1024


def forget_most() -> None:
    """Let `VmHWM` begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


def measured(
    warehouse: Warehouse, insight: Insight, filters: insights.Filters, rounds: int
) -> tuple[float, float, float, str]:
    """Return the seconds of the yardstick, of the question of nothing and of it; or why not."""
    project = Asked(PROJECT, shipped_catalog(PROJECT))
    stick = cost(lambda: warehouse.query(YARDSTICK, filters.parameters()), rounds)
    nothing = replace(filters, since=NOTHING, until=NOTHING)
    try:
        fixed = cost(lambda: insight.run(warehouse, project, nothing), rounds)
        return stick, fixed, cost(lambda: insight.run(warehouse, project, filters), rounds), ""
    except WarehouseError as error:
        return stick, float("nan"), float("nan"), str(error)


def sampled(warehouse: Warehouse, filters: insights.Filters) -> insights.Filters:
    """Return filters with the sample that a page would ask of; its place is any."""
    project = Asked(PROJECT, shipped_catalog(PROJECT))
    return replace(filters, sampling=choose(warehouse, project, filters, place_of(b"bench")))


def off(
    warehouse: Warehouse, insight: Insight, filters: insights.Filters, whole: insights.Filters
) -> str:
    """Return in words how far estimated counts are off, of rows with a hundredth of the most."""
    project = Asked(PROJECT, shipped_catalog(PROJECT))
    key = (
        "day",
        "event",
        "part",
        "part_is",
        "value_is",
        "value",
        "property",
        "what",
        "step",
        "model",
        "edit_format",
        "by",
    )

    def rows(of: insights.Filters) -> dict[tuple[object, ...], Mapping[str, object]]:
        found = insight.run(warehouse, project, of).records()
        return {tuple(row.get(name) for name in key): row for row in found}

    estimated, every = rows(filters), rows(whole)
    apart = []
    for name in insight.sampled:
        most = max((float(str(row.get(name) or 0)) for row in every.values()), default=0)
        for which, row in every.items():
            exact = float(str(row.get(name) or 0))
            if exact > most / 100:
                told = float(str(estimated.get(which, {}).get(name) or 0))
                apart.append(abs(told / exact - 1))
    apart.sort()
    return (
        f"{insight.name}: of {len(apart)} counts half are within "
        f"{apart[len(apart) // 2]:.1%}, 95 % within {apart[len(apart) * 95 // 100]:.1%}"
        if apart
        else f"{insight.name}: nothing to compare"
    )


def note(file: Path, row: Iterable[object]) -> None:
    """Add a line to a file, which begins with the names of its columns."""
    is_new = not file.exists()
    with file.open("a", newline="") as opened:
        lines = csv.writer(opened, lineterminator="\n")
        lines.writerows([*([NOTED] if is_new else []), row])


def questions(
    only: list[str], days: list[int]
) -> Iterator[tuple[Insight, str, int, dict[str, str]]]:
    for each in insights.offered(shipped_catalog(PROJECT)):
        if only and each.name not in only:
            continue
        for length in days:
            for name, query in FILTERS.items():
                event = {"event": EVENTS[0]} if each.of_event else {}
                yield each, name, length, {"since": f"{length}d", **query, **event}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path, help="fill this directory, or ask what is in it")
    parser.add_argument("--only", nargs="*", default=[], help="these insights")
    parser.add_argument("--days", type=int, nargs="*", default=[30, 365])
    parser.add_argument("--filters", nargs="*", default=list(FILTERS), choices=FILTERS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--note", type=Path, help="add a line a question to this CSV file")
    parser.add_argument("--sampling", action="store_true", help="ask of some installs")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aboveboard-bench-") as folder:
        data = args.data or Path(folder)
        if not (data / "warehouse").exists():
            fill(data, args.events, MIX)
        with closing(Warehouse(embedded(data / "warehouse"), PATIENT)) as warehouse:
            warehouse.ensure(PROJECT, shipped_catalog(PROJECT))
            print(
                "| insight | days | asked of | yardstick, CPU s | of nothing | CPU s | times "
                "| without nothing |\n|---|---|---|---|---|---|---|---|"
            )
            worst = 0.0
            for insight, name, length, query in questions(args.only, args.days):
                if name not in args.filters:
                    continue
                filters = insights.Filters.from_query(query)
                whole = filters
                if args.sampling and insight.sampled:
                    filters = sampled(warehouse, filters)
                    name += f", one in {filters.sampling.one_in}" if filters.sampling else ""
                before = resident("VmRSS")
                forget_most()
                stick, fixed, spent, why = measured(warehouse, insight, filters, args.rounds)
                worst = max(worst, spent / stick)
                if args.note:
                    grown = resident("VmHWM") - before
                    told = (insight.name, length, name, args.events, f"{stick:.3f}")
                    note(args.note, (*told, f"{spent:.3f}", grown, why))
                print(
                    f"| `{insight.name}` | {length} | {name} | {stick:.3f} | {fixed:.3f} | "
                    f"{spent:.3f} | {spent / stick:.1f} | {(spent - fixed) / stick:.1f} |{why}",
                    flush=True,
                )
                if filters.sampling:
                    print(f"  {off(warehouse, insight, filters, whole)}", file=sys.stderr)
            print(f"  at most {worst:.1f} times the yardstick", file=sys.stderr)


if __name__ == "__main__":
    main()
