"""Whose word aider's arguments are: the person's, or that of the project that they work in.

aider takes an argument from the command line, from a variable, from `.aider.conf.yml`, and reads
`.env` files into its environment before that; both kinds of file in the home directory, at the root
of the repository and in the working directory. What the last two say is the word of whoever wrote
the project. It can say no, and nothing else: no yes, no other recipient, no file to append to, and
no no that lasts longer than the session (`settings.combined`).

The person's own are the words that were typed, the environment at the start, and the files that lie
in their home. Those that a typed `--config` or `--env-file` names are read as a project's: what was
typed is that file's name, not what stands in it.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from aboveboard.client.decision import environment, startup
from aboveboard.client.decision.settings import combined
from aboveboard.client.files import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Voice = Mapping[str, object]

HOST, KEY = "analytics_posthog_host", "analytics_posthog_project_api_key"
NAMES = ("analytics", "analytics_disable", "analytics_log", HOST, KEY)
DOTENVS = (".aider/oauth-keys.env", ".env")
"""In the order in which aider reads them."""
CONFIG = ".aider.conf.yml"


class Person:
    """What the person themself said outside of the command line.

    To be made before aider reads any file of a project's, since a variable in a file of theirs may
    name another one.
    """

    def __init__(self) -> None:
        start = startup.environ()
        home = Path(directories.home(start))
        self.config = (home / CONFIG).resolve()
        self.at_start = _of(start)
        files = [_dotenv(home / name) for name in DOTENVS if _is_file(home / name)]
        # Where a file of theirs says no, a project's that is read after it does not take it back.
        self.dotenvs = [_of(file) for file in files]
        if any(map(environment.do_not_track, files)):
            self.dotenvs.append({"analytics": False})
        self.is_machine = any(map(environment.in_ci, files))

    def voices(self) -> list[Voice]:
        """Return what was said, the word that aider heeds first at the front."""
        return [*reversed(self.dotenvs), self.at_start, _config(self.config)]

    def variables(self) -> dict[str, object]:
        """Return the variables as they would be if no project had a say."""
        merged = dict(self.at_start)
        for said in self.dotenvs:
            merged |= said
        return merged


class Said:
    """What aider's arguments come to.

    Attributes:
        arguments: A value for each of `NAMES`.
        asked: Whether a yes was typed, so that its giver is to be told where it is in vain.
        log_refused: Whether a project named a log, which is not written.
    """

    def __init__(self, typed: Voice, person: Person, project: Sequence[Voice]) -> None:
        own = [typed, *person.voices()]
        said = combined(*own, project_settings=project)
        self.asked = said["analytics_asked"] is True
        self.arguments = {name: said[name] for name in NAMES[:3]}
        for name in (HOST, KEY):
            given = [str(value) for value in (voice.get(name) for voice in own) if value]
            self.arguments[name] = given[0] if given else None
        self.log_refused = not said["analytics_log"] and any(
            voice.get("analytics_log") for voice in project
        )


def heard(parse: Callable[..., Any], words: Sequence[str], files: Sequence[str],
          person: Person) -> Said:  # fmt: skip
    """Return what is said to an aider that was started with `words`.

    Args:
        parse: `parse_known_args` of its parser.
        words: The command line.
        files: The configuration files that it reads without being told.
        person: What the person said before.
    """
    namespace, _ = parse(list(words), config_file_contents="{}", env_vars={})
    typed = {name: getattr(namespace, name, None) for name in NAMES}
    named = getattr(namespace, "config", None)
    mine = person.variables()
    now = {name: word for name, word in _of(os.environ).items() if mine.get(name) != word}
    paths = dict.fromkeys(Path(path).expanduser().resolve() for path in [*files, named] if path)
    return Said(typed, person, [now, *(_config(path) for path in paths if path != person.config)])


def _of(environ: Mapping[str, str]) -> dict[str, object]:
    """Return what the variables of an environment say that aider's parser makes of our names."""
    found = {name: environ.get(f"AIDER_{name.upper()}") for name in NAMES}
    return {name: word for name, word in found.items() if word}


def _dotenv(path: Path) -> dict[str, str]:
    """Return what a file of variables says, as aider reads it; a no where it cannot be read."""
    try:
        values = importlib.import_module("dotenv").dotenv_values(path, encoding="utf-8")
        return {name: word for name, word in values.items() if word is not None}
    except Exception:  # noqa: BLE001  # aider says what is wrong with it
        return {"AIDER_ANALYTICS": "false"}


def _config(path: Path) -> Voice:
    """Return what a configuration file says, as aider reads it; a no where it cannot be read."""
    if not _is_file(path):
        return {}
    try:
        parser = importlib.import_module("configargparse").YAMLConfigFileParser()
        with path.open(encoding="utf-8", errors="replace") as file:
            said = parser.parse(file)
        return {str(key).lstrip("-").replace("-", "_"): value for key, value in said.items()}
    except Exception:  # noqa: BLE001  # aider says what is wrong with it
        return {"analytics": False}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
