"""The quarantine's bound: whoever has the public write key can fill it, and not keep news out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.allowlist import OTHER, Unfit
from aboveboard.collector.inbox import storage
from aboveboard.collector.inbox.tallies.quarantine import (
    NAMES_MAX,
    NEW_MAX,
    NEWEST_MAX,
    Dropped,
    Quarantine,
    _kept,
    _leaving,
)

NOW = time.time()
INVENTED = [Unfit("event", f"invented{number}", "") for number in range(NAMES_MAX)]


class Book:
    """One project's quarantine, and what was ever sent to it."""

    def __init__(self, directory: Path) -> None:
        self._connection = storage.connect(directory, storage.INBOX)
        self._quarantine = Quarantine(directory)
        self.sent: Counter[str] = Counter()

    def deliver(self, *unfit: Unfit) -> None:
        self.sent.update(each.what for each in unfit)
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN")
        self._quarantine.add(self._connection, "tool", Counter(unfit), now=NOW)

    def attack(self, times: int) -> None:
        """Fill every row, and come again with the same names."""
        for _ in range(times):
            for start in range(0, len(INVENTED), NEW_MAX):
                self.deliver(*INVENTED[start : start + NEW_MAX])

    @property
    def rows(self) -> list[Dropped]:
        self._connection.commit()
        return self._quarantine.dropped("tool")

    @property
    def names(self) -> set[Unfit]:
        return {
            Unfit(row.what, row.event, row.property)
            for row in self.rows
            if row.event not in {"", OTHER}
        }

    def close(self) -> None:
        self._quarantine.close()
        self._connection.close()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with closing(Book(tmp_path)) as one:
        yield one


def news(count: int) -> list[Unfit]:
    """What a newer catalog has: events and properties."""
    whats = [Unfit("event", "event", ""), Unfit("property", "launched", "property")]
    return [
        Unfit(what, f"{event}{number}", name)
        for number in range(count)
        for what, event, name in [whats[number % 2]]
    ]


def test_all_that_a_newer_catalog_has_is_seen_after_invented_names_came_again_and_again(
    book: Book,
) -> None:
    book.attack(10)
    fresh = news(NEWEST_MAX)
    for each in fresh:
        book.deliver(each)
    assert set(fresh) <= book.names
    assert len(book.names) == NAMES_MAX


def test_the_invented_names_that_stay_cannot_push_news_out_by_coming_again(book: Book) -> None:
    book.attack(10)
    staying = INVENTED[: NAMES_MAX - NEWEST_MAX]
    fresh = news(NEWEST_MAX)
    for each in fresh:
        book.deliver(each)
        book.deliver(*staying)
    assert set(fresh) <= book.names


def test_news_that_was_pushed_out_is_back_as_soon_as_it_is_sent_again(book: Book) -> None:
    (fresh,) = news(1)
    for wave in range(3):
        book.attack(2)
        for number in range(0, NAMES_MAX, NEW_MAX):
            book.deliver(
                *[Unfit("event", f"w{wave}x{number + each}", "") for each in range(NEW_MAX)]
            )
        book.deliver(fresh)
        assert fresh in book.names


def test_names_that_many_deliveries_brought_outlive_any_number_of_new_ones(book: Book) -> None:
    known = news(NEW_MAX)
    for _ in range(3):
        book.deliver(*known)
    for number in range(2 * NAMES_MAX):
        book.deliver(Unfit("event", f"once{number}", ""))
    assert set(known) <= book.names


def test_one_delivery_of_all_names_and_more_does_not_pass_the_bound(book: Book) -> None:
    book.attack(1)
    for wave in range(3):
        book.deliver(*book.names, *[Unfit("event", f"w{wave}x{n}", "") for n in range(NEW_MAX)])
        assert len(book.names) == NAMES_MAX


def test_the_count_of_each_reason_stays_exact_whatever_names_are_folded(book: Book) -> None:
    book.attack(3)
    for each in news(3 * NEWEST_MAX):
        book.deliver(each, each, Unfit("value", each.event, "cost"))
    book.deliver(*book.names, *news(5 * NAMES_MAX), Unfit("not a line of JSON", "", ""))
    book.attack(1)
    counted: Counter[str] = Counter()
    for row in book.rows:
        counted[row.what] += row.times
    assert counted == book.sent
    assert len(book.names) == NAMES_MAX
    assert {row.what for row in book.rows if row.event == OTHER} == {"event", "property", "value"}


def test_what_a_delivery_brings_most_often_has_a_row_before_the_rest_of_it(book: Book) -> None:
    names = [Unfit("event", f"name{number}", "") for number in range(NEW_MAX + 5)]
    book.deliver(*(each for number, each in enumerate(names, 1) for _ in range(number)))
    assert {each.event for each in book.rows} == {OTHER, *(each.event for each in names[5:])}


def test_a_name_weighs_half_as_much_each_day_in_which_it_does_not_come(book: Book) -> None:
    for name, deliveries, days in (("daily", 2, 0), ("often", 12, 2), ("once", 1, 0)):
        book._connection.execute(
            "INSERT INTO quarantine (project, what, event, property, times, last, deliveries)"
            " VALUES ('tool', 'event', ?, '', 1, ?, ?)",
            (name, 1000 * 86_400 - days * 86_400, deliveries),
        )
    kept = _kept(book._connection, "tool", 1000 * 86_400)
    assert {each.event: of.rank for each, of in kept.items()} == {"daily": 2, "often": 3, "once": 1}
    assert [each.event for each in _leaving(kept)] == ["once", "daily", "often"]
