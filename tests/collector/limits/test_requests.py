"""Limits as senders meet them: over real sockets, in both protocols."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.delivery import upload
from aboveboard.client.recipients import recipient
from aboveboard.client.recipients.target import Target, paused
from aboveboard.client.recording import segment
from aboveboard.collector.http.ingest import RETRY_AFTER
from aboveboard.collector.inbox.tallies.quarantine import Quarantine
from aboveboard.collector.projects.keys import Keys
from aboveboard.collector.projects.registry import Projects
from tests import forked
from tests.collector.protocols.batches import body, event
from tests.collector.tool import Answer, Install, Server, add_project, ask, new_id, until

A_SECOND_EACH = 60
"""An amount a minute: what is more than that waits for a second each."""

AT_ONCE = A_SECOND_EACH + 3
"""What a sender brings at once, so that it has to wait for some seconds, on a slow machine too."""

LATER = 3


names = (f"tool{number}" for number in count())


class Place:
    """A project of a test's own at a server, with its key."""

    def __init__(self, server: Server, **amounts: int | None) -> None:
        self.server = server
        self.name = next(names)
        self.key = add_project(server.data, self.name)
        self.limit(**amounts)

    def limit(self, **amounts: int | None) -> None:
        """Give it limits while the server runs."""
        with closing(Projects(self.server.data)) as projects:
            changed = {name.replace("_", "-"): each for name, each in amounts.items()}
            projects.limit(self.name, changed)

    def fill(self, user: str) -> None:
        """Have an install bring as much at once as makes it wait: sessions of one event each."""
        sent = b"".join(Install(user).start() for _ in range(AT_ONCE))
        assert self.send(sent).json()["accepted"] == AT_ONCE

    def send(self, sent: bytes, identity: str | None = None) -> Answer:
        return self.server.send(self.key, sent, identity)

    def batch(self, *events: dict[str, object]) -> Answer:
        sent = json.loads(body(*events)) | {"api_key": self.key}
        return self.server.request("POST", "/batch/", gzip.compress(json.dumps(sent).encode()))

    def quarantine(self) -> dict[str, int]:
        """Return what it has, by reason."""
        with closing(Quarantine(self.server.data)) as quarantine:
            return {each.what: each.times for each in quarantine.dropped(self.name)}

    def metric(self, name: str) -> dict[str, int]:
        """Return a metric of it, by its limit if it has any."""
        told = self.server.request("GET", "/metrics").body.decode()
        return {
            sample.labels.get("limit", ""): int(sample.value)
            for family in parsed(told)
            for sample in family.samples
            if sample.name == f"aboveboard_{name}_total" and sample.labels["project"] == self.name
        }


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server that a test ends itself."""
    running = Server(tmp_path)
    yield running
    running.stop()


class TestAnInstallOverItsLimit:
    def test_is_answered_with_429_and_when_to_come_back(self, server: Server) -> None:
        tool, me = Place(server, install_events_day=100), Install()
        assert tool.send(me.segment(200)).status == 200
        answer = tool.send(me.segment(1))
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) == pytest.approx(101 * 864, rel=0.02)
        assert answer.json() == {
            "error": "over the limit of events a day of one install: send it again later"
        }
        assert tool.send(Install().segment(1)).status == 200

    def test_is_counted_by_reason_in_the_quarantine_and_in_the_metrics(
        self, server: Server
    ) -> None:
        tool, me = Place(server, install_events_day=100), Install()
        tool.send(me.segment(200))
        for _ in range(3):
            assert tool.send(me.segment(1)).status == 429
        until(lambda: tool.quarantine() == {"over the limit of events a day of one install": 3})
        assert tool.metric("over_limit") == {"install-events-day": 3}

    def test_is_so_by_both_protocols_together(self, server: Server) -> None:
        tool, me = Place(server, install_events_day=100), Install()
        assert tool.send(me.segment(200)).status == 200
        assert tool.batch(event("exit", distinct_id=me.user_id)).status == 429
        assert tool.batch(event("exit", distinct_id=new_id())).status == 200

    def test_does_not_keep_a_posthog_client_waiting_at_its_end(self, server: Server) -> None:
        tool, user = Place(server, install_events_day=100), new_id()
        events = [event("exit", distinct_id=user, uuid=new_id()) for _ in range(200)]
        assert tool.batch(*events).status == 200
        answer = tool.batch(event("exit", distinct_id=user))
        assert answer.status == 429
        assert answer.headers["Retry-After"] == str(RETRY_AFTER)


@pytest.mark.thorough
class TestWhoComesBack:
    def test_loses_nothing_and_counts_once(self, own: Server) -> None:
        tool, user = Place(own, install_sessions_minute=A_SECOND_EACH), new_id()
        tool.fill(user)
        waited = 0
        for _ in range(LATER):
            sent, identity = Install(user).segment(2), new_id()
            while (answer := tool.send(sent, identity)).status == 429:
                waited += 1
                time.sleep(int(answer.headers["Retry-After"]))
            assert answer.json()["accepted"] == 3
        assert waited
        own.settle()
        own.stop()
        found = ask(
            own.data,
            "SELECT (SELECT uniqExact(session) FROM {project:Identifier}.sessions),"
            " (SELECT count() FROM {project:Identifier}.message_send)",
            tool.name,
        )
        assert found.rows == [(AT_ONCE + LATER, 2 * LATER)]

    def test_with_our_client_has_its_segments_until_they_are_taken(
        self, tmp_path: Path, server: Server
    ) -> None:
        tool = Place(server, install_sessions_minute=A_SECOND_EACH)
        url = f"http://127.0.0.1:{server.port}"
        state = tmp_path / "analytics.json"
        StateFile(str(state)).agree({"x": {}}, recipient.of(url))
        user = StateFile(str(state)).read().user_id
        target = Target(
            directory=str(tmp_path / "app"), state=str(state), endpoint=url, key=tool.key
        )
        tool.fill(user)
        Path(target.segments).mkdir(parents=True)
        for _ in range(LATER):
            (Path(target.segments) / f"{new_id()}.jsonl").write_bytes(Install(user).segment(2))
        upload.run(target, {})
        assert len(segment.listed(target.segments)) == LATER
        while segment.listed(target.segments):
            until(lambda: not paused(target.pause_file))
            upload.run(target, {})
        assert tool.metric("events_accepted") == {"": AT_ONCE + 3 * LATER}

    def test_with_posthogs_own_client_loses_nothing(self, server: Server) -> None:
        python = Path(__file__).parents[3] / ".cache" / "aider" / "bin" / "python"
        if not python.exists():
            pytest.skip("there is no real posthog here")
        tool = Place(server, install_events_minute=A_SECOND_EACH)
        user = new_id()
        tool.fill(user)
        program = (
            "import sys, posthog\n"
            "client = posthog.Posthog(sys.argv[1], host=sys.argv[2], flush_at=1)\n"
            f"for _ in range({LATER}):\n"
            "    client.capture(distinct_id=sys.argv[3], event='exit')\n"
            "client.shutdown()\n"
        )
        words = [tool.key, f"http://127.0.0.1:{server.port}", user]
        ended = subprocess.run(
            [python, "-c", program, *words], capture_output=True, timeout=60, check=True
        )
        assert b"error" not in ended.stderr
        assert tool.metric("events_accepted") == {"": AT_ONCE + LATER}
        assert tool.metric("over_limit")


class TestNewInstalls:
    @pytest.mark.thorough
    def test_that_are_too_many_wait_and_known_ones_do_not_even_after_a_restart(
        self, own: Server
    ) -> None:
        tool, known = Place(own), [Install() for _ in range(3)]
        for each in known:
            assert tool.send(each.segment(1)).status == 200
        own.settle()
        own.stop()
        own.start()
        tool.limit(key_installs_day=1)
        until(lambda: tool.send(Install().segment(1)).status == 429)
        for each in known:
            assert tool.send(Install(each.user_id).segment(1)).status == 200

    def test_that_come_in_a_batch_are_counted_each(self, server: Server) -> None:
        tool, users = Place(server, key_installs_day=10), [Install() for _ in range(11)]
        other = Place(server, key_installs_day=1)  # it shows that the warehouse was read
        until(lambda: other.send(Install().segment(1)).status == 429)
        assert tool.send(b"".join(each.segment(1) for each in users)).status == 200
        assert tool.send(Install().segment(1)).status == 429
        assert tool.send(users[0].segment(1)).status == 200


def test_a_key_over_its_limit_leaves_the_projects_other_keys_alone(server: Server) -> None:
    tool = Place(server, key_events_day=10)
    with closing(Keys(server.data)) as keys:
        other = keys.add(tool.name, "other").key
    assert tool.send(Install().segment(20)).status == 200
    assert tool.send(Install().segment(1)).status == 429
    assert server.send(other, Install().segment(1)).status == 200


def test_a_limit_that_an_operator_sets_holds_from_the_next_request(server: Server) -> None:
    def projects(*words: str) -> subprocess.CompletedProcess[str]:
        return forked.aboveboard("projects", "--data", str(server.data), *words)

    tool, me = Place(server), Install()
    assert tool.send(me.segment(20)).status == 200
    said = projects(
        "set", tool.name, "--limit", "install-events-day=10", "--limit=key-events-day=off"
    )
    assert (said.returncode, said.stderr) == (0, "")
    lines = ["install-events-day=10", "key-events-day=off"]
    assert said.stdout.splitlines() == lines
    listed = [line.strip() for line in projects("list").stdout.splitlines()]
    assert set(lines) < set(listed)
    assert tool.send(me.segment(20)).status == 200  # it counts from now on
    assert tool.send(me.segment(20)).status == 429
    wrong = projects("set", tool.name, "--limit", "events=10")
    assert wrong.returncode == 2
    assert "there is no limit 'events'" in wrong.stderr
    assert projects("set", tool.name).returncode == 2
    assert projects("set", "nobody", "--limit", "key-events-day=1").returncode == 1
