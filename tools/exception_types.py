"""Make `standard.txt`, the public list of the standard library's exception types.

    python3.10 tools/exception_types.py; python3.13 tools/exception_types.py; …

Each run adds what that Python has, and keeps what the list has already: a name that was public
stays so. `--check` writes nothing, and fails where this Python has a type that the list lacks. A
line is a type as its module names it and, where that is another, the name under which people
import it.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

LIST = Path(__file__).parents[1] / "src/aboveboard/catalog/standard.txt"
HEADER = "# Exception types of Python's standard library. Made by tools/exception_types.py."
NOT_FOR_PROGRAMS = frozenset(
    (
        "antigravity", "distutils", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "this",
        "turtle", "turtledemo", "venv",
    )
)  # fmt: skip


def main(words: list[str]) -> int:
    had, here = listed(), published()
    lacking = sorted(real for real in here if real not in had)
    if "--check" in words:
        sys.stdout.writelines(f"{LIST.name} lacks {real}\n" for real in lacking)
        return 1 if lacking else 0
    types = {**here, **had}
    lines = [real if real == told else f"{real} {told}" for real, told in sorted(types.items())]
    LIST.write_text("\n".join([HEADER, *lines]) + "\n", encoding="ascii")
    return 0


def listed() -> dict[str, str]:
    """Return what the list has: each type's own name, and the one that is told."""
    lines = LIST.read_text(encoding="ascii").splitlines() if LIST.exists() else []
    words = [line.split() for line in lines if not line.startswith("#")]
    return {each[0]: each[-1] for each in words}


def published() -> dict[str, str]:
    """Return the same for this Python's own library."""
    places: dict[str, set[str]] = {}
    for module in modules():
        for name, kind in vars(module).items():
            if isinstance(kind, type) and issubclass(kind, BaseException) and is_public(name, kind):
                places.setdefault(f"{kind.__module__}.{name}", set()).add(module.__name__)
    return {
        real: f"{min(found, key=lambda place: closeness(place, real))}.{real.rpartition('.')[2]}"
        for real, found in places.items()
    }


def is_public(name: str, kind: type) -> bool:
    top = kind.__module__.partition(".")[0]
    return (
        kind.__module__ != "builtins"
        and top in sys.stdlib_module_names
        and top not in NOT_FOR_PROGRAMS
        and kind.__qualname__ == name
        and not name.startswith("_")
    )


def closeness(place: str, real: str) -> tuple[bool, int, int, str]:
    """Return how far a module is from where the type is made, and how long its name is."""
    home = real.partition(".")[0].lstrip("_")
    return place.partition(".")[0] != home, place.count("."), len(place), place


def modules() -> Iterator[ModuleType]:
    """Yield the public modules of the standard library, those that this system has."""
    warnings.simplefilter("ignore")
    for top in sorted(sys.stdlib_module_names - NOT_FOR_PROGRAMS):
        if top.startswith("_") or (module := imported(top)) is None:
            continue
        yield module
        for below in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{top}."):
            parts = below.name.split(".")
            if not any(part.startswith("_") or part in ("test", "tests") for part in parts):
                found = imported(below.name)
                if found is not None:
                    yield found


def imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except Exception:  # noqa: BLE001  # of another system
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
