"""Numbers, shares and days in the words and the length in which people read them.

Not by babel, which has no format for the rule that most of this is: as many digits as tell
something. The commas and the names of months that it could take over, in one language, would add
36 MB to a collector, and a number would take thirty times as long and more; a page has thousands.
"""

from __future__ import annotations

from datetime import date

MINUS, TO = "\N{MINUS SIGN}", "\N{EN DASH}"

_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
_SIZES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "bytes"))
_IN_FULL = 100_000
"""Below this a number is not longer in full than it is worth."""


def human(number: float) -> str:
    """Return a count as `12,345`, or `1.23M` from a hundred thousand on."""
    if abs(number) < _IN_FULL:
        return f"{number:,.0f}"
    size, unit = next((size, unit) for size, unit in _UNITS if abs(number) >= size * 0.9995)
    return f"{_three_digits(number / size)}{unit}"


def dollars(amount: float) -> str:
    """Return an amount as `$0.42`, `$1,234` or `$1.23M`."""
    if 0 < amount < 0.01:
        return "<$0.01"
    if amount < 1000:
        return f"${amount:,.2f}"
    return f"${human(amount)}"


def amount(number: float, unit: str) -> str:
    """Return an amount in its unit, or a plain number where it has none, in three digits or so."""
    return AMOUNTS.get(unit, human)(number)


def average(number: float) -> str:
    """Return a mean of counts, with the decimals that tell."""
    return human(number) if number >= 999.5 else _three_digits(number)


def exact(number: float, unit: str) -> str:
    """Return a count or an amount with all its digits."""
    if unit == "dollars":
        return f"${number:,.6f}".rstrip("0").rstrip(".")
    digits = f"{number:,}".removesuffix(".0")
    return f"{digits} {unit}" if unit in AMOUNTS else digits


def share(value: float) -> str:
    """Return a share as a percentage of one decimal; a smaller one with its first digit."""
    percent = value * 100
    if percent == 0 or percent >= 0.1:
        return f"{percent:.1f}%".replace("100.0%", "100%")
    return f"{percent:.1g}%" if percent >= 0.001 else "<0.001%"


def scale(top: float) -> str:
    """Return the end of a scale of shares: `60%`, `0.5%`."""
    return f"{top * 100:.3g}%"


def interval(low: float, high: float) -> str:
    """Return the bounds of a share in percent, with a decimal where it tells."""
    low, high = low * 100, high * 100
    digits = 0 if high - low >= 3 else 1 if high - low >= 0.3 else 2
    return f"{low:.{digits}f}{TO}{high:.{digits}f}"


def change(now: float, before: float) -> str | None:
    """Return by how much a number has changed, as `+12%`, or None where that says nothing."""
    if before <= 0:
        return None
    percent = round((now / before - 1) * 100)
    if percent >= 1000:
        return f"{now / before:.0f}×"  # noqa: RUF001  # a multiplication sign is what is meant
    return f"{'+' if percent > 0 else MINUS if percent < 0 else '±'}{abs(percent)}%"


def day(value: date) -> str:
    return f"{value.day} {value:%b %Y}"


def period(since: date, until: date) -> str:
    """Return a period in the fewest words, months and years said once where once is enough."""
    if since == until:
        return day(until)
    if (since.year, since.month) == (until.year, until.month):
        return f"{since.day}{TO}{day(until)}"
    begin = f"{since.day} {since:%b}" if since.year == until.year else day(since)
    return f"{begin} {TO} {day(until)}"


def _duration(seconds: float) -> str:
    if seconds == 0:
        return "0 s"
    if seconds < 0.9995:
        return f"{max(seconds * 1000, 1):.0f} ms" if seconds >= 0.0005 else "<1 ms"
    if seconds < 119.5:
        return f"{_three_digits(seconds)} s"
    if seconds < 7170:
        return f"{seconds / 60:.0f} min"
    return f"{human(seconds / 3600)} h"


def _size(size: float) -> str:
    # By thousands, as disks and networks are measured.
    of, unit = next(each for each in _SIZES if size >= each[0] * 0.9995 or each[0] == 1)
    return f"{size:,.0f} {unit}" if of == 1 else f"{_three_digits(size / of)} {unit}"


AMOUNTS = {"dollars": dollars, "seconds": _duration, "bytes": _size}
"""How an amount of each unit is said."""


def _three_digits(number: float) -> str:
    return f"{number:.{2 if abs(number) < 9.995 else 1 if abs(number) < 99.95 else 0}f}"
