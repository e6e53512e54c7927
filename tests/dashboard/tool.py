"""A maker's own tool, which is not aider: what dashboards of other projects are seen with."""

from __future__ import annotations

from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import Event, choice, command


class Command(Event):
    """A command was run."""

    command: str | None = command("Which", ["build", "check"])


class Greeting(Event):
    """Somebody was greeted."""

    tone: str | None = choice("warm", "brief", doc="How it was said")


CATALOG = Catalog.of("mytool", [Command, Greeting])
