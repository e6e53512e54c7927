"""A catalog, checked by rules that have names."""

from __future__ import annotations

import getpass
import json
import re
from pathlib import Path
from typing import Any

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.commands import main
from aboveboard.commands.contract.lint import read_by_insights
from aboveboard.contract.lint import LEVELS, RULES, Finding, check
from aboveboard.contract.rules import singling
from aboveboard.contract.rules.rule import FAULT, WARNING
from aboveboard.hosts.aider.catalog import CATALOG as AIDERS
from tests.conftest import ROOT

DAY = "2026-12-01"
NOTES = {"why": "To know", "owner": "ana", "since": "1.0"}


def catalog(*events: dict[str, Any]) -> Catalog:
    return Catalog.from_json({"format": 1, "app": "tool", "events": list(events)})


def event(name: str = "ran", doc: str = "A program was started.", **more: Any) -> dict[str, Any]:
    return {"name": name, "doc": doc, "properties": [], **NOTES, **more}


def having(name: str, kind: str = "flag", doc: str = "It is told thus", **more: Any) -> Any:
    declared = {"name": name, "kind": kind, "doc": doc, "why": "To know", **more}
    return event(properties=[declared])


def found(*events: dict[str, Any]) -> set[tuple[str, str]]:
    return {(finding.rule, finding.place) for finding in check(catalog(*events), DAY, ())}


CASES = {
    "no-doc": [(event(doc=" "), "ran"), (having("how", doc=""), "ran.how")],
    "doc-repeats-name": [
        (event("page_opened", doc="The page is opened"), "page_opened"),
        (having("edit_format", doc="Edit format."), "ran.edit_format"),
    ],
    "unit-in-name": [
        (having("duration_ms", "count", most=5), "ran.duration_ms"),
        (having("cost_usd", "amount", unit="dollars"), "ran.cost_usd"),
        (having("cacheBytes", "count", most=5), "ran.cacheBytes"),
    ],
    "similar-names": [
        ((event("login_failed"), event("login_failure")), "login_failure"),
        ((event("message"), event("messages")), "messages"),
        ((event("search"), event("serach_x"), event("searchx")), "searchx"),
        ((having("edit-format"), {**having("edit_format"), "name": "b"}), "b.edit_format"),
    ],
    "no-why": [(event(why=""), "ran")],
    "no-owner": [(event(owner=""), "ran")],
    "no-since": [(event(since=""), "ran")],
    "expired": [
        (event(expires=DAY), "ran"),
        (having("how", expires="2020-01-01"), "ran.how"),
    ],
    "expires-too-far": [(event(expires="2029-01-01"), "ran")],
    "expires-after-event": [
        ({**having("how", expires="2027-02-01"), "expires": "2027-01-01"}, "ran.how")
    ],
    "personal-choice": [
        (having("to", "choice", choices=["a", "ana@tool.example"]), "ran.to"),
        (having("to", "choice", choices=["a", "10.0.0.7"]), "ran.to"),
        (having("to", "command", commands=["a", "/home/ana/x"]), "ran.to"),
        (having("to", "choice", choices=["Ana Lee", "Ben Ray", "nobody"]), "ran.to"),
    ],
    "personal-name": [(having("team", "choice", choices=["red", "blue"]), "ran.team")],
    "exact-count": [(having("num_files", "count"), "ran.num_files")],
    "exact-amount": [(having("took", "amount", unit="seconds"), "ran.took")],
    "long-choice": [(having("to", "choice", choices=[f"v{n}" for n in range(101)]), "ran.to")],
    "wide-event": [
        (
            event(
                properties=[
                    {"name": f"p{chr(97 + n)}", "kind": "flag", "doc": "It is told thus"}
                    for n in range(17)
                ]
            ),
            "ran",
        )
    ],
    "unread": [({**having("how", why=""), "why": ""}, "ran.how")],
    "one-value": [(having("to", "choice", choices=["a"]), "ran.to")],
}  # fmt: skip
"""Of each rule, events that break it, and where."""


@pytest.mark.parametrize(
    ("rule", "events", "place"),
    [(rule, events, place) for rule, cases in CASES.items() for events, place in cases],
)
def test_each_rule_finds_what_breaks_it(rule: str, events: Any, place: str) -> None:
    events = events if isinstance(events, tuple) else (events,)
    assert (rule, place) in found(*events)


@pytest.mark.parametrize(
    "good",
    [
        event(),
        event(expires="2028-12-01"),
        event("http_2"),
        having("num_files", "count", steps=[0, 10]),
        having("retries", "count"),
        having("cost", "amount", unit="dollars"),
        having("duration", "amount", unit="seconds", steps=[0, 1]),
        having("seconds", "amount", unit="seconds", steps=[0, 1]),
        having("to", "choice", choices=["Applied updates", "Listed models", "/exit"]),
        having("file_type", "choice", choices=["text", "image"]),
    ],
    ids=lambda one: str([one["name"], *[each["name"] for each in one["properties"]]]),
)
def test_what_is_well_declared_is_found_nothing_about(good: Any) -> None:
    assert found(good) == set()


def test_names_that_differ_in_more_than_a_letter_or_in_a_number_are_no_pair() -> None:
    assert found(event("step_1"), event("step_2"), event("load"), event("lead")) == set()


def test_a_list_with_this_machines_user_was_made_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "Vera-Ko")
    assert "vera-ko" in singling._here()
    listed = having("to", "choice", choices=["main", "vera-ko"])
    assert found(listed) == {("personal-choice", "ran.to")}


@pytest.mark.parametrize("key", ["the project's write key", "YOUR-WRITE-KEY", "ab_…<key>"])
def test_a_key_that_is_a_word_of_the_documentation_is_told_to_the_maker(key: str) -> None:
    (told,) = check(catalog(event()), DAY, (), key=key)
    assert told[:3] == ("placeholder-key", WARNING, "tool")
    for one in ("", "ab_0aWNTsXzPqR", "phc_9xYz", "gallery-key"):
        assert not check(catalog(event()), DAY, (), key=one)


def test_every_rule_has_a_case_and_a_row_in_the_documentation() -> None:
    assert {*CASES, "placeholder-key"} == set(RULES)
    text = (ROOT / "docs/contract.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (fault|warning|advice) \|", text, re.MULTILINE))
    assert rows == {rule.name: rule.level for rule in RULES.values()}
    assert len(RULES) >= 10
    assert {rule.level for rule in RULES.values()} <= set(LEVELS)


def test_an_insight_reads_what_its_files_name() -> None:
    read = read_by_insights()
    assert {"message_send.main_model", "message_send.cost"} <= read
    declared = {**having("main_model", "model", why=""), "why": ""}
    declared["name"] = "message_send"
    assert [one.rule for one in check(catalog(declared), DAY, read)] == ["no-why"]


def test_aiders_catalog_has_no_fault() -> None:
    found = check(AIDERS, DAY, read_by_insights())
    assert [finding for finding in found if finding.level == FAULT] == []
    # What aider itself calls so, and one number that could be told in steps.
    warned = {(finding.rule, finding.place) for finding in found if finding.level == WARNING}
    assert ("similar-names", "oauth_flow_failed") in warned
    assert ("exact-count", "reply.files") in warned


class TestTheCommand:
    def file(self, folder: Path, *events: dict[str, Any]) -> str:
        path = folder / "catalog.json"
        path.write_text(json.dumps(catalog(*events).as_json()))
        return str(path)

    def test_ends_with_1_for_a_fault_only(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["catalog", "lint", self.file(tmp_path, event(doc="", owner=""))]) == 1
        assert capsys.readouterr().out.splitlines() == [
            "fault: ran: it has no docstring: say in a sentence what happened [no-doc]",
            "warning: ran: nobody answers for it: give it an owner= [no-owner]",
            "",
            "Faults: 1. Warnings: 1. Advice: 0.",
        ]
        warned = self.file(tmp_path, event(owner=""))
        assert main(["catalog", "lint", warned]) == 0
        assert main(["catalog", "lint", "--strict", warned]) == 1
        assert main(["catalog", "lint", "--strict", "--ignore", "no-owner=ran", warned]) == 0
        assert main(["catalog", "lint", "--strict", "--ignore", "no-owner", warned]) == 0

    def test_tells_it_as_json(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        target = self.file(tmp_path, event(doc=""))
        assert main(["catalog", "lint", "--format", "json", target]) == 1
        told = json.loads(capsys.readouterr().out)
        assert told["failed"] is True
        assert [Finding(**each).rule for each in told["findings"]] == ["no-doc"]

    @pytest.mark.parametrize(
        ("word", "said"),
        [
            ("no-dock", "there is no rule 'no-dock'; the rules are no-doc, "),
            ("no-doc=run", "no-doc=run sets aside what the catalog does not have: run"),
            ("no-doc=ran.x", "no-doc=ran.x sets aside what the catalog does not have: ran.x"),
        ],
    )
    def test_refuses_to_set_aside_what_is_not_there(
        self, word: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["catalog", "lint", self.file(tmp_path, event()), "--ignore", word]) == 2
        told = capsys.readouterr().err
        assert told.startswith(f"aboveboard catalog lint: {said}")
        assert told.count("\n") == 1

    def test_names_a_file_that_is_no_catalog(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "x.json").write_text("[]")
        assert main(["catalog", "lint", str(tmp_path / "x.json")]) == 2
        assert "is no catalog" in capsys.readouterr().err
