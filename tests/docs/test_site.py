"""The documentation site: built strictly, whole, and nothing in it is fetched from elsewhere."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from importlib import resources, util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import ROOT, missing

pytestmark = pytest.mark.thorough

docs: Any = SimpleNamespace(**runpy.run_path(str(ROOT / "tools/docs.py")))
PYTHON = ROOT / ".cache/docs/bin/python"


LOOKED_AT = ("index", "first/run", "first/make", "threats", "reference", "protocol", "commands")


def build(out: Path, project: Path = ROOT) -> subprocess.CompletedProcess[str]:
    if not PYTHON.exists():
        missing("Sphinx (make docs)")
    words = [str(PYTHON), str(project / "tools/docs.py"), str(out)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "docs"
    said = build(out)
    assert (said.returncode, said.stderr) == (0, "")
    return out


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of all that the site is made of, to be spoiled."""
    for name in ("docs", "tools", "src", "tests", "examples", "deploy", "bench"):
        shutil.copytree(
            ROOT / name, tmp_path / "p" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for path in ROOT.glob("*.md"):
        shutil.copy(path, tmp_path / "p")
    return tmp_path / "p"


class TestTheSite:
    def test_has_a_page_for_each_of_the_documentation_s(self, site: Path) -> None:
        for name in docs.pages().values():
            assert (site / name).with_suffix(".html").is_file()

    def test_loads_nothing_from_elsewhere_in_a_browser_either(self, site: Path) -> None:
        chromium = shutil.which("chromium")
        if chromium is None:
            missing("chromium")
        from playwright.sync_api import sync_playwright

        asked: list[str] = []
        complaints: list[str] = []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for width in (1280, 390):
                page = browser.new_page(viewport={"width": width, "height": 844})
                page.on("request", lambda request: asked.append(request.url))
                page.on("pageerror", lambda error: complaints.append(str(error)))
                for name in (*LOOKED_AT, "search"):
                    page.goto((site / f"{name}.html").as_uri())
                    wide = page.evaluate("document.documentElement.scrollWidth")
                    assert wide <= width, f"{name} is wider than a window of {width}"
            browser.close()
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert complaints == []

    def test_has_no_violation_under_axe_in_either_theme(self, site: Path) -> None:
        chromium = shutil.which("chromium")
        if chromium is None or util.find_spec("axe_playwright_python") is None:
            missing("chromium and axe-core (the package axe-playwright-python)")
        from playwright.sync_api import sync_playwright

        axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
        found = []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                page = browser.new_page(color_scheme=scheme)
                for name in (
                    "index",
                    "first/run",
                    "first/make",
                    "threats",
                    "reference",
                    "protocol",
                ):
                    page.goto((site / f"{name}.html").as_uri())
                    page.evaluate(axe)
                    told = page.evaluate("axe.run()")["violations"]
                    found += [(scheme, name, each["id"], each["nodes"][0]["html"]) for each in told]
            browser.close()
        assert found == []

    def test_is_told_to_models_in_a_screen_and_as_a_whole(self, site: Path) -> None:
        short = (site / "llms.txt").read_text("utf-8")
        assert short.startswith("# aboveboard\n\n> Usage analytics")
        whole = (site / "llms-full.txt").read_text("utf-8")
        for heading, items in docs.parts():
            assert f"\n## {heading}\n" in short
            for title, _, _ in items:
                assert f"- [{title}](" in short
        for name in docs.pages().values():
            assert (site / name).read_text("utf-8") in whole, name


class TestAFault:
    """Each stops the build, and is named."""

    def spoiled(self, project: Path, out: Path, words: str) -> str:
        with (project / "docs/privacy.md").open("a", encoding="utf-8") as page:
            page.write(words)
        ended = build(out, project)
        assert ended.returncode == 1, ended.stderr
        assert not out.exists()
        return ended.stderr

    def test_a_link_that_leads_nowhere(self, project: Path, tmp_path: Path) -> None:
        said = self.spoiled(project, tmp_path / "out", "\n[Away](nowhere.md)\n")
        assert said == "docs/privacy.md: nowhere.md leads nowhere\n"

    def test_an_anchor_that_is_not_there_and_a_page_that_the_index_lacks(
        self, project: Path, tmp_path: Path
    ) -> None:
        (project / "docs/orphan.md").write_text("# Nobody's\n\nWords.\n")
        said = self.spoiled(project, tmp_path / "out", "\n[Away](consent.md#no-such-heading)\n")
        assert "no-such-heading" in said
        assert "orphan.md" in said

    def test_what_a_page_would_load_from_elsewhere(self, project: Path, tmp_path: Path) -> None:
        tracker = "https://tracker.example"
        loads = f'\n![Seen]({tracker}/pixel.png)\n\n<script src="{tracker}/x.js"></script>\n'
        said = self.spoiled(project, tmp_path / "out", loads)
        assert f"privacy.html: loads {tracker}/pixel.png" in said
        assert f"privacy.html: loads {tracker}/x.js" in said

    def test_a_folder_of_somebody_else_s_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "theirs").write_text("x")
        ended = build(tmp_path)
        assert ended.returncode == 1
        assert ended.stderr.endswith("name another folder\n")
        assert (tmp_path / "theirs").exists()
