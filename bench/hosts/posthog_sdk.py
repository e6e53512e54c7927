"""The same program with PostHog's SDK, set up and called as aider 0.86.2 does."""

import argparse
import os
import sys
import time

from posthog import Posthog

parser = argparse.ArgumentParser()
parser.add_argument("--events", type=int, default=0)
parser.add_argument("--time-record", action="store_true")
parser.add_argument("--no-analytics", action="store_true")
args, _ = parser.parse_known_args()
if not args.no_analytics:
    client = Posthog(
        project_api_key="key",
        host=os.environ.get("BENCH_URL", "http://127.0.0.1:9"),
        on_error=lambda *_: None,
        enable_exception_autocapture=True,
        super_properties={"aider_version": "0.86.2"},
    )
    begin = time.perf_counter()
    for number in range(args.events):
        client.capture(
            "message_send",
            distinct_id="c42c4e6b-f054-44d7-ae1f-6726cc41da88",
            properties={"main_model": "gpt-4o", "edit_format": "diff", "prompt_tokens": number,
                        "cost": 0.01234},
        )  # fmt: skip
    if args.time_record:
        print((time.perf_counter() - begin) / args.events * 1e6)
if args.events:
    sys.stderr.write(f"{time.monotonic()}\n")
