"""Changes in words: by how much something differs, and whether chance alone could do that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .wording import MINUS, TO

if TYPE_CHECKING:
    from aboveboard.insights.comparison import Compared
    from aboveboard.statistics.differences import Difference

UP, DOWN, EVEN = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}", "="


@dataclass(frozen=True)
class Change:
    """A difference as a page shows it.

    Args:
        arrow: Up, down, or neither.
        text: By how much: `4.1 pt`, `17%`.
        sure: Whether chance alone does not explain it.
        told: The same in a sentence, with the interval.
    """

    arrow: str
    text: str
    sure: bool
    told: str

    @property
    def word(self) -> str:
        """Say in a word how sure it is."""
        return "sure" if self.sure else "unsure"

    @property
    def direction(self) -> str:
        return {UP: "up", DOWN: "down"}.get(self.arrow, "even")


def of_share(compared: Compared | None, against: str) -> Change | None:
    """Return the change of a share in points; None where nothing can be said."""
    if compared is None or compared.by is None:
        return None
    return of_difference(compared.by, against)


def of_difference(by: Difference, against: str) -> Change:
    """Return a difference of two rows of one table, in points."""
    interval = between(by.low * 100, by.high * 100)
    told = f"{_signed(by.value * 100, 1)} points against {against} (95% interval {interval} points)"
    return _change(by, points(abs(by.value)), told)


def of_count(compared: Compared | None, against: str) -> Change | None:
    """Return the change of a count in percent; None where nothing can be said."""
    if compared is None or compared.by is None:
        return None
    by = compared.by
    told = f"{_signed(by.value * 100)}% against {against} (95% interval {range_of(by)})"
    return _change(by, percent(abs(by.value)), told)


def range_of(by: Difference) -> str:
    """Return the bounds of a change of a count: `9 to 26%`."""
    if by.value > 10:
        return f"{by.low + 1:.0f} to {by.high + 1:.0f}×"  # noqa: RUF001  # times
    high = f"{_signed(by.high * 100)}%" if by.high <= 20 else "more than +2,000%"
    return f"{_signed(by.low * 100)} to {high}"


def points(value: float) -> str:
    """Return a difference of shares: `4.1 pt`."""
    digits = 0 if value >= 0.1 else 1 if value >= 0.001 else 2
    return f"{value * 100:.{digits}f} pt"


def percent(value: float) -> str:
    """Return a change of a count: `17%`, `12×`."""  # noqa: RUF002  # times
    return f"{value * 100:.0f}%" if value < 10 else f"{value + 1:.0f}×"  # noqa: RUF001  # times


def direction(value: float, text: str) -> str:
    """Return where a difference goes, `up`, `down` or `even`: even where its text is zero, too."""
    if not any(digit in text for digit in "123456789"):
        return "even"
    return "up" if value > 0 else "down"


def moved(by: Difference) -> str:
    """Return a difference of shares as the end of a sentence: `up 4.1 pt, surely`."""
    text = points(abs(by.value))
    way = direction(by.value, text)
    if way == "even":
        return "as before"
    return f"{way} {text}, {'surely' if by.sure else 'not surely'}"


def between(low: float, high: float) -> str:
    digits = 0 if high - low >= 3 else 1
    return f"{_signed(low, digits)} to {_signed(high, digits)}"


def interval_of(low: float, high: float) -> str:
    """Return the bounds of a share in a sentence: `82 to 90%`."""
    low, high = low * 100, high * 100
    digits = 0 if high - low >= 3 else 1 if high - low >= 0.3 else 2
    return f"{low:.{digits}f}{TO}{high:.{digits}f}%"


def _change(by: Difference, text: str, told: str) -> Change:
    arrow = {"up": UP, "down": DOWN, "even": EVEN}[direction(by.value, text)]
    sure = "" if by.sure else ": within chance"
    return Change(arrow, text, by.sure, told + sure)


def _signed(value: float, digits: int = 0) -> str:
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return text
    return f"{'+' if value > 0 else MINUS}{text}"
