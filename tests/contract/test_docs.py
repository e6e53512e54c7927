"""A tool's page about its analytics, made of its catalog and its source alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aboveboard import Analytics, Catalog, CatalogError
from aboveboard.catalog.about import FACTS
from aboveboard.client.analytics import Analytics as Client
from aboveboard.commands import main
from aboveboard.contract.document import html, markdown
from aboveboard.contract.document.blocks import Code, Heading, Items, Listing, TableBlock, paragraph
from aboveboard.contract.publication.host import Host
from aboveboard.contract.publication.page import page
from aboveboard.contract.publication.policy import policy
from aboveboard.contract.publication.samples import SESSION, USER_ID, lines
from aboveboard.contract.source.places import Place
from aboveboard.hosts.aider.catalog import CATALOG as AIDERS
from tests.catalog.kinds import KINDS
from tests.conftest import ROOT
from tests.contract import tool

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.hosts.aider.conftest import StockAider

from tests.axe import THEMES
from tests.axe import axe as axe
from tests.contract.facts import FACTS as FACTS_OF_POLICY
from tests.dashboard.conftest import chromium as chromium
from tests.hosts.aider.conftest import stock_aider as stock_aider

JOT = "tests.contract.tool:jot"
SOURCE = str(ROOT / "tests/contract/tool.py")
AIDERS_PAGE = ROOT / "docs/aider-analytics.md"


class TestFacts:
    def test_stand_in_the_catalogs_json_and_come_back(self) -> None:
        document = json.loads(json.dumps(tool.jot.catalog.as_json()))
        assert document["about"] == dict(tool.ABOUT)
        assert Catalog.from_json(document).as_json() == document
        document["about"]["newer"] = [1]
        assert Catalog.from_json(document).as_json() == document

    @pytest.mark.parametrize(
        ("facts", "said"),
        [
            ({"purpos": "x"}, "about has no fact 'purpos'; it has name, "),
            ({"issues": "jot.example"}, "issues is a web address, not 'jot.example'"),
            ({"policy": "javascript:alert(1)"}, "policy is a web address"),
            ({"purpose": "a\nb"}, "purpose is a line of text"),
            ({"recipients": "Ana"}, "recipients is a list of lines"),
            ({"source": "https://x"}, "source has web addresses"),
        ],
    )
    def test_that_cannot_be_one_are_refused_in_one_line(self, facts: Any, said: str) -> None:
        with pytest.raises(CatalogError, match=re.escape(said)) as refused:
            Catalog.of("tool", [], about=facts)
        assert "\n" not in str(refused.value)

    def test_are_documented(self) -> None:
        text = (ROOT / "docs/contract.md").read_text()
        assert [name for name in FACTS if f"| `{name}` |" not in text] == []


@pytest.fixture(scope="module")
def text() -> str:
    """The page of the small tool, as Markdown."""
    places = [Place("note_saved", "jot/cli.py", 7)]
    return markdown.render(page(Host.of(tool.jot), places))


class TestThePage:
    def test_says_what_each_event_is_for_whose_it_is_and_until_when(self, text: str) -> None:
        section = text[text.index("#### `note_saved`") :].partition("\n#### ")[0]
        assert "- **Why:** Which \\*formats\\* to keep" in section
        assert "- **Who answers for it:** Ana \\<ana@jot.example\\>" in section
        assert "- **Since:** 1.2" in section
        assert "one of `markdown`, `a\\|b`, `<b>`" in section
        assert "How long it is. **Until:** 2099-12-31." in section

    def test_says_where_it_sends_to_whom_it_asks_and_where_it_records(self, text: str) -> None:
        assert "What is collected is sent to `stats.jot.example`." in text
        assert "a random subset of users (10 % of installs)" in text
        assert "`JOT_ANALYTICS=0`" in text
        assert "| `note_saved` | [jot/cli.py:7](https://jot.example/jot/cli.py#L7) |" in text
        assert "by opening an [issue](https://jot.example/issues)." in text

    def test_has_every_event_and_property_of_the_catalog(self, text: str) -> None:
        for entry in tool.jot.catalog.entries.values():
            section = text[text.index(f"#### `{entry.name}`") :].partition("\n#### ")[0]
            assert [name for name in entry.properties if f"| `{name}` |" not in section] == []

    def test_shows_the_clients_own_question(self, text: str, tmp_path: Path) -> None:
        question = text[text.index("jot --analytics\n\nJot respects") :].partition("```")[0]
        assert "What is collected is sent to stats.jot.example.\n" in question
        assert question.endswith("to help improve jot? (Y)es/(N)o [Yes]:\n")

    def test_of_a_tool_that_sends_to_posthog_says_so(self) -> None:
        there = tool.analytics(endpoint="posthog+https://eu.posthog.example")
        text = markdown.render(page(Host.of(there), []))
        assert "| `distinct_id` |" in text
        assert "whom no such request reaches" in text
        assert '"$geoip_disable": true' in text
        assert text == markdown.render(page(Host.of(there), []))  # nothing in it is drawn

    def test_promises_erasure_only_of_whom_it_can_be_asked(self, text: str) -> None:
        assert "You can have everything erased that your install has sent. The" in text
        unknown = markdown.render(page(Host(tool.jot.catalog), []))
        assert "has sent to a collector of aboveboard (PostHog takes no such request)" in unknown

    @pytest.mark.parametrize("fact", ["purpose", "issues"])
    def test_is_refused_without_what_it_is_for_or_where_to_complain(
        self, fact: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        document = json.loads(json.dumps(tool.jot.catalog.as_json()))
        del document["about"][fact]
        (tmp_path / "c.json").write_text(json.dumps(document))
        assert main(["catalog", "docs", str(tmp_path / "c.json"), SOURCE]) == 2
        told = capsys.readouterr().err
        assert f"the page cannot be published without `{fact}` ({FACTS[fact]})" in told
        assert told.count("\n") == 1


class TestSampleLines:
    def test_are_what_the_client_writes(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        client: Client = Analytics(
            app="jot", version="1.2.3", catalog=[tool.NoteSaved], endpoint="https://x", key="k",
            environ={"HOME": str(tmp_path)}, clock=lambda: 1_760_000_400.0,
        )  # fmt: skip
        client.open({"analytics": False, "analytics_log": str(log)})
        client.record(tool.NoteSaved(format="markdown", words=1200))
        client.close()
        line = log.read_text().splitlines()[1]
        told = dict(lines(client.catalog))["note_saved"]
        real = json.loads(line)
        assert told == line.replace('"user_id": null', f'"user_id": "{USER_ID}"').replace(
            real["session"], SESSION
        )

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
    def test_have_a_value_of_every_kind(self, kind: Any) -> None:
        declared = {"name": "p", **kind.as_json(), "doc": "It"}
        event = {"name": "e", "doc": "It.", "properties": [declared]}
        catalog = Catalog.from_json({"format": 1, "app": "tool", "events": [event]})
        ((_, line),) = lines(catalog)
        assert json.loads(line)["properties"]["p"] is not None


class Tags(HTMLParser):
    """Every tag of a page, with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


class TestTheDocument:
    BLOCKS = (
        Heading(1, "A <title>"),
        Heading(2, "Part"),
        paragraph("<script>alert(1)</script> & *stars* [x](y) | `t`", Code("a`|b")),
        paragraph("- no list"),
        Items([("1 < 2",)]),
        Listing("```\n</code>"),
        TableBlock(["H"], [((Code("a|b"),),)]),
    )

    def test_gives_no_meaning_to_text_in_markdown(self) -> None:
        assert markdown.render(self.BLOCKS) == (
            "# A \\<title\\>\n\n## Part\n\n"
            "\\<script\\>alert(1)\\</script\\> & \\*stars\\* \\[x\\](y) \\| \\`t\\```a`|b``\n\n"
            "\\- no list\n\n- 1 \\< 2\n\n````\n```\n</code>\n````\n\n"
            "| H |\n|---|\n| `a\\|b` |\n"
        )

    def test_is_html_that_loads_and_runs_nothing(self) -> None:
        text = html.render(self.BLOCKS, 'A "page".')
        tags = Tags(text).found
        assert {tag for tag, _ in tags} & {"script", "img", "link", "iframe", "object"} == set()
        assert not [name for _, each in tags for name in each if name in ("src", "onload")]
        assert "url(" not in text
        assert "@import" not in text
        assert "&lt;script&gt;" in text

    def test_has_an_anchor_for_each_heading_once(self) -> None:
        tags = Tags(html.render(page(Host.of(tool.jot), []), "It.")).found
        anchors = [each["id"] for _, each in tags if "id" in each]
        assert len(anchors) == len(set(anchors))
        led = [str(each["href"])[1:] for tag, each in tags if tag == "a"
               and str(each["href"]).startswith("#")]  # fmt: skip
        assert set(led) <= set(anchors)


@pytest.mark.thorough
def test_both_publications_have_no_violation_under_axe_in_either_theme(
    tmp_path: Path, chromium: Browser, axe: str
) -> None:
    there = Host.of(tool.analytics(about=FACTS_OF_POLICY))
    context = chromium.new_context(bypass_csp=True)
    shown = context.new_page()
    found = []
    for blocks in (page(there, [Place("note_saved", "jot/cli.py", 7)]), policy(there)):
        (tmp_path / "page.html").write_text(html.render(blocks, "It."))
        shown.goto((tmp_path / "page.html").as_uri())
        shown.evaluate(axe)
        for theme in THEMES:
            shown.emulate_media(color_scheme=theme)
            told = shown.evaluate("axe.run(document, {resultTypes: ['violations']})")
            found += [(theme, each["id"], each["nodes"][0]["html"]) for each in told["violations"]]
        shown.set_viewport_size({"width": 390, "height": 800})
        assert shown.evaluate("document.documentElement.scrollWidth") == 390
    context.close()
    assert found == []


class TestTheCommand:
    def test_writes_both_and_says_when_they_are_stale(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        files = [str(tmp_path / "a.md"), str(tmp_path / "a.html")]
        words = ["catalog", "docs", JOT, SOURCE, "-o", files[0], "--html", files[1]]
        assert main([*words, "--check"]) == 1
        assert main(words) == 0
        assert main([*words, "--check"]) == 0
        capsys.readouterr()
        Path(files[1]).write_text("old")
        assert main([*words, "--check"]) == 1
        assert capsys.readouterr().err == (
            f"aboveboard catalog docs: {files[1]} is stale: run the same without --check\n"
        )
        assert Path(files[1]).read_text() == "old"

    def test_prints_it_where_no_file_is_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["catalog", "docs", JOT, SOURCE]) == 0
        assert capsys.readouterr().out.startswith("# Analytics\n\nJot can collect anonymous")
        assert main(["catalog", "docs", JOT, SOURCE, "--check"]) == 2

    def test_publishes_nothing_of_a_source_that_cannot_be_told(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        source = tmp_path / "use.py"
        source.write_text("from tests.contract.tool import jot\njot.open()\nx = jot.record\n")
        assert main(["catalog", "docs", JOT, SOURCE, str(source)]) == 2
        assert "use.py:3: `jot.record` is handed on" in capsys.readouterr().err


def _plain(text: str) -> str:
    """Return Markdown's words alone, on one line."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text.replace("\\", ""))
    return " ".join(re.sub(r"[*`>]", " ", text).split()).replace(" .", ".")


class TestAidersTwin:
    def test_says_everything_that_aiders_own_page_says(self) -> None:
        path = ROOT.parent / "shared/reference/aider-analytics-page.md"
        if not path.exists():
            pytest.skip("aider's page is not beside the project (../shared/reference)")
        ours = _plain(AIDERS_PAGE.read_text(encoding="utf-8")).replace("opt in", "opt-in")
        own = path.read_text(encoding="utf-8").split("---\n", 2)[2]
        missing = []
        for block in re.split(r"\n\s*\n|\n(?=- )|\n(?=#)|\n(?=For more info|Allow)", own):
            for sentence in re.split(r"(?<=\.)\s", _plain(block)):
                words = re.sub(r"^(#+|-) ", "", sentence).strip("-` ")
                if words and words.rstrip(",") not in ours:
                    missing.append(words)
        assert missing == []

    def test_has_every_event_and_property(self) -> None:
        text = AIDERS_PAGE.read_text(encoding="utf-8")
        for entry in AIDERS.entries.values():
            section = text[text.index(f"#### `{entry.name}`") :].partition("\n#### ")[0]
            assert [name for name in entry.properties if f"| `{name}` |" not in section] == []

    @pytest.mark.thorough
    def test_is_what_the_catalog_and_aiders_source_make(self, stock_aider: StockAider) -> None:
        tool = [sys.executable, str(ROOT / "tools/aider_page.py"), "--check"]
        ran = subprocess.run(tool, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
