"""A page, as a program reads it."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """What of a page these tests look at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.actions: list[str] = []
        self.cells: list[list[str]] = []
        self.heads: list[str] = []
        self.sorts = False
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.sorts = found.get("class") == "sort"
        self.ids += [found["id"]] if "id" in found else []
        if tag == "a":
            self.links.append(found["href"])
        if tag in ("script", "img", "source") and ("src" in found or "srcset" in found):
            self.loaded.append(found.get("src") or found["srcset"])
        if tag == "link":
            self.loaded.append(found["href"])
        if tag == "form":
            self.forms.append({})
            self.actions.append(found["action"])
        if tag == "input" and found.get("type") == "hidden":
            self.forms[-1][found["name"]] = found["value"]
        if tag == "tr":
            self.cells.append([])
        if tag == "data":
            self.cells[-1].append(found["value"])
        self.inline += [name for name in found if name == "style" or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self.sorts and data.strip():
            self.heads.append(data.strip())
