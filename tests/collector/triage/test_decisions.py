"""What people say of errors: who said what, and when, and what holds of it now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.people.register import Register, RegisterError
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.triage.decisions import Decisions
from tests.collector.tool import CATALOG

ONE, OTHER = "v1:0000000000000001", "v1:0000000000000002"


@pytest.fixture
def decisions(tmp_path: Path) -> Iterator[Decisions]:
    with closing(Projects(tmp_path)) as projects:
        projects.add("tool", CATALOG)
    with closing(Register(tmp_path)) as register:
        yield Decisions(register)


def test_what_was_said_is_kept_with_who_said_it(decisions: Decisions) -> None:
    decisions.note("tool", ONE, " Windows only?\n", "ana")
    decisions.resolve("tool", ONE, "1.2", "ben")
    said = decisions.of("tool", ONE)
    assert [(each.what, each.words, each.who) for each in said] == [
        ("note", "Windows only?", "ana"),
        ("resolved", "1.2", "ben"),
    ]
    assert decisions.of("tool", OTHER) == []
    assert decisions.of("other") == []


def test_the_last_word_holds(decisions: Decisions) -> None:
    decisions.resolve("tool", ONE, "1.2", "ana")
    decisions.resolve("tool", ONE, "1.3", "ana")
    decisions.resolve("tool", OTHER, "1.3", "ana")
    assert decisions.resolved("tool") == {ONE: "1.3", OTHER: "1.3"}
    decisions.open("tool", OTHER, "ana")
    assert decisions.resolved("tool") == {ONE: "1.3"}


def test_a_note_s_words_can_be_taken_back_and_that_is_told(decisions: Decisions) -> None:
    decisions.note("tool", ONE, "of ana@example.org", "ana")
    (note,) = decisions.of("tool")
    with pytest.raises(RegisterError, match="no such note"):
        decisions.withdraw("tool", OTHER, note.number, "ben")
    decisions.withdraw("tool", ONE, note.number, "ben")
    told = [(each.what, each.words, each.who) for each in decisions.of("tool")]
    assert told == [("note", "", "ana"), ("withdrawn", str(note.number), "ben")]
    with pytest.raises(RegisterError, match="no such note"):
        decisions.withdraw("tool", ONE, note.number, "ben")


@pytest.mark.parametrize("words", ["", "  \n ", "x" * 2001, "a\x1b[2Jb", "a\x00b"])
def test_what_is_no_note_is_refused(decisions: Decisions, words: str) -> None:
    with pytest.raises(RegisterError):
        decisions.note("tool", ONE, words, "ana")


def test_other_projects_groups_and_versions_are_refused(decisions: Decisions) -> None:
    with pytest.raises(RegisterError, match="no project"):
        decisions.note("tol", ONE, "x", "ana")
    with pytest.raises(RegisterError, match="no group"):
        decisions.note("tool", "v1:x", "x", "ana")
    with pytest.raises(RegisterError, match="which version"):
        decisions.resolve("tool", ONE, "soon", "ana")


def test_a_group_has_so_many_decisions_and_no_more(
    decisions: Decisions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aboveboard.collector.triage.decisions.MOST", 3)
    for _ in range(3):
        decisions.open("tool", ONE, "ana")
    with pytest.raises(RegisterError, match="already"):
        decisions.open("tool", ONE, "ana")


def test_a_project_that_is_removed_takes_what_was_said_of_it_along(
    decisions: Decisions, tmp_path: Path
) -> None:
    decisions.note("tool", ONE, "x", "ana")
    with closing(Projects(tmp_path)) as projects:
        projects.remove("tool")
    assert decisions.of("tool") == []
