"""The standard is sufficient: who reads the pages alone passes the vectors. And they leave out
nothing that the pages have."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import reader
from tests.conformance.vectors import FILES, body, load, named
from tests.conftest import ROOT

SEGMENTS, KINDS, EXCEPTIONS = load("segments"), load("kinds"), load("exceptions")
PROTOCOL = (ROOT / "docs/protocol.md").read_text("utf-8")
PAGE = (ROOT / "docs/conformance.md").read_text("utf-8")


class TestWhoReadsThePagesAlone:
    def test_imports_nothing_of_ours(self) -> None:
        tree = ast.parse(Path(reader.__file__).read_text("utf-8"))
        named_ = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not [each for each in named_ if "aboveboard" in ast.unparse(each)]

    @pytest.mark.parametrize("case", **named(SEGMENTS["read"]))
    def test_reads_segments(self, case: dict[str, Any]) -> None:
        told = reader.read(
            body(case["body"]), SEGMENTS["catalog"], SEGMENTS["now"], case["sent_at"]
        )
        assert told == (case["stored"], case["rejected"])

    @pytest.mark.parametrize("case", **named(KINDS["cases"] + EXCEPTIONS["claimed"]))
    def test_knows_the_kinds(self, case: dict[str, Any]) -> None:
        kept = reader.value(case["kind"], case["value"])
        assert kept == (reader.REFUSED if case.get("refused") else case["told"])

    @pytest.mark.parametrize("case", **named(SEGMENTS["written"]))
    def test_takes_every_line_that_a_client_writes_for_sending(self, case: dict[str, Any]) -> None:
        text = "".join(case["lines"]).encode()
        stored, rejected = reader.read(text, SEGMENTS["catalog"], SEGMENTS["now"], None)
        sent = case["user_id"] is not None
        assert (len(stored), len(rejected)) == ((len(case["lines"]), 0) if sent else (0, 1))


class TestWhatTheVectorsCover:
    @pytest.mark.parametrize("name", FILES)
    def test_each_file_says_its_version_and_stands_on_the_page(self, name: str) -> None:
        version = load(name)["conformance"]
        assert f"Version **{version}**" in PAGE
        assert f"| `{name}.json` |" in PAGE
        for part in load(name):
            assert f"`{part}`" in PAGE, f"docs/conformance.md does not say what `{part}` is"

    def test_no_file_is_left_out(self) -> None:
        there = {path.stem for path in (ROOT / "src/aboveboard/conformance").iterdir()}
        assert there == set(FILES)

    def test_every_row_of_the_consent_table(self) -> None:
        table = re.findall(r"^\| (\d+) \|", (ROOT / "docs/consent.md").read_text(), re.MULTILINE)
        told = {case["decision"]["row"] for case in load("consent")["cases"]}
        assert {str(row) for row in told} == set(table)
        assert len(table) == 10

    def test_every_kind_both_what_it_takes_and_what_it_refuses(self) -> None:
        labels = set(re.findall(r'\{"kind": "(\w+)"', (ROOT / "docs/catalog.md").read_text()))
        for cases in (
            [case for case in KINDS["cases"] if case.get("refused")],
            [case for case in KINDS["cases"] + EXCEPTIONS["claimed"] if case.get("told")],
        ):
            assert {case["kind"]["kind"] for case in cases} == labels

    def test_every_verdict_on_a_line(self) -> None:
        table = PROTOCOL.partition("| reason | |\n")[2].partition("\n\n")[0]
        rows = [row.split(" | ")[0] for row in table.splitlines()[1:]]
        reasons = {reason for row in rows for reason in re.findall(r"`([^`]+)`", row)}
        told = {each["reason"] for case in SEGMENTS["read"] for each in case["rejected"]}
        assert told == reasons
        assert len(reasons) == 11

    def test_every_status_that_the_pages_name(self) -> None:
        answers = PROTOCOL.partition("| status | when |")[2].partition("\n\n")[0]
        statuses = {int(each) for each in re.findall(r"^\| (\d{3}) \|", answers, re.MULTILINE)}
        told = {case["status"] for case in load("replies")["replies"]}
        assert told >= statuses | {200}
        assert len(statuses) >= 7
        erasing = PROTOCOL.partition("| answer | the client |")[2].partition("\n\n")[0]
        statuses = {int(each) for each in re.findall(r"\b(\d{3})\b", erasing)}
        assert {case["status"] for case in load("errands")["answers"]} >= statuses
        assert len(statuses) == 8
