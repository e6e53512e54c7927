"""A host's own settings beside its flags: several voices become one, and any no wins.

Settings are what configuration files say, whatever their format: `analytics`, `analytics-disable`
and `analytics-log`, and `no-analytics` too; spelled with dashes or underscores. A file that comes
with a project is the word of whoever wrote the project, and can only say no.
"""

from __future__ import annotations

import os

from .environment import meaning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Project = Mapping[str, object] | Iterable[Mapping[str, object] | None] | None


def combined(
    flags: object,
    *settings: Mapping[str, object] | None,
    project_settings: Project = None,
) -> dict[str, object]:
    """Return what flags and settings say together, as `Analytics.open` takes it.

    A no wins over any yes, wherever either stands. What is set but cannot be read or understood is
    a no for this session: someone wanted something, and that it was a yes is not ours to guess.
    Only a clear word disables for good. Nothing that a file holds raises anything here.

    Args:
        flags: The parsed flags: an object with attributes, or a mapping.
        settings: What each configuration file of the person's own says. Where no flag names a log,
            the first file that does decides.
        project_settings: What a file says that comes with a project, or several do, each for
            itself. A no there is one for this session; a yes is nobody's, and a log is not written
            where a project wants it: where nobody else named one, the session is off.
    """
    theirs = _each(project_settings)
    voices = [flags, *settings]
    wanted = [meaning(value) for value in _said(voices, "analytics")]
    # The flag's own spelling, as who knows the flags would write it in a file.
    wanted += [False for value in _said(voices, "no_analytics") if meaning(value) is not False]
    forever = [meaning(value) for value in _said(voices, "analytics_disable")]
    logs = [value for value in _said(voices, "analytics_log") if value is not False]
    paths = [value for value in logs if isinstance(value, (str, os.PathLike))]
    unclear = None in wanted or None in forever or len(paths) < len(logs)
    unclear = unclear or _is_against(theirs, has_log=bool(paths))
    answer = None if not wanted else False not in wanted
    return {
        "analytics": False if unclear else answer,
        # Who typed the flag is told where it changes nothing; a file that says it is not, each run.
        "analytics_asked": False not in _said([flags], "analytics_asked")
        and True in map(meaning, _said([flags], "analytics")),
        "analytics_disable": True in forever,
        "analytics_log": paths[0] if paths else None,
    }


def _is_against(theirs: Sequence[object], *, has_log: bool) -> bool:
    """Return whether a project says anything but yes, or wants what it cannot have."""
    wanted = map(meaning, _said(theirs, "analytics"))
    against = map(meaning, _said(theirs, "no_analytics") + _said(theirs, "analytics_disable"))
    logs = [value for value in _said(theirs, "analytics_log") if value is not False]
    return (
        any(word is not True for word in wanted)
        or any(word is not False for word in against)
        or (bool(logs) and not has_log)
    )


def _each(project_settings: Project) -> list[object]:
    """Return several files' settings one by one, or those of the only one."""
    if project_settings is None or hasattr(type(project_settings), "keys"):
        return [project_settings]
    try:
        return list(project_settings)
    except Exception:
        return [{"analytics": False}]  # what cannot be read may have said no


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
