"""The cluster of `make cluster-test`: what of it can be seen without Docker."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree as Xml

import yaml  # type: ignore[import-untyped]

from tests.clickhouse.node import NAME
from tests.conftest import ROOT

TOLD = yaml.safe_load((ROOT / "tests" / "clickhouse" / "compose.yaml").read_text())
NODES = {name: told for name, told in TOLD["services"].items() if name != "keeper"}


def test_each_node_is_the_replica_of_the_shard_that_the_cluster_has_it_for() -> None:
    cluster = Xml.fromstring(TOLD["configs"]["cluster"]["content"])  # our own
    shards = cluster.findall(f"remote_servers/{NAME}/shard")
    members = {
        replica.findtext("host"): str(number)
        for number, shard in enumerate(shards, 1)
        for replica in shard.findall("replica")
    }
    assert members == {name: told["environment"]["SHARD"] for name, told in NODES.items()}
    assert Counter(members.values()) == {"1": 2, "2": 2}
    assert {shard.findtext("internal_replication") for shard in shards} == {"true"}
    for name, told in NODES.items():
        assert told["hostname"] == told["environment"]["REPLICA"] == name
    macros = {each.tag: each.get("from_env") for each in cluster.findall("macros/*")}
    assert macros == {"shard": "SHARD", "replica": "REPLICA"}


def test_the_nodes_find_the_keeper_where_it_listens() -> None:
    cluster = Xml.fromstring(TOLD["configs"]["cluster"]["content"])  # our own
    keeper = Xml.fromstring(TOLD["configs"]["keeper"]["content"])  # our own
    assert cluster.findtext("zookeeper/node/host") == TOLD["services"]["keeper"]["hostname"]
    port = keeper.findtext("keeper_server/tcp_port")
    assert cluster.findtext("zookeeper/node/port") == port


def test_only_this_machine_reaches_the_nodes_and_the_tests_ask_those_ports() -> None:
    published = [port for told in NODES.values() for port in told["ports"]]
    ports = [re.fullmatch(r"127\.0\.0\.1:(\d+):8123", each) for each in published]
    asked = re.search(r"ABOVEBOARD_CLUSTER_PORTS=([\d,]+)", (ROOT / "Makefile").read_text())
    assert asked
    assert [found and found[1] for found in ports] == asked[1].split(",")
