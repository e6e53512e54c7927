"""The collector behind a real nginx and a real Caddy, configured as deploy/ has it."""

from __future__ import annotations

import base64
import gzip
import http.client
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.tool import Install, Server, add_project, free_port, new_id, until
from tests.conftest import ROOT, missing

SECRET = "correct-horse-battery-staple-7"


class Proxy:
    """nginx on loopback, with the server block of deploy/, without TLS."""

    def __init__(self, folder: Path, backend: int, headers: str | None = None) -> None:
        self.port = free_port()
        block = (ROOT / "deploy/nginx.conf").read_text()
        block = block.replace("listen 443 ssl", f"listen 127.0.0.1:{self.port}")
        block = re.sub(r"^ *ssl_certificate.*$", "", block, flags=re.MULTILINE)
        block = block.replace("http://127.0.0.1:8300", f"http://127.0.0.1:{backend}")
        if headers is not None:  # as somebody has it who has not read the page
            block = re.sub(r"^ *proxy_set_header.*$", "", block, flags=re.MULTILINE)
            block = block.replace("proxy_http_version 1.1;", headers)
        self.config = folder / "nginx.conf"
        self.config.write_text(
            # Started by root it would be nobody, who may not write to the test's own folder.
            ("user root root; " if os.geteuid() == 0 else "")
            + f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
            "events {}\nhttp {\n"
            + "".join(
                f"{name}_temp_path {folder}/{name};\n"
                for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            + block
            + "}\n"
        )
        self.process = self.started(folder)
        until(self._answers)

    def started(self, folder: Path) -> subprocess.Popen[bytes]:
        words = ["nginx", "-p", str(folder), "-c", str(self.config)]
        subprocess.run([*words, "-t", "-q"], check=True)
        return subprocess.Popen(words)

    def _answers(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        return self._request("GET", path, None, headers)

    def post(self, path: str, body: bytes, **headers: str) -> http.client.HTTPResponse:
        return self._request("POST", path, body, headers)

    def _request(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, {"Connection": "close", **headers})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


class Caddy(Proxy):
    """Caddy on loopback, with the file of deploy/, without TLS."""

    def __init__(self, folder: Path, backend: int) -> None:
        self.port = free_port()
        self.config = ROOT / "deploy/Caddyfile"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "ABOVEBOARD_SITE": f"http://127.0.0.1:{self.port}",
            "ABOVEBOARD_COLLECTOR": f"127.0.0.1:{backend}",
        }
        self.process = self.started(folder)
        until(self._answers)

    def started(self, folder: Path) -> subprocess.Popen[bytes]:
        words = ["--adapter", "caddyfile", "--config", str(self.config)]
        with (folder / "caddy.log").open("wb") as log:
            for command in ("validate", "run"):
                process = subprocess.Popen(
                    ["caddy", command, *words], env=self.environ, stdout=log, stderr=log
                )
                if command == "validate":
                    assert process.wait(60) == 0
        return process


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
