"""A person's word to be forgotten, from their machine to every file of a real collector."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from aboveboard.collector.inbox.erasures import Erasures
from tests.client import tool as host
from tests.client.conftest import Tool, until
from tests.collector.tool import Server, add_project
from tests.commands.running import aboveboard
from tests.warehouse.kept import files_with

__all__ = ["until"]


def test_who_forgets_is_gone_at_the_collector_and_has_its_receipt(
    home: dict[str, str], tmp_path: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    data = tmp_path / "data"
    key = add_project(data, catalog=host.analytics().catalog)
    server = Server(data)
    used = Tool(home, f"http://127.0.0.1:{server.port}")
    used.environ["TOOL_KEY"] = key
    used.agree()
    used.run("send")
    user_id = used.decided()["uuid"]
    until(lambda: server.metric("events_accepted_total") > 0)
    assert aboveboard(used, "forget", "tool").returncode == 0

    def receipt() -> list[dict[str, object]]:
        (one,) = json.loads(aboveboard(used, "status", "tool", "--json").stdout)
        taken: list[dict[str, object]] = one["recipients"][0]["erasures_taken"]
        return taken

    until(lambda: bool(receipt()))
    (told,) = receipt()
    assert f"receipt {told['receipt']}, asked on" in aboveboard(used, "status", "tool").stdout
    with closing(Erasures(data)) as requests:
        until(lambda: all(each.gone for _, each in requests.receipts()))
        ((project, taken),) = requests.receipts()
    assert (project, taken.id) == ("tool", told["receipt"])
    assert server.stop() == (0, "")
    assert files_with(data, user_id.encode()) == []
