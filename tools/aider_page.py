"""Write aider's page about its analytics: of its catalog, its source and what watches its replies.

python tools/aider_page.py            write docs/aider-analytics.md
python tools/aider_page.py --check    exit 1 if it is not what would be written

It needs the stock aider of `python tools/environment.py aider`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from aboveboard.commands import main

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/aider-analytics.md"
TARGET = "aboveboard.hosts.aider.catalog:CATALOG"


def write(source: Path, *words: str) -> int:
    """Write the page of a stock aider's source, or check it; return the exit code."""
    ours = ROOT / "src/aboveboard/hosts/aider"
    sources = [str(path) for path in (source, ours / "catalog.py", ours / "replies.py")]
    code = main(
        ["catalog", "docs", TARGET, *sources, "--call", "event", "--output", str(PAGE), *words]
    )
    if code == 1:
        sys.stderr.write("run python tools/aider_page.py\n")
    return code


if __name__ == "__main__":
    found = sorted((ROOT / ".cache/aider").glob("lib/python3.*/site-packages/aider"))
    if not found:
        sys.exit("there is no stock aider: python tools/environment.py aider installs one")
    sys.exit(write(found[0], *sys.argv[1:]))
