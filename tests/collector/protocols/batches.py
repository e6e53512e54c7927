"""Batches as PostHog's clients send them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from aboveboard.collector.allowlist import AllowList
from aboveboard.collector.protocols.legacy import Translator
from tests.collector.tool import CATALOG, NOW, new_id

ALLOWLIST = AllowList(CATALOG, clock=lambda: NOW)
TRANSLATOR = Translator(ALLOWLIST)
ME = new_id()

CRASH: dict[str, object] = {
    "event": "$exception",
    "distinct_id": "0f077bf4-6f5b-4bac-96c4-436e03364eb8",
    "uuid": new_id(),
    "properties": {
        "$process_person_profile": False,
        "$exception_list": [
            {"type": "OSError", "module": None, "value": "the cause"},
            {
                "type": "KeyError",
                "module": None,
                "value": "'/home/me/secret'",
                "stacktrace": {
                    "frames": [
                        {"module": "__main__", "function": "<module>", "lineno": 8},
                        {
                            "module": "tool.main",
                            "function": "main",
                            "lineno": 84,
                            "abs_path": "/home/me/tool/main.py",
                            "context_line": "    secret()",
                        },
                        {"module": None, "function": "<unknown>", "lineno": None},
                        "no frame",
                    ]
                },
            },
        ],
        "tool_version": "1.2.3",
    },
}


def event(name: str, **keys: object) -> dict[str, object]:
    return {
        "event": name,
        "distinct_id": ME,
        "uuid": new_id(),
        "timestamp": datetime.fromtimestamp(NOW - 60, UTC).isoformat(),
        "properties": {"$lib": "posthog-python", "tool_version": "1.2.3"},
        **keys,
    }


def body(*events: object, **keys: object) -> bytes:
    return json.dumps({"batch": events, "api_key": "the key", **keys}).encode()
