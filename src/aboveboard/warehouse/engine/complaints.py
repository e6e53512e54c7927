"""What ClickHouse and its driver complain of, as one line that says what to do."""

from __future__ import annotations

import contextlib
import re
import ssl
from typing import TYPE_CHECKING

from aboveboard.warehouse.errors import QueryLimitError, WarehouseAwayError, WarehouseError

from . import driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard.warehouse.limits import Limits

_BY_CODE = {
    164: "its user may only read; give it the grants of docs/warehouse.md",
    192: "its user is not known there; correct the URL",
    193: "its password is wrong; correct the URL",
    194: "its password is wrong; correct the URL",
    202: "ClickHouse has too many queries at once",
    210: "ClickHouse, or one of its shards, does not answer",
    216: "what was sent before is still being worked on",
    241: "ClickHouse has no memory left for it",
    242: "ClickHouse takes nothing now: the table is read-only",
    243: "ClickHouse's disk is full; make room there",
    252: "ClickHouse has too many parts to merge, and takes nothing meanwhile",
    279: "one of ClickHouse's shards does not answer",
    319: "ClickHouse does not know yet whether it was kept",
    479: "ClickHouse has no shard that answers",
    516: "the user or the password is wrong; correct the URL",
}
"""By ClickHouse's number of an error; what is not here is said in ClickHouse's own words."""

_AWAY = "ClickHouse does not answer; start the server, or correct the URL"
_ENDED = "ClickHouse ended while it was asked"
_STRANGER = (
    "its certificate is of no authority known here, or of another name; name the authority's file "
    "with ?ca_cert=FILE"
)
_IN_TRANSPORT = (
    ("CERTIFICATE_VERIFY_FAILED", _STRANGER),
    ("WRONG_VERSION_NUMBER", "it does not speak TLS; begin the URL with http://"),
    ("NameResolutionError", _AWAY),
    ("NewConnectionError", _AWAY),
    ("ConnectTimeout", _AWAY),
    ("ReadTimeout", "ClickHouse did not answer in time"),
    ("SSLError", "TLS cannot be agreed on with it"),
    ("ProtocolError", _ENDED),
    ("RemoteDisconnected", _ENDED),
    ("ConnectionReset", _ENDED),
    ("IncompleteRead", _ENDED),
)
"""By the name of what the transport raised."""

_READ_ONLY = re.compile(r"Setting \w+ is readonly")
_CODE = re.compile(r"\bCode: (\d+)\b")
_EXCEPTION = "DB::Exception: "
_TRAILER = re.compile(r"( \(version [^()]*(\([^()]*\))?\))?( \(for url [^()]*\))?$")
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*(?:'|$)", re.DOTALL)
"""What ClickHouse quotes where it cannot read a row: the row itself."""


@contextlib.contextmanager
def plain(prefix: str = "", limits: Limits | None = None, *, rows: bool = False) -> Iterator[None]:
    """Raise ClickHouse's errors, and its driver's, as ours.

    Args:
        prefix: What the error's text begins with.
        limits: What a question may cost, if one is asked.
        rows: Whether rows are sent, of which the text must not tell: it is logged.

    Raises:
        QueryLimitError: the question needs more than `limits`.
        WarehouseAwayError: it does not answer.
        WarehouseError: whatever else went wrong.
    """
    driver.load()
    from clickhouse_connect.driver.exceptions import ClickHouseError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClickHouseError as error:
        reached = limits.reached(str(error)) if limits else None
        if reached is not None:
            raise QueryLimitError(reached) from error
        said = _QUOTED.sub("'…'", str(error)) if rows else str(error)
        is_away = any(isinstance(each, HTTPError) for each in _chain(error))
        kind = WarehouseAwayError if is_away else WarehouseError
        raise kind(prefix + what_is_wrong(said, error)) from error
    except (HTTPError, ssl.SSLError, ConnectionError, TimeoutError) as error:
        raise WarehouseAwayError(prefix + _of_transport(error)) from error


def what_is_wrong(text: str, error: BaseException | None = None) -> str:
    """Return the part of a message that says what is wrong, on one line."""
    if _READ_ONLY.match(text):  # the driver's word, before it asks
        return _BY_CODE[164]
    if _EXCEPTION not in text:
        return _of_transport(error, text)
    code = _CODE.search(text)
    if code and int(code[1]) in _BY_CODE:
        return _BY_CODE[int(code[1])]
    said = _TRAILER.sub("", " ".join(text.rpartition(_EXCEPTION)[2].split()))
    return said.partition(" Expected one of")[0][:300] or "it gave no reason"


def _of_transport(error: BaseException | None, text: str = "") -> str:
    """Return what is wrong of a connection; of its whole chain the first that has a word."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    # Of ClickHouse's own errors the words may be anyone's.
    said = " ".join(repr(each) for each in _chain(error) if not isinstance(each, ClickHouseError))
    for name, words in _IN_TRANSPORT:
        if name in said:
            return words
    plain_text = " ".join((text or str(error or "")).split())
    if "<html" in plain_text.lower() or "HTTP" in plain_text[:80]:
        return "what answers there is no ClickHouse; correct the URL"
    return plain_text[:300] or "it gave no reason"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
