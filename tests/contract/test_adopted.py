"""Two tools from the package index that nobody here wrote, adopted and published.

What is tried is the whole of it: real processes, their own flags, and each action of the catalog.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.adopted import HTTPX, MARKDOWN_IT, Adopted

pytestmark = pytest.mark.thorough

START = {
    "markdown_it": "from markdown_it.cli.parse import main; raise SystemExit(main())",
    "httpx": "from httpx import main; main()",
}


class Maker:
    """Who has adopted it, and stands in the folder of its source."""

    def __init__(self, folder: Path, tool: Adopted) -> None:
        self.tool = tool
        self.folder = folder
        self.source = folder / "source"
        self.file = tool.install(self.source)

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        environ = {"HOME": str(self.folder), "PATH": os.environ["PATH"]}
        return subprocess.run(
            [sys.executable, *words], cwd=self.source, env={**environ, "PYTHONPATH": "."},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def catalog(self, action: str, *words: str, before: str = "") -> tuple[int, str]:
        """Run an action on the tool's catalog; return its exit code and all that it said."""
        target = f"{self.tool.package}._analytics:analytics"
        named = [before] if before else []
        ran = self.python("-m", "aboveboard", "catalog", action, *named, target, *words)
        return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture(scope="module", params=[MARKDOWN_IT, HTTPX], ids=lambda tool: tool.package)
def maker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker(tmp_path_factory.mktemp(request.param.package), request.param)


def test_it_records_what_its_catalog_says_and_nothing_of_its_users(maker: Maker) -> None:
    tool, log = maker.tool, maker.folder / "log.jsonl"
    secret = maker.folder / "zanzibar.md"
    secret.write_text("# quagmire\n")
    words = [word.replace("SECRET", str(secret)) for word in tool.words]
    ran = maker.python(
        "-c", START[tool.package], *words, "--no-analytics", "--analytics-log", str(log)
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    lines = log.read_text()
    told = [json.loads(line) for line in lines.splitlines()]
    assert [line["event"] for line in told] == ["session_start", tool.event]
    assert told[1]["properties"] == tool.properties
    assert "zanzibar" not in lines
    assert "quagmire" not in lines


def test_nothing_is_wrong_with_its_catalog(maker: Maker) -> None:
    code, said = maker.catalog("lint", "--strict")
    assert (code, said) == (0, "Nothing to say: 19 rules hold.\n")


def test_each_place_that_records_is_found(maker: Maker) -> None:
    code, said = maker.catalog("where", maker.tool.package, "--format", "json")
    assert code == 0, said
    text = maker.file.read_text().splitlines()
    line = next(number for number, each in enumerate(text, 1) if maker.tool.place in each)
    place = {"event": maker.tool.event, "file": f"{maker.tool.package}/{maker.tool.file}",
             "line": line}  # fmt: skip
    told = json.loads(said)
    assert place in told["places"]
    assert told["unrecorded"] == []


def test_its_page_and_its_policy_are_published_and_kept_fresh(maker: Maker) -> None:
    page = ["docs", maker.tool.package, "-o", "analytics.md", "--html", "analytics.html"]
    policy = ["policy", "-o", "PRIVACY.md"]
    for words in (page, policy):
        assert maker.catalog(*words) == (0, "")
        assert maker.catalog(*words, "--check") == (0, "")
    text = (maker.source / "analytics.md").read_text()
    assert f"#### `{maker.tool.event}`" in text
    assert f"(https://tool.example/source/{maker.tool.package}/{maker.tool.file}#L" in text
    for name in maker.tool.properties:
        assert f"`{maker.tool.event}.{name}`" in (maker.source / "PRIVACY.md").read_text()
    events = maker.source / maker.tool.package / "_analytics.py"
    before = events.read_text()
    events.write_text(before.replace("Which ways of use to look after", "Another reason"))
    try:
        assert maker.catalog(*page, "--check")[0] == 1
        assert maker.catalog(*policy, "--check")[0] == 1
    finally:
        events.write_text(before)


def test_a_release_that_collects_more_is_stopped_and_told(maker: Maker) -> None:
    code, said = maker.catalog("json")
    assert code == 0, said
    document = json.loads(said)
    event = next(each for each in document["events"] if each["name"] == maker.tool.event)
    gone = event["properties"].pop()
    (maker.source / "before.json").write_text(json.dumps(document))
    code, said = maker.catalog("diff", before="before.json")
    assert code == 1
    assert "One thing would be newly collected, from those who agree again" in said
    assert f"  {maker.tool.event}.{gone['name']} is a new property: {gone['doc']}" in said
    (maker.source / "same.json").write_text(maker.catalog("json")[1])
    assert maker.catalog("diff", before="same.json") == (
        0,
        "The same would be collected: nobody is asked.\n",
    )
