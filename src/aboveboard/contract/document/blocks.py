"""What a document is made of: blocks, and in each spans of text.

A plain string is text, whatever is in it: what a renderer gives a meaning to is escaped there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Code(NamedTuple):
    """Words as they are typed."""

    text: str


class Link(NamedTuple):
    """Text that leads to a web address, or to a heading by `#` and its anchor."""

    text: str
    address: str


class Strong(NamedTuple):
    """Text that stands out."""

    text: str


Span = str | Code | Link | Strong
Line = tuple[Span, ...]


class Heading(NamedTuple):
    """A heading of level 1 (the title) to 4."""

    level: int
    text: str
    is_code: bool = False


class Paragraph(NamedTuple):
    """A paragraph."""

    line: Line


class Items(NamedTuple):
    """A list."""

    lines: Sequence[Line]


class Listing(NamedTuple):
    """Lines as they are typed, or as they are sent."""

    text: str
    language: str = ""


class TableBlock(NamedTuple):
    """A table with heads."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Line]]


Block = Heading | Paragraph | Items | Listing | TableBlock


def paragraph(*spans: Span) -> Paragraph:
    """Return a paragraph of spans."""
    return Paragraph(spans)


def joined(spans: Iterable[Span], between: str = ", ") -> Line:
    """Return spans with some text between them."""
    line: list[Span] = []
    for span in spans:
        line += [between, span] if line else [span]
    return tuple(line)


def anchor(text: str) -> str:
    """Return a heading's anchor, as GitHub makes it."""
    kept = (letter for letter in text.lower() if letter.isalnum() or letter in " -_")
    return "".join(kept).replace(" ", "-")
