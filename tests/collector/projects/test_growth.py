from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.catalog import kinds
from aboveboard.catalog.catalog import Catalog, Entry
from aboveboard.catalog.event import Property
from aboveboard.catalog.kinds import (
    Amount,
    CatalogError,
    Choice,
    Command,
    Count,
    Exception_,
    Flag,
    Kind,
    Model,
    Version,
)
from aboveboard.collector.projects import growth

KINDS: dict[str, Kind] = {
    "a flag": Flag(),
    "a count": Count(),
    "an amount of dollars": Amount("dollars"),
    "an amount of seconds": Amount("seconds"),
    "a choice": Choice(["one", "two"]),
    "a command": Command(["add"]),
    "a version": Version(),
    "a model's name": Model(),
    "an exception": Exception_([]),
}


def catalog(event: str = "imported", **properties: Kind) -> Catalog:
    declared = [Property(kind, "It", name) for name, kind in properties.items()]
    return Catalog("tool", [Entry(event, "It.", declared)])


@pytest.mark.parametrize(("was", "became"), list(itertools.product(KINDS, KINDS)))
def test_a_property_keeps_its_kind_and_its_unit(was: str, became: str) -> None:
    kept, wanted = catalog(rows=KINDS[was]), catalog(rows=KINDS[became])
    if was == became:
        growth.check(kept, wanted, "new.json")
        return
    with pytest.raises(CatalogError) as refused:
        growth.check(kept, wanted, "new.json")
    assert str(refused.value) == (
        f"imported.rows is {was} here and {became} in new.json: give the property another name"
    )


def test_a_property_that_would_take_anothers_column_is_refused() -> None:
    kept, wanted = catalog(error=Exception_([])), catalog(error_type=Flag())
    with pytest.raises(CatalogError, match=r"error_type is an exception as imported\.error here"):
        growth.check(kept, wanted, "new.json")
    with pytest.raises(CatalogError, match=r"a-b\.rows is a flag as a b\.rows here"):
        growth.check(catalog("a b", rows=Flag()), catalog("a-b", rows=Count()), "new.json")


def test_more_of_everything_and_less_of_it_is_no_contradiction() -> None:
    kept = catalog(rows=Count(), how=Choice(["one", "two"]))
    for wanted in (
        catalog(rows=Count(), how=Choice(["three"]), more=Flag()),
        catalog(),
        catalog("other", rows=Flag()),
    ):
        growth.check(kept, wanted, "new.json")


# From kept and newer to what the union has: details that another one of the kind may differ in.
UNITED: dict[str, tuple[Kind, Kind, Kind]] = {
    "a choice": (Choice(["one", "two"]), Choice(["two", "three"]), Choice(["two", "three", "one"])),
    "a command": (Command(["add"]), Command(["drop"]), Command(["drop", "add"])),
    "an exception's packages": (
        Exception_(["old"], ["OldError"]),
        Exception_(["tool"], ["ToolError"]),
        Exception_(["tool", "old"], ["ToolError", "OldError"]),
    ),
    "the most of a count": (Count(500), Count(20), Count(500)),
    "a count that goes up": (Count(20), Count(500), Count(500)),
    "steps that are new": (Count(), Count(steps=[0, 5]), Count(steps=[0, 5])),
    "steps that the newer one lacks": (Count(steps=[0, 5]), Count(), Count(steps=[0, 5])),
    "other steps": (Count(steps=[0, 5]), Count(steps=[0, 2]), Count(steps=[0, 2])),
    "steps up to less": (Count(500), Count(20, [0, 20]), Count(500, [0, 20])),
    "an amount's steps": (Amount("bytes", [0, 5]), Amount("bytes"), Amount("bytes", [0, 5])),
}


VALUES = st.none() | st.booleans() | st.integers(0, 60) | st.sampled_from(["one", "two", "add"])


def _steps(most: int) -> st.SearchStrategy[list[int]]:
    after = st.lists(st.integers(1, most), unique=True, max_size=2).map(sorted)
    return st.just([]) | after.map(lambda steps: [0, *steps])


_WORDS = st.lists(st.sampled_from(["one", "two", "three"]), unique=True, min_size=1)
CATALOGS = st.dictionaries(
    st.sampled_from(["first", "second"]),
    st.fixed_dictionaries(
        {},
        optional={
            "flag": st.just(Flag()),
            "count": st.integers(1, 50).flatmap(lambda n: _steps(n).map(lambda s: Count(n, s))),
            "size": _steps(50).map(lambda steps: Amount("bytes", steps)),
            "choice": _WORDS.map(Choice),
            "command": _WORDS.map(Command),
            "error": st.builds(Exception_, _WORDS, _WORDS),
        },
    ),
).map(
    lambda events: Catalog(
        "tool",
        [
            Entry(event, "It.", [Property(kind, "It", name) for name, kind in declared.items()])
            for event, declared in events.items()
        ],
    )
)
"""Catalogs that do not contradict each other."""


class TestUnion:
    """What a project takes once it was given one catalog after another."""

    @pytest.mark.parametrize("case", UNITED)
    def test_has_the_details_of_both_kinds(self, case: str) -> None:
        kept, newer, both = UNITED[case]
        found = growth.united(catalog(rows=kept), catalog(rows=newer), "new.json")
        assert found.as_json() == catalog(rows=both).as_json()

    def test_knows_what_becomes_of_every_detail_of_every_kind(self) -> None:
        details = {detail for kind in kinds.KINDS.values() for detail in kind.details}
        assert growth.UNITED.keys() == details

    def test_has_the_newest_docs_and_what_is_unknown_here_of_both(self) -> None:
        def told(doc: str, **unknown: object) -> Catalog:
            declared = Property(Flag(), doc, "how", unknown)
            return Catalog("tool", [Entry("imported", doc, [declared], unknown)], None, unknown)

        both = growth.united(told("Old", a=1, b=1), told("New", b=2, c=2), "new.json")
        assert both.as_json() == told("New", a=1, b=2, c=2).as_json()

    def test_understands_older_versions_that_either_understands(self) -> None:
        older = {
            "aliases": {"a": {"event": "x", "properties": {"p": 1}}, "b": {"event": "b"}},
            "properties": {"x": {"old": "new", "older": "new"}},
            "session": {"start": "x", "end": "y", "properties": {"os": "os"}, "values": {"os": {}}},
            "silent": ["one"],
        }
        newer = {
            "aliases": {"a": {"event": "y"}},
            "properties": {"x": {"old": "newer"}, "y": {"old": "new"}},
            "session": {"start": "z", "properties": {"arch": "arch"}, "values": {"os": {"a": "b"}}},
            "silent": ["two", "one"],
            "unheard": {"of": 1},
        }
        kept, wanted = (Catalog("tool", [], legacy) for legacy in (older, newer))
        assert growth.united(kept, wanted, "new.json").legacy == {
            "aliases": {"a": {"event": "y"}, "b": {"event": "b"}},
            "properties": {"x": {"old": "newer", "older": "new"}, "y": {"old": "new"}},
            "session": {
                "start": "z", "end": "y", "properties": {"os": "os", "arch": "arch"},
                "values": {"os": {"a": "b"}},
            },
            "silent": ["two", "one"],
            "unheard": {"of": 1},
        }  # fmt: skip

    @given(data=st.data())
    def test_takes_whatever_either_takes_and_is_the_same_when_given_again(
        self, data: st.DataObject
    ) -> None:
        one, other = data.draw(CATALOGS), data.draw(CATALOGS)
        both = growth.united(one, other, "new.json")
        for each in (one, other):
            assert growth.gone(each, both) == []
            for entry in each.entries.values():
                for name, declared in entry.properties.items():
                    kind = both.entries[entry.name].properties[name].kind
                    value = data.draw(VALUES)
                    if declared.kind.accept(value) is not kinds.REJECTED:
                        assert kind.accept(value) is not kinds.REJECTED
        again = growth.united(both, other, "new.json")
        assert again.as_json() == both.as_json()
        assert Catalog.from_json(json.loads(json.dumps(both.as_json()))).as_json() == both.as_json()

    def test_refuses_two_spellings_of_one_column_and_says_what_to_do(self) -> None:
        with pytest.raises(CatalogError) as refused:
            growth.united(catalog("a b", rows=Flag()), catalog("a-b", rows=Flag()), "new.json")
        assert str(refused.value) == (
            "a-b.rows in new.json would be kept as a b.rows is, which older versions send: give it "
            "that name, or another one, or withdraw the old one with "
            "`aboveboard projects add … --replace`"
        )


def test_what_a_catalog_lacks_is_told_by_name() -> None:
    kept = catalog(rows=Count(), how=Flag())
    assert growth.gone(kept, catalog(rows=Count(), more=Flag())) == ["imported.how"]
    assert growth.gone(kept, catalog("other")) == ["imported"]
    assert growth.gone(kept, kept) == []
    kept = catalog(rows=Count(500), how=Choice(["one", "two"]), error=Exception_(["a", "b"], ["C"]))
    wanted = catalog(rows=Count(20), how=Choice(["two"]), error=Exception_(["b"]))
    assert growth.gone(kept, wanted) == [
        "imported.rows above 20", 'imported.how "one"', 'imported.error "a"', 'imported.error "C"',
    ]  # fmt: skip


def test_a_name_that_only_older_versions_use_is_told_too() -> None:
    kept = Catalog("tool", [], {"aliases": {"old": {"event": "x"}, "other": {"event": "x"}}})
    wanted = Catalog("tool", [Entry("other", "It.", [])])
    assert growth.gone(kept, wanted) == ["old"]


def test_numbers_that_stay_rounded_are_told_by_name() -> None:
    kept = catalog(rows=Count(steps=[0, 5]), how=Flag())
    assert growth.rounded(kept, catalog(rows=Count(), how=Flag())) == ["imported.rows"]
    assert growth.rounded(kept, catalog(rows=Count(steps=[0, 2]))) == []
    assert growth.rounded(catalog(rows=Count()), kept) == []


def test_what_is_said_of_a_property_is_what_the_newest_catalog_says() -> None:
    files = {"name": "files", "doc": "Files", "kind": "count"}
    ran = {"name": "ran", "doc": "A command ran."}

    def of(owner: str, **notes: str) -> Catalog:
        events = [ran | {"owner": owner, "properties": [files | notes]}]
        return Catalog.from_json({"format": 1, "app": "tool", "events": events})

    before, after = of("ana", expires="2027-06-01"), of("ben")
    assert before.entries["ran"].properties["files"].notes.expires == "2027-06-01"
    entry = growth.united(before, after, "new.json").entries["ran"]
    assert entry.notes.owner == "ben"
    assert entry.properties["files"].notes.expires == ""
