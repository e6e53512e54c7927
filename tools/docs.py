"""Build the documentation site from docs/, and look at what was built.

    python tools/docs.py build/docs    # with the Python of .cache/docs; `make docs` does all of it

The pages are what stands in docs/, and a few of the project's own (`BESIDE`). docs/index.md is the
navigation: each of its headings a part, each link in its lists a page. Files of the source that the
pages link to are copied, so that the site is whole wherever it lies. Sphinx stops at a link or an
anchor that leads nowhere. What it made is read once more: every link and anchor of the HTML is
followed, and nothing that a page loads may come from elsewhere. `llms.txt` and `llms-full.txt`
are made of the same pages (llmstxt.org).
"""

from __future__ import annotations

import html.parser
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

PROJECT = Path(__file__).parents[1]
BESIDE = {
    "bench/README.md": "numbers.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "README.md": "index.md",
}
"""Pages that stand elsewhere in the project, and under which name the site has each."""

FILES = "files"
"""The site's folder of what the pages link to and is no page."""

LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
ITEM = re.compile(r"^- \[([^\]]+)\]\(([^)#]+)\): (.+)$")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LOADS = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "link": ("href",),
    "form": ("action",),
}
"""Attributes by which a page fetches something, or sends something, without a click on a link."""


def main(asked: list[str]) -> int:
    if len(asked) != 1:
        sys.stderr.write("Say where to: python tools/docs.py DIRECTORY\n")
        return 2
    out = Path(asked[0]).resolve()
    if out.exists() and not (out / "llms.txt").exists() and any(out.iterdir()):
        sys.stderr.write(f"{out} has files that this has not made: name another folder\n")
        return 1
    with tempfile.TemporaryDirectory() as made:
        source, built, extra = (Path(made, name) for name in ("source", "built", "extra"))
        stage(source, extra)
        sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-b", "html"]
        places = ["-c", str(PROJECT / "tools/site"), "-d", str(Path(made, "doctrees"))]
        words = [*sphinx, *places, str(source), str(built)]
        status = subprocess.run(words, check=False).returncode
        if status:
            return status
        for page in built.rglob("*.html"):
            page.write_text(readable_by_all(page.read_text("utf-8")), "utf-8")
        shutil.copytree(extra, built, dirs_exist_ok=True)
        faults = [*broken_links(built), *loaded_from_elsewhere(built)]
        for fault in faults:
            sys.stderr.write(f"{fault}\n")
        if faults:
            return 1
        shutil.rmtree(out, ignore_errors=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(built, out)
    pages = len(list(out.rglob("*.html")))
    sys.stdout.write(f"{pages} pages in {out}: every link leads somewhere, nothing is loaded\n")
    return 0


def parts() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Return the navigation: of each part its heading, and of each page title, path and a line."""
    found: list[tuple[str, list[tuple[str, str, str]]]] = []
    for line in (PROJECT / "docs/index.md").read_text("utf-8").splitlines():
        if line.startswith("## "):
            found.append((line[3:], []))
        item = ITEM.match(line)
        if item:
            found[-1][1].append((item[1], item[2], item[3]))
    return found


def pages() -> dict[Path, str]:
    """Return every page's file, and its name on the site."""
    docs = PROJECT / "docs"
    found = {path: path.relative_to(docs).as_posix() for path in sorted(docs.rglob("*.md"))}
    return found | {PROJECT / path: name for path, name in BESIDE.items() if name != "index.md"}


def stage(source: Path, extra: Path) -> None:
    """Write the pages as Sphinx reads them, and what the site has beside what Sphinx makes."""
    named = pages()
    texts = {name: _linked(path, name, named, extra) for path, name in named.items()}
    for name, text in texts.items():
        tree = "".join(map(_tree, parts())) if name == "index.md" else ""
        for folder, words in ((source, text + tree), (extra, text)):  # llms.txt links to the second
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(words, "utf-8")
    (extra / "llms.txt").write_text(_llms(), "utf-8")
    whole = (texts[_on_site(path)] for _, items in parts() for _, path, _ in items)
    (extra / "llms-full.txt").write_text("\n\n".join([texts["index.md"], *whole]), "utf-8")
    (extra / ".nojekyll").write_text("")


def _on_site(path: str) -> str:
    """Return the name of a page that docs/index.md links to."""
    return BESIDE[path.removeprefix("../")] if path.startswith("../") else path


def _tree(part: tuple[str, list[tuple[str, str, str]]]) -> str:
    """Return a part of the navigation as Sphinx has it."""
    heading, items = part
    lines = [f"{title} <{_on_site(path).removesuffix('.md')}>" for title, path, _ in items]
    return "\n".join(
        ["", "```{toctree}", ":hidden:", f":caption: {heading}", "", *lines, "```", ""]
    )


def _llms() -> str:
    """Return what a language model is given first: the site in a screen (llmstxt.org)."""
    title, _, rest = (PROJECT / "docs/index.md").read_text("utf-8").partition("\n\n")
    summary = " ".join(rest.partition("\n\n")[0].split())
    lines = [title, "", f"> {summary}", ""]
    for heading, items in parts():
        lines += [f"## {heading}", ""]
        lines += [f"- [{name}]({_on_site(path)}): {line}" for name, path, line in items] + [""]
    return "\n".join(lines)


def _linked(path: Path, name: str, named: dict[Path, str], extra: Path) -> str:
    """Return a page's text, each of its links leading to a place on the site."""

    def lead(match: re.Match[str]) -> str:
        label, target = match.groups()
        url = urlsplit(target)
        if url.scheme or not url.path:
            return match[0]
        file = (path.parent / unquote(url.path)).resolve()
        if file in named or file == PROJECT / "README.md":
            there = named.get(file, "index.md")
        elif file.is_dir():
            return label  # the site has files, and no listings
        elif not file.exists():
            raise SystemExit(f"{path.relative_to(PROJECT)}: {target} leads nowhere")
        else:
            there = f"{FILES}/{file.relative_to(PROJECT).as_posix()}"
            there += "" if file.suffix in (".json", ".txt") else ".txt"
            copy = extra / there
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            there = os.path.relpath(there, Path(name).parent)
            return f'<a href="{there}">{_plain(label)}</a>'
        there = os.path.relpath(there, Path(name).parent)
        return f"[{label}]({there}{'#' + url.fragment if url.fragment else ''})"

    text = path.read_text("utf-8")
    done, end = "", 0
    for block in CODE.finditer(text):
        done += LINK.sub(lead, text[end : block.start()]) + block[0]
        end = block.end()
    return done + LINK.sub(lead, text[end:])


def _plain(label: str) -> str:
    """Return a link's words as HTML: code may break behind each of its underscores."""
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", label)
    return words.replace("_", "_<wbr>")


def readable_by_all(page: str) -> str:
    """Return a built page with what Sphinx and its theme leave out for keyboards and voices.

    Headings of the navigation have a level, blocks that can be moved sideways can be reached by the
    keyboard, the two bars at the sides have names, and a table without headings has no empty ones.
    """
    heading = 'class="caption" role="heading"'
    page = page.replace(heading, f'{heading} aria-level="2"')
    page = page.replace("<pre>", '<pre tabindex="0">')
    for bar, name in (("sidebar-drawer", "Pages"), ("toc-drawer", "On this page")):
        page = page.replace(f'<aside class="{bar}', f'<aside aria-label="{name}" class="{bar}')
    nothing = r'<th class="head"><p></p></th>'
    page = re.sub(rf'<thead>\s*<tr class="row-odd">(?:{nothing}\s*)+</tr>\s*</thead>', "", page)
    return re.sub(nothing, '<td class="head"></td>', page)


class _Page(html.parser.HTMLParser):
    """What a page has: its anchors, its links, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.anchors |= {told[name] for name in ("id", "name") if told.get(name)}
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        self.loads += [told[name] for name in LOADS.get(tag, ()) if told.get(name)]
        self.loads += re.findall(r"url\(\s*['\"]?([^'\")]+)", told.get("style", ""))


def broken_links(site: Path) -> Iterator[str]:
    """Yield a line for each link of the built pages that leads nowhere within them."""
    read = {path: _Page(path.read_text("utf-8")) for path in site.rglob("*.html")}
    for path, page in read.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            file = (path.parent / unquote(url.path)).resolve() if url.path else path
            file = file / "index.html" if file.is_dir() else file
            name = path.relative_to(site)
            if not file.is_file():
                yield f"{name}: {link} leads nowhere"
            elif url.fragment and file in read and unquote(url.fragment) not in read[file].anchors:
                yield f"{name}: {link} has no such anchor"


def loaded_from_elsewhere(site: Path) -> Iterator[str]:
    """Yield a line for each thing that a page would fetch from another place, or send there."""
    for path in site.rglob("*.html"):
        for load in _Page(path.read_text("utf-8")).loads:
            if urlsplit(load).netloc:
                yield f"{path.relative_to(site)}: loads {load}"
    for path in site.rglob("*.css"):
        text = path.read_text("utf-8")
        for load in re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")\s;]+)", text):
            if urlsplit(load).netloc:
                yield f"{path.relative_to(site)}: loads {load}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
