"""How often the intervals of shares hold the truth, over a grid of populations.

A population's installs send many messages or few (three heavy tails) and prefer one model more or
less (four strengths). Its true shares are known, since all of it is. A sample of installs is drawn
again and again, tables are made of it as the insights' SQL makes them, and it is counted how often
the interval of each row holds its true share. Beside it stands what was used before: the
jackknife's error on the logit scale.

Two tables: the models, which are shares of the same messages, and the versions, each of which has
sessions of its own, of which some crash.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aboveboard.statistics.intervals import Bounds, Estimate, intervals, student

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

TAILS = {"log-normal, 0.8": 0.8, "log-normal, 1.5": 1.5, "Pareto, 1.2": 0.0}
STRENGTHS = {"none": math.inf, "some": 3.0, "strong": 0.6, "one model each": 0.0}
MODELS = np.array([0.5, 0.25, 0.11, 0.1, 0.03, 0.01])
"""The true share of each model's messages, but for whom chance made busy."""

VERSIONS = np.array([0.6, 0.3, 0.1])
RISKS = np.array([0.1, 0.03, 0.5])
"""How many installs run each of three versions, and the share of its sessions that crash."""

TWO_ANSWERS = (3, 4, 5)
"""Models that are a table of their own with all others: a rare answer that no other row helps."""

INSTALLS = (10, 30, 200, 2000)
POPULATION = 100_000


@dataclass(frozen=True)
class Row:
    estimate: Estimate
    installs: int
    true: float
    share: str


def drawn(of: Counts, its: Counts, true: float, share: float) -> Row | None:
    """Return a row from a sample's counts by install, as the SQL makes it; None without two."""
    n, total = len(of), float(of.sum())
    if n < 2:
        return None
    estimated = float(its.sum()) / total
    residuals = (its - estimated * of) / (total - of)
    error = math.sqrt((n - 1) / n * float((residuals**2).sum()))
    rates = float((its**2 / of).sum()) / total
    spread = estimated * (1 - estimated)
    alike = max(0.0, min(1.0, (rates - estimated**2) / spread)) if spread > 0 else 1.0
    estimate = Estimate(estimated, error, total, kish(of), min(kish(its), kish(of - its)), n, alike)
    return Row(estimate, n, true, f"{share:.0%}")


def kish(counts: Counts) -> float:
    squares = float((counts.astype(float) ** 2).sum())
    return float(counts.sum()) ** 2 / squares if squares else 0.0


@dataclass(frozen=True)
class Population:
    """Messages by install and model; sessions, and crashed ones, by install with its version."""

    messages: Counts
    crashed: Counts
    version: Counts
    models: Numbers
    crashes: Numbers
    """The true shares."""

    @classmethod
    def of(cls, dice: np.random.Generator, tail: float, strength: float) -> Population:
        if tail:
            sent = np.maximum(1, np.rint(dice.lognormal(2.5, tail, POPULATION)))
        else:
            sent = np.minimum(1 + np.rint(5 * dice.pareto(1.2, POPULATION)), 20_000)
        version = dice.choice(len(VERSIONS), POPULATION, p=VERSIONS)
        risk = RISKS[version]
        if math.isinf(strength):
            liking = np.broadcast_to(MODELS, (POPULATION, len(MODELS)))
        elif strength:
            liking = dice.dirichlet(MODELS * strength, POPULATION) + 1e-300
            risk = dice.beta(risk * strength, (1 - risk) * strength)
        else:
            liking = dice.multinomial(1, MODELS, POPULATION) + 1e-300
            risk = (dice.random(POPULATION) < risk).astype(float)
        messages = dice.multinomial(
            sent.astype(np.int64), liking / liking.sum(axis=1, keepdims=True)
        )
        sessions = messages.sum(axis=1)
        crashed = dice.binomial(sessions, risk)
        rates = [
            crashed[version == each].sum() / sessions[version == each].sum()
            for each in range(len(VERSIONS))
        ]
        shares = messages.sum(axis=0) / messages.sum()
        return cls(messages, crashed, version, shares, np.array(rates))

    def tables(self, sample: Counts) -> Iterator[list[Row]]:
        """Yield the tables, made from some of the installs: models, two answers, versions."""
        messages, version = self.messages[sample], self.version[sample]
        sessions, crashed = messages.sum(axis=1), self.crashed[sample]
        models = [
            drawn(sessions, its, float(true), share)
            for its, true, share in zip(messages.T, self.models, MODELS, strict=True)
        ]
        versions = []
        for number, (share, true) in enumerate(zip(RISKS, self.crashes, strict=True)):
            here = version == number
            versions.append(drawn(sessions[here], crashed[here], float(true), share))
        yield [row for row in models if row]
        for number in TWO_ANSWERS:
            its, true, share = messages[:, number], float(self.models[number]), MODELS[number]
            rest = drawn(sessions, sessions - its, 1 - true, 1 - share)
            yield [row for row in (models[number], rest) if row]
        yield [row for row in versions if row]


@dataclass
class Cell:
    """How often intervals held the truth, and how often there was none before."""

    times: int = 0
    held: int = 0
    held_before: int = 0
    none_before: int = 0
    length: float = 0.0
    length_before: float = 0.0


@dataclass
class Grid:
    cells: dict[tuple[str, int, str], Cell] = field(default_factory=dict)

    def add(self, table: list[Row], installs: int, where: str) -> None:
        found = intervals([row.estimate for row in table])
        for row, bounds in zip(table, found, strict=True):
            assert bounds is not None
            before = former(row)
            cell = self.cells.setdefault((row.share, installs, where), Cell())
            cell.times += 1
            cell.held += bounds[0] <= row.true <= bounds[1]
            cell.held_before += before is not None and before[0] <= row.true <= before[1]
            cell.none_before += before is None
            if before is not None:
                cell.length += bounds[1] - bounds[0]
                cell.length_before += before[1] - before[0]

    def show(self, title: str) -> float:
        """Print the worst population of each share and number of installs; return the worst."""
        print(
            f"\n| {title} | installs | worst population | holds | as it was | had none | length |"
        )
        print("|---|---|---|---|---|---|---|")
        for share, n in dict.fromkeys(key[:2] for key in self.cells):
            cells = {key[2]: cell for key, cell in self.cells.items() if key[:2] == (share, n)}
            where, worst = min(cells.items(), key=lambda each: each[1].held / each[1].times)
            before = min(cell.held_before / cell.times for cell in cells.values())
            longer = sum(cell.length for cell in cells.values()) / sum(
                cell.length_before for cell in cells.values()
            )
            none = max(cell.none_before / cell.times for cell in cells.values())
            print(
                f"| {share} | {n:,} | {where} | {worst.held / worst.times:.1%} "
                f"| {before:.1%} | {none:.0%} | {longer:.2f} |"
            )
        return min(cell.held / cell.times for cell in self.cells.values())


def former(row: Row) -> Bounds | None:
    """Return the interval as it was: Student's t on the logit scale."""
    share, error = row.estimate.share, row.estimate.error
    if not 0 < share < 1 or error <= 0:
        return None
    odds = math.log(share / (1 - share))
    reach = student(row.installs - 1) * error / (share * (1 - share))
    return expit(odds - reach), expit(odds + reach)


def expit(odds: float) -> float:
    return 1 / (1 + math.exp(-min(max(odds, -700), 700)))


def measure(repeats: int, seed: int) -> None:
    dice = np.random.default_rng(seed)
    models, answers, versions = Grid(), Grid(), Grid()
    grids = (models, *[answers] * len(TWO_ANSWERS), versions)
    for tail_name, tail in TAILS.items():
        for strength_name, strength in STRENGTHS.items():
            population = Population.of(dice, tail, strength)
            for n in INSTALLS:
                for _ in range(repeats):
                    tables = population.tables(dice.integers(0, POPULATION, n))
                    for grid, table in zip(grids, tables, strict=True):
                        grid.add(table, n, f"{tail_name}; {strength_name}")
    worst = (
        models.show("share of all messages"),
        answers.show("share of two answers"),
        versions.show("share of a version's sessions"),
    )
    print(f"\nWorst: {min(worst):.1%}; {repeats} samples of each of 12 populations, seed {seed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    measure(args.repeats, args.seed)


if __name__ == "__main__":
    main()
