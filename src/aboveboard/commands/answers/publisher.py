"""The publisher: takes a period's numbers out of the ledger, or draws them, and writes the site."""

from __future__ import annotations

import argparse
import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from aboveboard.catalog import versions as numbers
from aboveboard.collector.public.site import DIRECTORY
from aboveboard.commands.directory import stores
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.contract.document import html
from aboveboard.contract.errors import ContractError
from aboveboard.contract.publication import policy
from aboveboard.contract.publication.host import Host
from aboveboard.publishing import budget, counting, drawing, periods, site, tables, writing
from aboveboard.publishing.budget import BudgetError
from aboveboard.publishing.content.about import About
from aboveboard.publishing.ledger import Ledger, LedgerError
from aboveboard.publishing.periods import PeriodError
from aboveboard.publishing.suppression import SuppressionError
from aboveboard.publishing.tables import TableError
from aboveboard.publishing.writing import WritingError

from . import reading, volunteers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.collector.projects.project import Project
    from aboveboard.publishing.periods import Period
    from aboveboard.publishing.release import Release
    from aboveboard.publishing.tables import PropertyTable
    from aboveboard.warehouse import Warehouse

K = 10
K_LEAST = 5

_LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}", re.ASCII)


class UsageError(ValueError):
    """The arguments do not go together; the text says what to do."""


REFUSALS = (
    UsageError,
    TableError,
    PeriodError,
    BudgetError,
    SuppressionError,
    LedgerError,
    WritingError,
)
"""What is not done, each with a text that says what to do instead."""


def run(args: argparse.Namespace) -> int:
    try:
        _check(args)
        project = stores.project(args)
        if args.public:
            args.out = args.data / DIRECTORY / project.name
            _make(args.out.parent)
        there = tables.offered(project.catalog, _versions(args))
        if args.list:
            _list(there)
            _say_next(args, project)
            return 0
        chosen = tables.chosen(there, args.tables.split(",") if args.tables else None)
        if args.exact:
            _check_apart(chosen)
        sample = volunteers.sampled(args.sample, project.catalog) if args.sample else []
        writing.check(args.out)
        with Ledger.locked(args.data, project.name) as ledger:
            for name in ledger.take_up(args.out):
                warn(f"aboveboard publish: {name} is taken into the ledger from {args.out}")
            _publish(args, project, chosen, sample, ledger)
    except REFUSALS as error:
        warn(f"aboveboard publish: {error}")
        return 2
    except (volunteers.SampleError, *reading.FAILURES) as error:
        warn(f"aboveboard publish: {error}")
        return 1
    return 0


def _check_apart(chosen: Sequence[PropertyTable]) -> None:
    """Refuse exact tables of which one bounds another.

    Of a session's model and of its messages' model, whoever is in the one row is in the other: what
    is told of the one is a bound on what is withheld of the other, and the rule knows of none.

    Raises:
        UsageError: two tables have the same values.
    """
    first: dict[tuple[str, ...], PropertyTable] = {}
    for table in chosen:
        other = first.setdefault(table.keys, table)
        if other is not table:
            raise UsageError(
                f"{other.name} and {table.name} have the same values, so that exact numbers of the "
                "one may tell what is withheld of the other: share one of them, or both with noise"
            )


def _make(directory: Path) -> None:
    """Make the directory of sites, which is its owner's alone, as all of the data directory is."""
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise WritingError(f"{directory} cannot be made: {error.strerror}") from None


def _publish(
    args: argparse.Namespace,
    project: Project,
    chosen: Sequence[PropertyTable],
    sample: Sequence[str],
    ledger: Ledger,
) -> None:
    today = datetime.now(UTC).date()
    rate = _rate(args, ledger)
    period = _period(args, ledger, rate.every, today, project.retention)
    release = ledger.get(period)
    is_new = release is None
    if release is not None:
        _check_same(args, release, chosen)
        said = "is out already, and its numbers stay"
    else:
        if not args.exact:
            budget.check(ledger.spent(), period, rate.rho)
        with reading.opened(args) as (warehouse, _):
            _check_begun(warehouse, project, period, ledger, today)
            say(f"{args.out}: {_what(period, None if args.exact else rate.rho)}")
            if args.exact:
                release = drawing.exact(warehouse, project.name, period, chosen, args.k or K, today)
            else:
                release = drawing.noisy(warehouse, project.name, period, chosen, rate.rho, today)
        ledger.keep(release)
        said = (
            f"is new: exact, numbers under {release.k} withheld"
            if args.exact
            else f"is new: it spent rho = {release.rho:.3g}"
        )
    opted_in = None if args.opted_in is None else args.opted_in / 100
    about = About(args.licence, opted_in, sample, _policy(project.catalog))
    writing.write(args.out, site.files(project.catalog, ledger.all(), about))
    say(f"{args.out}: {release.period} {said}")
    if args.public and not project.is_public:
        say(
            f"  the collector does not show it yet: `aboveboard projects set {project.name} "
            "--public on`"
        )
    if is_new and not args.tables:
        warn(
            "aboveboard publish: nothing else is shared than you name: `--list` says which tables "
            "there are"
        )


def _policy(catalog: Catalog) -> str:
    """Return the tool's privacy policy; none where its maker has not stated all that it needs."""
    host = Host(catalog)
    try:
        blocks = policy.policy(host)
    except ContractError:
        return ""
    return html.render(
        blocks, f"What {host.name}'s analytics collect, who gets it, and what your rights are."
    )


def _rate(args: argparse.Namespace, ledger: Ledger) -> budget.Rate:
    noisy = [each for each in ledger.all() if each.kind == "noise"]
    found = budget.rate(None)
    if noisy:
        last = noisy[-1]
        found = budget.rate(last.installs, budget.of_release(last.days.every, last.rho))
    every = args.every or (periods.MONTH if args.exact else found.every)
    if args.period:
        every = periods.of_name(args.period).every
    if every != found.every:
        found = budget.slowest(every)
    return budget.Rate(found.least, every, found.rho if args.rho is None else args.rho)


def _period(
    args: argparse.Namespace, ledger: Ledger, every: str, today: date, retention: int
) -> Period:
    named = periods.of_name(args.period) if args.period else None
    period = named or periods.settled(every, today)
    if ledger.get(period) is not None:
        return period
    other = ledger.overlapping(period)
    if other is not None:
        if named is None:  # nothing is due yet: the site is written as it stands
            return other.days
        raise PeriodError(
            f"{period.name} has days of {other.period}, which is out already: the two together "
            "would tell more than either"
        )
    if not periods.is_settled(period, today):
        raise PeriodError(
            f"{period.name} is not over, or its late events are not in: publish it from "
            f"{periods.due(period)} on"
        )
    if period.since < today - timedelta(days=retention):
        raise PeriodError(
            f"{period.name} is older than what is kept ({retention} days): it cannot be counted"
        )
    return period


def _check_begun(
    warehouse: Warehouse, project: Project, period: Period, ledger: Ledger, today: date
) -> None:
    """Refuse a period from before the project's first event: it would spend on noise alone.

    Only of a first period: once one is out, whether the next is told must not depend on anybody.

    Raises:
        PeriodError: it is over before the first event.
    """
    if any(each.days < period for each in ledger.all()):
        return
    first = counting.first_day(warehouse, project.name)
    if first is None:
        raise PeriodError(
            f"{project.name} has no event yet: {period.name} would be noise alone. "
            "Publish once events are there"
        )
    if period.until < first:
        begun = periods.of_day(period.every, first)
        when = "" if periods.is_settled(begun, today) else f", from {periods.due(begun)} on"
        raise PeriodError(
            f"{period.name} is over before the first event of {project.name}, on {first}, and "
            f"would be noise alone: the first to publish is {begun.name}{when}"
        )


def _what(period: Period, rho: float | None) -> str:
    """Return what publishing a period means; `rho` is None if its numbers are exact."""
    spends = "with exact numbers" if rho is None else f"and spends rho = {rho:.3g}"
    return f"{period.name} ({period.since} to {period.until}) is drawn once, {spends}"


def _say_next(args: argparse.Namespace, project: Project) -> None:
    """Say which period would be published now, or why none would."""
    today = datetime.now(UTC).date()
    ledger = Ledger(args.data, project.name)
    rate = _rate(args, ledger)
    try:
        period = _period(args, ledger, rate.every, today, project.retention)
        if ledger.get(period) is not None:
            say(f"next: nothing; {period.name} is out already, and its numbers stay")
            return
        if not args.exact:
            budget.check(ledger.spent(), period, rate.rho)
        with reading.opened(args) as (warehouse, _):
            _check_begun(warehouse, project, period, ledger, today)
    except (PeriodError, BudgetError) as error:
        say(f"next: nothing; {error}")
    else:
        say(f"next: {_what(period, None if args.exact else rate.rho)}")


def _check_same(
    args: argparse.Namespace, release: Release, chosen: Sequence[PropertyTable]
) -> None:
    """Refuse what a period that is out cannot give any more.

    Raises:
        UsageError: other numbers are asked for than those that are out.
    """
    if args.exact != (release.kind == "exact"):
        raise UsageError(
            f"{release.period} is out {'with noise' if release.kind == 'noise' else 'exactly'}: "
            "both versions of a number together would tell what each withholds"
        )
    differs = [*_differing(args, release, chosen)]
    if differs:
        said = f"{release.period} is out with {'; with '.join(differs)}, and its numbers stay"
        if args.period:
            raise UsageError(f"{said}: leave that away, or say it for the next period")
        warn(f"aboveboard publish: {said}: the next period has what you say")
    there = {each.name for each in release.tables}
    asked = {each.name for each in chosen} if args.tables else set()
    if args.versions:
        asked.add("app_version")
    missing = [each.name for each in chosen if each.name in asked - there]
    if missing:
        said = f"{release.period} is out without {', '.join(missing)}, and is not drawn again"
        if args.period:
            raise UsageError(f"{said}: the next period may have it")
        warn(f"aboveboard publish: {said}: the next period has it")


def _differing(
    args: argparse.Namespace, release: Release, chosen: Sequence[PropertyTable]
) -> Iterator[str]:
    """Yield what a period that is out has otherwise than it is asked for now."""
    if args.k is not None and args.k != release.k:
        yield f"k = {release.k}, not {args.k}"
    # What is spent is the asked rho at most: the scale of the noise is rounded up.
    if args.rho is not None and not math.isclose(args.rho, release.rho, rel_tol=0.02):
        yield f"rho = {release.rho:.3g}, not {args.rho:g}"
    for table in chosen:
        out = release.table(table.name)
        if out is None:
            continue
        if args.tables and out.cap != table.cap:
            yield f"{table.name}={out.cap}, not {table.cap}"
        if args.versions and table.name == "app_version" and set(out.keys) != set(table.keys):
            yield f"the versions {', '.join(out.keys)}"
    names = {each.name for each in chosen}
    if args.tables and (more := [each.name for each in release.tables if each.name not in names]):
        yield f"{', '.join(more)} as well"


def _check(args: argparse.Namespace) -> None:
    if (args.out is None) != args.public and not (args.list and args.out is None):
        raise UsageError(
            "name the site's directory, or say --public for the one that the collector shows"
            if args.out is None
            else "--public has a directory of its own: leave OUT away, or --public"
        )
    for name in ("tables", "versions", "period"):
        said = getattr(args, name)
        if said is not None and not said.strip(" ,"):  # as a variable of the shell's may be
            raise UsageError(f"--{name} is empty: name what you mean, or leave --{name} away")
    if args.every and args.period and periods.of_name(args.period).every != args.every:
        raise UsageError(f"--period {args.period} is no {args.every}: leave one of the two away")
    if args.k is not None and not args.exact:
        raise UsageError("--k goes with --exact: with noise, every number is told")
    if args.k is not None and args.k < K_LEAST:
        raise UsageError(f"--k is {K_LEAST} or more")
    if args.rho is not None and args.exact:
        raise UsageError("--rho goes with noise, not with --exact")
    if args.rho is not None and not (math.isfinite(args.rho) and args.rho >= 1e-5):
        raise UsageError("--rho is a number from 0.00001 on, such as 0.015")
    if args.opted_in is not None and not 0 < args.opted_in <= 100:
        raise UsageError("--opted-in is a number of percent, more than 0 and at most 100")
    if not _LICENCE.fullmatch(args.licence):
        raise UsageError("--licence is an SPDX name, such as CC-BY-4.0, CC0-1.0 or ODbL-1.0")


def _versions(args: argparse.Namespace) -> list[str]:
    found = []
    for text in (args.versions or "").split(","):
        if text.strip():
            version = numbers.rebuilt(text.strip())
            if version is None:
                raise UsageError(f"--versions: {text.strip()[:40]!r} is no version")
            found.append(version)
    return found


def _list(there: dict[str, PropertyTable]) -> None:
    for table in there.values():
        keys = f"{len(table.keys):,} {'value' if len(table.keys) == 1 else 'values'}"
        say(f"{table.name}  {keys}, {table.cap} an install  {table.doc}")
