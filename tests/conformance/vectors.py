"""The vectors that stand in the package, read as any language would read them."""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from typing import Any

FILES = ("consent", "kinds", "exceptions", "segments", "replies", "errands")


def load(name: str) -> dict[str, Any]:
    """Return one file of vectors."""
    text = files("aboveboard").joinpath("conformance", f"{name}.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def named(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what `pytest.mark.parametrize` takes to have each case under its name."""
    return {"argvalues": cases, "ids": [case.get("name", str(n)) for n, case in enumerate(cases)]}


def body(parts: list[Any]) -> bytes:
    """Return a body: its parts are texts, texts so many times, or bytes in Base64."""
    return b"".join(map(_part, parts))


def _part(part: Any) -> bytes:
    if isinstance(part, str):
        return part.encode()
    if "base64" in part:
        return base64.b64decode(part["base64"])
    return str(part["repeat"]).encode() * int(part["times"])
