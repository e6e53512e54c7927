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
