"""A small tool that greets, with analytics. Try it:

python examples/argparse_tool.py greet --analytics --analytics-log greetings.jsonl
"""

from __future__ import annotations

import argparse
import os

from aboveboard import Analytics, Event, command, count
from aboveboard.integrations.argparse import add_flags


class CommandUsed(Event):
    """A command of this tool was used."""

    name: str = command("Which command", ["greet", "count"])
    times: int = count("How often it was told to do it")


analytics = Analytics(
    app="greeter",
    version="1.0",
    catalog=[CommandUsed],
    endpoint=os.environ.get("GREETER_COLLECTOR", "http://127.0.0.1:8300"),
    key=os.environ.get("GREETER_KEY", ""),
    url="https://greeter.example/analytics",
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Greets.")
    parser.add_argument("command", choices=["greet", "count"])
    parser.add_argument("--times", type=int, default=1)
    add_flags(parser)
    args = parser.parse_args()
    analytics.open(args)
    for number in range(1, args.times + 1):
        print("Hello!" if args.command == "greet" else number)
    analytics.record(CommandUsed(name=args.command, times=args.times))


if __name__ == "__main__":
    main()
