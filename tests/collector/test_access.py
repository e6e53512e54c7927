from __future__ import annotations

import base64
from pathlib import Path

import pytest

from aboveboard.collector import access
from tests.collector.tool import Install, Server, add_project


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8300", "localhost"),
        ("127.0.0.1:8300", "127.0.0.1"),
        ("[::1]:8300", "::1"),
        ("[::1]", "::1"),
        ("127.0.0.1.evil.example:80", "127.0.0.1.evil.example"),
        ("", ""),
    ],
)
def test_a_host_header_is_read_without_its_port(host: str, name: str) -> None:
    assert access.hostname(host) == name


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("127.0.0.1.evil.example", False),
        ("127.evil.example", False),
        ("", False),
    ],
)
def test_only_this_machines_own_addresses_are_loopback(host: str, ours: bool) -> None:
    assert access.is_loopback(host) is ours


def test_with_a_secret_everything_that_shows_something_asks_for_it(tmp_path: Path) -> None:
    key = add_project(tmp_path)
    server = Server(tmp_path, "--admin-secret", "öpen:sesame")
    try:
        for path in ("/", "/metrics", "/insights/models.json"):
            answer = server.request("GET", path)
            assert answer.status == 401, path
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        for wrong in (f"Bearer {key}", "Bearer", basic("a:b"), basic("öpen:sesame"), "Basic %", ""):
            told = {"Authorization": wrong}
            assert server.request("GET", "/metrics", headers=told).status == 401, wrong
        # http.client writes headers as Latin-1; a browser's Basic is UTF-8, as we ask it to be.
        for right in (basic("me:öpen:sesame"), basic(":öpen:sesame")):
            told = {"Authorization": right, "Host": "analytics.example"}
            assert server.request("GET", "/metrics", headers=told).status == 200, right
        for path in ("/healthz", "/readyz"):
            assert server.request("GET", path).status == 200
        assert server.send(key, Install().start()).status == 200
    finally:
        server.stop()
