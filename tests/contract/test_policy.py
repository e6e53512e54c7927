"""A tool's privacy policy, of what is known and of nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aboveboard import CatalogError
from aboveboard.catalog.catalog import Catalog
from aboveboard.commands import main
from aboveboard.contract.document import markdown
from aboveboard.contract.errors import ContractError
from aboveboard.contract.publication.categories import WHAT, categories
from aboveboard.contract.publication.host import Host
from aboveboard.contract.publication.policy import REQUIRED, policy
from aboveboard.hosts.aider.catalog import CATALOG as AIDERS
from tests.catalog.kinds import KINDS
from tests.contract import tool
from tests.contract.facts import FACTS


def text(**more: object) -> str:
    return markdown.render(policy(Host.of(tool.analytics(about=FACTS, **more))))


class TestWhatIsMissing:
    @pytest.mark.parametrize("fact", REQUIRED)
    def test_is_named_and_nothing_is_published(
        self, fact: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        document: Any = json.loads(json.dumps(tool.analytics(about=FACTS).catalog.as_json()))
        del document["about"][fact]
        (tmp_path / "c.json").write_text(json.dumps(document))
        out = tmp_path / "PRIVACY.md"
        assert main(["catalog", "policy", str(tmp_path / "c.json"), "-o", str(out)]) == 2
        told = capsys.readouterr()
        assert f"the policy cannot be published without `{fact}` (" in told.err
        assert told.err.count("\n") == 1
        assert told.out == ""
        assert not out.exists()

    def test_is_most_of_it_for_aider_whose_makers_have_said_nothing_to_us(self) -> None:
        with pytest.raises(ContractError, match="without `controller`"):
            policy(Host(AIDERS))

    def test_is_a_blank_too(self) -> None:
        blank = tool.analytics(about={**FACTS, "retention": ""})
        with pytest.raises(ContractError, match="without `retention`"):
            policy(Host.of(blank))

    def test_is_a_day_that_is_none(self) -> None:
        with pytest.raises(CatalogError, match="effective is a day"):
            tool.analytics(about={**FACTS, "effective": "soon"})


class TestThePolicy:
    def test_says_what_was_stated(self) -> None:
        said = text()
        for stated in (
            "It holds from 2026-12-01.",
            "It is collected to help make jot better.",
            "- Which \\*formats\\* to keep",
            "- the makers of jot\n- Host GmbH",
            "It is kept here: a machine in Austria.",
            "It is kept for 400 days.",
            "Jot Makers, 1 Note Street.",
            "write to privacy@jot.example",
            "It is sent to `stats.jot.example`",
        ):
            assert stated in said, stated

    def test_calls_pseudonymous_what_is(self) -> None:
        said = text()
        assert "## Pseudonymous, not anonymous" in said
        assert said.count("anonymous") == said.count("not anonymous")

    def test_tells_how_each_right_is_exercised(self) -> None:
        said = text()
        for right, command in (
            ("To object, and to take your consent back:", "`jot --analytics-disable`"),
            ("Access:", "`jot --analytics-log filename.jsonl`"),
            ("Erasure:", "`aboveboard forget jot` has everything erased"),
            ("Complaint:", "data protection authority"),
        ):
            line = next(each for each in said.splitlines() if right in each)
            assert command in line

    def test_promises_no_erasure_by_command_where_posthog_has_it(self) -> None:
        said = text(endpoint="posthog+https://eu.posthog.example")
        assert "has everything erased" not in said
        assert "have it erased" not in said
        assert "**Erasure:** write to privacy@jot.example, with your identifier." in said

    def test_lists_every_property_once(self) -> None:
        catalog = tool.analytics(about=FACTS).catalog
        listed = [place for places in categories(catalog).values() for place in places]
        assert len(listed) == len(set(listed))
        for entry in catalog.entries.values():
            for name in entry.properties:
                assert f"`{entry.name}.{name}`" in text()

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
    def test_has_a_category_for_every_kind(self, kind: Any) -> None:
        declared = {"name": "p", **kind.as_json(), "doc": "It"}
        event = {"name": "e", "doc": "It.", "properties": [declared]}
        catalog = Catalog.from_json({"format": 1, "app": "tool", "events": [event]})
        found = categories(catalog)
        assert [name for name, places in found.items() if "e.p" in places] != []
        assert set(found) <= set(WHAT)

    def test_names_every_fact_that_is_missing_at_once(self) -> None:
        with pytest.raises(ContractError) as told:
            policy(Host.of(tool.analytics(about={})))
        assert all(f"`{fact}` (" in str(told.value) for fact in REQUIRED)

    def test_is_checked_like_the_page(self, tmp_path: Path) -> None:
        document = tool.analytics(about=FACTS).catalog.as_json()
        (tmp_path / "c.json").write_text(json.dumps(document))
        words = ["catalog", "policy", str(tmp_path / "c.json"), "-o", str(tmp_path / "P.md")]
        assert main([*words, "--check"]) == 1
        assert main(words) == 0
        assert main([*words, "--check"]) == 0
