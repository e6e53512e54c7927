"""A ClickHouse that listens, in this process: `listen.py LIBRARY CONFIGURATION STATEMENT...`.

The library has clickhouse-local in it, and that the interfaces of clickhouse-server. They listen
until standard input is closed, which also happens when whoever started this ends.

It is no clickhouse-server: no port for replicas among themselves, no `ON CLUSTER`, no `CREATE USER`
(users are in the configuration), no queue of asynchronous inserts.

Its standard input is a terminal of its own. Without one, clickhouse-local ends on whatever error a
connection's thread ends with, for example if another node, which needs no more of an answer, resets
the connection (https://github.com/ClickHouse/ClickHouse/issues/115666, mended in 26.8). A
clickhouse-server writes such an error to its log and goes on, and so does clickhouse-local for a
person at a terminal.
"""

from __future__ import annotations

import ctypes
import os
import pty
import sys
import threading


def main(library: str, configuration: str, *statements: str) -> None:
    ours, terminal = pty.openpty()
    closed = os.dup(0)
    os.dup2(terminal, 0)
    threading.Thread(target=leave, args=(closed, ours), daemon=True).start()
    # Its own symbols before Python's: both bring some of the same name.
    opened = ctypes.CDLL(library, mode=os.RTLD_LOCAL | os.RTLD_DEEPBIND)
    words = ["clickhouse", "--config-file", configuration, "--interactive", "--query"]
    words.append("; ".join(statements))
    told = (ctypes.c_char_p * len(words))(*map(os.fsencode, words))
    opened.query_stable_v2.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]
    opened.query_stable_v2.restype = ctypes.c_void_p
    opened.query_stable_v2(len(words), told)


def leave(closed: int, terminal: int) -> None:
    """Wait for the end of an input, and then leave as a person does."""
    while os.read(closed, 4096):
        pass
    os.write(terminal, b"exit\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
