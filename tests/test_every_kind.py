"""A kind is declared once, in catalog/kinds.py; whoever must know all of them knows each.

Each failure names the file that has forgotten a kind. CONTRIBUTING.md lists them in order.
"""

from __future__ import annotations

import ast
import json
import uuid
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest

import aboveboard
from aboveboard import Catalog, Event, insights
from aboveboard.auditlog.reading import read_line
from aboveboard.auditlog.tally import Tally
from aboveboard.catalog import kinds
from aboveboard.client.decision import consent
from aboveboard.client.recording.session import Session, session_start
from aboveboard.client.terminal.question import Question
from aboveboard.collector.allowlist import Accepted, AllowList
from aboveboard.collector.projects import growth
from aboveboard.collector.protocols import segment
from aboveboard.commands.contract.catalog import table
from aboveboard.dashboard.pages import event as event_page
from aboveboard.dashboard.view import View
from aboveboard.insights.table import Value
from aboveboard.rendering import wording
from aboveboard.warehouse import Warehouse, columns, embedded
from tests.samples import EACH, NEVER, ONCE_A_WORD, SAMPLES, Sample

ROOT = Path(__file__).parents[1]
LINES = 200

each_kind = pytest.mark.parametrize("label", kinds.KINDS)
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)


def everything(samples: tuple[Sample, ...] = SAMPLES) -> type[Event]:
    """Return an event that has a property of each sample."""
    told = {sample.name: sample.declared for sample in samples}
    return type("Everything", (Event,), {"__doc__": "All that there is.", **told})


def lines(event: type[Event], samples: tuple[Sample, ...], count: int) -> bytes:
    """Return a session's lines as the client writes them: events with all samples' values."""
    catalog = Catalog.of("tool", [event])
    session = Session(catalog=catalog, covered=catalog.terms(), user_id=str(uuid.uuid4()))
    body = session.line(session_start("1.2.3"))
    values = {sample.name: cycle(sample.values) for sample in samples}
    for _ in range(count):
        body += session.line(event(**{name: next(given) for name, given in values.items()}))
    return body


def functions(body: list[ast.stmt]) -> set[str]:
    return {each.name for each in body if isinstance(each, ast.FunctionDef)}


def has(known: Container[str], word: str, file: str) -> None:
    assert word in known, f"{file} has nothing for {word!r}: add it there"


class TestTheCatalog:
    @each_kind
    def test_has_a_sample_of_each_kind_and_a_function_that_declares_it(self, label: str) -> None:
        has({sample.kind.label for sample in SAMPLES}, label, "tests/samples.py")
        for sample in SAMPLES:
            assert sample.by in aboveboard.__all__, "aboveboard/__init__.py does not export it"

    def test_has_no_function_that_type_checkers_do_not_know(self) -> None:
        tree = ast.parse((ROOT / "src/aboveboard/catalog/event.py").read_text())
        for_checkers, at_run_time, specifiers = set[str](), set[str](), set[str]()
        for node in tree.body:
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                for_checkers |= functions(node.body)
                at_run_time |= functions(node.orelse)
        for each in ast.walk(tree):
            if isinstance(each, ast.keyword) and each.arg == "field_specifiers":
                assert isinstance(each.value, ast.Tuple)
                specifiers = {ast.unparse(name) for name in each.value.elts}
        declared = {sample.by for sample in SAMPLES}
        assert declared <= for_checkers, "catalog/event.py, `if TYPE_CHECKING`"
        assert declared <= at_run_time, "catalog/event.py, `else`"
        assert declared == specifiers, "catalog/event.py, `field_specifiers`, or tests/samples.py"

    @each_sample
    def test_reads_back_what_its_json_says(self, sample: Sample) -> None:
        told = sample.kind.as_json()
        assert kinds.from_json(json.loads(json.dumps(told))).as_json() == told
        unread = told.keys() - {"kind", *sample.kind.details}
        assert not unread, f"catalog/kinds.py: {unread} is in no `details`"

    @each_sample
    def test_says_each_kind_in_words_of_its_own(self, sample: Sample) -> None:
        others = [each.kind for each in SAMPLES if each.kind.label != sample.kind.label]
        for said in (kinds.Kind.describe, kinds.Kind.phrase, kinds.Kind.term):
            words = getattr(sample.kind, said.__name__)()
            assert words, said
            assert words not in {getattr(each, said.__name__)() for each in others}
        assert sample.kind.describe() != sample.kind.label, "catalog/kinds.py: write `describe`"

    @each_sample
    def test_shows_each_property_before_the_question_and_in_the_terminal(
        self, sample: Sample
    ) -> None:
        catalog = Catalog.of("tool", [everything()])
        question = Question(name="tool", url="", catalog=catalog, sample="", columns=10_000)
        for shown in (question.details(), "\n".join(table(catalog))):
            assert f"{sample.name:<18} What is told ({sample.kind.describe()})" in shown

    def test_is_covered_by_a_yes_to_it(self) -> None:
        terms = Catalog.of("tool", [everything()]).terms()
        assert consent.overlap(terms, terms) == terms
        assert consent.growth(terms, terms) == {}
        assert consent.merge(terms, terms) == terms

    @each_kind
    def test_tells_of_each_kind_in_the_documentation(self, label: str) -> None:
        told = (ROOT / "docs/catalog.md").read_text()
        assert f'`{{"kind": "{label}"' in told, "docs/catalog.md has no row for it"
        for sample in SAMPLES:
            if sample.kind.label == label:
                assert f"`{sample.by}" in told, f"docs/catalog.md does not name {sample.by}"
        rows = (ROOT / "docs/insights.md").read_text().partition("| kind | is told as |")[2]
        kinds_told, _, _ = rows.partition("\n\n")
        first = [row.split("|")[1].strip() for row in kinds_told.splitlines()[2:]]
        has(", ".join(first).split(", "), label, "docs/insights.md")


class TestTheCollector:
    @each_kind
    def test_has_a_decoder_for_each_kind(self, label: str) -> None:
        has(segment.DECODED, label, "collector/protocols/segment.py, DECODED,")

    @each_kind
    def test_unites_all_that_two_catalogs_say_of_a_kind(self, label: str) -> None:
        for detail in kinds.KINDS[label].details:
            has(growth.UNITED, detail, "collector/projects/growth.py, UNITED,")

    @each_sample
    def test_takes_all_that_the_client_writes_and_by_the_fast_way(
        self, sample: Sample, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event, looked = everything((sample,)), list[object]()
        body = lines(event, (sample,), LINES)
        reader = segment.SegmentReader(AllowList(Catalog.of("tool", [event])))
        accept = type(sample.kind).accept

        def counted(kind: kinds.Kind, value: object) -> object:
            if kind is sample.kind:
                looked.append(value)
            return accept(kind, value)

        def slow(*_: object) -> Accepted:
            pytest.fail(
                f"an honest {sample.kind.label} is read line by line: its type in "
                "collector/protocols/segment.py, DECODED, is not what the client writes"
            )

        monkeypatch.setattr(type(sample.kind), "accept", counted)
        monkeypatch.setattr(segment.SegmentReader, "_read_each", slow)
        accepted = reader.read(body)

        assert (accepted.rejected, accepted.unfit, accepted.events) == ([], {}, LINES + 1)
        told = {json.dumps(json.loads(line)["properties"]) for line in body.splitlines()[1:]}
        most = {NEVER: 0, ONCE_A_WORD: len(told), EACH: LINES}[sample.looks]
        assert len(looked) == most, (
            f"the allow-list looks at {len(looked)} values of {LINES}, and {most} are enough: "
            "collector/protocols/segment.py, DECODED, or collector/allowlist.py"
        )

    def test_keeps_the_same_of_a_body_that_is_read_line_by_line(self) -> None:
        event = everything()
        body = lines(event, SAMPLES, LINES)
        reader = segment.SegmentReader(AllowList(Catalog.of("tool", [event])))
        fast, each = reader.read(body), reader.read(body + b"{")
        assert each.rejected == [(LINES + 2, segment.NOT_JSON)]
        assert fast.tables == each.tables


class TestAPersonsOwnLog:
    @each_sample
    def test_is_counted_value_by_value_unless_a_kind_is_summed(self, sample: Sample) -> None:
        tally = Tally()
        for line in lines(everything((sample,)), (sample,), LINES).splitlines()[1:]:
            told = read_line(line)
            assert told is not None
            tally.add(told)
        counted = tally.values.get(("everything", sample.name), Counter())
        wanted = 0 if sample.kind.is_summed else LINES
        assert sum(counted.values()) == wanted, (
            "a word: auditlog/tally.py, `_add_properties`; a number: catalog/kinds.py, `is_summed`"
        )


@dataclass(frozen=True)
class Project:
    name: str
    catalog: Catalog
    keys: tuple[str, ...] = ()
    retention: int = 400


@dataclass(frozen=True)
class Kept:
    """What the client wrote, as it is in the warehouse."""

    warehouse: Warehouse
    project: Project
    view: View


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    event = everything()
    catalog = Catalog.of("tool", [event])
    longest = max(len(sample.values) for sample in SAMPLES)
    body = lines(event, SAMPLES, longest) + lines(event, (), 1)
    accepted = segment.SegmentReader(AllowList(catalog)).read(body)
    warehouse = Warehouse(embedded(tmp_path_factory.mktemp("warehouse")))
    project = Project("tool", catalog)
    warehouse.ensure(project.name, catalog)
    for name, told in accepted.tables.items():
        warehouse.insert(project.name, name, told, token=name)
    filters = insights.Filters.from_query({"event": "everything"})
    yield Kept(warehouse, project, View("/", warehouse, [project], project, filters, {}))
    warehouse.close()


@pytest.fixture(scope="module")
def rows(kept: Kept) -> list[dict[str, Value]]:
    """What the event's properties were, as the question tells."""
    insight = insights.get("event_properties")
    assert insight is not None
    return insight.run(kept.warehouse, kept.project, kept.view.filters).records()


@pytest.fixture(scope="module")
def page(kept: Kept) -> event_page.Look:
    return event_page.look(kept.view)


class TestTheServer:
    @each_kind
    def test_has_a_column_for_each_kind_and_unit_and_words_for_each_unit(self, label: str) -> None:
        has(columns.TYPES, label, "warehouse/columns.py, TYPES,")
        for unit in kinds.UNITS:
            has(columns.AMOUNTS, unit, "warehouse/columns.py, AMOUNTS,")
            has(wording.AMOUNTS, unit, "rendering/wording.py, AMOUNTS,")

    @each_sample
    def test_adds_up_what_is_summed_and_counts_all_else(
        self, rows: list[dict[str, Value]], sample: Sample
    ) -> None:
        assert {row["what"] for row in rows if row["property"] == sample.name} == {
            "none",
            "number" if sample.kind.is_summed else "value",
        }

    @each_sample
    def test_shows_each_property_on_the_event_s_page(
        self, page: event_page.Look, sample: Sample
    ) -> None:
        if sample.kind.is_summed:
            (numbers,) = [each for each in page.numbers if each.declared.name == sample.name]
            assert numbers.cells[1].text == sample.shown, "catalog/kinds.py, `unit`"
        else:
            (words,) = [each for each in page.words if each.declared.name == sample.name]
            told = [value.text for value in words.values]
            assert sample.shown in told, "catalog/kinds.py, `shown`, or `is_summed` of a number"
            assert sample.kind.null in [value.text for value in words.values if value.plain]
