from __future__ import annotations

import gzip
import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.collector.http.bodies import writekey
from aboveboard.collector.http.bodies.inflate import (
    INFLATED_MAX,
    PIECE,
    DamagedError,
    TooLargeError,
    pieces,
)
from aboveboard.collector.http.bodies.writekey import (
    LOOKED_AT_MAX,
    SEEN_MAX,
    WRONG_MAX,
    NoKeyError,
    TooLargeToLookError,
    TooSlowToLookError,
    UnknownKeyError,
)
from tests.collector.bombs import blocks

KEY = "ab_" + "k3y-" * 8


def find(body: bytes) -> str:
    return writekey.find(body, lambda key: key == KEY)


@given(
    st.binary(max_size=50).map(lambda start: b"{" + start),
    st.integers(0, 400),
    st.sampled_from(["api_key", "token"]),
    st.sampled_from(["", " ", "\n\t"]),
    st.booleans(),
)
def test_a_key_is_found_wherever_it_stands_also_across_two_pieces(
    start: bytes, near: int, name: str, space: str, packed: bool
) -> None:
    before = start + b"x" * max(0, PIECE - near - len(start))
    body = before + f'"{name}"{space}:{space}"{KEY}"'.encode() + b"y" * 300
    assert find(gzip.compress(body, 1) if packed else body) == KEY


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"api_key",
        b'{"api_key": 1}',
        b'{"api_key": ""}',
        b'{"api_key": "%s"}' % (b"x" * 201),
        json.dumps({"text": json.dumps({"api_key": KEY})}).encode(),  # a key's name in a text
    ],
)
def test_what_is_no_key_is_none(body: bytes) -> None:
    with pytest.raises(NoKeyError):
        find(body)


def test_unknown_keys_are_passed_over_but_not_for_ever() -> None:
    def find(body: bytes) -> str:
        return writekey.find(body, lambda key: key == KEY, clock=lambda: 0.0)

    wrong = [b'"token":"%d",' % number for number in range(WRONG_MAX + 1)]
    right = b'"token":"%s"' % KEY.encode()
    assert find(b"".join([*wrong[:-1], right])) == KEY
    assert find(b"".join([wrong[0] * (SEEN_MAX // 2), right])) == KEY
    for many in (b"".join(wrong), wrong[0] * SEEN_MAX):
        with pytest.raises(UnknownKeyError):
            find(many + right)


def test_a_body_is_looked_at_within_its_bounds() -> None:
    with pytest.raises(TooLargeError):
        find(b"x" * (INFLATED_MAX + 1))
    with pytest.raises(TooLargeError):
        find(gzip.compress(b"x" * (INFLATED_MAX + 1)))
    with pytest.raises(TooLargeToLookError):
        find(gzip.compress(random.Random(1).randbytes(LOOKED_AT_MAX), 0))


def test_a_body_that_takes_long_to_look_through_is_given_up() -> None:
    seconds = itertools.count()
    body = blocks(LOOKED_AT_MAX - 1, content=b'"token":"%s"' % KEY.encode())
    with pytest.raises(TooSlowToLookError):
        writekey.find(body, lambda key: key == KEY, clock=lambda: next(seconds) * 0.001)
    assert next(seconds) < 50  # pieces that were looked at


def test_gzip_that_is_made_to_cost_much_is_given_up() -> None:
    with pytest.raises(TooSlowToLookError):
        find(blocks(LOOKED_AT_MAX - 1))


@given(st.binary(max_size=3000), st.integers(0, 3), st.booleans())
def test_pieces_are_the_body_and_damage_is_told(body: bytes, cut: int, more: bool) -> None:
    packed = gzip.compress(body)
    assert b"".join(pieces(packed)) == body
    broken = packed[: len(packed) - cut] + b"x" * more
    if broken != packed:
        with pytest.raises(DamagedError):
            b"".join(pieces(broken))
