"""docs/threats.md: every claim points at what holds it, and what it points at is there."""

from __future__ import annotations

import re

from tests.conftest import ROOT

PAGE = (ROOT / "docs/threats.md").read_text("utf-8")
HELD = re.compile(r"\[`([^`]+)`\]\(\.\./([^)]+)\)")


def rows() -> list[list[str]]:
    """Return the cells of every row of the tables that say who could do what."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [each for each in cells if each[0] != "who"]


def test_every_row_points_at_what_holds_it() -> None:
    assert len(rows()) >= 20
    for row in rows():
        assert len(row) == 4, row
        assert HELD.search(row[-1]), f"nothing holds this: {row[0]}, {row[1]}"


def test_what_is_pointed_at_is_there() -> None:
    for name, path in HELD.findall(PAGE):
        file = ROOT / path
        assert file.is_file(), path
        if name.startswith("test_") and not name.endswith(".py"):
            assert re.search(rf"def {name}\(", file.read_text("utf-8")), f"{path} has no {name}"
        else:
            assert path.endswith(name), f"{name} is not the name of {path}"


def test_what_nothing_stops_is_said_where_people_look_for_it() -> None:
    """Whoever reads the list at the end has read all that the tables admit, and the reverse."""
    admitted = sum("**nothing" in row[2] or "**Not**" in row[2] for row in rows())
    listed = PAGE.partition("in one list")[2].count("\n- ")
    assert admitted >= listed >= 9
    assert "docs/threats.md" in (ROOT / "SECURITY.md").read_text("utf-8")
