"""The tool that greets, with a settings file beside its flags. Try it:

printf '[greeter]\nanalytics-log = greetings.jsonl\n' > ~/.greeter.ini
python examples/settings_tool.py
"""

from __future__ import annotations

import argparse
import configparser
import sys
from collections.abc import Mapping
from pathlib import Path

from aboveboard import Analytics, Event, count, start_environment
from aboveboard.integrations.argparse import add_flags, open_session


class Greeting(Event):
    """Somebody was greeted. Who it was is not told."""

    times: int = count("How often")


analytics = Analytics(
    app="greeter",
    version="1.0",
    catalog=[Greeting],
    endpoint=start_environment().get("GREETER_COLLECTOR", "http://127.0.0.1:8300"),
    key=start_environment().get("GREETER_KEY", "greeter-key"),
    named_by_person=True,
    url="https://greeter.example/analytics",
)


def settings() -> Mapping[str, object]:
    """Read the user's own file. `analytics`, `analytics-disable` and `analytics-log` count."""
    file = configparser.ConfigParser(interpolation=None)
    try:
        file.read(Path.home() / ".greeter.ini", encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        sys.exit(f"~/.greeter.ini cannot be read: {error}")
    return file["greeter"] if file.has_section("greeter") else {}


def main() -> None:
    parser = argparse.ArgumentParser(description="Greets.")
    parser.add_argument("--times", type=int)
    add_flags(parser, analytics)
    args = parser.parse_args()
    config = settings()
    open_session(analytics, args, config)
    times = args.times or int(str(config.get("times", 1)))
    print("Hello!\n" * times, end="")
    analytics.record(Greeting(times=times))


if __name__ == "__main__":
    main()
