"""Attacks on published sites: by those who have every file, the method, and all but one install."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pytest

from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.publishing import (
    budget,
    counting,
    drawing,
    noise,
    periods,
    release,
    site,
    suppression,
    tables,
)
from aboveboard.publishing.content.about import About
from aboveboard.publishing.release import Release
from aboveboard.publishing.tables import OTHER, PropertyTable
from aboveboard.warehouse import Warehouse, embedded
from tests.conftest import missing
from tests.insights.population import fill
from tests.publishing.people import lives
from tests.publishing.sites import CATALOG as TOOL

CATALOG = shipped_catalog("aider")
THERE = tables.offered(CATALOG)
OCTOBER = periods.of_name("2026-10")
K = 10

WEEKS = [periods.week(date(2026, 8, 3 + 7 * number)) for number in range(4)]
SHARED = [
    PropertyTable(
        "app_version", "", "", "_sessions", "app_version", ("1", "2", "3", "4", OTHER), 1
    ),
    PropertyTable("os", "", "", "_sessions", "os", ("Linux", "Darwin", "Windows", "other"), 1),
    PropertyTable("format", "", "", "sent", "format", tuple("abcdefg"), 2),
    PropertyTable(
        "model", "", "", "sent", "model", (*(f"m{each}" for each in range(12)), OTHER), 3
    ),
    PropertyTable("command", "", "", "ran", "command", tuple(f"c{each}" for each in range(15)), 8),
]


@dataclass(frozen=True)
class Cell:
    """A number that is withheld, by what a reader of the site knows of it."""

    week: str
    table: str
    key: str


class Reader:
    """Reads the files of a site, and asks a linear program what they say of what is not in them.

    It knows the method: what is withheld is under k, or no more than the least that is told; an
    install is in so many rows of a table at most; and with a row for all others, in exactly one.
    """

    def __init__(self, files: dict[str, bytes], whole: Iterable[str]) -> None:
        whole = set(whole)
        self.cells: list[Cell] = []
        self.most: list[int] = []
        self.sums: list[tuple[list[int], int, int]] = []
        for name, content in files.items():
            if not name.startswith("v1/periods/") or name.count("/") != 2:
                continue
            told = json.loads(content)
            installs = told["installs"]["value"]
            for each in told["tables"]:
                rows = each["rows"]
                visible = [row["installs"] for row in rows if row["installs"] is not None]
                hidden = [row["key"] for row in rows if row["installs"] is None]
                places = range(len(self.cells), len(self.cells) + len(hidden))
                self.cells += [Cell(told["period"], each["name"], key) for key in hidden]
                self.most += [max(K - 1, min(visible, default=installs))] * len(hidden)
                left = installs * each["cap"] - sum(visible)
                self.sums.append((list(places), left if each["name"] in whole else 0, left))

    def ranges(self) -> Iterator[tuple[Cell, float, float]]:
        """Yield the least and the greatest that each withheld number can be."""
        try:
            import highspy
        except ModuleNotFoundError:
            missing("a solver of linear programs (the package highspy)")
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        for most in self.most:
            solver.addVar(0.0, float(most))
        for places, low, high in self.sums:
            if places:
                solver.addRow(float(low), float(high), len(places), places, [1.0] * len(places))
        for place, cell in enumerate(self.cells):
            solver.changeColCost(place, 1.0)
            ends = []
            for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize):
                solver.changeObjectiveSense(sense)
                solver.run()
                assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
                ends.append(solver.getInfo().objective_function_value)
            solver.changeColCost(place, 0.0)
            yield cell, ends[0], ends[1]


def population(rng: random.Random, installs: int, table: PropertyTable) -> list[int]:
    """Return how many of so many installs had each key; few have most of it."""
    weights = [1 / (1 + place) ** 3.5 for place in range(len(table.keys))]
    counts = [0] * len(table.keys)
    for _ in range(installs):
        had = {rng.choices(range(len(weights)), weights)[0] for _ in range(table.cap)}
        for place in had:
            counts[place] += 1
    return counts


def exact(installs: int, rng: random.Random, *, only_small: bool = False) -> list[Release]:
    made = []
    for week in WEEKS:
        counts = [population(rng, installs, table) for table in SHARED]
        told = suppression.withheld(installs, SHARED, counts, K)
        if only_small:
            told = [[each if each >= K else None for each in of] for of in counts]
        of_tables = [release.counted(*each) for each in zip(SHARED, told, strict=True)]
        since, until = week.since.isoformat(), week.until.isoformat()
        made.append(
            Release(
                1, "tool", week.name, since, until, "exact", 0, 0, K, installs, of_tables, until, ""
            )
        )
    return made


@pytest.mark.parametrize("installs", [10, 60, 500, pytest.param(5_000, marks=pytest.mark.thorough)])
def test_no_linear_program_over_all_tables_and_weeks_knows_a_withheld_number(installs: int) -> None:
    rng = random.Random(installs)
    about = About("CC0-1.0")
    files = site.files(TOOL, exact(installs, rng), about)
    found = list(Reader(files, ["app_version"]).ranges())
    assert found
    assert [each for each in found if each[2] - each[1] < K / 2] == []


def test_the_program_would_know_them_if_only_small_numbers_were_withheld() -> None:
    """So that the test above is known to look."""
    files = site.files(TOOL, exact(500, random.Random(3), only_small=True), About("CC0-1.0"))
    found = list(Reader(files, ["app_version"]).ranges())
    assert any(high - low < K / 2 for _, low, high in found)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    opened = Warehouse(embedded(tmp_path_factory.mktemp("warehouse")))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def worlds(warehouse: Warehouse) -> tuple[list[int], list[int], list[PropertyTable]]:
    """All numbers of a month without one install and with it; it does whatever shows most."""
    shared = tables.chosen(
        THERE, ["os", "message_send.edit_format", "message_send.main_model", "command.command"]
    )
    others = [
        each
        for number in range(1, 8)
        for each in lives(number, "Linux", {"command": [("command", "add")] * number})
    ]
    target = lives(
        50,
        "Windows",
        {
            "message_send": [
                *(("edit_format", key) for key in THERE["message_send.edit_format"].keys),
                *(("main_model", key) for key in THERE["message_send.main_model"].keys[:200]),
            ],
            "command": [("command", key) for key in THERE["command.command"].keys] * 3,
        },
    )
    found = []
    for project, happened in (("without", others), ("with", [*others, *target])):
        fill(warehouse, project, CATALOG, happened)
        installs, counts = counting.all_counts(warehouse, project, OCTOBER, shared)
        found.append([installs, *itertools.chain(*counts)])
    return found[0], found[1], shared


def guesses(out: Sequence[int], there: Sequence[int], trials: int, scale: float) -> float:
    """Return by how much the best guess is right more often than chance, of so many sites.

    Whoever knows both worlds looks at the numbers in which they differ, and takes the world that
    makes them likelier; with equal noise, the nearer one.
    """
    places = [place for place, pair in enumerate(zip(out, there, strict=True)) if len({*pair}) > 1]
    size = len(places)
    right = []
    for world in (out, there):
        drawn = noise.add([world[place] for place in places] * trials, scale)
        sites = (drawn[at : at + size] for at in range(0, len(drawn), size))
        nearer = 0
        for numbers in sites:
            far = [
                math.fsum((numbers[at] - of[place]) ** 2 for at, place in enumerate(places))
                for of in (out, there)
            ]
            nearer += far[world is there] < far[world is not there]
        right.append(nearer / trials)
    return right[0] + right[1] - 1


class TestMembership:
    """Is this install in it? Asked by one who knows everything else, and what it would do."""

    @pytest.mark.parametrize(
        ("rho", "trials"), [(0.05, 300), pytest.param(0.8, 3_000, marks=pytest.mark.thorough)]
    )
    def test_a_guess_is_hardly_better_than_a_coin(
        self, worlds: tuple[list[int], list[int], list[PropertyTable]], rho: float, trials: int
    ) -> None:
        out, there, shared = worlds
        scale = noise.scale_of(drawing.contribution(shared), rho)
        found = guesses(out, there, trials, scale)
        chance = math.sqrt(0.5 / trials)  # at most: the standard deviation of what is found
        assert found <= budget.advantage(rho) + 4 * chance
        if trials > 1_000:
            assert found > 0.1, "it is the best guess there is"

    def test_who_came_in_the_first_week_and_left_in_the_last_is_no_surer(
        self, worlds: tuple[list[int], list[int], list[PropertyTable]]
    ) -> None:
        """All weeks are read together, by one who knows in which of them the install may be."""
        out, there, shared = worlds
        rho, trials, weeks = 0.015, 200, 6
        scale = noise.scale_of(drawing.contribution(shared), rho)
        for present in ([0], [0, weeks - 1]):
            whole: list[list[int]] = [[], []]
            for week in range(weeks):
                whole[0] += out
                whole[1] += there if week in present else out
            found = guesses(whole[0], whole[1], trials, scale)
            chance = math.sqrt(0.5 / trials)
            assert found <= budget.advantage(rho * len(present)) + 4 * chance, present

    def test_without_noise_it_is_sure(
        self, worlds: tuple[list[int], list[int], list[PropertyTable]]
    ) -> None:
        out, there, _ = worlds
        assert guesses(out, there, 20, 0.1) == 1

    def test_it_changes_as_many_numbers_as_were_accounted_for_and_no_more(
        self, worlds: tuple[list[int], list[int], list[PropertyTable]]
    ) -> None:
        out, there, shared = worlds
        moved = [now - then for then, now in zip(out, there, strict=True)]
        assert set(moved) == {0, 1}
        assert sum(moved) == drawing.contribution(shared) == 1 + 1 + 2 + 3 + 8

    def test_a_participant_learns_no_more_by_knowing_what_they_did_themselves(
        self, warehouse: Warehouse, worlds: tuple[list[int], list[int], list[PropertyTable]]
    ) -> None:
        """They take their own numbers off, and are where everybody else is."""
        out, there, shared = worlds
        scale = noise.scale_of(drawing.contribution(shared), 0.05)
        made = drawing.noisy(warehouse, "with", OCTOBER, shared, 0.05, OCTOBER.until)
        own = [now - then for then, now in zip(out, there, strict=True)]
        told = [made.installs, *(each or 0 for table in made.tables for each in table.counts)]
        left = [each - mine - then for each, mine, then in zip(told, own, out, strict=True)]
        assert made.scale == scale
        assert len(left) > 5_000
        spread = math.sqrt(math.fsum(each**2 for each in left) / len(left))
        assert abs(spread / scale - 1) < 0.1, "what is left is the noise, all of it"
