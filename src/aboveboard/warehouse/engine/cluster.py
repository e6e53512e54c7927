"""A cluster of ClickHouse servers, each of whose nodes the URL names.

What is to be on every node is made on each by a connection of its own, and not `ON CLUSTER`: that
wants a Keeper, which a cluster without replicas has none of, and waits for nodes that are away.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aboveboard.warehouse.errors import WarehouseAwayError, WarehouseError

from .link import Link
from .server import connect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from .address import Address


@dataclass(frozen=True)
class Member:
    """A node, as the cluster's configuration has it."""

    shard: int
    replica: int
    host: str
    port: int


class Cluster:
    """The nodes of a cluster, any of which answers for all.

    Args:
        addresses: Every node's.
        name: What their configuration calls the cluster.
    """

    directory: Path | None = None
    reading: Mapping[str, object] = {}
    writing: Mapping[str, object] = {}
    inline_max = 0  # rows are a request's body

    def __init__(self, addresses: Sequence[Address], name: str) -> None:
        self.name = name
        self._addresses = list(addresses)
        self.nodes = [Link(partial(connect, address)) for address in addresses]
        self._is_replicated: bool | None = None
        self._shards: dict[Link, int] = {}
        """Which shard each node is of, as far as it has been asked."""

    @property
    def is_replicated(self) -> bool:
        """Whether rows have replicas.

        Raises:
            WarehouseError: none can be reached, or they are not what the configuration has.
        """
        if self._is_replicated is None:
            self._is_replicated = self._check()
        return self._is_replicated

    def check(self) -> None:
        """See that the nodes are the cluster's.

        Raises:
            WarehouseError: none can be reached, or they are not what the configuration has.
        """
        assert self.is_replicated in (True, False)

    def connect(self) -> Client:
        """Return a connection to the first node that answers.

        Raises:
            WarehouseError: none does.
        """
        for address in self._addresses[:-1]:
            try:
                return connect(address)
            except WarehouseAwayError:  # noqa: PERF203  # another may answer
                continue
        return connect(self._addresses[-1])

    def one_place(self) -> Link:
        """Return a node of the first shard, where what is not an install's is kept.

        Every collector finds the same shard, in whatever order its URL names the nodes.

        Raises:
            WarehouseAwayError: no node of it answers.
        """
        away: WarehouseError | None = None
        for node in self.nodes:
            try:
                if self._shard(node) == 1:
                    node.ask("SELECT 1")
                    return node
            except WarehouseAwayError as error:  # noqa: PERF203  # a replica may answer
                away = error
        assert away is not None  # every shard has a node that the URL names
        raise away

    def _shard(self, node: Link) -> int:
        if node not in self._shards:
            told = node.ask(
                "SELECT shard_num FROM system.clusters "
                f"WHERE cluster = '{quoted(self.name)}' AND is_local"
            )
            self._shards[node] = int(str(told[0][0]))
        return self._shards[node]

    def named(self, name: str) -> Mapping[str, object]:
        """Return the setting with which no other statement of this name is at work at a node."""
        return {"query_id": name}

    def is_at_work(self, name: str) -> bool:
        """Return whether a statement of this name is at work at any node.

        Raises:
            WarehouseError: a node is away, so that it cannot be known.
        """
        asked = f"SELECT count() FROM system.processes WHERE initial_query_id = '{quoted(name)}'"
        return any(node.ask(asked) != [(0,)] for node in self.nodes)

    def free(self) -> int | None:
        """Return None: how much room the nodes have is not for every user to see."""
        return None

    def close(self) -> None:
        """Close the nodes' connections; the nodes go on for others."""
        for node in self.nodes:
            node.close()

    def _check(self) -> bool:
        """Return whether rows have replicas."""
        shown = ", ".join(each.shown for each in self._addresses)
        prefix = f"cannot open the warehouse {shown}: "
        members: list[Member] = []
        reached: set[Member] = set()
        away: WarehouseError | None = None
        internal = True
        for node in self.nodes:
            try:
                told = self._told_by(node, prefix)
            except WarehouseAwayError as error:
                away = error
                continue
            if members and list(told) != members:
                raise WarehouseError(f"{prefix}the nodes disagree on what cluster {self.name!r} is")
            members = list(told)
            internal = all(is_internal for _, is_internal in told.values())
            reached |= {each for each, (is_local, _) in told.items() if is_local}
        if not members:
            assert away is not None
            raise away
        unnamed = [each for each in members if each not in reached]
        if len(self._addresses) != len(members) or (away is None and unnamed):
            missing = ", ".join(f"{each.host} (shard {each.shard})" for each in unnamed)
            raise WarehouseError(
                f"{prefix}cluster {self.name!r} has {len(members)} nodes, and the URL names "
                f"{len(self._addresses)}; name each of them once"
                + (f", also {missing}" if missing else "")
            )
        is_replicated = max(Counter(each.shard for each in members).values()) > 1
        if is_replicated and not internal:
            raise WarehouseError(
                f"{prefix}cluster {self.name!r} has replicas: set internal_replication to true in "
                "its remote_servers, or each row would be written twice"
            )
        return is_replicated

    def _told_by(self, node: Link, prefix: str) -> dict[Member, tuple[bool, bool]]:
        """Return the cluster's nodes as one has them: whether it is itself, and how it writes."""
        rows = node.ask(
            "SELECT shard_num, replica_num, host_name, port, is_local, internal_replication "
            f"FROM system.clusters WHERE cluster = '{quoted(self.name)}' ORDER BY 1, 2"
        )
        if not rows:
            known = node.ask("SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster")
            named = ", ".join(str(each) for (each,) in known)
            raise WarehouseError(
                f"{prefix}there is no cluster {self.name!r} (there is: {named or 'none'})"
            )
        return {
            Member(int(str(shard)), int(str(replica)), str(host), int(str(port))): (
                bool(is_local),
                bool(is_internal),
            )
            for shard, replica, host, port, is_local, is_internal in rows
        }


def quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
