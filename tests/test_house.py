"""The rules of the house that a machine can hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "aboveboard"


def imports(path: Path) -> Iterator[str]:
    """Yield the names of the modules that a file imports when it runs, wherever in it."""
    tree = ast.parse(path.read_text())
    package = ["aboveboard", *path.relative_to(PACKAGE).parts[:-1]]
    for_checkers = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in for_checkers:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((PACKAGE / folder).rglob("*.py"))]


STANDARD = sys.stdlib_module_names | {"_sha2", "_sha256"}
"""The second has the digest until Python 3.11, the first from 3.12 on; each knows only its own."""


class TestWhoImportsWhom:
    """Data flows one way, and so do imports."""

    @pytest.mark.parametrize(
        "path",
        files("client", "auditlog"),
        ids=lambda path: f"{path.parent.name}/{path.name}",
    )
    def test_the_client_needs_the_standard_library_only(self, path: Path) -> None:
        near = ("aboveboard.client", f"aboveboard.{path.parent.name}", "aboveboard.__")
        for name in imports(path):
            top = name.split(".")[0]
            ours = name == "aboveboard" or name.startswith(near)
            assert ours or (top != "aboveboard" and top in STANDARD), name

    @pytest.mark.parametrize(
        "path",
        files("collector", "warehouse", "insights", "dashboard"),
        ids=lambda path: f"{path.parent.name}/{path.name}",
    )
    def test_the_server_never_imports_a_hosts_code(self, path: Path) -> None:
        for name in imports(path):
            assert not name.startswith(("aboveboard.hosts", "aboveboard.integrations")), name

    @pytest.mark.parametrize(
        ("earlier", "later"),
        [
            ("warehouse", ("collector", "dashboard", "insights", "commands")),
            ("insights", ("collector", "dashboard", "commands")),
            ("collector", ("commands",)),
            ("dashboard", ("commands",)),
            ("auditlog", ("collector", "warehouse", "dashboard", "insights", "commands", "hosts")),
            ("integrations", ("collector", "warehouse", "dashboard", "insights", "commands")),
            ("hosts", ("collector", "warehouse", "dashboard", "insights", "commands")),
        ],
    )
    def test_nothing_later_is_imported_by_anything_earlier(
        self, earlier: str, later: tuple[str, ...]
    ) -> None:
        for path in files(earlier):
            for name in imports(path):
                assert not name.startswith(tuple(f"aboveboard.{part}" for part in later)), (
                    f"{path.relative_to(PACKAGE)} imports {name}"
                )


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
