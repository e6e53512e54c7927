"""Where a warehouse is: what its URL says, checked before anything is connected to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from aboveboard.warehouse.errors import WarehouseError

from .settings import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_SECONDS = 10
ANSWER_SECONDS = 300
"""How long a server may take to say anything of an answer, if the URL says nothing else."""

PORTS = {"clickhouse": 8123, "http": 8123, "https": 8443}
_SECONDS = ("connect_timeout", "send_receive_timeout")
_FILES = ("ca_cert", "client_cert", "client_cert_key")
CLUSTER = "cluster"
OPTIONS = (*_SECONDS, *_FILES, "server_host_name")
"""What a URL may say of the connection; all else that it says is a setting of ClickHouse's."""


@dataclass(frozen=True)
class Address:
    """A server of ClickHouse's.

    Args:
        shown: The URL without user, password and settings, for people to read.
        host: Its name or address.
        port: Of its HTTP interface.
        secure: Whether with TLS.
        user: Who asks.
        password: Theirs; never shown.
        options: What the connection is made with, as clickhouse-connect calls it.
        settings: What each statement is sent with besides.
    """

    shown: str
    host: str
    port: int
    secure: bool
    user: str
    password: str = field(repr=False)
    options: Mapping[str, str | int]
    settings: Mapping[str, str]


def directory(url: str) -> Path | None:
    """Return the directory of an embedded warehouse, None of a server.

    Raises:
        WarehouseError: the URL is neither's.
    """
    parts = urlsplit(url)
    if parts.scheme == "chdb":
        if parts.netloc or not parts.path.startswith("/"):
            raise WarehouseError(f"{url!r}: an embedded warehouse is chdb:///absolute/directory")
        return Path(unquote(parts.path))
    if parts.scheme not in PORTS:
        raise WarehouseError(
            f"{shown(url)!r} is no warehouse: "
            "use chdb:///directory or clickhouse://user:password@host"
        )
    return None


def cluster(url: str, name: str) -> str:
    """Return a URL that names a cluster as well."""
    parts = urlsplit(url)
    said = f"{CLUSTER}={quote(name, safe='')}"
    return parts._replace(query="&".join(filter(None, (parts.query, said)))).geturl()


def addresses(url: str) -> tuple[list[Address], str | None]:
    """Return what the URL of a server, or of a cluster's nodes, says, and the cluster's name.

    Raises:
        WarehouseError: it says what cannot be.
    """
    parts = urlsplit(url)
    told = parse_qsl(parts.query, keep_blank_values=True)
    name = next((value for key, value in told if key == CLUSTER), None)
    rest = urlencode([(key, value) for key, value in told if key != CLUSTER])
    who, at, hosts = parts.netloc.rpartition("@")
    several = hosts.split(",")
    if len(several) > 1 and not name:
        raise WarehouseError(
            f"{shown(url)}: several hosts are a cluster's nodes; name the cluster with --cluster"
        )
    found = [
        address(parts._replace(netloc=f"{who}{at}{host}", query=rest).geturl()) for host in several
    ]
    if len({(each.host, each.port) for each in found}) < len(found):
        raise WarehouseError(f"{shown(url)}: it names a node twice")
    return found, name or None


def address(url: str) -> Address:
    """Return what one server's URL says.

    Raises:
        WarehouseError: it says what cannot be.
    """
    parts = urlsplit(url)
    where = shown(url)
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        raise WarehouseError(f"{where}: the port is a number from 1 to 65535") from None
    if not parts.hostname:
        raise WarehouseError(f"{where}: it names no host; clickhouse://user:password@host:8123/")
    if parts.path not in ("", "/"):
        raise WarehouseError(
            f"{where}: leave {parts.path!r} away; each project has a database of its own"
        )
    options: dict[str, str | int] = {
        "connect_timeout": CONNECT_SECONDS,
        "send_receive_timeout": ANSWER_SECONDS,
    }
    settings = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name in OPTIONS:
            options[name] = _option(where, name, value)
        elif name in OURS:
            raise WarehouseError(
                f"{where}: leave {name} away; aboveboard sets it itself, since it changes what is "
                "counted"
            )
        else:
            settings[name] = value
    secure = parts.scheme == "https" or port in (443, 8443)
    if not secure and (said := [each for each in (*_FILES, "server_host_name") if each in options]):
        raise WarehouseError(f"{where}: {said[0]} is for TLS; begin the URL with https://")
    user = unquote(parts.username or "") or "default"
    password = unquote(parts.password or "")
    return Address(where, parts.hostname, port, secure, user, password, options, settings)


def shown(url: str) -> str:
    """Return a URL without user, password and settings."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _option(where: str, name: str, value: str) -> str | int:
    if name in _SECONDS:
        if not (value.isascii() and value.isdigit() and 0 < int(value) <= 86_400):
            raise WarehouseError(f"{where}: {name} is a number of seconds, and not {value!r}")
        return int(value)
    if name in _FILES:
        try:
            with Path(value).open("rb"):
                return value
        except OSError as error:
            raise WarehouseError(
                f"{where}: cannot read {name} {value} ({error.strerror})"
            ) from None
    return value
