"""Run the client's tests on every Python that is on this machine.

    python tools/pythons.py            # all of them, but for the one that runs this
    python tools/pythons.py 3.12       # one
    python tools/pythons.py --newest   # none; print where the newest one is

The client lives in other people's tools, on whatever Python they have. Each Python gets an
environment of its own below `.cache/`, from `requirements/client.txt`, made once.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
REQUIREMENTS = PROJECT / "requirements/client.txt"
OLDEST, NEWEST = 10, 19
"""The minor versions of Python 3 that are looked for; what is newer than this file is no fault."""

TESTS = ("tests/catalog", "tests/client", "tests/integrations", "tests/test_house.py")
WITHOUT = "tests/client/proofs"
"""The proofs run on one Python: what they show is the system's doing, not the interpreter's."""


def main(asked: list[str]) -> int:
    if asked == ["--newest"]:
        found = (interpreter(minor) for minor in range(NEWEST, OLDEST, -1))
        sys.stdout.write(f"{next(filter(None, found), sys.executable)}\n")
        return 0
    this = sys.version_info.minor
    minors = [int(word.removeprefix("3.")) for word in asked] or [
        minor for minor in range(OLDEST, NEWEST + 1) if minor != this
    ]
    failed = []
    for minor in minors:
        python = interpreter(minor)
        if python is None:
            if asked:
                failed.append(f"Python 3.{minor} is not on this machine")
            continue
        sys.stdout.write(f"The client's tests on Python 3.{minor} ({python})\n")
        sys.stdout.flush()
        if _test(_environment(minor, python)):
            failed.append(f"the client's tests failed on Python 3.{minor}")
    for sentence in failed:
        sys.stderr.write(f"{sentence}\n")
    return bool(failed)


def interpreter(minor: int) -> str | None:
    """Return a Python of that version that really runs: version managers leave empty shells."""
    # Where a version manager keeps them side by side.
    beside = sorted(Path(sys.base_prefix).parent.glob(f"3.{minor}.*/bin/python"), reverse=True)
    for candidate in [f"python3.{minor}", *map(str, beside)]:
        try:
            told = subprocess.run(
                [candidate, "-c", "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])"],
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        if told.stdout.strip() == f"3.{minor}":
            return candidate
    return None


def _environment(minor: int, python: str) -> Path:
    environment = PROJECT / f".cache/python-3.{minor}"
    stamp = environment / "ready"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
        shutil.rmtree(environment, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(environment)], check=True)
        install = ("-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check")
        subprocess.run(
            [str(environment / "bin/python"), *install, "-r", str(REQUIREMENTS)], check=True
        )
        # As an editable install does it, without what builds one.
        (packages,) = environment.glob("lib/python3*/site-packages")
        (packages / "aboveboard.pth").write_text(f"{PROJECT / 'src'}\n", encoding="utf-8")
        stamp.write_text(wanted, encoding="ascii")
    return environment


def _test(environment: Path) -> int:
    plugin = ("-p", "aboveboard.integrations.pytest_plugin")
    workers = ("-n", "2", "--dist", "loadfile", "-m", "not thorough")
    return subprocess.run(
        [
            str(environment / "bin/python"), "-m", "pytest", "-q", *plugin, *workers, *TESTS,
            f"--ignore={WITHOUT}",
        ],
        cwd=PROJECT,
        check=False,
    ).returncode  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
