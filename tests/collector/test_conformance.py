"""The collector passes the vectors that collectors in other languages are held to."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.line import hour
from aboveboard.collector.allowlist import Accepted, AllowList
from aboveboard.collector.erasing import proof
from aboveboard.collector.protocols import clocks
from aboveboard.collector.protocols.segment import SOURCE, SegmentReader
from aboveboard.warehouse import column, schema
from tests.collector.tool import NOW, Server, add_project
from tests.conformance import reader as pages
from tests.conformance.vectors import body, load, named
from tests.conftest import LONG

SEGMENTS, REPLIES, ERRANDS = load("segments"), load("replies"), load("errands")
CATALOG = Catalog.from_json(SEGMENTS["catalog"])


@pytest.fixture(scope="module")
def reader() -> SegmentReader:
    return SegmentReader(AllowList(CATALOG, clock=lambda: SEGMENTS["now"]))


@pytest.mark.parametrize("case", **named(SEGMENTS["read"]))
def test_a_segment_is_read(case: dict[str, Any], reader: SegmentReader) -> None:
    clock = clocks.of_header(case["sent_at"], SEGMENTS["now"])
    accepted = reader.read(body(case["body"]), SOURCE, clock)
    told = [{"line": line, "reason": reason} for line, reason in accepted.rejected]
    assert told == case["rejected"]
    stored = sorted(case["stored"], key=_place)
    assert sorted(_events(accepted), key=_place) == stored
    assert accepted.events == len(stored)


def _place(event: dict[str, Any]) -> tuple[int, str]:
    return event["seq"], event["event"]


def _events(accepted: Accepted) -> Iterator[dict[str, Any]]:
    """Yield what was taken, as the vectors tell events."""
    for entry in CATALOG.entries.values():
        columns = accepted.tables.get(schema.table(entry.name), {})
        for row in zip(*columns.values(), strict=True):
            told: dict[str, Any] = dict(zip(columns, row, strict=True))
            properties = {}
            for name, declared in entry.properties.items():
                if declared.kind.label == "exception":
                    parts = ("type", "frames", "causes", "fingerprint")
                    whole = {part: told[f"{column(name)}_{part}"] for part in parts}
                    properties[name] = whole if whole["type"] else None
                else:
                    properties[name] = told[column(name)]
            fields = {name: told[name] for name in ("user_id", "session", "seq", "time")}
            yield {"event": entry.name, "properties": properties, **fields}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    data: Path = tmp_path_factory.mktemp("conforming")
    key = add_project(data, "mytool", CATALOG)
    server = Server(data)
    yield server, key
    server.stop()


def _authorization(case: dict[str, Any], key: str) -> dict[str, str]:
    if case["key"] is None:
        return {}
    return {"Authorization": f"Bearer {key if case['key'] == 'known' else 'ab_unknown'}"}


def test_requests_with_segments_are_answered(running: tuple[Server, str]) -> None:
    """In their order: the second is the first once more."""
    server, key = running
    for case in REPLIES["requests"]:
        sent = body(case["body"]).replace(str(REPLIES["now"]).encode(), str(hour(NOW)).encode())
        sent = gzip.compress(sent) if case["gzip"] else sent
        if case["damage"]:
            sent = sent[:-4] if case["damage"] == "cut" else sent + b"more"
        headers = _authorization(case, key)
        if case["idempotency_key"]:
            headers["Idempotency-Key"] = case["idempotency_key"]
        answer = server.request("POST", "/v1/events", sent, headers)
        assert answer.status == case["answer"]["status"], case["name"]
        if answer.status == 200:
            assert answer.json() == case["answer"]["json"], case["name"]
        else:
            assert list(answer.json()) == ["error"], case["name"]


@pytest.mark.parametrize("case", **named(ERRANDS["requests"]))
def test_requests_to_erase_are_answered(case: dict[str, Any], running: tuple[Server, str]) -> None:
    server, key = running
    answer = server.request("POST", "/v1/erase", case["body"].encode(), _authorization(case, key))
    # What was asked for in a test before, and is gone by now, is answered with 200.
    wanted = (
        (case["answer"]["status"], 200)
        if case["answer"]["status"] == 202
        else (case["answer"]["status"],)
    )
    assert answer.status in wanted
    told = answer.json()
    if "decided" not in case["answer"]:
        assert list(told) == ["error"]
        return
    assert set(told) == {"receipt", "taken", "gone", "gone_by", "decided"}
    assert told["decided"] is case["answer"]["decided"]
    assert (told["gone_by"] is None) is not told["decided"]


@pytest.mark.parametrize("case", ERRANDS["secrets"])
def test_an_id_is_made_of_its_secret(case: dict[str, str]) -> None:
    assert proof.id_of(bytes.fromhex(case["secret"])) == case["user_id"]


SPOILT = 200_000 if LONG else 2_000
PIECES = (b"\n", b" ", b",", b"0", b"-", b"e5", b'"', b"\\u0000", b"null", b"true", b"{}", b"\xc3")


def test_the_collector_and_a_reader_of_the_pages_agree_on_spoilt_segments(
    reader: SegmentReader,
) -> None:
    """What they do not say alike, the pages do not say. Others in every run."""
    whole = [body(case["body"]) for case in SEGMENTS["read"]]
    short = [each for each in whole if 0 < len(each) < 4_000]
    for _ in range(SPOILT):
        sent = bytearray(random.choice(short))
        for _ in range(random.randint(1, 3)):
            place = random.randrange(len(sent) + 1)
            gone = random.choice((0, 0, 1, 1, 5))
            sent[place : place + gone] = random.choice(PIECES) if random.random() < 0.6 else b""
        accepted = reader.read(bytes(sent))
        stored, rejected = pages.read(bytes(sent), SEGMENTS["catalog"], SEGMENTS["now"], None)
        told = [(each["line"], each["reason"]) for each in rejected]
        assert (accepted.events, accepted.rejected) == (len(stored), told), bytes(sent)
        kept = sorted(_events(accepted), key=_canonical)
        assert kept == sorted(stored, key=_canonical), bytes(sent)


def _canonical(event: dict[str, Any]) -> str:
    return json.dumps(event, sort_keys=True).replace(".0", "")  # 5.0 is 5
