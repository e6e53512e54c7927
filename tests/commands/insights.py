"""An insight of an operator's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SQL = """-- In which formats are edits asked for, day by day?
SELECT toString(toDate(time)) AS day, ifNull(edit_format, 'none') AS format, count() AS messages
FROM message_send
GROUP BY ALL
ORDER BY ALL
"""

SHOWN: dict[str, Any] = {
    "title": "Edit formats",
    "needs": ["message_send.edit_format"],
    "columns": {
        "day": {"label": "Day", "kind": "day"},
        "format": {"label": "Format", "kind": "code"},
        "messages": {"label": "Messages", "kind": "count"},
    },
    "chart": {"kind": "line", "x": "day", "y": "messages", "by": "format"},
}


def put(directory: Path, name: str = "edit_formats", sql: str = SQL, **changes: Any) -> None:
    """Put an insight into a directory, with changes to its JSON; a field of None is left out."""
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.sql").write_text(sql)
    shown = {key: value for key, value in {**SHOWN, **changes}.items() if value is not None}
    (directory / f"{name}.json").write_text(json.dumps(shown))
