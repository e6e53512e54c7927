"""An argparse program without analytics: what the others are compared with."""

import argparse
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--events", type=int, default=0)
args, _ = parser.parse_known_args()
if args.events:
    sys.stderr.write(f"{time.monotonic()}\n")
