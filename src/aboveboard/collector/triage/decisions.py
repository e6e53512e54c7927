"""Decisions: notes on groups of errors, and the version in which one is resolved.

A list that only grows, a row a decision, so that it is its own audit: who said what, and when. What
holds now is the last that was said. A note can be taken back by whoever may write; its words are
removed, since they may say too much of somebody, and the row stays.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.catalog.kinds import REJECTED, Version
from aboveboard.collector.people.register import RegisterError

if TYPE_CHECKING:
    from aboveboard.collector.people.register import Register

NOTE, RESOLVED, OPENED, WITHDRAWN = "note", "resolved", "opened", "withdrawn"
"""What can be said: some words; that a version has it no more; that it is open again; and that a
note, by its number, was taken back."""

NOTE_MAX = 2_000
MOST = 500
"""Decisions that a group has at most; more is no triage."""

_GROUP = re.compile(r"v[0-9]{1,3}:[0-9a-f]{16}", re.ASCII)


class DecisionError(RegisterError):
    """It cannot be said so; the text is one line that says what to do."""


@dataclass(frozen=True)
class Decision:
    """What somebody has said of a group.

    Args:
        number: Its own.
        group: The group, `v1:…`.
        what: `note`, `resolved`, `opened` or `withdrawn`.
        words: A note's, "" once it was taken back; a resolution's version; the number of the note
            that was taken back.
        who: The name of whoever said it.
        at: Seconds since 1970.
    """

    number: int
    group: str
    what: str
    words: str
    who: str
    at: int


class Decisions:
    """The decisions of all projects. For any thread."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def of(self, project: str, group: str | None = None) -> list[Decision]:
        """Return what was said of a group, or of all, the oldest first."""
        return [
            Decision(*row)  # type: ignore[arg-type]  # as the table has it
            for row in self._register.select(
                "SELECT number, grouped, what, words, who, at FROM error_decision"
                " WHERE project = ? AND (? IS NULL OR grouped = ?) ORDER BY number",
                (project, group, group),
            )
        ]

    def resolved(self, project: str) -> dict[str, str]:
        """Return the version of each group whose last word is that it has it no more."""
        found: dict[str, str] = {}
        for each in self.of(project):
            if each.what == RESOLVED:
                found[each.group] = each.words
            elif each.what == OPENED:
                found.pop(each.group, None)
        return found

    def note(self, project: str, group: str, words: str, who: str) -> None:
        """Keep a note.

        Raises:
            DecisionError: it is empty, too long, or of no group.
        """
        words = "\n".join(line.rstrip() for line in words.strip().splitlines())
        if not words or len(words) > NOTE_MAX:
            raise DecisionError(f"a note has 1 to {NOTE_MAX:,} characters")
        if not words.replace("\n", "").replace("\t", "").isprintable():
            raise DecisionError("a note is text that can be printed")
        self._add(project, group, NOTE, words, who)

    def resolve(self, project: str, group: str, version: str, who: str) -> None:
        """Keep that a version has this failure no more.

        Raises:
            DecisionError: that is no version, or of no group.
        """
        accepted = Version().accept(version.strip())
        if accepted is REJECTED or accepted is None:
            raise DecisionError("resolved in which version? Use one such as 0.86.2")
        self._add(project, group, RESOLVED, str(accepted), who)

    def open(self, project: str, group: str, who: str) -> None:
        """Keep that a group is open again."""
        self._add(project, group, OPENED, "", who)

    def withdraw(self, project: str, group: str, number: int, who: str) -> None:
        """Remove a note's words.

        Raises:
            DecisionError: there is no such note.
        """
        with self._register.writing() as connection:
            changed = connection.execute(
                "UPDATE error_decision SET words = ''"
                " WHERE project = ? AND grouped = ? AND number = ? AND what = ? AND words != ''",
                (project, group, number, NOTE),
            ).rowcount
        if not changed:
            raise DecisionError("there is no such note")
        self._add(project, group, WITHDRAWN, str(number), who)

    def _add(self, project: str, group: str, what: str, words: str, who: str) -> None:
        if not _GROUP.fullmatch(group):
            raise DecisionError("that is no group of errors")
        self._register.check_project(project)
        with self._register.writing() as connection:
            added = connection.execute(
                "INSERT INTO error_decision (project, grouped, what, words, who, at)"
                " SELECT ?, ?, ?, ?, ?, ? WHERE"
                " (SELECT count(*) FROM error_decision WHERE project = ? AND grouped = ?) < ?",
                (project, group, what, words, who, int(time.time()), project, group, MOST),
            ).rowcount
        if not added:
            raise DecisionError(f"this group has {MOST} decisions already")
