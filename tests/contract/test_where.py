"""Every place in a source that records, found without running it."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.commands import main
from aboveboard.contract.accuracy import sampling
from aboveboard.contract.errors import ContractError
from aboveboard.contract.source.declared import READY_MADE
from aboveboard.contract.source.places import INTEGRATIONS, Found, find
from aboveboard.contract.source.tree import Source
from aboveboard.hosts.aider.catalog import CATALOG as AIDERS
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.hosts.aider.conftest import StockAider

from tests.hosts.aider.conftest import stock_aider as stock_aider

EVENTS = '''
from aboveboard import Event, count, flag

class Base(Event):
    """A base."""

class PageOpened(Base):
    """A page."""
    times: int = count("Times")

class Gone(Base, name="page gone"):
    """Gone."""

class Secret(Base):
    """Is not in the catalog."""
'''

MAIN = """
from aboveboard import Analytics
from .events import PageOpened, Gone, Secret
import mytool.events as events

analytics = Analytics(app="mytool", version="1", catalog=[], endpoint="", key="")
"""


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    package = tmp_path / "src" / "mytool"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "events.py").write_text(EVENTS)
    (package / "core.py").write_text(MAIN)
    return package


CATALOG = Catalog.from_json(
    {
        "format": 1,
        "app": "mytool",
        "events": [
            {"name": "session_start", "doc": "It began.", "properties": []},
            {
                "name": "page_opened",
                "doc": "A page.",
                "properties": [{"name": "times", "kind": "count", "doc": "Times"}],
            },
            {"name": "page gone", "doc": "Gone.", "properties": []},
        ],
        "legacy": {
            "aliases": {
                "page_a": {"event": "page_opened", "properties": {}},
                "page_b": {"event": "page_opened", "properties": {}},
            }
        },
    }
)


def found(package: Path, code: str, call: str = "") -> Found:
    (package / "use.py").write_text(
        "from mytool.core import *\nfrom .core import analytics, PageOpened, Gone, Secret\n" + code
    )
    return find(Source([package]), CATALOG, call)


class TestPlaces:
    @pytest.mark.parametrize(
        ("code", "events"),
        [
            ("analytics.record(PageOpened(times=1))", ["page_opened"]),
            (
                "import mytool.core\nmytool.core.analytics.record(Gone())",
                ["page gone"],
            ),
            ("import mytool.events as e\nanalytics.record(e.Gone())", ["page gone"]),
            ("event = PageOpened(times=1)\nanalytics.record(event)", ["page_opened"]),
            (
                "analytics.record(PageOpened(times=1) if x else Gone())",
                ["page gone", "page_opened"],
            ),
            (
                "def f(event: PageOpened | Gone | None):\n    analytics.record(event)",
                ["page gone", "page_opened"],
            ),
            (
                "def made():\n    return Gone()\nanalytics.record(made())",
                ["page gone"],
            ),
            (
                ("def note(event):\n    analytics.record(event)\ndef more(it):\n    note(it)\n"
                "more(Gone())"),
                ["page gone"],
            ),
            (
                ("class App:\n    def note(self, event):\n        analytics.record(event)\n"
                "    def run(self):\n        self.note(Gone())"),
                ["page gone"],
            ),
            (
                ("class App:\n    def __init__(self, a):\n        self.stats = a or analytics\n"
                "    def run(self):\n        self.stats.record(Gone())"),
                ["page gone"],
            ),
            (
                "from functools import partial\nLeft = partial(Gone)\nanalytics.record(Left())",
                ["page gone"],
            ),
            ("for event in (Gone(), PageOpened(times=1)):\n    analytics.record(event)",
             ["page gone", "page_opened"]),
            ("analytics.record(told)  # aboveboard: records page gone, page_opened",
             ["page gone", "page_opened"]),
            ("analytics.open()", ["session_start"]),
        ],
    )  # fmt: skip
    def test_are_followed_to_their_events(self, tool: Path, code: str, events: list[str]) -> None:
        told = found(tool, code)
        assert told.troubles == []
        assert sorted({place.event for place in told.places}) == events
        assert {place.file for place in told.places} == {"mytool/use.py"}

    def test_have_their_line(self, tool: Path) -> None:
        (place,) = found(tool, "\n\nanalytics.record(\n    Gone()\n)").places
        assert (place.file, place.line) == ("mytool/use.py", 6)

    @pytest.mark.parametrize(
        ("code", "said"),
        [
            ("analytics.record(KINDS[name]())", "which event `KINDS[name]()` is cannot be told"),
            ("analytics.record(made())", "which event `made()` is cannot be told"),
            ("def f():\n    return x\nanalytics.record(f())", "which event `f()` is"),
            (
                "def f(event):\n    analytics.record(event)\nf(thing)",
                "which event `thing` is cannot be told",
            ),
            (
                (
                    "from aboveboard import Analytics\ndef own() -> Analytics: ...\n"
                    "mine = own()\ncall(mine.record)"
                ),
                "`mine.record` is handed on",
            ),
            ("callback = analytics.record", "`analytics.record` is handed on"),
            ("def f(event):\n    analytics.record(event)\ncall(f)", "`f` is handed on"),
            (
                (
                    "class App:\n    def note(self, event):\n        analytics.record(event)\n"
                    "    def run(self):\n        call(self.note)"
                ),
                "`self.note` is handed on",
            ),
            ("get().record(thing)", "which event `thing` is cannot be told"),
            ("analytics.record(Secret())", "the catalog has no event 'secret'"),
            ("PageOpened(times=1, path='/')", "the catalog's event 'page_opened' has no property"),
            (
                "class Named(Gone, name=chosen):\n    '''It.'''\nanalytics.record(Named())",
                "the event's class takes its name from elsewhere",
            ),
            ("analytics.record(x)  # aboveboard: records nothing", "the catalog has no event"),
        ],
    )
    def test_of_which_it_cannot_be_told_or_is_not_known_are_named(
        self, tool: Path, code: str, said: str
    ) -> None:
        troubles = found(tool, code).troubles
        assert [trouble.said for trouble in troubles if trouble.said.startswith(said)] != []
        assert all(trouble.file == "mytool/use.py" and trouble.line > 2 for trouble in troubles)

    @pytest.mark.parametrize(
        "code",
        [
            "import logging\nlogging.getLogger().exception('x')",
            "import torch\ntorch.profiler.record(x)",
            "class Tape:\n    pass\n",
        ],
    )
    def test_of_other_libraries_are_none(self, tool: Path, code: str) -> None:
        told = found(tool, code)
        assert (told.places, told.troubles) == ([], [])

    @pytest.mark.parametrize(
        ("code", "events", "troubles"),
        [
            ("x.event('page_opened', times=3)", ["page_opened"], 0),
            ("x.event('page_a')", ["page_opened"], 0),
            ("x.event(f'page_{name}')", ["page_opened"], 0),
            ("x.event('page gone' if y else 'page_b')", ["page gone", "page_opened"], 0),
            ("x.event()", [], 0),
            ("x.event(name)", [], 1),
            ("x.event(f'other_{name}')", [], 1),
            ("x.event('other')", [], 1),
        ],
    )
    def test_by_name_are_found_where_a_tool_had_no_classes(
        self, tool: Path, code: str, events: list[str], troubles: int
    ) -> None:
        told = found(tool, code, "event")
        assert sorted({place.event for place in told.places}) == events
        assert len(told.troubles) == troubles


class TestTheCommand:
    def run(self, package: Path, *words: str) -> int:
        catalog = package.parent / "catalog.json"
        catalog.write_text(json.dumps(CATALOG.as_json()))
        return main(["catalog", "where", str(catalog), str(package), *words])

    def test_lists_them_by_event(self, tool: Path, capsys: pytest.CaptureFixture[str]) -> None:
        found(tool, "analytics.record(Gone())")
        assert self.run(tool) == 0
        assert capsys.readouterr().out.splitlines() == [
            "session_start",
            "  by aboveboard itself, when a session opens",
            "page_opened",
            "  nowhere: nothing in this source records it",
            "page gone",
            "  mytool/use.py:3",
        ]

    def test_fails_on_what_cannot_be_told(
        self, tool: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        found(tool, "analytics.record(x)")
        assert self.run(tool, "--format", "json") == 1
        told: Any = json.loads(capsys.readouterr().out)
        assert told["failed"] is True
        assert [(each["file"], each["line"]) for each in told["troubles"]] == [("mytool/use.py", 3)]
        assert told["unrecorded"] == ["page_opened", "page gone"]

    def test_says_what_is_no_source(self, tool: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tool.parent / "none").mkdir()
        assert self.run(tool.parent / "none") == 2
        assert "there is no Python source in" in capsys.readouterr().err
        (tool / "broken.py").write_text("def (")
        assert self.run(tool) == 2
        told = capsys.readouterr().err
        assert "broken.py cannot be read as Python" in told
        assert told.count("\n") == 1


def test_what_an_example_records_is_found() -> None:
    source = Source([ROOT / "examples/argparse_tool.py"])
    greeting = {"name": "greeting", "doc": "It.", "properties": [
        {"name": "times", "kind": "count", "doc": "It"}]}  # fmt: skip
    command = {"name": "command", "doc": "It.", "properties": []}
    catalog = Catalog.from_json({"format": 1, "app": "greeter", "events": [greeting, command]})
    told = find(source, catalog)
    assert {place.event for place in told.places} == {"greeting", "command"}


@pytest.mark.thorough
def test_aiders_own_source_records_what_its_catalog_has(stock_aider: StockAider) -> None:
    folder = ROOT / "src/aboveboard/hosts/aider"
    stock = find(Source([stock_aider.source]), AIDERS, "event")
    ours = find(Source([folder / "catalog.py", folder / "replies.py"]), AIDERS)
    assert stock.troubles == ours.troubles == []
    recorded = {place.event for place in (*stock.places, *ours.places)}
    by_itself = {"session_start", "exception", "dropped_events", "rejected_value"}
    assert recorded | by_itself == set(AIDERS.entries)
    assert len(stock.places) > 50


class TestTheShareToAsk:
    @pytest.mark.parametrize(
        ("points", "installs", "yes", "percent"), [(2, 40_000, 0.3, 18.9), (5, 10**6, 1, 0.1)]
    )
    def test_is_what_the_accuracy_needs(
        self, points: float, installs: int, yes: float, percent: float
    ) -> None:
        found = sampling(points, installs, yes)
        assert found.percent == percent
        assert found.points <= points

    def test_is_everybody_where_that_does_not_do(self) -> None:
        found = sampling(1, 4_000, 0.3)
        assert found.percent == 100
        assert 2.3 < found.points < 2.4

    def test_holds_in_a_simulation(self) -> None:
        """Of 2,000 installs, half of which do something, samples of the size that is needed."""
        found = sampling(5, 2_000, 1)
        chance = random.Random(7)
        installs = [1] * 1_000 + [0] * 1_000
        wrong = sum(
            abs(sum(chance.sample(installs, found.needed)) / found.needed - 0.5) > 0.05
            for _ in range(500)
        )
        assert wrong / 500 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 500)

    @pytest.mark.parametrize("numbers", [(0, 1, 1), (50, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, 1.1)])
    def test_of_impossible_numbers_is_refused(self, numbers: tuple[float, int, float]) -> None:
        with pytest.raises(ContractError):
            sampling(*numbers)

    def test_is_told_by_the_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        words = ["--points", "2", "--installs", "40000", "--yes", "30"]
        assert main(["catalog", "share", *words]) == 0
        assert capsys.readouterr().out.startswith("sample_percent=18.9: 2,266 installs that send")
        assert main(["catalog", "share", *words[:-1], "0"]) == 2


def test_every_function_that_an_adapter_offers_is_one_of_an_adapter() -> None:
    """Of a function that is called otherwise by now, `where` would find nothing."""
    adapters = [path.read_text() for path in (ROOT / "src/aboveboard/integrations").glob("*.py")]
    for name in INTEGRATIONS:
        assert any(f"\ndef {name}(" in text for text in adapters), name
    for name in READY_MADE:
        assert any(f"\ndef {name.rpartition('.')[2]}(" in text for text in adapters), name
