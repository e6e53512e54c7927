"""A small command-line tool with analytics: what the tests run as a user would."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

from aboveboard import Analytics, Event, choice, command, count, dollars, exception, flag, model
from aboveboard.client import lifetime
from aboveboard.integrations.argparse import add_flags


class MessageSend(Event):
    """The model answered a message."""

    main_model: str | None = model("The model that answered")
    edit_format: str | None = choice("diff", "whole", "udiff", doc="How edits were asked for")
    prompt_tokens: int | None = count("Tokens in the prompt")
    cost: float | None = dollars("What the message cost")


class Command(Event):
    """A command was used."""

    name: str = command("The command", ["send", "wait", "fail"])
    quiet: bool | None = flag("Whether it was told to be quiet", default=None)


class Failure(Event):
    """Something went wrong inside the tool."""

    error: BaseException = exception("What went wrong", ["aboveboard"])


EVENTS: list[type[Event]] = [MessageSend, Command, Failure]


def analytics(**options: object) -> Analytics:
    return Analytics(
        app="tool",
        version="1.2.3",
        catalog=EVENTS,
        endpoint=os.environ.get("TOOL_ENDPOINT", "http://127.0.0.1:9"),
        key=os.environ.get("TOOL_KEY", "tool-key"),
        url="https://tool.example/analytics",
        sample_percent=float(os.environ.get("TOOL_PERCENT", "0")),
        **options,  # type: ignore[arg-type]
    )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=("send", "wait", "modules", "kill"))
    parser.add_argument("--times", type=int, default=1)
    add_flags(parser)
    args = parser.parse_args()
    patience = os.environ.get("TOOL_PATIENCE")
    if patience:
        lifetime._PATIENCE = float(patience)
    tool = analytics()
    tool.open(args)
    print("on" if tool.enabled else "off", flush=True)
    tool.record(Command(name=args.command))
    for number in range(args.times):
        tool.record(
            MessageSend(
                main_model="gpt-4o", edit_format="diff", prompt_tokens=number, cost=number / 8
            )
        )
    if args.command == "wait":  # who runs the tests may ignore Ctrl-C, and then so would this
        signal.signal(signal.SIGINT, signal.default_int_handler)
    print("recorded", flush=True)
    if args.command == "wait":
        time.sleep(60)
    if args.command == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if args.command == "modules":
        print(" ".join(sorted(sys.modules)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
