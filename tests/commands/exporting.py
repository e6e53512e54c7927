"""A collector that has something of everything, and what an export of it has."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
from collections import Counter
from pathlib import Path

from aboveboard.warehouse import Warehouse, embedded
from tests import forked
from tests.collector.tool import CATALOG
from tests.commands.importing import run


def export(data: Path, file: Path | str, *words: str, project: str = "tool") -> str:
    """Export what is fine; return what the command prints."""
    ended = run("export", "--project", project, "--data", str(data), "-o", str(file), *words)
    assert ended.returncode == 0, ended.stderr
    assert "exported" in ended.stderr
    return ended.stdout


def lines(file: Path) -> list[dict[str, object]]:
    """Return an export's lines but for its first."""
    text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [json.loads(line) for line in text.splitlines()[1:]]


def everything(data: Path, project: str = "tool") -> dict[str, Counter[tuple[str, ...]]]:
    """Return all rows of all tables but for what says which move brought them."""
    warehouse = Warehouse(embedded(data / "warehouse"))
    try:
        found = {}
        present = warehouse.present(project)
        present.pop("_versions")
        for table, columns in sorted(present.items()):
            names = [f"toString(`{name}`)" for name in columns if name != "_move"]
            final = " FINAL" if table == "_unstarted" else ""
            rows = warehouse.query(
                f"SELECT {', '.join(names)} FROM project_{project}.`{table}`{final}",
                bounded=False,
            ).rows
            found[table] = Counter(map(str, rows))
        return found  # type: ignore[return-value]
    finally:
        warehouse.close()


def given(tmp_path: Path) -> list[str]:
    """Return the options of a server that has the tool's project."""
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps(CATALOG.as_json()))
    return ["--catalog", str(file), "--project", "tool"]


def kill(words: tuple[str, ...], seconds: float) -> bool:
    """Run a command and kill it after some time; return whether it was killed."""
    process = forked.module("aboveboard", *words)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL
