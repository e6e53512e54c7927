"""The public list of model names, and what becomes of a name that is not on it.

`models.txt` is made by `tools/models.py` from litellm's published price list: one name a line,
names only. It is read the first time a model is named, never before.
"""

from __future__ import annotations

import json
import os

_FILE = os.path.join(os.path.dirname(__file__), "models.txt")
_known: dict[str, str] = {}
_providers: dict[str, str] = {}
_recent: dict[str, str] = {}

_RECENT_MAX = 256
REDACTED = "REDACTED"


def public_name(name: str) -> str | None:
    """Return `name` where it is public, else `provider/REDACTED` or None.

    The rule is aider's: a name on the list passes as it is; `provider/name` passes where the list
    has `name`; of anything else only a known provider remains.
    """
    if not _known:
        _load()
    if name in _known:
        return _known[name]
    provider, slash, rest = name.partition("/")
    if slash and provider in _providers:
        return f"{_providers[provider]}/{_known.get(rest, REDACTED)}"
    return None


def encoded(name: str) -> str:
    """Return `public_name(name)` as JSON text, remembering the last few hundred."""
    try:
        return _recent[name]
    except KeyError:
        if len(_recent) >= _RECENT_MAX:
            _recent.clear()
        _recent[name] = text = json.dumps(public_name(name))
        return text


def _load() -> None:
    # Through the loader, so that a host packed into one file finds it too.
    text: bytes = __loader__.get_data(_FILE)  # type: ignore[name-defined]
    for word in text.decode("ascii").splitlines():
        if word.startswith("provider "):
            provider = word[len("provider ") :]
            _providers[provider] = provider
        elif not word.startswith("#"):
            _known[word] = word
