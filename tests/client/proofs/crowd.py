"""Runs sessions of the tool, a few at a time: `crowd.py sessions at_once`. Each is a process."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Fork the sessions; say how many have ended, from time to time."""
    from tests.client.tool import MessageSend, analytics

    sessions, at_once = int(sys.argv[1]), int(sys.argv[2])
    alive = 0
    for number in range(sessions):
        if alive == at_once:
            os.wait()
            alive -= 1
        if os.fork() == 0:
            tool = analytics()
            tool.open(None)
            tool.record(
                MessageSend(main_model="gpt-4o", edit_format=None, prompt_tokens=number, cost=None)
            )
            sys.exit(0 if tool.enabled else 1)
        alive += 1
        if number % 50 == 0:
            print(number, flush=True)
    for _ in range(alive):
        os.wait()


if __name__ == "__main__":
    main()
