"""What PyInstaller needs to know, which finds it by an entry point of the package.

`hook-aboveboard.py` packs the public lists and what is loaded by name only. The program in
`rthooks` runs before any code of the frozen program, and is its sender where it was started as one.
"""

from __future__ import annotations

from pathlib import Path


def hook_directories() -> list[str]:
    """Return the folder that PyInstaller is to look for hooks in."""
    return [str(Path(__file__).parent)]
