"""Starts writers: processes that record as fast or as slowly as they like until they are killed.

`nursery.py witness at_once`; told on stdin, a line each: `number seed`. Answers with the process id
of the writer. A writer puts the number of each event into a file of its own in the directory
`witness`, once `record` has returned. The more there are at once, the longer each one rests: all
together they must not leave more than may wait on one machine.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

STEP = 10**7
"""Writer n's events have the numbers from n times this."""


def write(number: int, seed: int, witness: Path, at_once: int) -> None:
    """Record, and bear witness, for a while that the seed decides."""
    from tests.client.tool import MessageSend, analytics

    chance = random.Random(seed)
    told = os.open(witness / str(number), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    tool = analytics()
    tool.open(None)
    burst, rest = chance.choice(((1, 0.01), (5, 0.02), (20, 0.1), (200, 1.0)))
    event = number * STEP
    for _ in range(chance.choice((3, 30, 10**6))):
        for _ in range(burst):
            tool.record(
                MessageSend(main_model="gpt-4o", edit_format=None, prompt_tokens=event, cost=0.5)
            )
            os.write(told, b"%d\n" % event)
            event += 1
        time.sleep(rest * chance.random() * at_once / 5)


def main() -> None:
    """Fork a writer for each line."""
    import tests.client.tool

    del tests.client.tool  # imported once, for all of them
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries them
    for line in sys.stdin:
        number, seed = map(int, line.split())
        process = os.fork()
        if process == 0:
            os.close(0)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            write(number, seed, Path(sys.argv[1]), int(sys.argv[2]))
            return
        print(process, flush=True)


if __name__ == "__main__":
    main()
