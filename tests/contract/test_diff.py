"""What a release would newly collect, and what it would ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.client.decision import consent
from aboveboard.commands import main
from aboveboard.contract.announcement import summary
from aboveboard.contract.difference import ASKED, LESS, MORE, WORDS, Change, compare
from tests.catalog.kinds import KINDS


def catalog(*properties: dict[str, Any], **event: Any) -> Catalog:
    ran = {"name": "ran", "doc": "It ran.", "properties": list(properties), **event}
    return Catalog.from_json({"format": 1, "app": "tool", "events": [ran]})


def declared(kind: str = "flag", **more: Any) -> dict[str, Any]:
    return {"name": "how", "kind": kind, "doc": "How", **more}


COUNT, STEPS = declared("count"), declared("count", steps=[0, 1, 10])


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (declared(), declared(), []),
        (declared(), declared("version"), [(ASKED, "is a version number, and was yes or no")]),
        (
            STEPS,
            COUNT,
            [(ASKED, "is a whole number, and was a whole number, rounded down to one of 0, 1")],
        ),
        (
            COUNT,
            STEPS,
            [(LESS, "is a whole number, rounded down to one of 0, 1, 10, … 10, and was a")],
        ),
        (
            declared("choice", choices=["a", "b"]),
            declared("choice", choices=["b", "c", "d"]),
            [(MORE, 'may be 2 more values: "c", "d"'), (LESS, 'may not be any more: "a"')],
        ),
        (
            declared("command", commands=["a"]),
            declared("command", commands=["a", "b"]),
            [(MORE, 'may be 1 more command: "b"')],
        ),
        (
            declared("exception", packages=["a"], types=[]),
            declared("exception", packages=["a", "b"], types=["a.E"]),
            [
                (ASKED, 'tells what fails in more packages: "b"'),
                (MORE, 'may be 1 more type of exception: "a.E"'),
            ],
        ),
        (COUNT, declared("count", most=2 * 10**9), [(MORE, "may be up to 2,000,000,000, and was")]),
        (declared(), declared(expires="2027-01-01"), [(LESS, "is collected until 2027-01-01")]),
        (
            declared(expires="2027-01-01"),
            declared(),
            [(ASKED, "is collected without an end, and was until 2027-01-01")],
        ),
        (
            declared(),
            declared(doc="Other", owner="ana"),
            [(WORDS, 'says "Other", and said "How"'), (WORDS, "has owner ana, and had (none)")],
        ),
    ],
)  # fmt: skip
def test_each_change_is_told_in_plain_words(before: Any, after: Any, changes: Any) -> None:
    found = compare(catalog(before), catalog(after))
    assert [change.sort for change in found] == [sort for sort, _ in changes]
    for change, (_, said) in zip(found, changes, strict=True):
        assert change.place == "ran.how"
        assert change.said.startswith(said)


def test_events_and_properties_come_and_go() -> None:
    alone = Catalog.from_json({"format": 1, "app": "tool", "events": []})
    new = compare(alone, catalog(declared()))
    assert new == [
        Change(ASKED, "ran", "is a new event: It ran."),
        Change(ASKED, "ran.how", "is a new property: How (yes or no)"),
    ]
    assert compare(catalog(declared()), alone) == [Change(LESS, "ran", "is not collected any more")]
    assert compare(catalog(declared()), catalog()) == [
        Change(LESS, "ran.how", "is not collected any more")
    ]


def test_an_event_without_properties_that_goes_on_for_longer_asks_nobody() -> None:
    longer = compare(catalog(expires="2027-01-01"), catalog(expires="2028-01-01"))
    assert [change.sort for change in longer] == [MORE]
    shorter = compare(catalog(), catalog(expires="2028-01-01"))
    assert [change.sort for change in shorter] == [LESS]


@pytest.mark.parametrize("before", KINDS, ids=lambda kind: kind.label)
@pytest.mark.parametrize("after", KINDS, ids=lambda kind: kind.label)
def test_it_says_asked_where_the_client_asks_and_nowhere_else(before: Any, after: Any) -> None:
    was = catalog({"name": "how", "doc": "How", **before.as_json()})
    now = catalog({"name": "how", "doc": "How", **after.as_json()})
    asked = any(change.sort == ASKED for change in compare(was, now))
    assert asked is bool(consent.growth(was.terms(), now.terms()))


@pytest.mark.parametrize(
    ("sorts", "said"),
    [
        ([], "The same would be collected: nobody is asked."),
        ([WORDS], "The same would be collected, said in other words: nobody is asked."),
        ([LESS, WORDS], "Nothing would be newly collected, and less is: nobody is asked."),
        ([MORE, LESS], "One thing would be newly collected; nobody is asked"),
        (
            [ASKED, ASKED, MORE],
            "2 things would be newly collected, from those who agree again, and",
        ),
    ],
)
def test_one_sentence_says_what_it_comes_to(sorts: list[str], said: str) -> None:
    assert summary([Change(sort, "x", "y") for sort in sorts]).startswith(said)


class TestTheCommand:
    def run(self, folder: Path, before: Any, after: Any, *words: str) -> int:
        files = []
        for name, one in (("before", before), ("after", after)):
            path = folder / f"{name}.json"
            path.write_text(json.dumps(catalog(one).as_json()))
            files.append(str(path))
        return main(["catalog", "diff", *files, *words])

    def test_fails_on_growth_only(self, tmp_path: Path) -> None:
        short, long = (declared("choice", choices=words) for words in (["a"], ["a", "b"]))
        assert self.run(tmp_path, short, long) == 1
        assert self.run(tmp_path, short, long, "--fail-on", "question") == 0
        assert self.run(tmp_path, long, short) == 0
        assert self.run(tmp_path, declared(), declared(doc="Other")) == 0
        assert self.run(tmp_path, declared(), declared("version")) == 1
        assert self.run(tmp_path, declared(), declared("version"), "--fail-on", "never") == 0

    def test_writes_a_pull_requests_comment(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.run(tmp_path, declared(), declared("version", doc="A <b>*"), "--format", "markdown")
        assert capsys.readouterr().out.splitlines() == [
            "## What tool would collect",
            "",
            summary([Change(ASKED, "", "")]),
            "",
            "### Newly collected, from those who agree again",
            "",
            "- `ran.how` is a version number, and was yes or no",
            "",
            "### Said in other words",
            "",
            '- `ran.how` says "A \\<b\\>\\*", and said "How"',
        ]

    def test_writes_json(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.run(tmp_path, declared(), declared("version"), "--format", "json")
        told = json.loads(capsys.readouterr().out)
        assert (told["app"], told["asks"], told["grows"]) == ("tool", True, True)
        assert told["changes"][0]["place"] == "ran.how"

    def test_names_what_is_no_catalog(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["catalog", "diff", "nowhere.json", "nowhere.json"]) == 2
        assert capsys.readouterr().err.startswith("aboveboard catalog diff: nowhere.json cannot")
