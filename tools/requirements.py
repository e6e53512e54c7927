"""Which of the pinned packages a collector alone needs: requirements/collector.txt, of all.txt.

    python tools/requirements.py            write it anew, after pyproject.toml or all.txt changed
    python tools/requirements.py --check    say whether it is as it would be written

Run in the environment of development, whose packages tell what they need.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).parents[1] / "requirements"
EXTRA = "collector"


def main() -> int:
    wanted = text()
    file = FOLDER / "collector.txt"
    if "--check" in sys.argv:
        if file.read_text() == wanted:
            return 0
        print("requirements/collector.txt is not up to date: python tools/requirements.py")
        return 1
    file.write_text(wanted)
    return 0


def text() -> str:
    """Return what the file says."""
    names = needed("aboveboard", EXTRA)
    lines = (FOLDER / "all.txt").read_text().splitlines()
    kept = [line for line in lines if canonicalize_name(line.partition("==")[0]) in names]
    absent = names - {canonicalize_name(line.partition("==")[0]) for line in kept}
    if absent:
        raise SystemExit(f"requirements/all.txt does not pin {', '.join(sorted(absent))}")
    kept.sort(key=lambda line: canonicalize_name(line.partition("==")[0]))
    return "".join(f"{line}\n" for line in kept)


def needed(package: str, *extras: str) -> set[str]:
    """Return the packages that a package needs, and those that they need."""
    waiting = [(package, frozenset(extras))]
    seen = set(waiting)
    while waiting:
        name, wanted = waiting.pop()
        for declared in metadata.requires(name) or []:
            requirement = Requirement(declared)
            marker = requirement.marker
            if marker and not any(marker.evaluate({"extra": each}) for each in (wanted or {""})):
                continue
            try:
                metadata.version(requirement.name)
            except metadata.PackageNotFoundError:  # of another system
                continue
            found = (str(canonicalize_name(requirement.name)), frozenset(requirement.extras))
            if found not in seen:
                seen.add(found)
                waiting.append(found)
    return {name for name, _ in seen} - {package}


if __name__ == "__main__":
    sys.exit(main())
