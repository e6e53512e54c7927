"""The address: whether a server answers, and what a stranger gets through whatever is before it."""

from __future__ import annotations

import datetime
import http.client
import re
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from aboveboard.collector.http.authentication import access
from aboveboard.collector.people import passwords

from .finding import Finding, notice, well, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

URL, SECRET, CLOCK = "address", "secret", "clock"
SECONDS = 10.0

LARGE = 2 * 2**20
"""Bytes of a body that a proxy must let pass: nginx, unless told otherwise, takes one MiB."""

SKEW = 120.0
"""Seconds that two clocks may differ."""

DASHBOARD = {"/": b"aboveboard", "/insights/models.json": b'"columns"', "/metrics": b"aboveboard_"}
"""Pages that strangers must not see, each with what tells it from another site's."""


def secret(told: str | None, *, public: bool, stored: bool = False) -> Finding:
    """Return whether an admin secret will do.

    Args:
        told: The secret, as the environment has it.
        public: Whether the address is not this machine's.
        stored: Whether the data directory has the hash of one, which was looked at when it was set.
    """
    if told is not None:
        weak = passwords.weakness(told)
        return wrong(SECRET, weak) if weak else well(SECRET, "long and mixed enough")
    if stored:
        return well(SECRET, "set; its hash alone is kept")
    if public:
        return notice(
            SECRET,
            "none is set here, as `aboveboard secret` does it or in ABOVEBOARD_ADMIN_SECRET; the "
            "server must have one",
        )
    return notice(SECRET, "none is set: only this machine can see the dashboard")


def is_public(url: str | None) -> bool:
    parts = None if url is None else _parts(url)
    return parts is not None and not access.is_loopback(parts.hostname or "")


def examine(url: str) -> Iterator[Finding]:
    """Yield what there is to say about a server's address, as a stranger finds it."""
    if _parts(url) is None:
        yield wrong(URL, f"{url} is none: it is like https://analytics.example.org")
        return
    try:
        ready = _Answer(url, "/readyz")
    except ssl.SSLCertVerificationError as error:
        yield wrong(
            URL,
            f"{url} has a certificate that is not trusted here ({error.verify_message}): senders "
            "would refuse it too; have the proxy use another, or name its authority's file in "
            "SSL_CERT_FILE, here and where they run",
        )
        return
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        yield wrong(URL, f"nothing answers at {url} ({why}): start the server, or correct it")
        return
    yield from _readiness(url, ready)
    try:
        yield from _what_a_stranger_gets(url, ready)
    except (OSError, http.client.HTTPException) as error:
        yield wrong(URL, f"{url} did not answer further ({type(error).__name__}): ask again")


def _parts(url: str) -> SplitResult | None:
    """Return a server's address in its parts, None where it is none that can be asked."""
    try:
        parts = urlsplit(url)
        # Python reads the port when it is asked for, and takes no path but of ASCII.
        is_port = parts.port is None or parts.port > 0
        (parts.hostname or "").encode("idna")
    except ValueError:
        return None
    is_one = parts.scheme in ("http", "https") and parts.hostname and is_port
    return parts if is_one and _PATH.fullmatch(parts.path) else None


_PATH = re.compile(r"[!-~]*")


class _Answer:
    """What a request without any secret got."""

    def __init__(self, url: str, path: str, body: bytes | None = None) -> None:
        parts = urlsplit(url)
        where, port = parts.hostname or "", parts.port
        connection = (
            http.client.HTTPSConnection(
                where, port, timeout=SECONDS, context=ssl.create_default_context()
            )
            if parts.scheme == "https"
            else http.client.HTTPConnection(where, port, timeout=SECONDS)
        )
        try:
            connection.request(
                "GET" if body is None else "POST",
                parts.path.rstrip("/") + path,
                body,
                {"Connection": "close", "User-Agent": "aboveboard doctor"},
            )
            answer = connection.getresponse()
            self.status = answer.status
            self.server = answer.headers.get("Server", "")
            self.date = answer.headers.get("Date")
            self.body = answer.read(65_536)
        finally:
            connection.close()

    def shows(self, word: bytes) -> bool:
        return self.status == 200 and word in self.body


def _readiness(url: str, ready: _Answer) -> Iterator[Finding]:
    lines = ready.body.decode("utf-8", "replace").splitlines()
    if ready.status == 200 and lines == ["ready"]:
        yield well(URL, f"{url} is ready")
    elif ready.status == 503 and lines:
        yield from (wrong(URL, f"{url} says: {line[:300]}") for line in lines)
    elif ready.status == 404:
        yield notice(
            URL,
            f"{url} does not pass /readyz on, so whether it is ready was not seen; with "
            "--base-path, that path is a part of the address",
        )
    else:
        yield wrong(URL, f"{url}/readyz answers {ready.status}: is this a collector's address?")
    if ready.date:
        theirs = parsedate_to_datetime(ready.date).timestamp()
        if abs(theirs - time.time()) > SKEW:
            moment = datetime.datetime.fromtimestamp(theirs, datetime.timezone.utc)
            yield wrong(
                CLOCK, f"{url} says it is {moment:%Y-%m-%d %H:%M} UTC, and here it is not: set them"
            )


def _what_a_stranger_gets(url: str, ready: _Answer) -> Iterator[Finding]:
    public = is_public(url)
    proxied = public or ready.server.lower().startswith(("nginx", "caddy", "apache", "envoy"))
    seen = [path for path, word in DASHBOARD.items() if _Answer(url, path).shows(word)]
    if seen and proxied:
        yield wrong(
            URL,
            f"whoever asks {url} sees {', '.join(seen)} without a secret: set "
            "one with `aboveboard secret`",
        )
    elif proxied:
        yield well(URL, "a stranger sees no page and no number")
    if public and url.startswith("http:"):
        yield wrong(URL, f"{url} is not encrypted: have the proxy listen with TLS (https)")
    sent = _Answer(url, "/v1/events", b" " * LARGE)
    if sent.status == 413:
        yield wrong(
            URL,
            f"{url} refuses a body of 2 MiB: have the proxy take 8 (client_max_body_size 8m of "
            "nginx)",
        )
    elif sent.status >= 500 and sent.status != 503:
        yield wrong(
            URL,
            f"{url}/v1/events answers {sent.status} to a body of 2 MiB: the error log of the "
            "proxy, else of the server, says why",
        )
    elif sent.status not in (400, 401, 503):
        yield wrong(
            URL,
            f"{url}/v1/events answers {sent.status} to a request without a key, and not 401: have "
            "the proxy pass it on",
        )
