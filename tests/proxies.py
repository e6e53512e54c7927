"""Real proxies before a collector, configured as deploy/ has them."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
from pathlib import Path

from tests.collector.tool import free_port, until
from tests.conftest import ROOT


class Proxy:
    """nginx on loopback, with the server block of deploy/; without TLS unless told otherwise.

    Args:
        folder: Where its files are.
        backend: The collector's port.
        headers: What it says of a request, in the place of what deploy/ has.
        certificate: Where its certificate is, with the key beside it: `NAME.pem`, `NAME.key`.
    """

    def __init__(
        self,
        folder: Path,
        backend: int,
        headers: str | None = None,
        certificate: Path | None = None,
    ) -> None:
        self.port = free_port()
        block = (ROOT / "deploy/nginx.conf").read_text()
        listen = f"listen 127.0.0.1:{self.port}"
        if certificate is None:
            block = block.replace("listen 443 ssl", listen)
            block = re.sub(r"^ *ssl_certificate.*$", "", block, flags=re.MULTILINE)
        else:
            block = block.replace("listen 443 ssl", f"{listen} ssl")
            block = block.replace("/etc/ssl/analytics.pem", str(certificate))
            block = block.replace("/etc/ssl/analytics.key", str(certificate.with_suffix(".key")))
            # The port of https goes without saying, this one does not.
            block = block.replace("Host $host;", "Host $http_host;")
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
        until(self._answers if certificate is None else self._listens)

    def started(self, folder: Path) -> subprocess.Popen[bytes]:
        words = ["nginx", "-p", str(folder), "-c", str(self.config)]
        subprocess.run([*words, "-t", "-q"], check=True)
        return subprocess.Popen(words)

    def _answers(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

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
