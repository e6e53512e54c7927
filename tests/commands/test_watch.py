"""`aboveboard watch` tells of alerts in a terminal; `webhooks` says where a server sends them."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from aboveboard.collector.service import Collector
from aboveboard.commands import main
from aboveboard.commands.server import sentinel
from aboveboard.insights import alerts
from aboveboard.warehouse import WarehouseError
from tests.collector.tool import until
from tests.conftest import Recorder
from tests.insights.population import Happening, fill, part


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two releases, of which the newer one has a crash that the older one has not."""
    directory: Path = tmp_path_factory.mktemp("data")
    with closing(Collector(directory)) as collector:
        catalog = part("session_start", "exception")
        for name in ("calm", "aider"):
            collector.add_project(name, catalog)
        happened = []
        for number in range(12):
            at = datetime.now(UTC) - timedelta(days=2 if number % 2 else 9)
            told: dict[str, object] = {"app_version": "1.1" if number % 2 else "1.0", "os": "Linux"}
            began = Happening("session_start", uuid4(), uuid4(), at, told)
            happened.append(began)
            if number in (1, 3):
                error: dict[str, object] = {
                    "error_type": "KeyError",
                    "error_frames": ["aider.io:read:7"],
                }
                happened.append(Happening("exception", began.user_id, began.session, at, error))
        fill(collector.warehouse, "aider", catalog, happened)
    return directory


def test_a_look_tells_what_there_is_and_its_exit_code_says_so(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--once", "--data", str(data), "--project")
    assert main(["watch", *words, "aider"]) == 3
    assert "KeyError in aider.io:read is new in 1.1" in capsys.readouterr().out
    assert main(["watch", *words, "nobody"]) == 1
    assert "there is no project 'nobody'" in capsys.readouterr().err


@pytest.mark.thorough
def test_where_nothing_happens_a_look_says_nothing(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", "--once", "--data", str(data), "--project", "calm"]) == 0
    assert capsys.readouterr().out == ""


def test_webhooks_are_added_listed_and_removed(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = ("--data", str(data))
    assert main(["webhooks", "add", "https://example.org/hook", "--project", "calm", *of]) == 0
    secret = capsys.readouterr().out.strip()
    assert secret.startswith("whsec_")
    assert main(["webhooks", "list", *of]) == 0
    listed = capsys.readouterr().out
    assert "https://example.org/hook" in listed
    assert secret not in listed
    number = listed.splitlines()[1].split()[0]
    assert main(["webhooks", "remove", number, *of]) == 0
    capsys.readouterr()
    assert main(["webhooks", "remove", number, *of]) == 1
    assert "there is no webhook" in capsys.readouterr().err
    assert main(["webhooks", "add", "ftp://example.org", "--project", "calm", *of]) == 1
    assert "a webhook is an address" in capsys.readouterr().err


@pytest.mark.thorough
def test_a_server_looks_by_itself_and_tells_its_webhooks_once(
    data: Path,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A project that cannot be asked keeps no other from being looked at, nor from later looks."""
    monkeypatch.setattr(sentinel, "FIRST", 0.0)
    monkeypatch.setattr(sentinel, "EVERY", 0.1)
    monkeypatch.setattr(sentinel, "SEND_EVERY", 0.02)
    looked: list[str] = []
    find = alerts.find

    def found(*told: Any, **more: Any) -> list[alerts.Alert]:
        looked.append(told[1].name)
        if told[1].name == "aider" and looked.count("aider") == 1:
            raise WarehouseError("the warehouse is away")
        return find(*told, **more)

    monkeypatch.setattr(alerts, "find", found)
    with closing(Collector(data)) as collector:
        collector.alerts.add("aider", f"{recorder.url}/hook")
        watching = sentinel.Sentinel(collector)
        watching.start()
        try:
            until(lambda: looked.count("aider") >= 3 and bool(recorder.requests))
        finally:
            watching.close()
        kept = [each.title for each in collector.alerts.recent("aider")]

    assert "calm" in looked
    assert kept.count("KeyError in aider.io:read is new in 1.1") == 1
    assert len(recorder.requests) == len(kept)
    assert "alerts of aider: the warehouse is away" in caplog.text
    count = len(looked)
    time.sleep(0.3)
    assert len(looked) == count, "it looks no more once it is closed"
