"""A small tool that greets, with analytics. Try it:

python examples/argparse_tool.py --analytics --analytics-log greetings.jsonl greet --times 3
"""

from __future__ import annotations

import argparse

from aboveboard import Analytics, Event, count, start_environment
from aboveboard.integrations.argparse import add_command, attach, command_names, open_session
from aboveboard.integrations.commands import command_event


class Greeting(Event):
    """Somebody was greeted. Who it was is not told."""

    times: int = count("How often")


parser = argparse.ArgumentParser(description="Greets.")
commands = parser.add_subparsers(dest="command", required=True)
greet = commands.add_parser("greet", aliases=["hello"], help="greet somebody")
greet.add_argument("name", nargs="?", default="you")
greet.add_argument("--times", type=int, default=1)
names = commands.add_parser("names", help="look after names").add_subparsers(required=True)
names.add_parser("list", help="show them")

analytics = Analytics(
    app="greeter",
    version="1.0",
    catalog=[command_event(command_names(parser)), Greeting],
    endpoint=start_environment().get("GREETER_COLLECTOR", "http://127.0.0.1:8300"),
    key=start_environment().get("GREETER_KEY", "greeter-key"),
    named_by_person=True,
    url="https://greeter.example/analytics",
)
attach(parser, analytics)
add_command(parser, analytics)


def main() -> None:
    args = parser.parse_args()
    open_session(analytics, args)
    if args.command == "names":
        print("Ada\nGrace")
        return
    for _ in range(args.times):
        print(f"Hello, {args.name}!")
    analytics.record(Greeting(times=args.times))


if __name__ == "__main__":
    main()
