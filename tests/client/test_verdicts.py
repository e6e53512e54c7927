"""What a collector says of lines is somebody else's text: kept short, few and plain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aboveboard.client.delivery import verdicts
from aboveboard.client.install import Install
from aboveboard.commands.machine import status
from tests.client.places import NOBODY

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
ANSWERS = st.one_of(
    st.binary(),
    JSON.map(lambda told: json.dumps(told).encode()),
    st.fixed_dictionaries(
        {"rejected": st.lists(st.fixed_dictionaries({"reason": JSON}) | JSON), "refused": JSON}
    ).map(lambda told: json.dumps(told).encode()),
)


def answer(*reasons: str, **more: object) -> bytes:
    rejected = [{"line": 1, "reason": reason} for reason in reasons]
    return json.dumps({"rejected": rejected, **more}).encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ANSWERS, max_size=5))
def test_whatever_is_answered_is_bounded_and_safe_on_a_terminal(
    tmp_path: Path, answers: list[bytes]
) -> None:
    path = str(tmp_path / "refused.json")
    for each in answers:
        verdicts.count(path, each)
    for reason, times in verdicts.read(path).items():
        assert reason.isprintable()
        assert reason.isascii()
        assert len(reason) <= verdicts.REASON_MAX
        assert times > 0


def test_many_reasons_are_a_few_and_the_others(tmp_path: Path) -> None:
    path = str(tmp_path / "refused.json")
    for number in range(1000):
        verdicts.count(path, answer(f"reason {number}"))
    kept = verdicts.read(path)
    assert len(kept) == verdicts.REASONS_MAX + 1
    assert sum(kept.values()) == 1000


def test_a_segment_that_was_known_is_not_counted_again(tmp_path: Path) -> None:
    path = str(tmp_path / "refused.json")
    verdicts.count(path, answer("torn", duplicate=True))
    assert verdicts.read(path) == {}


@pytest.mark.parametrize("kept", [b"", b"{", b"[1]", b'{"torn": "many"}', b"\xff"])
def test_a_file_that_is_damaged_says_nothing_and_is_made_anew(tmp_path: Path, kept: bytes) -> None:
    path = tmp_path / "refused.json"
    path.write_bytes(kept)
    assert verdicts.read(str(path)) == {}
    verdicts.count(str(path), answer("torn"))
    assert verdicts.read(str(path)) == {"torn": 1}


def test_status_says_how_many_lines_were_not_taken_and_why(home: dict[str, str]) -> None:
    install = Install("tool", home)
    target = install.target(NOBODY, "")
    install.remember(target)
    refused = Path(target.refused_file)
    verdicts.count(str(refused), answer("torn", "ahead", "torn"))
    said = "\n".join(status.text(status.describe(install)))
    assert "not taken    3 lines, which the collector refused:" in said
    assert "2: torn" in said
    assert "1: ahead" in said
