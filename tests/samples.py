"""A property of each kind, as a host declares it, and what a client may say of it.

Tests of whatever has to know all kinds go over these. A kind without one fails them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aboveboard
from aboveboard.catalog.event import Property
from aboveboard.catalog.kinds import Kind

NEVER, ONCE_A_WORD, EACH = "never", "once a word", "each"
"""How often the allow-list looks at the values of an honest body, whose lines a decoder has read:
never, if the decoder checks all there is; once for each different word; at each value."""


@dataclass(frozen=True)
class Sample:
    """A property.

    Args:
        by: The function that declares it, one of `aboveboard`'s.
        declared: What that gave.
        values: What fits, each different.
        shown: How the event's page shows the first value, or the sum of all.
        looks: How often the allow-list looks, one of the three above.
    """

    name: str
    by: str
    declared: Property
    values: Sequence[object]
    shown: str
    looks: str

    @property
    def kind(self) -> Kind:
        return self.declared.kind


def _sample(
    by: str,
    values: Sequence[object],
    shown: str,
    looks: str,
    *words: str,
    **given: Any,
) -> Sample:
    declared: Any = getattr(aboveboard, by)(*words, doc="What is told", **given)
    name = f"a_{by}" + ("_in_steps" if "steps" in given else "")
    return Sample(name, by, declared, values, shown, looks)


SAMPLES = (
    _sample("flag", [True, False], "yes", NEVER),
    _sample("count", [1, 2, 300], "303", NEVER),
    _sample("count", [12, 20, 300], "230", ONCE_A_WORD, steps=True),
    _sample("dollars", [0.5, 2.0, 10], "$12.50", NEVER),
    _sample("seconds", [0.25, 1.0, 30], "31.2 s", NEVER),
    _sample("seconds", [0.26, 1.1, 30], "26.2 s", ONCE_A_WORD, steps=True),
    _sample("size", [1_000, 2_000, 3_000], "6.00 kB", NEVER),
    _sample("choice", ["diff", "whole"], "diff", ONCE_A_WORD, "diff", "whole"),
    _sample("command", ["add", "unheard-of"], "add", ONCE_A_WORD, commands=["add", "drop"]),
    _sample("version", ["1.2.3", "0.86.2.dev14"], "1.2.3", ONCE_A_WORD),
    _sample("model", ["gpt-4o", "anthropic/mine"], "gpt-4o", ONCE_A_WORD),
    _sample("exception", [KeyError("x"), OSError("y")], "KeyError", EACH, packages=["tool"]),
)
