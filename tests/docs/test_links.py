"""Every page can be found, and every link between the files of the project leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("bench/*.md")])
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """Return a page without its blocks of code, in which a link is none."""
    return FENCED.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """Return what a page's headings can be linked by, as the places that show Markdown make it."""
    found: dict[str, int] = {}
    names = set(re.findall(r'<a id="([^"]+)"', page.read_text("utf-8")))
    for heading in re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        times = found[slug] = found.get(slug, -1) + 1
        names.add(f"{slug}-{times}" if times else slug)
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        url = urlsplit(target)
        if url.scheme:
            assert url.scheme in ("https", "mailto"), f"{target}: neither https nor ours"
            continue
        file = (page.parent / unquote(url.path)).resolve() if url.path else page
        assert file.exists(), f"{target} leads nowhere"
        assert file.is_relative_to(ROOT), f"{target} leads out of the project"
        if url.fragment:
            assert url.fragment in anchors(file), f"{target}: there is no such heading"


def test_every_page_has_its_line_in_the_index_and_no_other() -> None:
    index = ROOT / "docs" / "index.md"
    lines = re.findall(r"^- \[.+?\]\(([^)]+)\): .+$", index.read_text("utf-8"), re.MULTILINE)
    linked = [(index.parent / line).resolve() for line in lines]
    assert len(linked) == len(set(linked))
    beside = {ROOT / name for name in ("README.md",)}  # the index says what it says
    assert set(linked) == set(PAGES) - beside - {index}
