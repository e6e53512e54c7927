"""A small tool that keeps notes, whose page and policy the tests publish."""

from __future__ import annotations

from aboveboard import Analytics, Event, choice, count
from aboveboard.catalog.about import About


class NoteSaved(Event, why="Which *formats* to keep", owner="Ana <ana@jot.example>", since="1.2"):
    """A note was saved. Neither its text nor its name is told."""

    format: str = choice("markdown", "a|b", "<b>", doc="How it was written")
    words: int = count("How long it is", steps=True, expires="2099-12-31")


ABOUT: About = {
    "purpose": "make jot better",
    "issues": "https://jot.example/issues",
    "source": {"": "https://jot.example/{file}#L{line}"},
}


def analytics(**more: object) -> Analytics:
    options: dict[str, object] = {
        "app": "jot",
        "version": "1.2",
        "catalog": [NoteSaved],
        "endpoint": "https://stats.jot.example",
        "key": "ab_x",
        "about": ABOUT,
        "packages": ["jot"],
        "environ": {"HOME": "/nowhere"},
    }
    return Analytics(**{**options, **more})  # type: ignore[arg-type]


jot = analytics()


def save() -> None:
    jot.record(NoteSaved(format="markdown", words=3))
