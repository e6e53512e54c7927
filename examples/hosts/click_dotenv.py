"""python-dotenv's `dotenv`, with analytics: a program of click with commands.

`dotenv run` starts programs of other people, whose environment stays as it is: `workers=False`.
"""

from __future__ import annotations

from dotenv.cli import cli
from dotenv.version import __version__

from aboveboard import Analytics, start_environment
from aboveboard.integrations.click import attach, command_names
from aboveboard.integrations.commands import command_event
from aboveboard.integrations.outcomes import outcome_event

COMMANDS = command_names(cli, packages=["dotenv"])

analytics = Analytics(
    app="dotenv",
    version=__version__,
    catalog=[command_event(COMMANDS), outcome_event(COMMANDS)],
    packages=["dotenv"],
    promises=["your variables", "their values"],
    endpoint=start_environment().get("GALLERY_COLLECTOR", "http://127.0.0.1:8300"),
    key="gallery-key",
    named_by_person=True,
    workers=False,
)
attach(cli, analytics)
main = cli

if __name__ == "__main__":
    main()
