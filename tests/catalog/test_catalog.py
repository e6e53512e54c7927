"""Declaring events, and the catalog as data."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard import Catalog, CatalogError, Event, count
from aboveboard.catalog.kinds import KINDS
from aboveboard.catalog.notes import NAMES
from tests.catalog.kinds import KINDS as EVERY_KIND
from tests.client import tool

FIELDS = {
    "format", "app", "events", "legacy", "name", "doc", "properties", "kind", "about", *NAMES,
    *(detail for kind in KINDS.values() for detail in kind.details),
}  # fmt: skip
"""Every key that some part of a catalog's JSON has today."""

UNKNOWN = st.dictionaries(
    st.text(max_size=8).filter(lambda key: key not in FIELDS),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=4,
    ),
    max_size=3,
)
"""What a newer aboveboard might add to any part."""


class TestEvents:
    """A class an event."""

    def test_is_named_after_its_class_unless_told_otherwise(self) -> None:
        class HTMLPageOpened(Event):
            """A page."""

        class NoRepo(Event, name="no-repo"):
            """No repository."""

        assert HTMLPageOpened.event_name == "htmlpage_opened"
        assert NoRepo.event_name == "no-repo"

    def test_a_subclass_has_its_parents_properties_too(self) -> None:
        class Parent(Event):
            """A parent."""

            first: int = count("First")

        class Child(Parent):
            """A child."""

            second: int = count("Second")

        assert [declared.name for declared in Child.event_properties] == ["first", "second"]

    @pytest.mark.parametrize("name", ["", "1st", "a'b", "x" * 65, "naïve", "_private"])
    def test_a_name_that_cannot_be_a_name_everywhere_is_refused(self, name: str) -> None:
        with pytest.raises(CatalogError):
            type("Named", (Event,), {"__doc__": "An event."}, name=name or "-")

    def test_what_the_public_reads_may_not_be_missing(self) -> None:
        with pytest.raises(CatalogError, match="docstring"):
            type("Silent", (Event,), {})
        with pytest.raises(CatalogError, match="needs a doc"):
            type("Silent", (Event,), {"__doc__": "An event.", "x": count(" ")})

    def test_a_property_without_a_kind_is_refused(self) -> None:
        with pytest.raises(CatalogError, match="note has no kind"):

            class Mistaken(Event):
                """An event."""

                note: str

        with pytest.raises(CatalogError, match="path has no kind"):

            class MistakenToo(Event):
                """An event."""

                path: str = "x"

    def test_a_constant_of_the_class_is_no_property(self) -> None:
        class Constant(Event):
            """An event."""

            STEPS: ClassVar[tuple[int, ...]] = (1, 10)
            steps: int = count("Steps")

        assert [declared.name for declared in Constant.event_properties] == ["steps"]
        assert Constant(steps=1).STEPS == (1, 10)

    def test_a_default_other_than_null_is_refused(self) -> None:
        with pytest.raises(CatalogError, match="default can only be None"):
            count("How often", default=7)  # type: ignore[type-var]

    def test_gives_back_what_it_was_made_with(self) -> None:
        command = tool.Command(name="send")
        assert command.name == "send"
        assert command.quiet is None
        assert copy.deepcopy(command).name == "send"
        with pytest.raises(AttributeError, match="no property 'nam'"):
            command.nam  # type: ignore[attr-defined]  # noqa: B018

    def test_is_declared_also_where_python_drops_docstrings(self, home: dict[str, str]) -> None:
        ran = subprocess.run(
            [sys.executable, "-OO", "-c", "import aboveboard; print('runs')"],
            env=home, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (ran.stdout, ran.stderr) == ("runs\n", "")

    @pytest.mark.parametrize("word", ["time", "user_id", "session", "event", "event_doc"])
    def test_the_words_of_the_wire_are_no_properties(self, word: str) -> None:
        with pytest.raises(CatalogError, match=word):
            type("Taken", (Event,), {"__doc__": "An event.", word: count("x")})


class TestCatalog:
    """Everything that an app may collect."""

    def test_survives_its_json(self) -> None:
        catalog = Catalog.of("tool", tool.EVENTS, legacy={"aliases": {}})
        document = json.loads(json.dumps(catalog.as_json()))
        assert Catalog.from_json(document).as_json() == catalog.as_json()

    @given(data=st.data())
    def test_carries_what_only_a_newer_aboveboard_understands(self, data: st.DataObject) -> None:
        document = json.loads(json.dumps(Catalog.of("tool", tool.EVENTS).as_json()))
        properties = [each for event in document["events"] for each in event["properties"]]
        for part in (document, *document["events"], *properties):
            part.update(data.draw(UNKNOWN))
        carried = json.loads(json.dumps(Catalog.from_json(document).as_json()))
        assert carried == document

    @pytest.mark.parametrize("kind", EVERY_KIND, ids=lambda kind: kind.label)
    def test_carries_what_is_new_of_every_kind_and_nothing_twice(self, kind: Any) -> None:
        declared = {"name": "p", **kind.as_json(), "doc": "It", "new": [1]}
        event = {"name": "e", "doc": "It.", "properties": [declared]}
        document: Any = {"format": 1, "app": "tool", "events": [event]}
        catalog = Catalog.from_json(document)
        assert catalog.as_json() == document
        assert catalog.entries["e"].properties["p"].unknown == {"new": [1]}

    def test_a_kind_of_a_newer_aboveboard_is_refused_by_its_name(self) -> None:
        declared = {"name": "p", "doc": "It", "kind": "unheard-of"}
        event = {"name": "e", "doc": "It.", "properties": [declared]}
        with pytest.raises(CatalogError, match="kind 'unheard-of' is not known here: use a newer"):
            Catalog.from_json({"format": 1, "app": "tool", "events": [event]})

    def test_has_the_events_that_every_app_has(self) -> None:
        assert {"session_start", "dropped_events", "rejected_value"} == set(
            Catalog.of("tool", []).entries
        )

    def test_two_events_of_one_name_are_refused(self) -> None:
        with pytest.raises(CatalogError, match="two events"):
            Catalog.of("tool", [tool.Command, tool.Command])

    @pytest.mark.parametrize(
        ("events", "said"),
        [
            (tool.Command, r"list of event classes: \[Command\], not Command"),
            ([tool.Command(name="send")], r"event classes: Command, not Command\("),
            ([tool.Command, "Command"], "'Command' is none"),
            (3, "not 3"),
        ],
    )
    def test_what_is_no_list_of_events_is_refused_in_one_line(self, events: Any, said: str) -> None:
        with pytest.raises(CatalogError, match=said) as refused:
            Catalog.of("tool", events)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize(
        ("packages", "said"),
        [("tool", r"packages takes a list of strings: \['tool'\]"), (3, "not 3")],
    )
    def test_packages_that_are_no_list_are_refused_by_name(self, packages: Any, said: str) -> None:
        with pytest.raises(CatalogError, match=said):
            Catalog.of("tool", [], packages=packages)

    @pytest.mark.parametrize(
        "document",
        [
            {}, {"format": 2, "app": "x", "events": []}, {"format": 1, "app": "x"},
            {"format": 1, "app": "x", "events": {}}, {"format": 1, "app": "x", "events": [{}]},
            {"format": 1, "app": "x", "events": [{"name": "e", "doc": "", "properties":
                [{"name": "p", "doc": "", "kind": "text"}]}]},
            {"format": 1, "app": "x", "events": [{"name": "e;drop", "doc": "", "properties": []}]},
            {"format": 1, "app": "x", "events": [], "legacy": 3},
        ],
    )  # fmt: skip
    def test_what_is_no_catalog_is_refused_in_one_line(self, document: Any) -> None:
        with pytest.raises(CatalogError) as refused:
            Catalog.from_json(document)
        assert "\n" not in str(refused.value)
