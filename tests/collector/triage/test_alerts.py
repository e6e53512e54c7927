"""Alerts are kept once, and sent until they are taken, by whoever can prove it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from aboveboard.collector.people.register import Register, RegisterError
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.triage.alerts import KEPT, RETRIES, Alerts, send, total
from tests.collector.tool import CATALOG
from tests.conftest import Recorder


@dataclass
class Found:
    key: str
    kind: str = "error"
    title: str = "KeyError is new in 1.1"
    text: str = "It crashed on 3 installs."
    path: str = "/errors/v1:0000000000000001"


@pytest.fixture
def alerts(tmp_path: Path) -> Iterator[Alerts]:
    with closing(Projects(tmp_path)) as projects:
        projects.add("tool", CATALOG)
    with closing(Register(tmp_path)) as register:
        yield Alerts(register)


def test_the_same_alert_is_kept_once(alerts: Alerts) -> None:
    assert [each.key for each in alerts.note("tool", [Found("a"), Found("b")])] == ["b", "a"]
    assert [each.key for each in alerts.note("tool", [Found("a"), Found("c")])] == ["c"]
    assert [each.key for each in alerts.recent("tool")] == ["c", "b", "a"]


def test_only_so_many_are_kept(alerts: Alerts) -> None:
    alerts.note("tool", [Found(str(number)) for number in range(KEPT + 3)])
    assert len(alerts.recent("tool", 2 * KEPT)) == KEPT


def test_an_alert_is_sent_signed_and_not_again_once_it_is_taken(
    alerts: Alerts, recorder: Recorder
) -> None:
    webhook = alerts.add("tool", f"{recorder.url}/hook")
    alerts.note("tool", [Found("a")])
    (delivery,) = alerts.due(2e9)
    assert send(delivery, 1_900_000_000) == ""
    alerts.sent(delivery, "", 1_900_000_000)
    assert alerts.due(3e9) == []
    (request,) = recorder.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    signed = f"{headers['webhook-id']}.1900000000.".encode() + request.body
    key = base64.b64decode(webhook.secret.removeprefix("whsec_"))
    mine = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mine}"
    told = json.loads(request.body)
    assert told["type"] == "alert.error"
    assert told["data"]["title"] == "KeyError is new in 1.1"


def test_what_is_not_taken_is_sent_again_later_and_given_up_in_the_end(
    alerts: Alerts, recorder: Recorder
) -> None:
    alerts.add("tool", f"{recorder.url}/hook")
    alerts.note("tool", [Found("a")])
    recorder.statuses = [503, 301]
    now = 2e9
    for number in range(len(RETRIES) + 1):
        (delivery,) = alerts.due(now)
        assert delivery.tries == number
        failure = send(delivery, now) if number < 2 else "it is away"
        assert failure
        alerts.sent(delivery, failure, now)
        if number < len(RETRIES):
            assert alerts.due(now + RETRIES[number] - 1) == []
            now += RETRIES[number]
    assert alerts.due(9e9) == []


def test_an_address_that_does_not_answer_is_a_failure_in_a_word(alerts: Alerts) -> None:
    alerts.add("tool", "http://127.0.0.1:9/hook")
    alerts.note("tool", [Found("a")])
    (delivery,) = alerts.due(2e9)
    assert send(delivery, 2e9) == "URLError"


def test_a_webhook_that_is_removed_is_sent_nothing(alerts: Alerts) -> None:
    webhook = alerts.add("tool", "https://example.org/hook")
    alerts.note("tool", [Found("a")])
    alerts.remove(webhook.number)
    assert (alerts.due(2e9), alerts.webhooks()) == ([], [])
    with pytest.raises(RegisterError, match="no webhook"):
        alerts.remove(webhook.number)


@pytest.mark.parametrize(
    "url", ["", "example.org", "file:///etc/hostname", "https://", "http://a\n"]
)
def test_what_is_no_address_is_refused(alerts: Alerts, url: str) -> None:
    with pytest.raises(RegisterError):
        alerts.add("tool", url)


def test_refused_lines_are_counted_by_the_day(alerts: Alerts) -> None:
    assert alerts.tally("tool", 100, 50) == []
    assert alerts.tally("tool", 101, 60) == [10]
    assert alerts.tally("tool", 101, 75) == [25]
    assert alerts.tally("tool", 102, 40) == [25, 0], "what is forgotten is no line that came"
    assert total([Found("a")]) == 0
