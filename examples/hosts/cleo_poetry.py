"""poetry, with analytics: a program of cleo with commands.

`poetry run` starts programs of other people: their words are not searched for flags of ours, and
their environment stays as it is (`workers=False`).
"""

from __future__ import annotations

import argparse
import sys

from cleo.commands.command import Command
from cleo.exceptions import CleoError
from cleo.io.io import IO
from poetry.__version__ import __version__
from poetry.console.application import COMMANDS, Application

from aboveboard import Analytics, start_environment
from aboveboard.integrations.argparse import add_flags, open_session
from aboveboard.integrations.commands import command_event, record
from aboveboard.integrations.outcomes import Running, outcome_event

analytics = Analytics(
    app="poetry",
    version=__version__,
    catalog=[command_event(COMMANDS), outcome_event(COMMANDS)],
    packages=["poetry"],
    promises=["your code", "what your projects depend on"],
    endpoint=start_environment().get("GALLERY_COLLECTOR", "http://127.0.0.1:8300"),
    key="gallery-key",
    named_by_person=True,
    workers=False,
)


class Counted(Application):  # type: ignore[misc]  # its types are not here
    """poetry, which tells of each command that it runs."""

    said: argparse.Namespace

    def _run_command(self, command: Command, io: IO) -> int:
        if command.name in ("help", "list") or not is_well_formed(command, io):
            return int(super()._run_command(command, io))
        open_session(analytics, self.said)
        record(analytics, command.name)
        with Running(analytics, command.name) as running:
            running.exit_code = code = int(super()._run_command(command, io))
        return code


def is_well_formed(command: Command, io: IO) -> bool:
    """Return whether a command will run: a mistake in its words is to ask nobody anything."""
    try:
        command.merge_application_definition()
        io.input.bind(command.definition)
        io.input.validate()
    except CleoError:
        return False
    return True


def main() -> int:
    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_flags(flags, analytics)
    words = sys.argv[1:]
    end = min((words.index(word) for word in ("run", "--") if word in words), default=len(words))
    said, ours = flags.parse_known_args(words[:end])
    sys.argv[1:] = [*ours, *words[end:]]
    poetry = Counted()
    poetry.said = said
    return int(poetry.run())


if __name__ == "__main__":
    sys.exit(main())
