"""An insight's answer: columns and rows, and the same as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

DIGITS = 12
"""How many digits of a fraction are given; a float has three or four more."""

ONE_IN = "one_in"
"""What JSON and CSV call how many installs stand behind one of a sample."""

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """Rows of plain values: text, numbers, yes or no, null. Dates are ISO 8601 text.

    Args:
        one_in: How many installs stand behind each that was asked: 1, or of a sample more.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    one_in: int = 1

    def records(self) -> list[dict[str, Value]]:
        """Return each row as a mapping from column to value."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def as_json(self) -> str:
        """Return `{"columns": […], "rows": […]}`, and of a sample `"one_in"`."""
        document: dict[str, object] = {"columns": self.columns, "rows": self.rows}
        if self.one_in > 1:
            document[ONE_IN] = self.one_in
        return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def as_csv(self) -> str:
        """Return RFC 4180's CSV with a header line; null is an empty field.

        Of a sample, a last column says of which one: a file goes where no page is beside it.
        """
        last = ((ONE_IN, self.one_in),) if self.one_in > 1 else ()
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow((*self.columns, *(name for name, _ in last)))
        for row in self.rows:
            writer.writerow([_field(value) for value in (*row, *(value for _, value in last))])
        return text.getvalue()


def plain(value: object) -> Value:
    """Return a warehouse's value as JSON can hold it; a number that is none is null.

    A sum's last digits depend on the order in which threads happened to add it up, so they are
    rounded away: the same question gives the same answer.
    """
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, Decimal):
        return plain(float(value))
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"an insight gave a {type(value).__name__}, which no format here can hold")


def _field(value: Value) -> str:
    """Return a value as it stands in JSON, without the quotes."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value)
