"""Headings, tables and bars as lines for a terminal, as wide and as fine as it can show."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

WIDTH_MIN, WIDTH_MAX = 40, 100
"""Columns. Wider lines are hard to follow with the eye; in less, no table of numbers fits."""

NAME_MIN = 12
BAR_MAX = 40
INDENT = "  "
GAP = "  "

_EIGHTHS = " ▏▎▍▌▋▊▉"
_BOLD, _COLOUR, _PLAIN = "\033[1m", "\033[36m", "\033[0m"


def plain(text: str) -> str:
    """Return a text of somebody's without what could steer the terminal."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "?" for letter in text)


@dataclass(frozen=True)
class Page:
    """What can be shown.

    Args:
        width: Columns.
        unicode: Whether there is more than ASCII.
        colour: Whether there are bold letters and colours.
    """

    width: int = 80
    unicode: bool = True
    colour: bool = False

    def heading(self, text: str) -> str:
        return self._paint(_BOLD, self._cut(self.clean(text), self.width))

    def facts(self, facts: Sequence[tuple[str, str]]) -> list[str]:
        """Return names and what there is to say of each, one below the other."""
        names = max((len(name) for name, _ in facts), default=0)
        return [f"{INDENT}{name:<{names}}{GAP}{self.clean(text)}" for name, text in facts]

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
        """Return a table whose first column holds names and gives way, the others numbers."""
        widths = [
            max(len(row[index]) for row in (columns, *rows)) for index in range(1, len(columns))
        ]
        left = self.width - len(INDENT) - sum(len(GAP) + width for width in widths)
        names = [self.clean(row[0]) for row in (columns, *rows)]
        name_width = max(NAME_MIN, min(left, max(map(len, names))))
        lines = []
        for name, row in zip(names, (columns, *rows), strict=True):
            numbers = zip(row[1:], widths, strict=True)
            cells = [f"{self._cut(name, name_width):<{name_width}}"]
            cells += [f"{number:>{width}}" for number, width in numbers]
            lines.append(INDENT + GAP.join(cells))
        return lines

    def bars(self, rows: Sequence[tuple[str, float, str]]) -> list[str]:
        """Return a bar for each name: its length is the value against the largest."""
        largest = max((value for _, value, _ in rows), default=0)
        texts = max((len(text) for _, _, text in rows), default=0)
        names = [self.clean(name) for name, _, _ in rows]
        room = self.width - len(INDENT) - 2 * len(GAP) - texts
        name_width = max(NAME_MIN, min(room // 2, max(map(len, names), default=0)))
        bar_width = min(BAR_MAX, room - name_width)
        lines = []
        for name, (_, value, text) in zip(names, rows, strict=True):
            bar = self.bar(value / largest * bar_width if largest else 0)
            cells = [f"{self._cut(name, name_width):<{name_width}}", f"{text:>{texts}}"]
            if bar:
                cells.append(self._paint(_COLOUR, bar))
            lines.append(INDENT + GAP.join(cells))
        return lines

    def bar(self, length: float) -> str:
        """Return a bar of `length` columns; anything above nothing can be seen."""
        if length <= 0:
            return ""
        if not self.unicode:
            return "#" * max(1, round(length))
        eighths = max(1, round(length * 8))
        return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()

    def clean(self, text: str) -> str:
        """Return a text of the log without what could steer the terminal, or be no letter there."""
        text = plain(text)
        return text if self.unicode else text.encode("ascii", "replace").decode("ascii")

    def _cut(self, text: str, width: int) -> str:
        if len(text) <= width:
            return text
        end = "…" if self.unicode else "..."
        return text[: max(0, width - len(end))] + end

    def _paint(self, code: str, text: str) -> str:
        return f"{code}{text}{_PLAIN}" if self.colour else text


def page_for(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Page:
    """Return what `stream` can show; colours on a terminal only, unless `NO_COLOR` is set."""
    width = shutil.get_terminal_size().columns
    try:
        _EIGHTHS.encode(stream.encoding or "ascii")
        unicode = True
    except (UnicodeEncodeError, LookupError):
        unicode = False
    colour = stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return Page(max(WIDTH_MIN, min(WIDTH_MAX, width)), unicode, colour)
