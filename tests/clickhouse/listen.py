"""A ClickHouse that listens, in this process: `listen.py LIBRARY CONFIGURATION STATEMENT...`.

The library has clickhouse-local in it, and that the interfaces of clickhouse-server. They listen
until standard input is closed, which also happens when whoever started this ends.

It is no clickhouse-server: no port for replicas among themselves, no `ON CLUSTER`, no `CREATE USER`
(users are in the configuration), no queue of asynchronous inserts. A connection that is reset in
the middle of a query over HTTP ends it.
"""

from __future__ import annotations

import ctypes
import os
import sys


def main(library: str, configuration: str, *statements: str) -> None:
    # Its own symbols before Python's: both bring some of the same name.
    opened = ctypes.CDLL(library, mode=os.RTLD_LOCAL | os.RTLD_DEEPBIND)
    wait = "SELECT count() FROM file('/dev/stdin', 'LineAsString')"
    words = ["clickhouse", "--config-file", configuration, "--query"]
    words.append("; ".join([*statements, wait]))
    told = (ctypes.c_char_p * len(words))(*map(os.fsencode, words))
    opened.query_stable_v2.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]
    opened.query_stable_v2.restype = ctypes.c_void_p
    opened.query_stable_v2(len(words), told)


if __name__ == "__main__":
    main(*sys.argv[1:])
