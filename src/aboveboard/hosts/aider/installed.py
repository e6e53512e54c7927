"""Finding the aider that a person has: in this environment, or behind the `aider` on their PATH.

`aider-install`, pipx and `uv tool` each give aider an environment of its own. The program that they
put on the PATH names the Python of that environment in its first line, as every program that pip
writes does; that Python can run aider, and our client in it, which needs nothing else.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from importlib.machinery import PathFinder
from pathlib import Path

LAUNCH = str(Path(__file__).resolve().with_name("launch.py"))


class NotFoundError(Exception):
    """There is no aider that could be run; says what to do."""


class Aider:
    """An aider that can be run.

    Attributes:
        python: The Python of its environment, with the options that its program gives it.
        program: The path of the program that people start, which need not exist.
    """

    __slots__ = ("program", "python")

    def __init__(self, python: list[str], program: str) -> None:
        self.python = python
        self.program = program

    def command(self, arguments: list[str]) -> list[str]:
        """Return the words that run it under aboveboard with aider's own arguments."""
        return [*self.python, LAUNCH, self.program, *arguments]


def find() -> Aider:
    """Return the aider of this environment, else the one on the PATH.

    Raises:
        NotFoundError: there is none, or it is no Python program.
    """
    path = [place for place in sys.path if Path(place) != Path.cwd()]  # never a checkout of aider
    if PathFinder.find_spec("aider.main", _inside(path)) is not None:
        return Aider([sys.executable], str(Path(sys.executable).with_name("aider")))
    program = shutil.which("aider")
    if program is None:
        raise NotFoundError(
            "aider is not installed here and not on the PATH; "
            "`pip install aider-install && aider-install` installs it"
        )
    python = python_of(program)
    if python is None:
        raise NotFoundError(
            f"{program} does not say which Python it runs on; "
            "install aboveboard in the environment of aider (`python -m pip install aboveboard`)"
        )
    return Aider(python, program)


def python_of(program: str) -> list[str] | None:
    """Return the Python that a program's first line names, with its options; None if it does not.

    Understood are what pip, uv and pipx write: `#!/path/python`, `#!/usr/bin/env python3`, pip's
    detour by way of `/bin/sh` for long paths, and the launchers (`.exe`) of Windows.
    """
    try:
        with Path(program).open("rb") as file:
            text = file.read(_READ_MAX)
    except OSError:
        return None
    if text.startswith(b"MZ"):
        return _python_of_launcher(program, text)
    first, _, rest = text[:4096].decode("utf-8", "replace").partition("\n")
    if not first.startswith("#!"):
        return None
    detour = _DETOUR.match(rest)
    words = [detour.group(1) or detour.group(2)] if detour else shlex.split(first[2:])
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if word != "-S" and "=" not in word]
    if not words or not _is_python(words[0]):
        return None
    python = shutil.which(words[0])
    return [python, *words[1:]] if python else None


def _python_of_launcher(program: str, text: bytes) -> list[str] | None:
    named = [match.group(1).decode("utf-8", "replace") for match in _IN_LAUNCHER.finditer(text)]
    beside = Path(program).resolve().with_name("python.exe")
    for python in [*map(Path, reversed(named)), beside]:
        if python.is_file():
            return [str(python)]
    return None


def _inside(path: list[str]) -> list[str]:
    spec = PathFinder.find_spec("aider", path)
    return list(spec.submodule_search_locations or ()) if spec else []


def _is_python(word: str) -> bool:
    return Path(word).name.lower().startswith(("python", "pypy"))


_READ_MAX = 4 << 20
_DETOUR = re.compile(r"""'''exec' (?:"([^"\n]+)"|(\S+)) "\$0" "\$@"\n""")
_IN_LAUNCHER = re.compile(rb"""#!"?([^\r\n"]{1,1000}python[w0-9.]*\.exe)"?""", re.IGNORECASE)
