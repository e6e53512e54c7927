"""A host's own settings beside its flags: several voices become one, and any no wins.

Settings are what configuration files say, whatever their format: `analytics`, `analytics-disable`
and `analytics-log`, and `no-analytics` too; spelled with dashes or underscores.
"""

from __future__ import annotations

import os

from .environment import meaning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def combined(flags: object, *settings: Mapping[str, object] | None) -> dict[str, object]:
    """Return what flags and settings say together, as `Analytics.open` takes it.

    A no wins over any yes, wherever either stands. What is set but cannot be read or understood is
    a no for this session: someone wanted something, and that it was a yes is not ours to guess.
    Only a clear word disables for good. Nothing that a file holds raises anything here.

    Args:
        flags: The parsed flags: an object with attributes, or a mapping.
        settings: What each configuration file says. Where no flag names a log, the first file that
            does decides.
    """
    voices = [flags, *settings]
    wanted = [meaning(value) for value in _said(voices, "analytics")]
    # The flag's own spelling, as who knows the flags would write it in a file.
    wanted += [False for value in _said(voices, "no_analytics") if meaning(value) is not False]
    forever = [meaning(value) for value in _said(voices, "analytics_disable")]
    logs = [value for value in _said(voices, "analytics_log") if value is not False]
    paths = [value for value in logs if isinstance(value, (str, os.PathLike))]
    unclear = None in wanted or None in forever or len(paths) < len(logs)
    answer = None if not wanted else False not in wanted
    return {
        "analytics": False if unclear else answer,
        # Who typed the flag is told where it changes nothing; a file that says it is not, each run.
        "analytics_asked": False not in _said([flags], "analytics_asked")
        and True in map(meaning, _said([flags], "analytics")),
        "analytics_disable": True in forever,
        "analytics_log": paths[0] if paths else None,
    }


def _said(voices: Sequence[object], name: str) -> list[object]:
    """Return all that is said under a name, in every voice and spelling, where anything is."""
    spellings = dict.fromkeys((name, name.replace("_", "-")))
    values = [_value(voice, spelling) for voice in voices for spelling in spellings]
    return [value for value in values if not (value is None or value == "")]


def _value(voice: object, name: str) -> object:
    try:
        if not hasattr(type(voice), "keys"):  # the type's: a namespace may have an option `keys`
            return getattr(voice, name, None)
        settings: Mapping[str, object] = voice  # type: ignore[assignment]
        return settings[name] if name in settings.keys() else None  # noqa: SIM118  # a mapping is all that is promised
    except Exception:  # every format has ways of its own to fail
        return _UNREADABLE


_UNREADABLE = object()
"""Stands for what could not be read: somebody said something, and it is not known what."""
