"""A document as Markdown (CommonMark, and GitHub's tables)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .blocks import Code, Heading, Items, Line, Link, Listing, Paragraph, Strong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .blocks import Block, Span

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~])")
_AT_START = re.compile(r"^(\s*)([-+#>]|\d+[.)])(?=\s)")


def render(blocks: Iterable[Block]) -> str:
    """Return a document as Markdown."""
    return "\n\n".join("\n".join(_block(block)) for block in blocks) + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        text = _span(Code(block.text)) if block.is_code else _span(block.text)
        yield f"{'#' * block.level} {text}"
    elif isinstance(block, Paragraph):
        yield _AT_START.sub(r"\1\\\2", _line(block.line))
    elif isinstance(block, Items):
        yield from (f"- {_line(line)}" for line in block.lines)
    elif isinstance(block, Listing):
        fence = "`" * max(3, 1 + _longest_run(block.text))
        yield from (f"{fence}{block.language}", block.text.rstrip("\n"), fence)
    else:
        yield f"| {' | '.join(block.heads)} |"
        yield f"|{'---|' * len(block.heads)}"
        for row in block.rows:
            yield f"| {' | '.join(_cell(line) for line in row)} |"


def _cell(line: Line) -> str:
    return "".join(
        _span(span).replace("|", "\\|") if isinstance(span, Code) else _span(span) for span in line
    )


def _line(line: Line) -> str:
    return "".join(map(_span, line))


def _span(span: Span) -> str:
    if isinstance(span, Code):
        ticks = "`" * (1 + _longest_run(span.text))
        pad = " " if "`" in span.text[:1] + span.text[-1:] else ""
        return f"{ticks}{pad}{span.text}{pad}{ticks}"
    if isinstance(span, Link):
        return f"[{_escaped(span.text)}]({span.address.replace(')', '%29').replace('(', '%28')})"
    if isinstance(span, Strong):
        return f"**{_escaped(span.text)}**"
    return _escaped(span)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
