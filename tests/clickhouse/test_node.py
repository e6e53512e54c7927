"""What stands for a clickhouse-server in the tests goes on where a clickhouse-server would."""

from __future__ import annotations

import socket
import struct

import pytest

from tests.clickhouse.node import Node

HELLO = b"\0\x04node\x1a\x07"
"""How a node greets another: packet 0, its name, its version, and what the reset cuts off."""


@pytest.mark.thorough
def test_a_connection_between_nodes_that_is_reset_ends_neither(node: Node) -> None:
    """As a node does that needs no more of an answer, or is killed."""
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", node.tcp)) as other:
            other.sendall(HELLO)
            other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for _ in range(10):  # the thread of a connection fails a little later
        node.ask("SELECT sleep(0.1)")
    node.check()
