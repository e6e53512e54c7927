from __future__ import annotations

import itertools

import pytest

from aboveboard.client.catalog import Catalog, Entry
from aboveboard.client.event import Property
from aboveboard.client.kinds import (
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
from aboveboard.collector import growth

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


def test_what_a_newer_catalog_has_no_more_is_told_by_name() -> None:
    kept = catalog(rows=Count(), how=Flag())
    assert growth.gone(kept, catalog(rows=Count(), more=Flag())) == ["imported.how"]
    assert growth.gone(kept, catalog("other")) == ["imported"]
    assert growth.gone(kept, kept) == []
