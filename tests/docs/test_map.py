"""CONTRIBUTING leads to files that are there."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain

from tests.conftest import ROOT

TOLD = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
FOLDERS = ("src", "tests", "docs", "tools", "bench", "requirements", "examples", "deploy")
MADE = {"llms.txt"}
"""What is made with the site."""

PATHS = {
    word.rstrip("/")
    for word in re.findall(r"`([\w./-]+)`", TOLD)
    if word.endswith("/") or re.search(r"\w\.(py|md|json|sql|txt|ya?ml)$", word)
}


@cache
def there() -> tuple[str, ...]:
    """Return every file and folder, as a path in the project that begins with a slash."""
    found = chain.from_iterable((ROOT / folder).rglob("*") for folder in FOLDERS)
    own = (ROOT / each for each in (*FOLDERS, ".github/workflows/client.yml"))
    return tuple(f"/{each.relative_to(ROOT)}" for each in (*found, *own, *ROOT.glob("*.*")))


def test_every_path_that_it_names_is_the_end_of_one_that_is_there() -> None:
    assert len(PATHS) > 80
    missing = {
        path for path in PATHS - MADE if not any(each.endswith(f"/{path}") for each in there())
    }
    assert missing == set()
