"""Everything that reads what others wrote, each as a function over bytes that must hold.

A function raises over bytes that are read wrongly; what a parser refuses by its own errors is
right. `make fuzz` has them tried by a fuzzer that is led by coverage, `test_parsers.py` for a short
while in every run. What the fuzzer finds becomes a seed here.
"""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aboveboard.auditlog.reading import LogReader
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.kinds import CatalogError
from aboveboard.client.decision.state import checksum
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.delivery import receipts, verdicts
from aboveboard.collector.allowlist import Accepted, AllowList
from aboveboard.collector.http.bodies import inflate, writekey
from aboveboard.collector.protocols import clocks, legacy, posthog, segment
from tests.collector.tool import CATALOG, NOW, Install

KEY = "ab_a_known_key"
MOST = 2**18

_ALLOWLIST = AllowList(CATALOG, clock=lambda: NOW)
_SEGMENTS = segment.SegmentReader(_ALLOWLIST)
_TRANSLATOR = legacy.Translator(_ALLOWLIST)
_ME = Install("5dfb01ac-90ab-4e1c-8d3e-5b5d2f8e6d10", "f6f0a4de-0a56-4b0c-9d27-6a1c36d3c5aa")


def of_segment(body: bytes) -> None:
    """Whole or line by line, the same is taken."""
    with suppress(segment.TooManyLinesError):
        whole = _SEGMENTS.read(body)
        lines = _SEGMENTS._read_each(body, segment.SOURCE, clocks.RIGHT)
        assert whole.events == lines.events
        assert whole.rejected == lines.rejected
        assert whole.tables == lines.tables
        assert whole.unfit == lines.unfit


def of_batch(body: bytes) -> None:
    """A batch is refused, or every event of it has a session and is counted."""
    try:
        batch = posthog.parse(body, None)
    except (posthog.MalformedError, posthog.TooManyEventsError):
        return
    told, unfit = posthog.read(batch.events, _ALLOWLIST, _TRANSLATOR, batch.sent)
    accepted = Accepted(unfit=unfit)
    _TRANSLATOR.settle(told, accepted, posthog.SOURCE, lambda _user: None)
    assert accepted.events <= 2 * len(batch.events)


def of_log(body: bytes) -> None:
    """A log's lines are events, or damaged; none ends the reading."""
    reader = LogReader()
    events = [*reader.read(io.BytesIO(body))]
    assert len(events) + reader.damaged <= len(body.split(b"\n"))
    for line in body.split(b"\n"):
        with suppress(*segment.UNREADABLE):
            told = legacy.decode(line)
            accepted = Accepted()
            _SEGMENTS.take(told, accepted, "import", place=0, takes_nobody=True)


def of_gzip(body: bytes) -> None:
    """At once or by pieces, the same comes out, and never more than the bound."""
    whole = _outcome(lambda: inflate.inflate(body, most=MOST))
    pieces = _outcome(lambda: b"".join(inflate.pieces(body, most=MOST)))
    assert whole == pieces
    assert not isinstance(whole, bytes) or len(whole) <= MOST
    assert isinstance(whole, bytes) == isinstance(pieces, bytes)
    packed = zlib.compressobj(6, zlib.DEFLATED, 31)
    stream = packed.compress(body) + packed.flush()
    if len(body) <= MOST:
        assert inflate.inflate(stream, most=MOST) == body


def of_key(body: bytes) -> None:
    """A key is found only where it is written; whoever is known as JSON is found."""
    with suppress(
        writekey.NoKeyError,
        writekey.UnknownKeyError,
        inflate.TooLargeError,
        inflate.DamagedError,
    ):
        found = writekey.find(body, lambda key: key == KEY, most=MOST, clock=lambda: 0.0)
        assert found == KEY
        assert KEY.encode() in inflate.inflate(body, most=MOST)


def of_catalog(body: bytes) -> None:
    """A catalog is refused by its error, or comes back as it was and can be taken events by."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict):
        return
    try:
        catalog = Catalog.from_json(document)
        written = catalog.as_json()
        assert Catalog.from_json(written).as_json() == written
        allowlist = AllowList(catalog, clock=lambda: NOW)
        legacy.Translator(allowlist)
    except CatalogError:
        return
    segment.SegmentReader(allowlist).read(_ME.segment(1))


def of_state(body: bytes) -> None:
    """The state file is read whatever it holds; a yes only with its check."""
    with tempfile.TemporaryDirectory(prefix="aboveboard-fuzz-") as place:
        file = Path(place) / "analytics.json"
        file.write_bytes(body)
        state = StateFile(str(file)).read()
    for recipient in ("https://telemetry.example", *state.recipients):
        state.toward(recipient, "https://telemetry.example")


def of_reply(body: bytes) -> None:
    """What a collector answers is counted or left; what is shown of it is plain and short."""
    with tempfile.TemporaryDirectory(prefix="aboveboard-fuzz-") as place:
        refused, receipts_ = Path(place) / "refused.json", Path(place) / "receipts.json"
        verdicts.count(str(refused), body)
        receipts.keep(str(receipts_), body)
        kept = verdicts.read(str(refused))
        assert all(len(reason) <= verdicts.REASON_MAX and reason.isprintable() for reason in kept)
        assert len(kept) <= verdicts.REASONS_MAX + 1
        assert len(receipts.read(str(receipts_))) <= 1
        for path in (refused, receipts_):  # as what is kept, too
            path.write_bytes(body)
        verdicts.read(str(refused))
        receipts.read(str(receipts_))
        verdicts.count(str(refused), b'{"refused": 1}')


def _outcome(read: Callable[[], bytes]) -> object:
    try:
        return read()
    except (inflate.TooLargeError, inflate.DamagedError):
        # Which of the two is told first differs where a stream is both.
        return "refused"


@dataclass(frozen=True)
class Parser:
    """What is tried, what it is begun with, and the words that a guess will not find."""

    holds: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[str, ...] = ()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _state() -> bytes:
    told: dict[str, Any] = {
        "uuid": _ME.user_id,
        "asked_opt_in": True,
        "permanently_disable": False,
        "recipients": {"https://telemetry.example": {"agreed": {"exit": {"reason": "choice"}}}},
        "decided": NOW,
    }
    return _json(told | {"check": checksum(told)})


_EVENT = {
    "event": "message_send",
    "distinct_id": _ME.user_id,
    "uuid": "0f077bf4-6f5b-4bac-96c4-436e03364eb8",
    "timestamp": "2026-11-20T10:11:12+00:00",
    "properties": {"tokens": 3, "model": "gpt-4o", "tool_version": "1.2.3"},
}
_CRASH = {
    "event": "$exception",
    "distinct_id": _ME.session,
    "properties": {
        "$process_person_profile": False,
        "$exception_list": [
            {"type": "E", "module": "tool.x", "stacktrace": {"frames": [{"module": "tool.x"}]}}
        ],
    },
}
_BATCH = _json({"api_key": KEY, "batch": [_EVENT, _CRASH], "sentAt": "2026-11-20T10:11:12Z"})
_FIELDS = ("event", "properties", "user_id", "session", "time", "seq", "session_start")
_OF_POSTHOG = (
    "batch", "api_key", "token", "distinct_id", "uuid", "timestamp", "sentAt", "sent_at",
    "$exception", "$exception_list", "$process_person_profile", "$lib", "aboveboard", "$session_id",
    "stacktrace", "frames", "historical_migration",
)  # fmt: skip

PARSERS = {
    "segment": Parser(
        of_segment,
        (
            _ME.segment(2),
            _ME.line("command", {"command": "add"}, seq=3),
            b'{"event":"exit"}\n\n',
            _ME.line("exit", more=1).replace(b"more", b"mor\xef"),
            _ME.line("exit").replace(b", ", b",\n", 1),
        ),
        _FIELDS,
    ),
    "batch": Parser(of_batch, (_BATCH, _json(_EVENT | {"token": KEY})), _OF_POSTHOG),
    "log": Parser(
        of_log,
        (
            _ME.segment(1),
            _json({"event": "launched", "properties": {}, "user_id": _ME.user_id, "time": NOW}),
            _json(_EVENT),
        ),
        (*_FIELDS, *_OF_POSTHOG),
    ),
    "gzip": Parser(of_gzip, (gzip.compress(_BATCH, mtime=0), gzip.compress(b"", mtime=0), b"{}")),
    "key": Parser(of_key, (_BATCH, gzip.compress(_BATCH, mtime=0)), ("api_key", "token", KEY)),
    "catalog": Parser(
        of_catalog,
        (_json(CATALOG.as_json()),),
        ("format", "app", "events", "name", "doc", "kind", "legacy", "choices", "unit", "steps"),
    ),
    "state": Parser(
        of_state,
        (
            _state(),
            _json({"uuid": _ME.user_id, "asked_opt_in": False, "permanently_disable": True}),
        ),
        ("recipients", "agreed", "declined", "decided", "refused", "secret", "check"),
    ),
    "reply": Parser(
        of_reply,
        (
            _json({"accepted": 1, "refused": 2, "rejected": [{"line": 1, "reason": "no"}]}),
            _json({"receipt": "a" * 32, "taken": NOW, "gone_by": NOW, "decided": True}),
        ),
        ("duplicate",),
    ),
}
