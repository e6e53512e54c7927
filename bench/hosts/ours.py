"""The same program with aboveboard. The consent is given by the bench, in a home of its own."""

import argparse
import os
import sys
import time

from aboveboard import Analytics, Event, choice, count, dollars, model
from aboveboard.integrations.argparse import add_flags


class MessageSend(Event):
    """The model answered a message."""

    main_model: str | None = model("The model that answered")
    edit_format: str = choice("diff", "whole", doc="How edits were asked for")
    prompt_tokens: int = count("Tokens in the prompt")
    cost: float = dollars("What the message cost")


parser = argparse.ArgumentParser()
parser.add_argument("--events", type=int, default=0)
parser.add_argument("--time-record", action="store_true")
parser.add_argument("--agree", action="store_true", help="be someone who said yes; no more")
parser.add_argument("--flat", action="store_true", help="time the first and the last tenth")
add_flags(parser)
args = parser.parse_args()
analytics = Analytics(
    app="bench",
    version="1.0",
    catalog=[MessageSend],
    endpoint=os.environ.get("BENCH_URL", "http://127.0.0.1:9"),
    key="key",
)
if args.agree:
    analytics._install.state.agree(analytics.catalog.terms(), analytics._target.recipient)
    sys.exit()
analytics.open(args)
if args.flat:
    from memory import peak

    tenth = args.events // 10
    times = []
    before = peak()
    for _ in range(10):
        begin = time.perf_counter()
        for number in range(tenth):
            analytics.record(
                MessageSend(main_model="gpt-4o", edit_format="diff", prompt_tokens=number, cost=0.1)
            )
        times.append((time.perf_counter() - begin) / tenth * 1e6)
    print(f"{times[0]:.2f} {times[-1]:.2f} {peak()} {peak() - before}")
    args.events = 0
begin = time.perf_counter()
for number in range(args.events):
    analytics.record(
        MessageSend(main_model="gpt-4o", edit_format="diff", prompt_tokens=number, cost=0.01234)
    )
if args.time_record:
    print((time.perf_counter() - begin) / args.events * 1e6)
if args.events:
    sys.stderr.write(f"{time.monotonic()}\n")
