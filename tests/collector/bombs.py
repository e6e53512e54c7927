"""Gzip that costs its reader much and holds next to nothing: codes that are hardly used."""

from __future__ import annotations

import zlib

_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4)
"""In which the lengths of the codes for code lengths are told (RFC 1951, 3.2.7)."""

_AGAIN = 16
"""The code for "the last length again, so many times"."""

_LITERALS = [8] * 226 + [9] * 60
_DISTANCES = [4] * 2 + [5] * 28
"""Lengths of complete codes with as many symbols as there can be."""

_END, _MATCH_OF_258 = 256, 285


def blocks(size: int, *, matches: int = 0, content: bytes = b" ") -> bytes:
    """Return gzip of about `size` bytes: blocks of 30 bytes, and then some content.

    Args:
        size: Bytes.
        matches: How often each block repeats the space before it, 258 times each.
        content: What comes after the blocks.
    """
    block = _block(matches)
    times = (size - len(content) - 40) * 8 // len(block) // 8  # eight of them are whole bytes
    packed = int((block * 8)[::-1], 2).to_bytes(len(block), "little") * times
    inflated = b" " * (1 + 258 * matches * times * 8) + content
    first, last = (zlib.compressobj(9, zlib.DEFLATED, -15) for _ in range(2))
    return b"".join(
        (
            b"\x1f\x8b\x08" + bytes(7),
            first.compress(b" ") + first.flush(zlib.Z_FULL_FLUSH),
            packed,
            last.compress(content) + last.flush(),
            zlib.crc32(inflated).to_bytes(4, "little"),
            len(inflated).to_bytes(4, "little"),
        )
    )


def _block(matches: int) -> str:
    """Return a block's bits: not the last one, and with codes of its own."""
    lengths = {_AGAIN: 1, 8: 3, 9: 3, 5: 3, 4: 3}
    codes = _codes(lengths)
    literals = _codes(dict(enumerate(_LITERALS)))
    distances = _codes(dict(enumerate(_DISTANCES)))
    return "".join(
        (
            _number(0, 1) + _number(2, 2),
            _number(len(_LITERALS) - 257, 5) + _number(len(_DISTANCES) - 1, 5),
            _number(len(_ORDER) - 4, 4) + "".join(_number(lengths.get(n, 0), 3) for n in _ORDER),
            *(_repeated(codes, 8, 226), _repeated(codes, 9, 60)),
            *(_repeated(codes, 4, 2), _repeated(codes, 5, 28)),
            (literals[_MATCH_OF_258] + distances[0]) * matches,
            literals[_END],
        )
    )


def _repeated(codes: dict[int, str], length: int, times: int) -> str:
    """Return the bits that tell a code length so many times, most of them by `_AGAIN`."""
    told, left = codes[length], times - 1
    while left >= 3:
        told += codes[_AGAIN] + _number(min(left, 6) - 3, 2)
        left -= min(left, 6)
    return told + codes[length] * left


def _number(value: int, width: int) -> str:
    return f"{value:0{width}b}"[::-1]


def _codes(lengths: dict[int, int]) -> dict[int, str]:
    """Return each symbol's bits, as RFC 1951, 3.2.2 counts them up."""
    code, before, found = 0, 0, {}
    for length, symbol in sorted((length, symbol) for symbol, length in lengths.items()):
        code <<= length - before
        found[symbol] = f"{code:0{length}b}"
        code, before = code + 1, length
    return found
