"""The columns that a property is kept in, by its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.catalog.kinds import Kind

WORD = "LowCardinality(Nullable(String))"
"""Every string here comes from a fixed list, so a dictionary holds them all."""

WORDS = "Array(LowCardinality(String))"

MONEY_DIGITS = 9
MONEY = f"Nullable(Decimal(18, {MONEY_DIGITS}))"
MONEY_MAX = 10 ** (18 - MONEY_DIGITS)
"""Dollars from here on have no room in the column, and are null."""

AMOUNTS = {"dollars": MONEY, "seconds": "Nullable(Float64)", "bytes": "Nullable(Float64)"}
"""By unit."""

COUNT, FLAG = "Nullable(UInt64)", "Nullable(Bool)"

WHOLE = ""
"""The part of a value that is all of it."""

TYPES: dict[str, Callable[[Any], dict[str, str]]] = {
    "flag": lambda _: {WHOLE: FLAG},
    "count": lambda _: {WHOLE: COUNT},
    "amount": lambda amount: {WHOLE: AMOUNTS[amount.unit]},
    "choice": lambda _: {WHOLE: WORD},
    "command": lambda _: {WHOLE: WORD},
    "version": lambda _: {WHOLE: WORD},
    "model": lambda _: {WHOLE: WORD},
    "exception": lambda _: {"type": WORD, "frames": WORDS, "causes": WORDS, "fingerprint": WORD},
}
"""By a kind's label: the parts of its values, each the type of a column of its own. The first part
is what an insight tells of a value."""


@dataclass(frozen=True)
class ColumnDefinition:
    name: str
    type: str
    codec: str = "ZSTD(1)"


def column(property_name: str) -> str:
    """Return the column of a property (which begins those of a kind of several parts)."""
    return property_name.replace(" ", "_").replace("-", "_")


def of_property(property_name: str, kind: Kind) -> tuple[ColumnDefinition, ...]:
    """Return the columns that hold a property; an exception has four."""
    name = column(property_name)
    return tuple(
        ColumnDefinition(f"{name}_{part}" if part else name, type_)
        for part, type_ in TYPES[kind.label](kind).items()
    )


def is_whole(kind: Kind) -> bool:
    """Return whether a property's values are kept as whole numbers."""
    return TYPES[kind.label](kind) == {WHOLE: COUNT}


def split(kind: Kind) -> Callable[[object], tuple[object, ...]] | None:
    """Return what makes a kept value the values of its columns; None where that is one."""
    types = TYPES[kind.label](kind)
    if WHOLE in types:
        return None

    def parts(kept: object) -> tuple[object, ...]:
        if isinstance(kept, dict):
            return tuple(kept[part] for part in types)
        # An array cannot be null.
        return tuple([] if type_ is WORDS else None for type_ in types.values())

    return parts
