"""A document as one HTML file: its style inside, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from .blocks import Code, Heading, Items, Line, Link, Listing, Paragraph, Strong, anchor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .blocks import Block, Span

STYLE = ("rendering/palette.css", "contract/document/document.css")
"""The files of the style, within the package: the colours of all pages, and these pages' own."""


SHORT = 24
"""Letters up to which words that are typed stay on one line, on a phone too."""


def render(blocks: Sequence[Block], description: str) -> str:
    """Return a document as HTML.

    Args:
        blocks: The document; the first is its title.
        description: What it is about, in a sentence.
    """
    package = resources.files("aboveboard")
    style = "\n".join(package.joinpath(name).read_text(encoding="utf-8") for name in STYLE)
    title = next(block.text for block in blocks if isinstance(block, Heading))
    sections = [block for block in blocks if isinstance(block, Heading) and block.level == 2]
    contents = "\n".join(
        f'<li><a href="#{anchor(one.text)}">{escape(one.text)}</a></li>' for one in sections
    )
    first, *rest = ["\n".join(_block(block)) for block in blocks]
    body = "\n".join(rest)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="description" content="{escape(description)}">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{first}
<nav aria-label="On this page">
<ul>
{contents}
</ul>
</nav>
{body}
</main>
</body>
</html>
"""


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        text = f"<code>{escape(block.text)}</code>" if block.is_code else escape(block.text)
        yield f'<h{block.level} id="{escape(anchor(block.text))}">{text}</h{block.level}>'
    elif isinstance(block, Paragraph):
        yield f"<p>{_line(block.line)}</p>"
    elif isinstance(block, Items):
        yield "<ul>"
        yield from (f"<li>{_line(line)}</li>" for line in block.lines)
        yield "</ul>"
    elif isinstance(block, Listing):
        # What is wider than the screen is scrolled, by keys too.
        text = escape(block.text.rstrip("\n"))
        yield f'<pre tabindex="0" role="group" aria-label="Listing"><code>{text}</code></pre>'
    else:
        yield '<div class="wide" tabindex="0" role="group" aria-label="Table"><table>'
        heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in block.heads)
        yield f"<thead><tr>{heads}</tr></thead>"
        yield "<tbody>"
        for row in block.rows:
            first, *rest = row
            cells = "".join(f"<td>{_line(line)}</td>" for line in rest)
            yield f'<tr><th scope="row">{_line(first)}</th>{cells}</tr>'
        yield "</tbody></table></div>"


def _line(line: Line) -> str:
    return "".join(map(_span, line))


def _span(span: Span) -> str:
    if isinstance(span, Code):
        whole = ' class="whole"' if len(span.text) <= SHORT else ""
        return f"<code{whole}>{escape(span.text)}</code>"
    if isinstance(span, Link):
        return f'<a href="{escape(span.address)}">{escape(span.text)}</a>'
    if isinstance(span, Strong):
        return f"<strong>{escape(span.text)}</strong>"
    return escape(span)
