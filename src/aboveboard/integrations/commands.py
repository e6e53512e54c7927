"""The ready-made event that says which command of a program was run, and nothing of what followed.

Its words are the program's own: the names that its maker declared. They are fixed when the event
is made, so that neither a user's words nor the name of a plugin that only this user has can be
among them; whatever else is run is `other`.
"""

from __future__ import annotations

from aboveboard.catalog.event import Event, command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from aboveboard.catalog.notes import Words
    from aboveboard.client.analytics import Analytics

OWNER = "its makers"
"""Who answers for a ready-made event if nobody else is said to."""

NO_COMMAND = "(none)"
"""What is recorded where a program that has commands was run without one."""


def command_event(names: Sequence[str], **notes: Unpack[Words]) -> type[Event]:
    """Return an event `command` for a catalog, whose property `command` is one of `names`.

    `(none)` is on the list in any case: what is run without a command is no other one.

    Args:
        names: The commands, each with those that lead to it: `status`, `db migrate`. The adapters'
            `command_names` read them from the program itself.
        notes: What else is said of the event (`catalog.notes`): owner, since and the like.

    Raises:
        CatalogError: there are no names, or one stands there twice.
    """
    names = with_none(names)

    said: Words = {"why": "Which commands are used", "owner": OWNER, **notes}

    class Command(Event, **said):
        """A command of this program was run. What followed it on the command line is not told."""

        command: str | None = command("Which command, from the list of the program's own", names)

    return Command


def with_none(names: Sequence[str]) -> Sequence[str]:
    """Return a list of commands with `(none)`, unless the list is empty."""
    return names if not names or NO_COMMAND in names else [*names, NO_COMMAND]


def is_recorded(analytics: Analytics) -> bool:
    """Return whether the ready-made event is in the catalog, and not another of the same name."""
    entry = analytics.catalog.entries.get(_Command.event_name)
    return (
        entry is not None
        and entry.doc == _Command.event_doc()
        and list(entry.properties) == ["command"]
    )


def record(analytics: Analytics, name: str | None) -> None:
    """Record that a command was run, where the catalog has the ready-made event."""
    if is_recorded(analytics):
        analytics.record(_Command(command=name))  # type: ignore[call-arg]  # made above


# A session knows an event by its name: this one's list of commands is never looked at.
_Command = command_event((NO_COMMAND,))
