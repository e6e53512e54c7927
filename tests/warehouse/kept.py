"""Rows that are to be erased, and the files in which they are looked for."""

from __future__ import annotations

import struct
import uuid
from pathlib import Path

import lz4.block
from backports import zstd

from aboveboard import Event
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import count, version
from aboveboard.warehouse import Warehouse

NOON = 1_760_000_400


class Sent(Event):
    """Something was sent."""

    tokens: int | None = count("How many")
    release: str | None = version("Of what")


class Kept(Event):
    """Something was kept."""


CATALOG = Catalog.of("tool", [Sent, Kept])


def insert(
    warehouse: Warehouse, user_id: str, session: str, release: str = "1.2.3", moment: int = NOON
) -> None:
    ids: dict[str, list[object]] = {"user_id": [user_id], "session": [session], "time": [moment]}
    for seq, table in enumerate(("sessions", "sent", "kept")):
        columns: dict[str, list[object]] = {**ids, "seq": [seq]}
        if table == "sent":
            columns |= {"release": [release], "tokens": [seq]}
        if table == "sessions":
            columns |= {"source": ["import"]}
        warehouse.insert("tool", table, columns, str(uuid.uuid4()))


def inflated(path: Path) -> bytes:
    """Return what a file of ClickHouse's holds, its compressed blocks inflated, with its bytes.

    A block is a checksum of 16 bytes, the method, its size with these 9 bytes, its size inflated.
    """
    content = path.read_bytes()
    found, place = [content], 16
    while place + 9 <= len(content):
        method, packed, size = struct.unpack_from("<BII", content, place)
        block = content[place + 9 : place + packed]
        if method == 0x90:
            found.append(zstd.decompress(block))
        elif method == 0x82:
            found.append(lz4.block.decompress(block, uncompressed_size=size))
        elif method != 0x02:
            break
        place += packed + 16
    return b"".join(found)


def files_with(directory: Path, *words: bytes) -> list[str]:
    return [
        str(path.relative_to(directory))
        for path in sorted(directory.rglob("*"))
        if path.is_file() and any(word in inflated(path) for word in words)
    ]
