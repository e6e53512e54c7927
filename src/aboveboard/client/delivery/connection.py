"""The connection to a collector: HTTP, with proxies and trust as a person set them."""

from __future__ import annotations

import http.client
import os
import ssl
import urllib.parse

from . import proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST_SECONDS = 10
_JSON = ("application/json", "text/json")
_NOT_A_COLLECTOR = 0


class Connection:
    """One HTTP connection, kept open from request to request; proxies as the environment says."""

    def __init__(self, endpoint: str, environ: Mapping[str, str]) -> None:
        address = urllib.parse.urlsplit(endpoint)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise OSError(f"{endpoint!r} is no http or https address")
        self._prefix = address.path.rstrip("/")
        self._answer: http.client.HTTPResponse | None = None
        self._headers: dict[str, str] = {}
        secure = address.scheme == "https"
        port = address.port or (443 if secure else 80)
        way = proxy.chosen(address.scheme, address.hostname, environ)
        host, at = address.hostname, port
        tunnel_headers: dict[str, str] = {}
        if way:
            through = proxy.address(way)
            if through.scheme != proxy.SPOKEN:
                raise OSError(proxy.unspoken(through.scheme))
            host, at = through.hostname or host, through.port or 3128
            if through.username:
                login = f"{through.username}:{through.password or ''}"
                tunnel_headers["Proxy-Authorization"] = "Basic " + _base64(login)
            if not secure:
                # A plain proxy is told the whole address; it makes the connection itself.
                self._prefix = f"http://{address.netloc}{self._prefix}"
                self._headers = tunnel_headers
        self._http: http.client.HTTPConnection
        if secure:
            self._http = http.client.HTTPSConnection(
                host, at, timeout=REQUEST_SECONDS, context=_trust(environ)
            )
            if way:
                self._http.set_tunnel(address.hostname, port, tunnel_headers)
        else:
            self._http = http.client.HTTPConnection(host, at, timeout=REQUEST_SECONDS)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, int | None]:
        """Send one request; return its status and the Retry-After in seconds, where there is one.

        Redirects are not followed: nothing goes anywhere but to the address that was declared.

        Raises:
            OSError: no connection, or none in time.
            http.client.HTTPException: what answered does not speak HTTP.
        """
        self.answer()
        self._http.request("POST", self._prefix + path, body, {**self._headers, **headers})
        self._answer = answer = self._http.getresponse()
        after = answer.getheader("Retry-After", "")
        status = answer.status
        if status == 200 and not answer.getheader("Content-Type", "").startswith(_JSON):
            status = _NOT_A_COLLECTOR  # a hotel's welcome page takes every request and keeps none
        return status, int(after) if after.isdecimal() and len(after) < 6 else None

    def answer(self) -> bytes:
        """Return the last answer's body, or what of it is left.

        To be read once its status has been acted upon: a server that dribbles keeps us from the
        next request, never from believing the last.

        Raises:
            OSError, http.client.HTTPException: as `post` has it.
        """
        answer, self._answer = self._answer, None
        if answer is None:
            return b""
        body = answer.read(65536)
        if not answer.isclosed():  # a longer one is nobody's: start afresh
            self._http.close()
        return body

    def close(self) -> None:
        self._http.close()


def _trust(environ: Mapping[str, str]) -> ssl.SSLContext:
    # SSL_CERT_FILE and SSL_CERT_DIR are OpenSSL's own; the other two are what people behind a
    # company's proxy have set already for requests and curl.
    context = _openssls_trust(environ)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = environ.get(name)
        if path:
            try:
                if os.path.isdir(path):
                    context.load_verify_locations(capath=path)
                else:
                    context.load_verify_locations(cafile=path)
            except OSError:
                continue
    return context


def _openssls_trust(environ: Mapping[str, str]) -> ssl.SSLContext:
    if all(os.environ.get(name) == environ.get(name) for name in _OPENSSLS):
        return ssl.create_default_context()
    # A thread of the host's, whose environment says otherwise than what counts. Nor is that one
    # asked for a file in which to write down the keys of the connection.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    usual = ssl.get_default_verify_paths()
    file = environ.get("SSL_CERT_FILE") or usual.openssl_cafile
    directory = environ.get("SSL_CERT_DIR") or usual.openssl_capath
    context.load_verify_locations(
        cafile=file if os.path.isfile(file) else None,
        capath=directory if os.path.isdir(directory) else os.path.abspath(os.sep),
    )
    return context


_OPENSSLS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def _base64(text: str) -> str:
    import base64

    return base64.b64encode(urllib.parse.unquote(text).encode()).decode("ascii")
