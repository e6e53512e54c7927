"""All numbers as one Parquet file: the same as in JSON and CSV, a row each.

The same numbers make the same bytes. Nothing else imports pyarrow, which comes with the warehouse.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import parquet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WORD = pa.dictionary(pa.int32(), pa.string())

COLUMNS = {
    "project": _WORD,
    "period": _WORD,
    "since": _WORD,
    "until": _WORD,
    "table": _WORD,
    "key": _WORD,
    "installs": pa.int64(),
    "installs_noise_95": pa.float64(),
    "share": pa.float64(),
    "share_noise_95": pa.float64(),
    "share_sampling_low": pa.float64(),
    "share_sampling_high": pa.float64(),
    "kind": _WORD,
    "told_from_none": pa.bool_(),
}


def file(numbers: Iterable[tuple[object, ...]], facts: Mapping[str, str]) -> bytes:
    """Return a Parquet file.

    Args:
        numbers: Rows, with a value for each of `COLUMNS`; None where there is none.
        facts: What the file's metadata says, such as the licence.
    """
    columns = zip(*numbers, strict=True)
    arrays = [pa.array(each, kind) for each, kind in zip(columns, COLUMNS.values(), strict=True)]
    schema = pa.schema(list(COLUMNS.items()), metadata=dict(facts))
    written = io.BytesIO()
    parquet.write_table(pa.table(arrays, schema=schema), written, compression="zstd")
    return written.getvalue()
