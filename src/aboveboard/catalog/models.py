"""The public list of model names, and what becomes of a name that is not on it.

`models.txt` is made by `tools/models.py` from litellm's published price list: one name a line,
names only. It is read the first time a model is named, never before. Where it cannot be read (a
host packed without it), no name is known to be public, and all are None.
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


def public_names() -> list[str]:
    """Return every name that may pass, but for a known name behind another provider's.

    Those on the list come first, then `provider/REDACTED` for each provider.
    """
    if not _known:
        _load()
    return [*_known, *(f"{provider}/{REDACTED}" for provider in _providers)]


def encoded(name: str) -> str:
    """Return `public_name(name)` as JSON text, remembering the last few hundred."""
    try:
        return _recent[name]
    except KeyError:
        text = json.dumps(public_name(name))
        if not _known:
            return text  # not for good: the next may be able to read the list
        if len(_recent) >= _RECENT_MAX:
            _recent.clear()
        _recent[name] = text
        return text


def _load() -> None:
    # Through the loader, so that a host packed into one file finds it too.
    try:
        text: bytes = __loader__.get_data(_FILE)  # type: ignore[name-defined]
        words = text.decode("ascii").splitlines()
    except Exception:
        return
    marker = "provider "
    providers = [word[len(marker) :] for word in words if word.startswith(marker)]
    _providers.update({provider: provider for provider in providers})
    names = [word for word in words if not word.startswith((marker, "#"))]
    _known.update({name: name for name in names})  # at once, and last: other threads look at it
