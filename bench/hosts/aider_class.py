"""The same program with aider 0.86.2's own class, given the log that aider gives it.

The consent and the cached list of models, which a person's aider has by its second run, are the
bench's, in a home of its own.
"""

import argparse
import os
import sys
import time
from types import SimpleNamespace

from aider.analytics import Analytics

parser = argparse.ArgumentParser()
parser.add_argument("--events", type=int, default=0)
parser.add_argument("--time-record", action="store_true")
parser.add_argument("--no-analytics", action="store_true")
parser.add_argument("--analytics-log")
args, _ = parser.parse_known_args()
analytics = Analytics(
    logfile=args.analytics_log,
    posthog_host=os.environ.get("BENCH_URL", "http://127.0.0.1:9"),
    posthog_project_api_key="key",
)
if not args.no_analytics:
    analytics.enable()
model = SimpleNamespace(name="gpt-4o")
model.weak_model = model.editor_model = model
analytics.event("launched", main_model=model)  # reads the list of models, once a run
begin = time.perf_counter()
for number in range(args.events):
    analytics.event(
        "message_send", main_model=model, edit_format="diff", prompt_tokens=number, cost=0.01234
    )
if args.time_record:
    print((time.perf_counter() - begin) / args.events * 1e6)
if args.events:
    sys.stderr.write(f"{time.monotonic()}\n")
