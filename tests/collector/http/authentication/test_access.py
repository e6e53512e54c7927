from __future__ import annotations

import base64
from pathlib import Path

import pytest

from aboveboard.collector.http.authentication import access, door
from tests.collector.tool import Install, Server, add_project


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


FORWARDED = """
    X-Forwarded-Host X_Forwarded_For X-Forward-For X-Original-Forwarded-For Forwarded-For
    Max-Forwards Proxy-Client-IP WL-Proxy-Client-IP X-Nginx-Proxy X-ProxyUser-Ip Via
    X-Bluecoat-Via X-Cluster-Client-Ip Do-Connecting-Ip Ali-Cdn-Real-Ip Remote-Addr X-Real-Host
    Incap-Client-IP X-Appengine-User-Ip Akamai-Origin-Hop X-Akamai-Edgescape Front-End-Https
    X-Url-Scheme X-Https X-Ssl-Cipher X-Tunnel Early-Data Surrogate-Capability CDN-Loop X-Host
    X-Varnish X-Request-Start X-Railway-Edge X-Sucuri-ClientIP X-Arr-Log-Id CF-Ray Fly-Region
    X-Vercel-Id X-Amz-Cf-Id X-Amzn-Trace-Id Ngrok-Trace Tailscale-User-Login X-Envoy-Internal
"""
OWN = """
    Host User-Agent Accept Accept-Encoding Accept-Language Connection Keep-Alive Cache-Control
    Pragma Cookie Referer DNT Sec-GPC Sec-Fetch-Site Sec-CH-UA Sec-CH-UA-Platform Origin Range
    Upgrade-Insecure-Requests If-None-Match TE Priority Authorization Content-Type
    Content-Length Save-Data Device-Memory Downlink Viewport-Width Purpose Sec-Purpose
    X-Requested-With X-Prometheus-Scrape-Timeout-Seconds Idempotency-Key Sent-At Expect
"""


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8300", "localhost"),
        ("127.0.0.1:8300", "127.0.0.1"),
        ("[::1]:8300", "::1"),
        ("[::1]", "::1"),
        ("127.0.0.1.evil.example:80", "127.0.0.1.evil.example"),
        ("127.0.0.1:80@evil.example", ""),
        ("[::1].evil.example", ""),
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
    server = Server(tmp_path, "--admin-secret", "öpen:sesame-and-more")
    try:
        for path in ("/", "/metrics", "/insights/models.json"):
            answer = server.request("GET", path)
            assert answer.status == 401, path
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        for wrong in (
            f"Bearer {key}",
            "Bearer",
            basic("a:b"),
            basic("öpen:sesame-and-more"),
            "Basic %",
            "Basic \xff",
            "",
        ):
            told = {"Authorization": wrong}
            assert server.request("GET", "/metrics", headers=told).status == 401, wrong
        for accepted, media_type in (
            ("*/*", "text/plain"),  # curl's
            ("application/json", "application/json"),
            ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html"),
        ):
            told = {"Authorization": "Bearer wrong", "Accept": accepted}
            answer = server.request("GET", "/insights/models", headers=told)
            assert answer.status == 401
            assert answer.headers["Content-Type"].partition(";")[0] == media_type, accepted
            assert b"read token is needed" in answer.body
        # http.client writes headers as Latin-1; a browser's Basic is UTF-8, as we ask it to be.
        for right in (basic("me:öpen:sesame-and-more"), basic(":öpen:sesame-and-more")):
            told = {"Authorization": right, "Host": "analytics.example"}
            assert server.request("GET", "/metrics", headers=told).status == 200, right
        for path in ("/healthz", "/readyz"):
            assert server.request("GET", path).status == 200
        assert server.send(key, Install().start()).status == 200
    finally:
        server.stop()


@pytest.mark.parametrize(
    "header",
    ["Forwarded", "Via", "X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP"],
)
def test_what_a_proxy_passes_on_needs_the_secret(server: Server, header: str) -> None:
    assert server.request("GET", "/metrics").status == 200
    answer = server.request("GET", "/metrics", headers={header: "192.0.2.1"})
    assert answer.status == 403
    assert b"`aboveboard secret`" in answer.body


def test_an_old_http_is_a_proxys() -> None:
    assert access.was_passed_on([], "1.0")
    assert access.was_passed_on([], "1"), "as granian spells it"
    assert not access.was_passed_on(["accept", "host", "sec-fetch-site"], "1.1")


def test_a_forwarding_header_is_known_by_the_words_it_is_made_of() -> None:
    for header in FORWARDED.split():
        assert access.was_passed_on(["Host", header], "1.1"), header


def test_what_browsers_and_programs_of_this_machine_send_is_no_proxys() -> None:
    for header in OWN.split():
        assert not access.was_passed_on([header], "1.1"), header


def test_failed_sign_ins_wait_longer_and_longer_and_no_longer_than_that() -> None:
    failures = door.Failures(lambda: 0.0)
    waits = [failures.pause() for _ in range(2000)]
    assert waits[0] == 0.0 or waits[0] <= door.Failures.EVERY
    assert waits == sorted(waits)
    assert waits[-1] == door.Failures.LONGEST
