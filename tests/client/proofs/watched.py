"""Runs a program under an audit hook that writes down every socket, look-up and child.

`python watched.py program.py words…`; what was seen goes to the file that WATCHED_FILE names, a
line each, with whether the state file that WATCHED_STATE names held a yes at that moment.
"""

from __future__ import annotations

import os
import runpy
import sys

WATCHED = ("socket.", "os.fork", "os.exec", "os.spawn", "os.posix_spawn", "os.system", "pty.spawn",
           "subprocess.", "http.client.", "urllib.", "ssl.", "_winapi.CreateProcess")  # fmt: skip


def watch(seen: str, state: str) -> None:
    """Install the hook; it stays until the process ends."""
    file = os.open(seen, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    busy = False

    def hook(event: str, _arguments: object) -> None:
        nonlocal busy
        if busy or not event.startswith(WATCHED):
            return
        busy = True
        try:
            with open(state, "rb") as decided:
                agreed = b'"asked_opt_in": true' in decided.read()
        except OSError:
            agreed = False
        os.write(file, f"{event} {'after' if agreed else 'before'}\n".encode())
        busy = False

    sys.addaudithook(hook)


if __name__ == "__main__":
    watch(os.environ["WATCHED_FILE"], os.environ["WATCHED_STATE"])
    del sys.argv[0]
    sys.path[0] = os.path.dirname(sys.argv[0])
    runpy.run_path(sys.argv[0], run_name="__main__")
