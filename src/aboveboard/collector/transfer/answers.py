"""Answers: the rows of a question on their way from a server to a command.

MessagePack holds text, numbers and lists; days, hours, decimals and UUIDs go as text that says what
it is, so that whoever reads them has what the warehouse gave.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from aboveboard.warehouse import Result

_READ: dict[int, Any] = {1: datetime.fromisoformat, 2: date.fromisoformat, 3: Decimal, 4: UUID}


def packed(result: Result) -> bytes:
    """Return an answer as bytes."""
    rows = [[_packed(value) for value in row] for row in result.rows]
    return msgspec.msgpack.encode({"columns": result.columns, "rows": rows})


def unpacked(body: bytes) -> Result:
    """Return the answer that `packed` made bytes of."""
    told = msgspec.msgpack.decode(body, ext_hook=_unpacked)
    return Result(told["columns"], [tuple(row) for row in told["rows"]])


def _packed(value: object) -> object:
    if isinstance(value, datetime):
        return msgspec.msgpack.Ext(1, value.isoformat().encode())
    if isinstance(value, date):
        return msgspec.msgpack.Ext(2, value.isoformat().encode())
    if isinstance(value, Decimal):
        return msgspec.msgpack.Ext(3, str(value).encode())
    if isinstance(value, UUID):
        return msgspec.msgpack.Ext(4, str(value).encode())
    if isinstance(value, (list, tuple)):
        return [_packed(each) for each in value]
    if isinstance(value, dict):
        return {str(_packed(key)): _packed(each) for key, each in value.items()}
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        # MessagePack has 64 bits; what is longer has as many digits as it needs.
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            return msgspec.msgpack.Ext(3, str(value).encode())
        return value
    return str(value)


def _unpacked(code: int, data: memoryview) -> object:
    return _READ[code](bytes(data).decode())
