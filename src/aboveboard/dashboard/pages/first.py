"""What a project without events shows: how to send the first, while this server runs."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aboveboard.dashboard.view import Project


@dataclass(frozen=True)
class FirstSteps:
    """The words that the commands on the page are made of, quoted for a shell.

    Args:
        address: Where the collector takes events, as the browser reached it.
        key: The project's write key.
        aboveboard: The `aboveboard` program, so that the command runs in a shell of this machine.
        python: The Python in which a program finds aboveboard.
        data: The option that names this server's data directory; "" where that is not known.
    """

    address: str
    key: str
    aboveboard: str
    python: str
    data: str

    @classmethod
    def of(
        cls, project: Project, address: str, directory: Path | None, *, for_admin: bool = True
    ) -> FirstSteps:
        """Return the words for a project of a server whose data is in `directory`.

        Whoever does not run the server is told neither keys nor anything of its machine.
        """
        if not for_admin:
            return cls(address, "YOUR-WRITE-KEY", "aboveboard", "python", "")
        return cls(
            address=address,
            key=next(iter(project.keys), "YOUR-WRITE-KEY"),
            aboveboard=_program("aboveboard"),
            python=_program("python"),
            data=f" --data {shlex.quote(str(directory.resolve()))}" if directory else "",
        )


def _program(name: str) -> str:
    """Return a program of this environment by its name if the PATH leads to it, else by its path.

    After `make run`, for one, nothing of the environment is on anybody's PATH.
    """
    here = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    if not here.exists() or (found and Path(found).parent.resolve() == here.parent.resolve()):
        return name
    return shlex.quote(str(here))
