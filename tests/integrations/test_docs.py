"""The programs and tests that the pages for makers show, run as they stand there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.client.terminal.question import Question
from aboveboard.integrations import pytest_plugin
from tests.integrations.conftest import told

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "adopting.md", DOCS / "testing.md"]
BLOCK = re.compile(r"^```python\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TRIAL = re.compile(r"^<!-- python -m ([\w.]+)(.*?): (.*) -->$", re.MULTILINE)


def files(*pages: Path) -> dict[str, str]:
    return {name: text for page in pages for name, text in BLOCK.findall(page.read_text())}


def trials() -> list[tuple[str, str, str]]:
    return TRIAL.findall((DOCS / "adopting.md").read_text())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files of the pages, where their first lines say."""
    directory = tmp_path / "project"
    for name, text in files(*PAGES).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_python_is_a_file_that_is_run(page: Path) -> None:
    assert page.read_text().count("```python") == len(BLOCK.findall(page.read_text()))
    tried = {f"{module.replace('.', '/')}.py" for module, _, _ in trials()}
    for name in files(page):
        assert name in tried or name.startswith("test_") or name == "greeter/analytics.py"


@pytest.mark.parametrize(("module", "words", "records"), trials())
def test_a_program_records_what_the_page_says(
    project: Path, home: dict[str, str], module: str, words: str, records: str
) -> None:
    log = project / "log.jsonl"
    flags = [] if module == "greeter.serve" else ["--analytics-log", str(log)]
    ended = subprocess.run(
        [sys.executable, "-m", module, *flags, *words.split()],
        cwd=project,
        env=home,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert ended.returncode == (3 if module == "greeter.ended" else 0)
    events = told(log)
    for _, properties in events:
        properties.pop("duration", None)  # another each time
    recorded = [
        f"{event} {json.dumps(properties)}" if event != "exception" else event
        for event, properties in events
    ]
    assert ", ".join(recorded) == records


def test_the_tests_pass(project: Path, home: dict[str, str]) -> None:
    points = metadata.entry_points(group="pytest11")
    loaded = any(point.value == pytest_plugin.__name__ for point in points)
    loading = [] if loaded else ["-p", pytest_plugin.__name__]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *loading],
        cwd=project,
        env=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    tests = sum(text.count("def test_") for text in files(*PAGES).values())
    assert f"{tests} passed" in ended.stdout


def test_the_question_is_shown_as_it_is_asked() -> None:
    url = "https://greeter.example/analytics"
    question = Question(name="greeter", url=url, catalog=Catalog.of("greeter", []), sample="")
    asked = (question.promise() + question.line()).strip()
    assert f"```\n{asked}\n```" in (DOCS / "adopting.md").read_text()
