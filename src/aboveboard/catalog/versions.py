"""Version numbers, rebuilt from their numbers, so that no text of a caller's has a way through.

The grammar is PEP 440's public version (release, pre, post, dev); anything after a `+` or a second
word is cut. Kept are the first three numbers of a release, so that little more than a version can
pass, and nothing of what tells one build from all others: of a development version that it is one
(`1.2.dev14` is `1.2.dev0`), and of `git describe` that commits came after the tag
(`v1.2-14-g2414721` is `1.2.post0`). Four numbers that could be an address are none of a version.
"""

from __future__ import annotations

import re

LENGTH_MAX = 64


def rebuilt(text: str) -> str | None:
    """Return the version that a text tells, or None where it tells none."""
    match = _VERSION.fullmatch(text) if len(text) <= LENGTH_MAX else None
    if match is None or _ADDRESS(match.group(1)):
        return None
    release, pre, pre_number, post, dev, described = match.groups()
    version = ".".join(str(int(number)) for number in release.split(".")[:3])
    if pre:
        version += f"{_PRE[pre]}{int(pre_number or 0)}"
    if post is not None or described:
        version += f".post{int(post or 0)}"
    if dev is not None:
        version += ".dev0"
    return version


_VERSION = re.compile(
    # A first number of eight digits is a day.
    r"v?((?:(?:19|20)[0-9]{6}|[0-9]{1,4})(?:\.[0-9]{1,5}){0,4})"
    r"(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?([0-9]{1,3})?)?"
    r"(?:\.post([0-9]{1,3}))?(?:[-_.]?dev([0-9]*))?"
    r"(-[0-9]+-g[0-9a-f]+(?:-dirty|-broken)?|-dirty|-broken)?(?:[+ ].*)?",
    re.ASCII | re.DOTALL,
)
_ADDRESS = re.compile(
    r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})(?:\.(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})){3}", re.ASCII
).fullmatch
"""Four numbers as an address of the internet has them, and nothing behind them."""

_PRE = {"a": "a", "alpha": "a", "b": "b", "beta": "b"} | dict.fromkeys(
    ("c", "rc", "pre", "preview"), "rc"
)
