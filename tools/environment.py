"""Make an environment of another tool's beside ours: `.cache/aider`, say.

    python tools/environment.py aider      # a stock aider, which the tests run
    python tools/environment.py posthog    # PostHog's newest SDK, which the bench runs
    python tools/environment.py pyinstaller    # PyInstaller, with which a test builds a tool
    python tools/environment.py hosts    # the tools of examples/hosts/, as anyone installs them
    python tools/environment.py pyright    # pyright with its Node, for the test of our types
    python tools/environment.py uv    # uv, which knows the hashes of what requirements/ pins
    python tools/environment.py docs    # Sphinx, which builds the documentation site

It is made from the file of the same name in `requirements/`, anew where that or Python changed,
which the file `ready` inside tells, and otherwise left alone in no time.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from pythons import interpreter

PROJECT = Path(__file__).parents[1]
NAMES = ("aider", "posthog", "pyinstaller", "hosts", "pyright", "uv", "docs")
PYTHONS = ("3.12", "3.11")
"""The versions of Python that aider 0.86 installs on, and for which the packages are pinned."""


def main(name: str) -> int:
    requirements = PROJECT / f"requirements/{name}.txt"
    environment = PROJECT / ".cache" / name
    ready = environment / "ready"
    # Only aider is particular about its Python.
    python = _this() if name in ("docs", "uv") else find_python()
    if python is None:
        sys.stderr.write(f"{name} needs one of Python {', '.join(PYTHONS)}: install one of them\n")
        return 1
    version, program = python
    stamp = f"{version} {hashlib.sha256(requirements.read_bytes()).hexdigest()}\n"
    if ready.exists() and ready.read_text(encoding="ascii") == stamp:
        ready.touch()  # for make, which compares times
        return 0
    shutil.rmtree(environment, ignore_errors=True)
    sys.stdout.write(f"Installing {name} beside us; this takes a few minutes, once.\n")
    sys.stdout.flush()
    install = (str(environment / "bin/python"), "-m", "pip", "install", "--quiet", "--no-input")
    for command in (
        (program, "-m", "venv", str(environment)),
        (*install, "--disable-pip-version-check", "-r", str(requirements)),
    ):
        status = subprocess.run(command, check=False).returncode
        if status:
            sys.stderr.write(f"{' '.join(command)} ended with {status}; see above\n")
            return 1
    ready.write_text(stamp, encoding="ascii")
    return 0


def _this() -> tuple[str, str]:
    return f"{sys.version_info.major}.{sys.version_info.minor}", sys.executable


def find_python() -> tuple[str, str] | None:
    """Return the version and path of a Python that aider installs on, this one before others."""
    if _this()[0] in PYTHONS:
        return _this()
    for version in PYTHONS:
        program = interpreter(int(version.removeprefix("3.")))
        if program:
            return version, program
    return None


if __name__ == "__main__":
    if sys.argv[1:] not in [[name] for name in NAMES]:
        sys.exit(f"Say which: python tools/environment.py {'|'.join(NAMES)}")
    sys.exit(main(sys.argv[1]))
