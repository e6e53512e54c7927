"""The rules of the house that a machine can hold."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.house import MODULES, PACKAGE, ROOT, module


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    """Return the names of the modules that a file imports when it runs, wherever in it."""
    return tuple(_imported(path))


def _statements(node: ast.AST, for_checkers: bool) -> Iterator[ast.AST]:
    """Give all statements in a node, those of `if TYPE_CHECKING` if they are asked for.

    An import is a statement: what is in an expression, which is most of a module, is not looked at.
    """
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        if field == "body" and not for_checkers and _is_for_checkers(node):
            continue
        for statement in getattr(node, field, ()):
            yield statement
            yield from _statements(statement, for_checkers)


def _is_for_checkers(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def _imported(path: Path) -> Iterator[str]:
    package = ["aboveboard", *path.relative_to(PACKAGE).parts[:-1]]
    for node in _statements(parsed(path), for_checkers=False):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*start, *([node.module] if node.module else [])])
            names = [f"{source}.{alias.name}" for alias in node.names]
            if not set(names) <= set(MODULES):
                yield source
            yield from names


def _named(node: ast.AST) -> list[str]:
    """Return the modules that an import names, for type checkers too."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((PACKAGE / folder).rglob("*.py"))]


STANDARD = sys.stdlib_module_names | {"_sha2", "_sha256"}
"""The second has the digest until Python 3.11, the first from 3.12 on; each knows only its own."""


ROOMS = {
    "catalog": (),
    "client": ("catalog",),
    "contract": ("catalog", "client"),
    "auditlog": ("catalog", "client"),
    "integrations": ("catalog", "client"),
    "hosts": ("catalog", "client"),
    "demo": ("catalog", "client", "hosts"),
    "statistics": (),
    "warehouse": ("catalog",),
    "insights": ("catalog", "warehouse", "statistics"),
    "rendering": ("insights", "statistics"),
    "publishing": ("catalog", "warehouse", "insights", "statistics", "rendering"),
    "dashboard": ("catalog", "warehouse", "insights", "rendering"),
    "collector": ("catalog", "warehouse"),
    "commands": (
        *(
            "catalog",
            "client",
            "contract",
            "auditlog",
            "collector",
            "dashboard",
            "hosts",
            "warehouse",
        ),
        *("insights", "rendering", "publishing"),
    ),
}
"""The rooms of the house, and the rooms whose modules each may import. Data flows one way."""

CLIENT = {
    "files": (),
    "decision": ("files",),
    "recipients": ("files",),
    "recording": ("files", "decision", "recipients"),
    "delivery": ("files", "decision", "recipients", "recording"),
    "terminal": ("files", "decision", "recipients", "recording", "delivery"),
}
"""The client's rooms in the same way. `install`, `lifetime` and `analytics` put them together;
`release` is open to all. Nobody is asked, and nothing sent, in most runs: `terminal` and `delivery`
are loaded then only."""

WAREHOUSE = {
    "engine": (),
    "structure": ("engine",),
    "transfer": ("structure",),
}
BESIDE = ("columns", "errors", "limits", "schema")
"""The warehouse's rooms in the same way. `BESIDE` them is what all of it is written in; the rest
puts them together."""

COLLECTOR = {
    "operations": (),
    "inbox": ("operations",),
    "protocols": ("inbox",),
    "limits": (),
    "projects": ("inbox", "limits", "protocols"),
    "people": ("inbox", "projects"),
    "triage": ("people",),
    "public": (),
    "http": ("erasing", "inbox", "limits", "operations", "people", "projects", "protocols"),
    "erasing": ("inbox", "operations"),
    "transfer": ("inbox", "operations", "projects", "protocols"),
    "examination": ("http", "inbox", "operations", "people", "projects", "public"),
}
"""The collector's rooms in the same way. `allowlist` is open to all of them, and what stands beside
them (`mover`, `sessions`, `service`, `app`) puts them together."""

HTTP = {
    "authentication": (),
    "bodies": (),
}
"""The rooms of `collector/http` in the same way: neither knows the other. What stands beside them
(`ingest`) puts them together."""

COMMANDS = {
    "terminal": (),
    "contract": ("terminal",),
    "machine": ("terminal", "contract"),
    "directory": ("terminal",),
    "access": ("terminal", "contract", "directory"),
    "data": ("terminal", "directory", "access"),
    "answers": ("terminal", "directory"),
    "server": ("terminal", "contract", "directory", "access"),
}
"""The commands' rooms in the same way: what is shared stands in `terminal` and `directory`."""

SPEAKS_SQLITE = ("inbox", "people", "projects", "triage")
"""The collector's rooms that have files of their own, and are alone in writing SQL for them."""

STANDARD_LIBRARY_ONLY = ("catalog", "client", "contract", "auditlog")


class TestWhoImportsWhom:
    """Data flows one way, and so do imports."""

    @pytest.mark.parametrize("room", STANDARD_LIBRARY_ONLY)
    def test_what_lives_in_a_tool_needs_the_standard_library_only(self, room: str) -> None:
        for path in files(room):
            for name in imports(path):
                top = name.split(".")[0]
                assert top == "aboveboard" or top in STANDARD, f"{module(path)} imports {name}"

    @pytest.mark.parametrize("room", ROOMS)
    def test_a_room_imports_the_rooms_before_it_only(self, room: str) -> None:
        allowed = (room, *ROOMS[room])
        for path in files(room):
            for name in imports(path):
                assert not name.startswith("aboveboard.") or name.split(".")[1] in (
                    *allowed,
                    "__version__",
                ), f"{module(path)} imports {name}"

    @pytest.mark.parametrize(
        ("house", "room", "allowed"),
        [
            *(("client", room, (*before, "release")) for room, before in CLIENT.items()),
            *(("warehouse", room, (*before, *BESIDE)) for room, before in WAREHOUSE.items()),
            *(("collector", room, (*before, "allowlist")) for room, before in COLLECTOR.items()),
            *(("collector/http", room, before) for room, before in HTTP.items()),
            *(("commands", room, before) for room, before in COMMANDS.items()),
        ],
    )
    def test_so_does_a_room_within_one(
        self, house: str, room: str, allowed: tuple[str, ...]
    ) -> None:
        inside = f"aboveboard.{house.replace('/', '.')}."
        for path in files(f"{house}/{room}"):
            for name in imports(path):
                if name.startswith(inside):
                    first = name.removeprefix(inside).split(".")[0]
                    assert first in (room, *allowed), f"{module(path)} imports {name}"

    def test_the_clients_tests_need_no_package_of_the_servers(self) -> None:
        """They run on Pythons, and in environments, that have none (`tools/pythons.py`)."""
        apart = ("integrations", "hosts", "demo", "commands")  # load others when they are used
        server = [room for room in ROOMS if room not in (*STANDARD_LIBRARY_ONLY, *apart)]
        for folder in ("catalog", "client", "integrations"):
            for path in sorted((ROOT / "tests" / folder).glob("*.py")):
                for node in ast.parse(path.read_text()).body:
                    for name in _named(node):
                        room = name.removeprefix("aboveboard.").split(".")[0]
                        assert room not in server or not name.startswith("aboveboard."), (
                            f"{path.relative_to(ROOT)} imports {name}"
                        )

    def test_only_rooms_with_files_of_their_own_speak_to_sqlite(self) -> None:
        """Whoever else needs what they keep calls a method of theirs."""
        for path in files(""):
            folders = [PACKAGE / "collector" / each for each in SPEAKS_SQLITE]
            if any(path.is_relative_to(folder) for folder in folders):
                continue
            named = {
                name
                for node in _statements(parsed(path), for_checkers=True)
                for name in _named(node)
            }
            assert "sqlite3" not in named, f"{module(path)} imports sqlite3"

    def test_every_room_has_its_place_in_the_order(self) -> None:
        def rooms(folder: Path) -> set[str]:
            return {path.parent.name for path in folder.glob("*/__init__.py")}

        assert rooms(PACKAGE) == set(ROOMS)
        assert rooms(PACKAGE / "client") == set(CLIENT)
        assert rooms(PACKAGE / "warehouse") == set(WAREHOUSE)
        assert rooms(PACKAGE / "collector") == set(COLLECTOR)
        assert rooms(PACKAGE / "collector" / "http") == set(HTTP)
        assert rooms(PACKAGE / "commands") == set(COMMANDS)

    def test_no_module_imports_itself_through_others(self) -> None:
        graph = {
            name: {each for each in imports(path) if each in MODULES and each != name}
            for name, path in MODULES.items()
        }
        try:
            tuple(TopologicalSorter(graph).static_order())
        except CycleError as circle:
            pytest.fail(" imports ".join(reversed(circle.args[1])))


class TestWhereSessionsAreRead:
    """A session whose start never came is in the view `_sessions` and not in `sessions`."""

    ASKED = "}.sessions -- only starts tell a version or a system"
    """What is read only if a version or a system is asked for: no other session has one."""

    STARTS = re.compile(r"\}\.[`\"]?sessions\b", re.IGNORECASE)

    def test_every_question_reads_them_from_the_view(self) -> None:
        for path in sorted([*PACKAGE.rglob("*.sql"), *PACKAGE.rglob("*.py")]):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                assert not self.STARTS.search(line) or line.endswith(self.ASKED), (
                    f"{path.relative_to(PACKAGE)}:{number} reads only the starts that came: read "
                    "{project:Identifier}._sessions, or session_start as the event that it is"
                )

    @pytest.mark.parametrize("name", ["sessions", "`sessions`"])
    def test_one_that_forgets_it_would_be_found(self, name: str) -> None:
        assert self.STARTS.search(f"SELECT count() FROM {{project:Identifier}}.{name} WHERE false")
        assert not self.STARTS.search("SELECT begun.sessions FROM {project:Identifier}._sessions")


class TestTheClientOnOtherPythons:
    """3.10 to 3.13, those that are on this machine."""

    @pytest.mark.parametrize("version", ["3.10", "3.12", "3.13"])
    def test_a_tool_records_and_exits(self, version: str, tmp_path: Path) -> None:
        python = _interpreter(version)
        if python is None:
            pytest.skip(f"Python {version} is not on this machine")
        log = tmp_path / "log"
        ended = subprocess.run(
            [python, str(ROOT / "tests/client/tool.py"), "send", "--analytics-log", str(log)],
            env={"HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "src")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.stdout, ended.stderr) == ("off\nrecorded\n", "")
        assert len(log.read_text().splitlines()) == 3


def _interpreter(version: str) -> str | None:
    """Return a Python of that version which really runs: version managers leave empty shells."""
    candidates = [f"python{version}"]
    roots = [Path(sys.base_prefix).parent]  # where a version manager keeps them side by side
    candidates += [
        str(path / "bin" / "python") for root in roots for path in sorted(root.glob(f"{version}.*"))
    ]
    for candidate in candidates:
        try:
            told = subprocess.run(
                [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        if told.stdout.strip() == version:
            return candidate
    return None


def test_what_tests_share_is_in_no_file_of_tests() -> None:
    sharing = [
        f"{path.relative_to(ROOT)} imports {name}"
        for folder in ("tests", "bench", "tools")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if ".test_" in path.read_text()  # few: to parse all of them takes seconds
        for node in _statements(parsed(path), for_checkers=True)
        for name in _named(node)
        if name.startswith("tests.") and name.rpartition(".")[2].startswith("test_")
    ]
    assert sharing == []
