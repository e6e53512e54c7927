"""How often the intervals of differences hold the truth, where both sides are of the same installs.

A population's installs send many messages or few (three heavy tails) and prefer one model more or
less (three strengths). Then time goes on: some are gone, as many are new, some come to like another
model. The true shares of both times are known. A sample of installs is drawn again and again, and
it is counted how often the interval of each model's difference holds the true one, and the interval
of the change of all messages the true change.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aboveboard.statistics.differences import BUCKETS, Side, change, difference
from aboveboard.statistics.intervals import Estimate, intervals

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

TAILS = {"log-normal, 0.8": 0.8, "log-normal, 1.5": 1.5, "Pareto, 1.2": 0.0}
STRENGTHS = {"some": 3.0, "strong": 0.6, "one model each": 0.0}
STAY = (0.5, 0.95)
"""How many of those who were active are active in the second time."""

MOVE = (0.0, 0.3)
"""How many like another model in the second time."""

MODELS = np.array([0.5, 0.25, 0.11, 0.1, 0.03, 0.01])
LATER = np.array([0.3, 0.25, 0.31, 0.1, 0.03, 0.01])
INSTALLS = (10, 30, 200, 2000)
POPULATION = 30_000


@dataclass(frozen=True)
class Population:
    """What each install sends on average, by model, in both times."""

    before: Numbers
    after: Numbers

    @classmethod
    def of(
        cls, dice: np.random.Generator, tail: float, strength: float, stay: float, move: float
    ) -> Population:
        size = (
            dice.lognormal(1.8, tail, POPULATION)
            if tail
            else 3 * (1 + dice.pareto(1.2, POPULATION))
        )
        size = np.minimum(size, 3000)
        liking = _liking(dice, MODELS, strength)
        moved = dice.random(POPULATION) < move
        later = np.where(moved[:, None], _liking(dice, LATER, strength), liking)
        was_there = dice.random(POPULATION) < 0.75
        is_there = np.where(was_there, dice.random(POPULATION) < stay, True)
        zeal = dice.lognormal(0, 0.4, POPULATION)
        return cls((size * was_there)[:, None] * liking, (size * is_there * zeal)[:, None] * later)


def _liking(dice: np.random.Generator, shares: Numbers, strength: float) -> Numbers:
    if strength:
        return dice.dirichlet(shares * strength, POPULATION)
    return dice.multinomial(1, shares, POPULATION).astype(float)


def estimate(of: Numbers, its: Numbers) -> Estimate:
    """Return what the SQL makes of a sample's counts by install."""
    n, total = len(of), float(of.sum())
    share = float(its.sum()) / total
    error = math.sqrt((n - 1) / n * float((((its - share * of) / (total - of)) ** 2).sum()))
    spread = share * (1 - share)
    alike = (float((its**2 / of).sum()) / total - share**2) / spread if spread > 0 else 1.0
    answers = min(kish(its), kish(of - its))
    return Estimate(share, error, total, kish(of), answers, n, max(0.0, min(1.0, alike)))


def kish(counts: Numbers) -> float:
    squares = float((counts**2).sum())
    return float(counts.sum()) ** 2 / squares if squares else 0.0


def sides(sent: Numbers, buckets: Counts) -> list[Side] | None:
    """Return a side for each model; None where fewer than two installs sent anything."""
    of = sent.sum(axis=1)
    there = of > 0
    if there.sum() < 2:
        return None
    found = [estimate(of[there], its[there]) for its in sent.T]
    whole = bucketed(of, buckets)
    return [
        Side(each, bounds or (0.0, 1.0), whole, bucketed(its, buckets))
        for each, bounds, its in zip(found, intervals(found), sent.T, strict=True)
    ]


def bucketed(counts: Numbers, buckets: Counts) -> dict[int, float]:
    return dict(enumerate(np.bincount(buckets, weights=counts, minlength=BUCKETS).tolist()))


@dataclass
class Cell:
    """How often intervals held the truth: of each model's difference, and of the change of all."""

    times: int = 0
    held: Numbers = field(default_factory=lambda: np.zeros(len(MODELS)))
    changes: int = 0
    changes_held: int = 0


def tried(dice: np.random.Generator, people: Population, installs: int, repeats: int) -> Cell:
    before, after = (each.sum(axis=0) for each in (people.before, people.after))
    truth = after / after.sum() - before / before.sum()
    grown = after.sum() / before.sum() - 1
    cell = Cell()
    for _ in range(repeats):
        sample = dice.choice(POPULATION, installs, replace=False)
        buckets = dice.integers(0, BUCKETS, installs)
        then, now = (
            dice.poisson(each[sample]).astype(float) for each in (people.before, people.after)
        )
        was, is_ = sides(then, buckets), sides(now, buckets)
        if was is None or is_ is None:
            continue
        found = [difference(one, other) for one, other in zip(is_, was, strict=True)]
        cell.times += 1
        cell.held += [
            each.low <= true <= each.high for each, true in zip(found, truth, strict=True)
        ]
        changed = change(is_[0].of, was[0].of)
        if changed is not None:
            cell.changes += 1
            cell.changes_held += changed.low <= grown <= changed.high
    return cell


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000, help="samples of each population")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print("| installs | worst difference | holds | worst change of a count | holds |")
    print("|---|---|---|---|---|")
    for installs in INSTALLS:
        dice = np.random.default_rng(args.seed)
        worst, of = (2.0, ""), (2.0, "")
        for tail, its_tail in TAILS.items():
            for strength, its_strength in STRENGTHS.items():
                for stay in STAY:
                    for move in MOVE:
                        people = Population.of(dice, its_tail, its_strength, stay, move)
                        cell = tried(dice, people, installs, args.repeats)
                        where = f"{tail}; {strength}; {stay:.0%} stay, {move:.0%} move"
                        worst = min(worst, (float((cell.held / cell.times).min()), where))
                        if cell.changes:
                            of = min(of, (cell.changes_held / cell.changes, where))
        print(f"| {installs:,} | {worst[1]} | {worst[0]:.1%} | {of[1]} | {of[0]:.1%} |", flush=True)


if __name__ == "__main__":
    main()
