from __future__ import annotations

import json
from pathlib import Path

import pytest

from aboveboard.client.delivery import receipts

TOLD = {"receipt": "8c1f" * 8, "taken": 1_796_004_000, "gone_by": 1_796_090_400, "decided": True}


def kept(path: Path) -> list[dict[str, object]]:
    return [each.as_json() for each in receipts.read(str(path))]


def test_what_a_collector_said_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "receipts.json"
    for told in (TOLD, TOLD | {"gone": 1_796_007_600}, TOLD | {"receipt": "ab" * 16}):
        receipts.keep(str(path), json.dumps(told).encode())
    assert kept(path) == [TOLD, TOLD | {"receipt": "ab" * 16}]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"[]",
        b"[" * 100_000,
        b'{"status": 1}',
        b'{"receipt": 7}',
        b'{"receipt": "\\u001b[31mred"}',
        json.dumps(TOLD | {"receipt": "ab" * 1000}).encode(),
    ],
)
def test_what_is_no_receipt_is_not_kept(tmp_path: Path, answer: bytes) -> None:
    receipts.keep(str(tmp_path / "receipts.json"), answer)
    assert list(tmp_path.iterdir()) == []


def test_of_its_times_only_moments_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "receipts.json"
    told = TOLD | {"taken": "\x1b[2J", "gone_by": 10**400, "decided": "no"}
    receipts.keep(str(path), json.dumps(told).encode())
    assert kept(path) == [TOLD | {"taken": None, "gone_by": None}]


def test_only_the_last_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "receipts.json"
    for number in range(30):
        receipts.keep(str(path), json.dumps(TOLD | {"receipt": f"{number:08x}"}).encode())
    assert [each["receipt"] for each in kept(path)] == [f"{n:08x}" for n in range(10, 30)]


@pytest.mark.parametrize("content", [b"", b"\xff", b"{", b"7", b'[7, null, {"receipt": "x"}]'])
def test_a_damaged_file_says_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "receipts.json"
    path.write_bytes(content)
    assert kept(path) == []
    receipts.keep(str(path), json.dumps(TOLD).encode())
    assert kept(path) == [TOLD]
