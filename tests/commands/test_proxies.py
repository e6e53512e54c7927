"""The collector behind a real nginx, configured as docs/proxies.md says."""

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
    """nginx on loopback, with the server block of the docs."""

    def __init__(self, folder: Path, backend: int, headers: str | None = None) -> None:
        self.port = free_port()
        docs = (ROOT / "docs/proxies.md").read_text()
        block = re.findall(r"```nginx\n(.*?)```", docs, re.DOTALL)[0]
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
        self.process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(self.config)])
        until(self._answers)

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


def test_as_the_page_says_events_pass_and_the_dashboard_asks_for_the_secret(
    tmp_path: Path, closed: Server
) -> None:
    proxy = Proxy(tmp_path, closed.port)
    try:
        assert proxy.get("/").status == 401
        assert proxy.get("/insights/models.json").status == 401
        told = base64.b64encode(f":{SECRET}".encode()).decode()
        assert proxy.get("/", Authorization=f"Basic {told}").status == 200
        sent = proxy.post(
            "/v1/events",
            gzip.compress(Install().segment(3)),
            **{
                "Authorization": f"Bearer {closed.key()}",
                "Content-Encoding": "gzip",
                "Idempotency-Key": new_id(),
            },
        )
        assert sent.status == 200
    finally:
        proxy.stop()


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
