"""How accurate published shares are, by the number of installs that opted in.

People are made up: an install has one version and one system, sends many messages or few
(log-normal, sigma 1.5), in one or two edit formats, to the models it likes, and runs commands. Five
tables are published with the caps and rates of `aboveboard publish`: the noise is OpenDP's, the
estimates are the site's. It is counted how far a share is from the true one of the same installs,
which the noise alone explains, and what the cap took before.
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from aboveboard.catalog import models
from aboveboard.publishing import budget, drawing, estimates, noise, periods, release
from aboveboard.publishing.tables import OTHER, PropertyTable

INSTALLS = (100, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
COMMON = 0.01
"""Shares from here on are looked at."""

TABLES = (
    PropertyTable("app_version", "", "", "_sessions", "", (*"abcdefgh", OTHER), 1),
    PropertyTable("os", "", "", "_sessions", "", ("Linux", "Darwin", "Windows", "other"), 1),
    PropertyTable("format", "", "", "sent", "", tuple("abcdefghijklmn"), 2),
    PropertyTable("model", "", "", "sent", "", (*models.public_names(), OTHER), 3),
    PropertyTable("command", "", "", "ran", "", tuple(f"c{each}" for each in range(44)), 8),
)
STEEP = (1.2, 1.0, 1.6, 1.3, 1.1)
"""How much rarer each next value of a table is, as an exponent of its rank."""

TRIES = (0.0, 0.0, 0.3, 0.8, 1.4)
"""The logarithm of how many values a typical install tries."""


@dataclass
class Found:
    """What was found of a number of installs."""

    errors: list[float] = field(default_factory=list)
    held: int = 0
    rows: int = 0
    told: int = 0
    false: list[int] = field(default_factory=list)
    caps: list[float] = field(default_factory=list)


def people(dice: np.random.Generator, installs: int, number: int) -> tuple[list[int], list[int]]:
    """Return the installs by key of a table, with its cap and without one."""
    table = TABLES[number]
    known = min(len(table.keys), 60)
    chances = 1 / np.arange(1, known + 1) ** STEEP[number]
    chances /= chances.sum()
    capped, whole = Counter[int](), Counter[int]()
    tries = np.ones(installs, dtype=int)
    if TRIES[number]:
        tries = np.minimum(40, np.ceil(dice.lognormal(TRIES[number], 0.8, installs)).astype(int))
    # The values that an install tried, most often the first.
    drawn = dice.choice(known, int(tries.sum()), p=chances).tolist()
    ends = [0, *np.cumsum(tries).tolist()]
    for begin, end in pairwise(ends):
        had = [key for key, _ in Counter(drawn[begin:end]).most_common()]
        whole.update(had)
        capped.update(had[: table.cap])
    places = range(len(table.keys))
    return [capped[place] for place in places], [whole[place] for place in places]


def tried(dice: np.random.Generator, installs: int, rate: budget.Rate, repeats: int) -> Found:
    """Publish what so many installs did, again and again."""
    counts = [people(dice, installs, number) for number in range(len(TABLES))]
    scale = noise.scale_of(drawing.contribution(TABLES), rate.rho)
    month = periods.of_name("2026-10")
    found = Found()
    for capped, whole in counts:
        found.caps.append(max((w - c) / installs for c, w in zip(capped, whole, strict=True)))
    for _ in range(repeats):
        numbers = [installs, *(each for capped, _ in counts for each in capped)]
        drawn = iter(noise.add(numbers, scale))
        total = next(drawn)
        made = release.Release(
            1, "", month.name, "", "", "noise", rate.rho, scale, 0, total, [], "", ""
        )
        false = 0
        for table, (capped, _) in zip(TABLES, counts, strict=True):
            of = release.counted(table, [next(drawn) for _ in table.keys])
            for row, true in zip(estimates.rows(made, of), capped, strict=True):
                false += row.is_told and not true
                if true / installs < COMMON:
                    continue
                found.rows += 1
                found.told += row.is_told
                if row.share is not None and row.share_noise is not None:
                    error = abs(row.share - true / installs)
                    found.errors.append(error)
                    found.held += error <= row.share_noise
        found.false.append(false)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10, help="releases of each population")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(
        "| installs | every | rho | sigma | median error | 95th | interval holds | shown of 1 % on "
        "| shown of nobody, a release | most that a cap took |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for installs in INSTALLS:
        dice = np.random.default_rng(args.seed)
        rate = budget.rate(installs)
        for each in dict.fromkeys((rate, budget.RATES[1])):
            found = tried(dice, installs, each, args.repeats)
            scale = noise.scale_of(drawing.contribution(TABLES), each.rho)
            errors = sorted(found.errors)
            said = "no shares | | "
            if errors:
                ends = errors[int(len(errors) * 0.95)]
                held = found.held / len(errors)
                said = (
                    f"{100 * statistics.median(errors):.2f} pt | {100 * ends:.2f} pt | {held:.1%}"
                )
            print(
                f"| {installs:,} | {each.every} | {each.rho} | {scale:.1f} | {said} "
                f"| {found.told / found.rows:.0%} | {statistics.fmean(found.false):.2f} "
                f"| {100 * max(found.caps):.1f} pt |",
                flush=True,
            )


if __name__ == "__main__":
    main()
