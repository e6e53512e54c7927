"""The groups of failures in plain Python: what the SQL of `grouping.sql` is held against."""

from __future__ import annotations

import hashlib

PARTS = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")
WRAPPERS = (
    *("wrapper", "wrapped", "inner", "decorator", "decorated"),
    *("_wrapper", "_wrapped", "_inner", "_decorator", "_decorated"),
    *("<lambda>", "<module>"),
)


def v1(name: object, frames: object = (), causes: object = ()) -> str:
    """Return the group of a failure, as `docs/insights.md` has the rule."""
    assert name is None or isinstance(name, str)
    places = [frame.rpartition(":")[0] for frame in _texts(frames)]
    inside: list[str] = []
    for place in reversed(places):
        if place not in inside and place.rpartition(":")[2] not in PARTS:
            inside.append(place)
    if name == "RecursionError":
        key = sorted(place for place in inside if places.count(place) > 1 and _is_told(place))
    else:
        around = [place for place in inside[1:] if _is_told(place)]
        key = [*inside[:1], *around[:1]]
        if len(key) == 2 and _module(key[0]) == _module(key[1]):
            key += [place for place in around if _module(place) != _module(key[0])][:1]
    because = {cause.rpartition(":")[0] if " " in cause else cause for cause in _texts(causes)}
    words = [name or "", *key, "", *sorted(because)]
    return "v1:" + hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def _texts(told: object) -> list[str]:
    assert told is None or isinstance(told, list | tuple)
    return [str(each) for each in told or ()]


def _is_told(place: str) -> bool:
    return place.rpartition(":")[2] not in WRAPPERS


def _module(place: str) -> str:
    return place.partition(":")[0]
