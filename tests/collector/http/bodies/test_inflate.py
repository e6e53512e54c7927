from __future__ import annotations

import contextlib
import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.collector.http.bodies.inflate import DamagedError, TooLargeError, inflate


def test_gzip_is_told_by_its_first_bytes_and_anything_else_is_left_as_it_is() -> None:
    assert inflate(gzip.compress(b"lines", mtime=0)) == b"lines"
    assert inflate(b"lines") == b"lines"
    assert inflate(b"") == b""


@pytest.mark.parametrize("size", [100, 101])
def test_a_body_may_be_as_large_as_the_bound_and_no_larger(size: int) -> None:
    for body in (b"x" * size, gzip.compress(b"x" * size, mtime=0)):
        if size == 100:
            assert inflate(body, most=100) == b"x" * size
        else:
            with pytest.raises(TooLargeError):
                inflate(body, most=100)


def test_a_bomb_is_not_inflated_beyond_the_bound() -> None:
    bomb = gzip.compress(b"\0" * 100_000_000, mtime=0)
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        inflate(bomb, most=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"lines", mtime=0)[:-1],
        gzip.compress(b"lines", mtime=0) + b"more",
        gzip.compress(b"lines", mtime=0) + gzip.compress(b"more", mtime=0),
        b"\x1f\x8bnonsense",
        b"\x1f\x8b",
    ],
)
def test_gzip_that_is_broken_or_cut_off_or_goes_on_is_refused(body: bytes) -> None:
    with pytest.raises(DamagedError):
        inflate(body)


@given(st.sampled_from([b"", b"\x1f\x8b", b"\x1f\x8b\x08\0"]), st.binary())
def test_whatever_comes_it_is_inflated_or_refused(beginning: bytes, rest: bytes) -> None:
    with contextlib.suppress(DamagedError, TooLargeError):
        assert len(inflate(beginning + rest, most=100)) <= 100
