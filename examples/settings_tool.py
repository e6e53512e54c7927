"""The tool that greets, with a settings file beside its flags. Try it:

echo 'analytics-log = "greetings.jsonl"' > ~/.greeter.toml
python examples/settings_tool.py
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import tomllib

from aboveboard import Analytics, Event, count
from aboveboard.integrations.argparse import add_flags, open_session


class Greeting(Event):
    """Somebody was greeted. Who it was is not told."""

    times: int = count("How often")


analytics = Analytics(
    app="greeter",
    version="1.0",
    catalog=[Greeting],
    endpoint=os.environ.get("GREETER_COLLECTOR", "http://127.0.0.1:8300"),
    key=os.environ.get("GREETER_KEY", ""),
    url="https://greeter.example/analytics",
)


def settings() -> dict[str, object]:
    """Read the user's own file. `analytics`, `analytics-disable` and `analytics-log` count."""
    try:
        return tomllib.loads((Path.home() / ".greeter.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        sys.exit(f"~/.greeter.toml is no TOML: {error}")


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
