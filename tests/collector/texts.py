"""Made-up JSON in which every text carries a mark, so that one that is kept is found."""

from __future__ import annotations

import json

from hypothesis import strategies as st

MARK = "/s3cr€t/"
"""Holds signs that no list holds, and no name in a quarantine may have."""

texts = st.text(max_size=20).map(lambda text: MARK + text)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


def encoded(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def leaks(stored: object) -> bool:
    """Return whether the mark is anywhere in what was stored."""
    return MARK in repr(stored) or "s3cr" in repr(stored)


numbers = st.one_of(
    st.builds(
        lambda sign, digits, digit: sign + str(digit) * digits,
        st.sampled_from(["", "-"]),
        st.sampled_from([1, 19, 20, 40, 309, 400, 4299, 4300, 4301, 9000]),
        st.integers(1, 9),
    ),
    st.sampled_from(
        ["1e999", "-1e999", "1e308", "-1e308", "1e-400", "-0", "-0.0", "0.5", "1e3", "1E+20"]
        + [str(2**power + more) for power in (31, 32, 33, 53, 63, 64) for more in (-1, 0, 1)]
        + ["NaN", "Infinity", "-Infinity", "253402300800", "-62135596801", "9e18", "1e15"]
    ),
    st.floats().map(json.dumps),
)
"""Numbers as JSON text, as large and as odd as it and Python's dialect of it allow."""


def with_numbers(value: object, told: list[str]) -> bytes:
    """Return JSON in which each text `#0`, `#1`, … is the number of that place instead."""
    text = json.dumps(value)
    for place, number in enumerate(told):
        text = text.replace(f'"#{place}"', number)
    return text.encode()
