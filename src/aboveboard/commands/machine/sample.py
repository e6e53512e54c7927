"""`aboveboard sample`: the last events of an audit log, fit to publish."""

from __future__ import annotations

import argparse
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.auditlog.aliases import Aliases
from aboveboard.auditlog.files import opened
from aboveboard.auditlog.reading import LogReader
from aboveboard.auditlog.sample import AIDER, OURS, Sample
from aboveboard.catalog.catalog import DroppedEvents, Failure, SessionStart
from aboveboard.catalog.kinds import CatalogError
from aboveboard.commands.contract import catalog
from aboveboard.commands.terminal.output import write
from aboveboard.commands.terminal.printing import plain, warn

from .stats import left_out

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from aboveboard.auditlog.reading import LoggedEvent
    from aboveboard.auditlog.sample import LeftOut
    from aboveboard.catalog.catalog import Catalog

SIZE = 1000
"""Events; as many as aider publishes."""

TOOL = "aider"
"""The tool whose catalog comes with aboveboard."""

SHARED = frozenset(
    (
        SessionStart.event_name, Failure.event_name, DroppedEvents.event_name,
        "rejected_value", "command", "launched", "exit", "message_send", "reply",
    )
)  # fmt: skip
"""Events of aider's catalog that other tools may well have too."""

NAMES_MAX = 8
"""Names that a line of what was left out tells; more would be no line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "logs", nargs="+", metavar="LOG", help="an audit log, ours or aider's; - for standard input"
    )
    parser.add_argument(
        "-n", type=_size, default=SIZE, metavar="EVENTS", dest="size", help="how many (1000)"
    )
    parser.add_argument(
        "--format", choices=(OURS, AIDER), default=OURS, help="whose lines to write (ours)"
    )
    parser.add_argument(
        "--shift-time",
        action="store_true",
        help="move all times together by a random number of days",
    )
    parser.add_argument(
        "--by-day", action="store_true", help="tell times by the day, not by the hour"
    )
    parser.add_argument(
        "--catalog",
        help=f"{catalog.TARGET_HELP}; or `{TOOL}`, which need not be said of a log that is "
        "clearly aider's",
    )
    parser.add_argument(
        "-o", metavar="FILE", dest="output", help="where to write it; without it, standard output"
    )


def run(args: argparse.Namespace) -> int:
    reader = LogReader()
    told = _Told()
    try:
        allowed = find(args.catalog)
        sample = Sample(allowed, args.size, args.format)
        for name in args.logs:
            _read(sample, reader, told, name)
        if args.catalog is None:
            _check_is_aiders(told, allowed, args.logs)
        lines = sample.lines(shift_time=args.shift_time, by_day=args.by_day)
        _say(sample.left_out, reader)
        _publish(lines, args)
    except (CatalogError, _Refused) as error:
        warn(f"aboveboard sample: {error}")
        return 1
    return 0


class _Refused(Exception):  # noqa: N818  # it says what is the case, in one line
    """There is no sample, and this is why."""


def find(target: str | None) -> Catalog:
    """Return the catalog that is named; aider's, which comes with aboveboard, if none is.

    Raises:
        CatalogError: there is no such catalog.
    """
    if target not in (None, TOOL):
        return catalog.find(target)
    with resources.as_file(resources.files("aboveboard") / "hosts/aider/catalog.json") as path:
        return catalog.read(path)


class _Told:
    """Which events a log has: by them its tool is known."""

    def __init__(self) -> None:
        self.events: set[tuple[str, bool]] = set()
        """Names, and whether the line had a session, which stock aider's have not."""

    def by(self, events: Iterable[LoggedEvent]) -> Iterator[LoggedEvent]:
        for logged in events:
            self.events.add((logged.event, logged.session is not None))
            yield logged

    def is_aiders(self, catalog: Catalog) -> bool:
        """Return whether there is an event that only aider can have written."""
        aliases = Aliases(catalog)
        own = catalog.entries.keys() - SHARED
        return any(
            name in own if has_session else aliases.newer(name, {})[0] in catalog.entries
            for name, has_session in self.events
        )


def _read(sample: Sample, reader: LogReader, told: _Told, name: str) -> None:
    try:
        with opened(name) as file:
            sample.take(told.by(reader.read(file)))
    except OSError as error:
        raise _Refused(f"{name} cannot be read: {error.strerror}") from None


def _check_is_aiders(told: _Told, aiders: Catalog, logs: list[str]) -> None:
    if told.events and not told.is_aiders(aiders):
        raise _Refused(
            f"whose events are in {', '.join(logs)}? Name the tool's own catalog with --catalog "
            f"(`--catalog {TOOL}` if it is aider's)"
        )


def _publish(lines: list[str], args: argparse.Namespace) -> None:
    if not lines:
        raise _Refused(_nothing(args))
    if args.output is None:
        sys.stdout.writelines(lines)
        return
    path = Path(args.output)
    if any(_is_same(path, log) for log in args.logs):
        raise _Refused(f"{path} is the log itself; name another file with -o")
    try:
        write(path, "".join(lines).encode("ascii"))
    except OSError as error:
        raise _Refused(f"{path} cannot be written: {error.strerror}") from None


def _is_same(path: Path, log: str) -> bool:
    try:
        return path.samefile(log)
    except OSError:  # one of them is not there
        return False


def _nothing(args: argparse.Namespace) -> str:
    logs = ", ".join(args.logs)
    if args.catalog is None:
        return f"there is no event in {logs}"
    return f"no event in {logs} is in the catalog {args.catalog}"


def _say(unfit: LeftOut, reader: LogReader) -> None:
    lines = [
        ("left out, not in the catalog", "event", unfit.events),
        ("left out, without a word in aider's form", "event", unfit.untold),
        ("left out, not in the catalog", "property", unfit.properties),
        ("null, not what the catalog allows", "value", unfit.values),
        ("kept in part, as the catalog has it", "value", unfit.reduced),
    ]
    for sentence in left_out(reader):
        warn(f"aboveboard sample: {sentence}")
    for why, what, counted in lines:
        if counted:
            warn(f"aboveboard sample: {_told(what, counted)} {why}")


def _told(what: str, counted: Counter[str]) -> str:
    times = sum(counted.values())
    plural = {"property": "properties"}.get(what, f"{what}s")
    names = [plain(name)[:80] for name, _ in counted.most_common(NAMES_MAX)]
    more = ["…"] if len(counted) > NAMES_MAX else []
    return f"{times:,} {what if times == 1 else plural} ({', '.join(names + more)})"


def _size(text: str) -> int:
    if not text.isdecimal() or len(text) > 9 or not int(text):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no number of events")
    return int(text)
