"""Whatever somebody outside may depend on is documented: a test names what is not.

Addresses are held by tests/collector/test_strangers.py, commands and options by test_commands.py.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

import pytest

import aboveboard
from aboveboard import Analytics, Catalog
from aboveboard.catalog import catalog as built_in
from aboveboard.catalog.event import Event
from aboveboard.client.decision import environment
from aboveboard.collector.operations import metrics
from aboveboard.integrations.commands import command_event
from aboveboard.integrations.litellm import ModelCall
from aboveboard.integrations.outcomes import outcome_event
from tests.conftest import ROOT

DOCS = {path.name: path.read_text("utf-8") for path in (ROOT / "docs").rglob("*.md")}
REFERENCE = DOCS["reference.md"]


def section(heading: str) -> str:
    return REFERENCE.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> set[str]:
    """Return what stands as code in the first cell of each row."""
    rows = [row.split(" | ")[0] for row in text.splitlines() if row.startswith("| `")]
    return {word for cell in rows for word in re.findall(r"`([^`]+)`", cell)}


def is_told(word: str, *pages: str) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", DOCS[page]) for page in pages)


class TestPython:
    def test_every_public_name_is_in_the_reference(self) -> None:
        names = first_cells(section("Names in Python"))
        assert set(aboveboard.__all__) <= names

    def test_so_is_every_argument_and_method_of_analytics_and_no_other(self) -> None:
        text = section("Names in Python")
        arguments, _, methods = text.partition("`Analytics(…)`")[2].partition("| method |")
        signature = inspect.signature(Analytics).parameters
        assert first_cells(arguments) == {name for name in signature if not name.startswith("_")}
        told = {each.partition("(")[0] for each in first_cells(methods)}
        assert told == {name for name in dir(Analytics) if not name.startswith("_")}

    @pytest.mark.parametrize("name", ["as_json", "from_json", "of", "terms"])
    def test_what_a_catalog_offers_is_there(self, name: str) -> None:
        assert hasattr(Catalog, name)
        assert re.search(rf"\b{name}\(", section("Names in Python"))


EVENTS: list[type[Event]] = [
    built_in.SessionStart,
    built_in.Failure,
    built_in.DroppedEvents,
    command_event(["add"]),
    outcome_event(["add"]),
    ModelCall,
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_name)
def test_every_event_of_ours_is_explained_with_its_properties(event: type[Event]) -> None:
    assert f"`{event.event_name}`" in REFERENCE
    for declared in event.event_properties:
        pages = ("catalog.md", "adopting.md", "litellm.md", "reference.md")
        told = any(f"`{declared.name}`" in DOCS[page] for page in pages)
        assert told, f"{event.event_name}.{declared.name}"


def test_no_other_event_is_ours() -> None:
    """An event that is added to the catalog's own module has a row above."""
    tree = ast.parse((ROOT / "src/aboveboard/catalog/catalog.py").read_text("utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    ours = {
        each.name for each in classes if [ast.unparse(base) for base in each.bases] == ["Event"]
    }
    assert ours == {"SessionStart", "Failure", "DroppedEvents"}
    assert f"`{built_in.REJECTED_VALUE}`" in REFERENCE


def test_every_metric_is_in_the_reference_and_no_other() -> None:
    counted = metrics.Metrics()
    for counts in (counted.accepted, counted.rejected, counted.duplicates, counted.known):
        counts["tool"] = 1
    counted.refused["401"] = 1
    text = metrics.text(
        counted,
        ready=True,
        free=1,
        waiting=1,
        inserts=1,
        moved=1,
        failing={"tool": False},
        over_limit={("tool", "key"): 1},
    ).decode()
    there = set(re.findall(r"^(\w+)(?:\{| )", text, re.MULTILINE))
    assert {name for name in there if not name.endswith("_created")} == first_cells(
        section("Metrics")
    )


def test_every_insight_has_a_row() -> None:
    questions = (ROOT / "src/aboveboard/insights/questions").glob("*.json")
    for name in sorted(path.stem for path in questions):
        assert is_told(name, "insights.md"), f"docs/insights.md has no row for {name}"


def variables() -> Iterator[tuple[str, str]]:
    """Yield each variable that the source reads by its name, and the file."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        if "hosts" in path.parts or "demo" in path.parts:
            continue
        file = path.relative_to(ROOT).as_posix()
        text = path.read_text("utf-8")
        if "environ" not in text and "ABOVEBOARD_" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            word = node.value if isinstance(node, ast.Constant) else None
            if isinstance(word, str) and re.fullmatch(r"ABOVEBOARD_[A-Z_]+", word):
                yield word, file
            read: ast.expr | None = None
            if isinstance(node, ast.Call) and re.search(
                r"environ(\.get)?$|getenv$", ast.unparse(node.func)
            ):
                read = node.args[0] if node.args else None
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
                read = node.slice
            if isinstance(read, ast.Constant) and isinstance(read.value, str):
                yield read.value, file


def test_every_variable_is_in_the_reference() -> None:
    told = first_cells(section("Variables"))
    found = set(variables())
    assert len(found) > 15
    for name, file in sorted(found):
        assert name in told, f"{file} reads {name}"
    for name in environment.NO_VARIABLES:
        assert name in told
    for name in (*environment.CI_VARIABLES, *environment.AGENT_VARIABLES):
        assert f"`{name}`" in DOCS["consent.md"]


def test_what_the_reference_says_of_variables_is_read_somewhere() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    made = {"MYTOOL_ANALYTICS", "MYTOOL_TELEMETRY", "MYTOOL_ANALYTICS_DEBUG"}  # of the app's name
    proxies = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}  # by their endings
    values = {"dumb", "noninteractive", "MYTOOL_", "0", "false"}
    for name in first_cells(section("Variables")) - made - proxies - values:
        assert name in source, name
