"""Where a host's files are, on each platform, from the environment alone."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def config(app: str, environ: Mapping[str, str]) -> str:
    """Return the directory of an app's settings, where its consent is kept."""
    return _directory(app, environ, "XDG_CONFIG_HOME", ".config", "APPDATA")


def state(app: str, environ: Mapping[str, str]) -> str:
    """Return the directory of what an app leaves behind: the events that wait to be sent."""
    return _directory(app, environ, "XDG_STATE_HOME", ".local/state", "LOCALAPPDATA")


def _directory(
    app: str, environ: Mapping[str, str], variable: str, below_home: str, windows_variable: str
) -> str:
    name = app.replace(" ", "-")
    if sys.platform == "win32":
        return os.path.join(environ.get(windows_variable) or home(environ), name)
    if sys.platform == "darwin":
        return os.path.join(home(environ), "Library", "Application Support", name)
    chosen = environ.get(variable, "")
    # The XDG base directory specification: a relative path is invalid and ignored.
    parent = chosen if os.path.isabs(chosen) else os.path.join(home(environ), below_home)
    return os.path.join(parent, name)


def expand(path: str, environ: Mapping[str, str]) -> str:
    """Return `path` with a leading `~` replaced by the home directory that `environ` names."""
    if path == "~" or path.startswith(("~/", "~\\")):
        return home(environ) + path[1:]
    return os.path.expanduser(path) if path.startswith("~") else path  # somebody else's, by name


def home(environ: Mapping[str, str]) -> str:
    """Return the home directory; without one, a place where nothing can ever be written."""
    named = windows_home(environ) if sys.platform == "win32" else environ.get("HOME")
    found = named or _account_home()
    return found if os.path.isabs(found) else os.path.join(os.devnull, "nowhere")


def _account_home() -> str:
    """Return the home of the account that runs this, by the system's own list, or ""."""
    try:
        import pwd
    except ImportError:  # Windows
        return ""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""


def windows_home(environ: Mapping[str, str]) -> str:
    """Return the home directory that a Windows environment names, or "".

    The order of `Path.home()`, by which aider finds its own files: `HOME`, which git's bash sets to
    a place of its own, has no say.
    """
    if environ.get("USERPROFILE"):
        return environ["USERPROFILE"]
    path = environ.get("HOMEPATH")
    return environ.get("HOMEDRIVE", "") + path if path else ""
