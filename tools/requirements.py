"""The files of requirements/: what a collector alone needs, and the hashes of all packages.

    python tools/requirements.py            write them anew, after a pin or pyproject.toml changed
    python tools/requirements.py --check    say what is not as it would be written

`collector.txt` is made of `all.txt`. Every pin of every file has the hash of each file of its
release, so that pip takes nothing else, on whatever system and Python. uv asks for them; --check
asks nobody.

Run in the environment of development, whose packages tell what they need.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).parents[1] / "requirements"
EXTRA = "collector"
PIN = re.compile(
    r"^([\w.-]+)==\S+(?: ; .+?)?((?: \\\n    --hash=sha256:[0-9a-f]{64})*)$", re.MULTILINE
)
"""A pin: the package's name, and its hashes."""


def main() -> int:
    if "--check" in sys.argv:
        return check()
    for file in sorted(FOLDER.glob("*.txt")):
        if file.name != "collector.txt":
            file.write_text(hashed(file))
    (FOLDER / "collector.txt").write_text(collector())
    return 0


def check() -> int:
    wrong = [
        f"requirements/{file.name} has a line that is no pin with hashes: {line}"
        for file in sorted(FOLDER.glob("*.txt"))
        for line in unhashed(file.read_text())
    ]
    if not wrong and (FOLDER / "collector.txt").read_text() != collector():
        wrong = ["requirements/collector.txt is not up to date"]
    for line in wrong:
        print(f"{line}: python tools/requirements.py")
    return bool(wrong)


def pins(text: str) -> dict[str, str]:
    """Return the pins of a file, each with its hashes, by the package's name."""
    return {canonicalize_name(pin[1]): pin[0] for pin in PIN.finditer(text)}


def unhashed(text: str) -> list[str]:
    """Return the lines of a file that are neither a pin with hashes nor a comment."""
    left = PIN.sub(lambda pin: "" if pin[2] else pin[0], text)
    return [line for line in left.splitlines() if line and not line.startswith("#")]


def hashed(file: Path) -> str:
    """Return what a file says, each pin with the hashes of its release's files.

    Raises:
        SystemExit: uv could not be had, or does not know a release.
    """
    text = file.read_text()
    if not unhashed(text):
        return text
    if environment.main("uv"):
        raise SystemExit(1)
    asked = "".join(f"{pin.partition(' ')[0]}\n" for pin in pins(text).values())
    known = subprocess.run(
        [
            *(environment.PROJECT / ".cache/uv/bin/uv", "pip", "compile", "--quiet"),
            *("--no-deps", "--no-header", "--no-annotate", "--generate-hashes"),
            *("--python-version", "3.12", "-"),
        ],
        input=asked,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if known.returncode:
        raise SystemExit(f"uv does not know all of {file.name}; see above")
    told = pins(known.stdout)

    def with_hashes(pin: re.Match[str]) -> str:
        (bare, *_), (_, *hashes) = (
            each.split(" \\\n") for each in (pin[0], told[canonicalize_name(pin[1])])
        )
        return " \\\n".join([bare, *hashes])

    return PIN.sub(with_hashes, text)


def collector() -> str:
    """Return what collector.txt says."""
    names = needed("aboveboard", EXTRA)
    pinned = pins((FOLDER / "all.txt").read_text())
    if absent := names - set(pinned):
        raise SystemExit(f"requirements/all.txt does not pin {', '.join(sorted(absent))}")
    return "".join(f"{pinned[name]}\n" for name in sorted(names))


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
