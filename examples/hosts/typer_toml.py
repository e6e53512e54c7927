"""toml-cli's `toml`, with analytics: a program of typer with commands."""

from __future__ import annotations

from importlib import metadata

from toml_cli import app

from aboveboard import Analytics, start_environment
from aboveboard.integrations.commands import command_event
from aboveboard.integrations.outcomes import outcome_event
from aboveboard.integrations.typer import attach

COMMANDS = ["get", "set", "add_section", "unset", "search"]

analytics = Analytics(
    app="toml",
    version=metadata.version("toml-cli"),
    catalog=[command_event(COMMANDS), outcome_event(COMMANDS)],
    packages=["toml_cli"],
    endpoint=start_environment().get("GALLERY_COLLECTOR", "http://127.0.0.1:8300"),
    key="gallery-key",
    named_by_person=True,
)
attach(app, analytics)
main = app

if __name__ == "__main__":
    main()
