"""The collector behind a real nginx and a real Caddy, configured as deploy/ has it."""

from __future__ import annotations

import base64
import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.tool import Install, Server, add_project, new_id
from tests.conftest import ROOT, missing
from tests.proxies import Caddy, Proxy

SECRET = "correct-horse-battery-staple-7"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A collector with a secret."""
    data = tmp_path_factory.mktemp("closed")
    add_project(data)
    server = Server(data, "--admin-secret", SECRET)
    yield server
    server.stop()


@pytest.fixture(scope="module", autouse=True)
def _nginx() -> None:
    if shutil.which("nginx") is None:
        missing("nginx")


@pytest.mark.thorough
@pytest.mark.parametrize("kind", [Proxy, Caddy])
def test_as_the_files_say_events_pass_and_the_dashboard_asks_for_the_secret(
    tmp_path: Path, closed: Server, kind: type[Proxy]
) -> None:
    if kind is Caddy and shutil.which("caddy") is None:
        missing("caddy")
    proxy = kind(tmp_path, closed.port)
    try:
        assert proxy.get("/").status == 401
        assert proxy.get("/insights/models.json").status == 401
        told = base64.b64encode(f":{SECRET}".encode()).decode()
        assert proxy.get("/", Authorization=f"Basic {told}").status == 200
        named = {"Authorization": f"Bearer {closed.key()}", "Idempotency-Key": new_id()}
        packed = gzip.compress(Install().segment(3))
        sent = proxy.post("/v1/events", packed, **{"Content-Encoding": "gzip", **named})
        assert sent.status == 200
        named["Idempotency-Key"] = new_id()
        large = proxy.post("/v1/events", b" " * (5 * 2**20), **named)
        assert large.headers["Content-Type"] == "application/json"  # the collector's own answer
    finally:
        proxy.stop()
    said = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert "/v1/events" not in said  # no access log


def test_the_page_points_at_the_files() -> None:
    page = (ROOT / "docs/proxies.md").read_text()
    for name in ("nginx.conf", "Caddyfile"):
        assert f"(../deploy/{name})" in page


@pytest.mark.thorough
@pytest.mark.parametrize(
    "headers",
    [
        "",  # a plain proxy_pass: nginx says Host: 127.0.0.1, and HTTP/1.0
        "proxy_http_version 1.1; proxy_set_header X-Real-IP $remote_addr;",
        "proxy_set_header Host localhost; proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header Forwarded for=_hidden;",
        "proxy_set_header Host $host:8300;",
    ],
)
def test_without_a_secret_nobody_from_outside_sees_the_dashboard(
    tmp_path: Path, headers: str
) -> None:
    server = Server(tmp_path / "data")
    proxy = Proxy(tmp_path, server.port, headers)
    try:
        assert proxy.get("/", Host="analytics.example.org").status == 403
        assert proxy.get("/metrics", Host="analytics.example.org").status == 403
    finally:
        proxy.stop()
        server.stop()
