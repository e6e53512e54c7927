"""Make the environment of the stock aider that the tests run: `.cache/aider` in the project.

    python tools/aider_environment.py

It is made anew where it is missing or where `requirements/aider.txt` or Python changed, which the
file `ready` inside tells, and otherwise left alone in no time.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
REQUIREMENTS = PROJECT / "requirements/aider.txt"
ENVIRONMENT = PROJECT / ".cache/aider"
STAMP = ENVIRONMENT / "ready"
PYTHONS = ("3.12", "3.11", "3.10")
"""The versions of Python that aider 0.86 installs on, and for which its packages are pinned."""


def main() -> int:
    python = find_python()
    if python is None:
        sys.stderr.write(f"aider needs one of Python {', '.join(PYTHONS)}: install one of them\n")
        return 1
    version, program = python
    requirements = REQUIREMENTS.read_bytes()
    stamp = f"{version} {hashlib.sha256(requirements).hexdigest()}\n"
    if STAMP.exists() and STAMP.read_text(encoding="ascii") == stamp:
        STAMP.touch()  # for make, which compares times
        return 0
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    sys.stdout.write("Installing a stock aider for the tests; this takes a few minutes, once.\n")
    sys.stdout.flush()
    install = (str(ENVIRONMENT / "bin/python"), "-m", "pip", "install", "--quiet", "--no-input")
    for command in (
        (program, "-m", "venv", str(ENVIRONMENT)),
        (*install, "--disable-pip-version-check", "-r", str(REQUIREMENTS)),
    ):
        status = subprocess.run(command, check=False).returncode
        if status:
            sys.stderr.write(f"{' '.join(command)} ended with {status}; see above\n")
            return 1
    STAMP.write_text(stamp, encoding="ascii")
    return 0


def find_python() -> tuple[str, str] | None:
    """Return the version and path of a Python that aider installs on, this one before others."""
    this = f"{sys.version_info.major}.{sys.version_info.minor}"
    if this in PYTHONS:
        return this, sys.executable
    for version in PYTHONS:
        program = shutil.which(f"python{version}")
        if program:
            return version, program
    return None


if __name__ == "__main__":
    sys.exit(main())
