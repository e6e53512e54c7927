"""Declaring events, and the catalog as data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aboveboard import Catalog, CatalogError, Event, count
from tests.client import tool


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

    @pytest.mark.parametrize("word", ["time", "user_id", "session", "event"])
    def test_the_words_of_the_wire_are_no_properties(self, word: str) -> None:
        with pytest.raises(CatalogError, match=word):
            type("Taken", (Event,), {"__doc__": "An event.", word: count("x")})


class TestCatalog:
    """Everything that an app may collect."""

    def test_survives_its_json(self) -> None:
        catalog = Catalog.of("tool", tool.EVENTS, legacy={"aliases": {}})
        document = json.loads(json.dumps(catalog.as_json()))
        assert Catalog.from_json(document).as_json() == catalog.as_json()

    def test_has_the_events_that_every_app_has(self) -> None:
        assert {"session_start", "dropped_events", "rejected_value"} == set(
            Catalog.of("tool", []).entries
        )

    def test_two_events_of_one_name_are_refused(self) -> None:
        with pytest.raises(CatalogError, match="two events"):
            Catalog.of("tool", [tool.Command, tool.Command])

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
