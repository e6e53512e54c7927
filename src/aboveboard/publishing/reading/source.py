"""Where a published site is read from: a file, a site's directory, or an address.

Whoever answers at an address is a stranger: no more is read than a site's file may have, no longer
than a person waits, from no other host than the one that was named, and in clear text from this
machine alone.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from typing import IO

SIZE_MOST = 16 << 20
"""Bytes of a file. A table of 5,049 models has one of 1 MB."""

SECONDS = 30
"""How long one file may take in all: looking up the name, connecting, redirects, reading."""

REDIRECTS_MOST = 3

_OF_SITE = re.compile(r"v1/(?:[A-Za-z0-9_.-]+/)*[A-Za-z0-9_.-]+\.json")
_AGENT = "aboveboard-compare"


class SourceError(Exception):
    """Nothing can be read there; the text says what to do."""


class Site(Protocol):
    """The files of a site, by their paths in it."""

    def read(self, path: str) -> bytes:
        """Return a file's content.

        Raises:
            SourceError: it cannot be read.
        """


@dataclass(frozen=True)
class Source:
    """What a person named.

    Args:
        name: As they wrote it.
        site: The site that it is, or in which the file stands; None for a file that stands alone.
        file: The file's path in the site, or its own; None where a site was named.
    """

    name: str
    site: Site | None
    file: str | None

    def content(self) -> bytes:
        """Return the content of the file that was named.

        Raises:
            SourceError: it cannot be read.
        """
        assert self.file is not None
        return _file(Path(self.file)) if self.site is None else self.site.read(self.file)


def of(text: str) -> Source:
    """Return the source of what a person named.

    Raises:
        SourceError: it is neither a file nor a directory nor an address that may be read.
    """
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        return _of_address(text)
    path = Path(text)
    try:
        is_directory, is_there = path.is_dir(), path.exists()
    except OSError as error:  # a directory on the way is closed, or the name is too long
        raise SourceError(f"{text[:200]} cannot be read: {error.strerror}") from None
    if is_directory:
        return Source(text, _Directory(path), None)
    if not is_there:
        raise SourceError(f"{text} is not there: name a file of a site's v1/, the site, or its URL")
    parts = path.absolute().parts
    if "v1" in parts[:-1]:
        at = len(parts) - 1 - parts[::-1].index("v1")
        inside = "/".join(parts[at:])
        if _OF_SITE.fullmatch(inside):
            return Source(text, _Directory(Path(*parts[:at])), inside)
    return Source(text, None, text)


@dataclass(frozen=True)
class _Directory:
    root: Path

    def read(self, path: str) -> bytes:
        return _file(self.root / path)


def _file(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise SourceError(f"{path} is no file of a published site")
        with path.open("rb") as file:
            content = file.read(SIZE_MOST + 1)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > SIZE_MOST:
        raise SourceError(f"{path} is no file of a published site: it is too long")
    return content


def _of_address(text: str) -> Source:
    try:
        address = urllib.parse.urlsplit(text)
        host, _ = address.hostname, address.port
    except ValueError:
        raise SourceError(f"{text} is no address") from None
    if address.scheme not in ("https", "http") or not host:
        raise SourceError(f"{text} is no address of a site: it begins with https://")
    if address.username is not None or address.password is not None:
        raise SourceError(f"a site is read without a name or password: leave them out, {host}")
    if address.scheme == "http" and not _is_loopback(host):
        raise SourceError(
            f"{text} would come in clear text, so that anybody on the way could change it: "
            "use https (http is for this machine alone)"
        )
    path = address.path
    within = re.fullmatch(r"(.*/)?(v1/.+)", path)
    if path.endswith(".json"):
        if within is None or not _OF_SITE.fullmatch(within[2]):
            raise SourceError(f"{text} is no file of a site's v1/: name that, or the site")
        root, file = within[1] or "/", within[2]
    else:
        root, file = re.sub(r"[^/]+\.html$", "", path), None
        root = root if root.endswith("/") else f"{root}/"
    whole = urllib.parse.urlunsplit((address.scheme, address.netloc, root, "", ""))
    return Source(text, _Web(whole), file)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class _Web:
    root: str

    def read(self, path: str) -> bytes:
        url = self.root + urllib.parse.quote(path)
        found: list[bytes | SourceError] = []
        # A thread, since looking up a name has no bound of its own, and an answer may dribble.
        thread = threading.Thread(target=lambda: found.append(_fetched(url)), daemon=True)
        thread.start()
        thread.join(SECONDS)
        if not found:
            raise SourceError(f"{url} did not answer within {SECONDS} seconds")
        if isinstance(found[0], SourceError):
            raise found[0]
        return found[0]


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect within the host that was named, and no other."""

    max_redirections = REDIRECTS_MOST
    max_repeats = REDIRECTS_MOST

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        here, there = (urllib.parse.urlsplit(each) for each in (req.full_url, newurl))
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            fp.close()
            raise SourceError(
                f"{req.full_url} sends on to {there.scheme}://{there.netloc}: name that address "
                "yourself if you trust it"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetched(url: str) -> bytes | SourceError:
    """Return what is at an address, or why it cannot be had."""
    handlers: list[urllib.request.BaseHandler] = [_SameHost()]
    if url.startswith("http://"):  # this machine's own: no proxy can reach it
        handlers.append(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(  # noqa: S310  # its scheme is looked at above
        url, headers={"Accept": "application/json", "User-Agent": _AGENT}
    )
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=SECONDS) as answer:
            content: bytes = answer.read(SIZE_MOST + 1)
    except SourceError as error:
        return error
    except urllib.error.HTTPError as error:
        error.close()
        return SourceError(
            f"{url} answered {error.code}: name the address of a site that `aboveboard publish` "
            "has made, or a file of its v1/"
        )
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        return SourceError(f"{url} cannot be reached: {reason}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return SourceError(f"{url} cannot be read: {str(error) or type(error).__name__}")
    if len(content) > SIZE_MOST:
        return SourceError(f"{url} is no file of a published site: it is too long")
    return content
