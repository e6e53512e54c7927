"""An argparse program without analytics: what the others are compared with."""

import argparse
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--events", type=int, default=0)
parser.add_argument("--peak", action="store_true", help="print the most memory, in KiB")
args, _ = parser.parse_known_args()
if args.peak:
    from memory import peak

    print(peak())
if args.events:
    sys.stderr.write(f"{time.monotonic()}\n")
