"""Every page over a server and over two shards is to the letter that of an embedded one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aboveboard.warehouse import embedded
from tests.clickhouse.forms import cluster_url
from tests.clickhouse.node import Node
from tests.dashboard.conftest import Site, make_site, on_show
from tests.dashboard.paths import PATHS, PERIOD

OF_TOOLS = [f"{path}?{PERIOD}&project=library" for path in ("/", "/retention", "/trust")]


def _pages(site: Site) -> dict[str, str]:
    """Return each page's text by its address, without what is of the moment."""
    errors = site.get(f"/errors?{PERIOD}").text
    group = re.search(r'href="(/errors/[^"?]+)', errors)
    assert group is not None
    paths = [*PATHS, *OF_TOOLS, f"{group[1]}?{PERIOD}"]
    found = {}
    for path in dict.fromkeys(paths):
        answer = site.get(path)
        assert answer.status_code == 200, path
        found[path] = re.sub(r"ab_[\w-]{32}", "KEY", answer.text.replace(site.url, ""))
    return found


@pytest.mark.thorough
def test_a_page_is_the_same_on_every_form(tmp_path: Path, node: Node, shards: list[Node]) -> None:
    told = []
    urls = {"embedded": embedded(tmp_path / "warehouse"), "server": node.url()}
    urls["shards"] = cluster_url(shards)
    try:
        for name, url in urls.items():
            directory = tmp_path / name
            directory.mkdir()
            make_site(directory, url)
            with on_show(directory, url) as site:
                told.append(_pages(site))
    finally:
        for each in (node, *shards):
            each.clear()
    there, *others = told
    for other in others:
        differ = [path for path in there if other[path] != there[path]]
        assert differ == []
