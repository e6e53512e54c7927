"""A made-up tool for people with many books, which is not aider, and the people who use it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import (
    Event,
    choice,
    command,
    count,
    dollars,
    exception,
    flag,
    model,
    seconds,
    size,
    version,
)

from .population import Happening

FORMATS = tuple(f"format-{number:02}" for number in range(20))


class BooksImported(Event):
    """Books were read from a file. Neither titles nor the file's name are told."""

    format: str | None = choice(*FORMATS, doc="The file's format")
    source: str | None = choice("file", "scanner", doc="Where they came from", default=None)
    cover: bool | None = flag("Whether there were covers")
    exporter: str | None = version("The version of the program that wrote the file")
    books: int | None = count("How many books")
    duration: float | None = seconds("How long it took")
    bytes: int | None = size("The file's size")


class MessageSend(Event):
    """The model answered a question about a book."""

    main_model: str | None = model("The model that answered")
    price: float | None = dollars("What the answer cost", default=None)


class Searched(Event, name="shelf-search done"):
    """The shelves were searched."""

    by: str | None = command("By which field", ["title", "author"])


class ScanFailed(Event):
    """A scan failed."""

    error: BaseException | None = exception("The error's type", ["library"])


class Opened(Event):
    """The catalogue was opened."""


class Lent(Event):
    """A book was lent to somebody."""

    days: int | None = count("For how many days")


CATALOG = Catalog.of(
    "library",
    [BooksImported, MessageSend, Searched, ScanFailed, Opened, Lent],
    packages=["library"],
)
"""`lent` never happens, and nothing crashes."""


def readers(
    installs: int = 40, days: int = 40, until: date = date(2026, 10, 31), seed: int = 11
) -> list[Happening]:
    """Return all that happened to so many people in the days that end with `until`."""
    rng = random.Random(seed)
    first = datetime(until.year, until.month, until.day, tzinfo=UTC) - timedelta(days=days - 1)
    happened: list[Happening] = []
    for _ in range(installs):
        user_id = UUID(int=rng.getrandbits(128), version=4)
        system = rng.choice(("Linux", "Darwin"))
        zeal = rng.lognormvariate(1.2, 0.9)
        taste = rng.sample(FORMATS, 5)
        for _ in range(1 + int(zeal)):
            # Some begin before midnight and end after it.
            start = first + timedelta(seconds=rng.randrange(days * 86400))
            happened += _session(rng, user_id, start, system, taste)
    return happened


def _session(
    rng: random.Random, user_id: UUID, start: datetime, system: str, taste: list[str]
) -> list[Happening]:
    session, now = UUID(int=rng.getrandbits(128), version=4), start
    happened: list[Happening] = []

    def happens(event: str, **properties: object) -> None:
        nonlocal now
        happened.append(Happening(event, user_id, session, now, properties))
        now += timedelta(seconds=rng.randrange(5, 3600))

    app_version = rng.choice(("1.0.0", "1.1.0"))
    happens("session_start", app_version=app_version, os=system, python_version="3.12.3")
    happens("opened")
    for _ in range(int(rng.lognormvariate(0.8, 0.9))):
        format_ = rng.choices(taste, (8, 4, 2, 1, 1))[0]
        happens(
            "books_imported",
            format=None if rng.random() < 0.05 else format_,
            source=None,
            cover=rng.choices((True, False, None), (7, 2, 1))[0],
            exporter=rng.choice(("0.9.0", "1.0.0rc1")),
            books=None if rng.random() < 0.1 else int(rng.lognormvariate(3, 1.5)),
            duration=round(rng.lognormvariate(0.5, 1.5), 3),
            bytes=int(rng.lognormvariate(12, 2)),
        )
    if rng.random() < 0.4:
        happens("shelf-search done", by=rng.choice(("title", "title", "author", "other")))
    if rng.random() < 0.3:
        happens("message_send", main_model=rng.choice(("gpt-5", "claude-sonnet-4-5", None)))
    if rng.random() < 0.1:
        happens("scan_failed", error_type=rng.choice(("OSError", "other", None)))
    return happened
