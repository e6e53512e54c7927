"""Alerts that were found, each once, and whom they are sent to: webhooks, signed and retried.

The signature is the one of Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature):
HMAC-SHA256 over `id.timestamp.body`, so that a receiver knows who sent it, and what is old.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from aboveboard.collector.people.register import RegisterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aboveboard.collector.people.register import Register

KEPT = 500
"""Alerts that a project has at most; the oldest go first."""

SECONDS = 10.0
"""How long a receiver may take to answer."""

RETRIES = (60, 300, 1_800, 7_200, 28_800, 86_400)
"""Seconds to wait after each failure; after the last one the delivery is given up."""

PREFIX = "whsec_"


class Found(Protocol):
    """An alert as a rule finds it."""

    @property
    def key(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def path(self) -> str: ...


@dataclass(frozen=True)
class Alert:
    """An alert that was found.

    Args:
        at: When, in seconds since 1970.
    """

    number: int
    project: str
    key: str
    kind: str
    title: str
    text: str
    path: str
    at: int


@dataclass(frozen=True)
class Webhook:
    number: int
    project: str
    url: str
    secret: str


@dataclass(frozen=True)
class Delivery:
    """An alert on its way to a webhook.

    Args:
        tries: How often it was tried already.
    """

    alert: Alert
    webhook: Webhook
    tries: int


class Alerts:
    """The alerts and webhooks of all projects. For any thread."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def note(self, project: str, found: Iterable[Found]) -> list[Alert]:
        """Keep what was not found before, to be sent to the project's webhooks; return it."""
        now = int(time.time())
        new = []
        with self._register.writing() as connection:
            for each in found:
                number = connection.execute(
                    "INSERT INTO alert (project, key, kind, title, text, path, at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING number",
                    (project, each.key, each.kind, each.title, each.text, each.path, now),
                ).fetchone()
                if number is None:
                    continue
                new.append(number[0])
                connection.execute(
                    "INSERT INTO webhook_delivery SELECT ?, number, 0, ?, '' FROM webhook"
                    " WHERE project = ?",
                    (number[0], now, project),
                )
            connection.execute(
                "DELETE FROM webhook_delivery WHERE alert IN (SELECT number FROM alert"
                " WHERE project = ? ORDER BY number DESC LIMIT -1 OFFSET ?)",
                (project, KEPT),
            )
            connection.execute(
                "DELETE FROM alert WHERE number IN (SELECT number FROM alert"
                " WHERE project = ? ORDER BY number DESC LIMIT -1 OFFSET ?)",
                (project, KEPT),
            )
        return [each for each in self.recent(project) if each.number in new]

    def recent(self, project: str, most: int = 50) -> list[Alert]:
        """Return the last alerts of a project, the newest first."""
        return [
            Alert(*row)  # type: ignore[arg-type]  # as the table has it
            for row in self._register.select(
                "SELECT number, project, key, kind, title, text, path, at FROM alert"
                " WHERE project = ? ORDER BY number DESC LIMIT ?",
                (project, most),
            )
        ]

    def tally(self, project: str, day: int, refused: int) -> list[int]:
        """Keep how many lines were refused in all until a day; return how many came each day.

        Args:
            project: Whose.
            day: Days since 1970.
            refused: All that the quarantine counts now.

        Returns:
            The increases of up to eight days, this one's last; a day without a look is left out.
        """
        with self._register.writing() as connection:
            connection.execute(
                "INSERT INTO refused_tally VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET times = excluded.times",
                (project, day, refused),
            )
            connection.execute(
                "DELETE FROM refused_tally WHERE project = ? AND day < ?", (project, day - 30)
            )
        rows = self._register.select(
            "SELECT times FROM refused_tally WHERE project = ? ORDER BY day DESC LIMIT 9",
            (project,),
        )
        totals = [int(str(times)) for (times,) in reversed(rows)]
        # What did not come again for long is forgotten, so that a total can fall.
        return [max(0, after - before) for before, after in pairwise(totals)]

    def add(self, project: str, url: str) -> Webhook:
        """Add a webhook; return it with the secret that its signatures are made with.

        Raises:
            RegisterError: that is no address, or there is no such project.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
            raise RegisterError("a webhook is an address such as https://example.org/hook")
        self._register.check_project(project)
        secret = PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()
        with self._register.writing() as connection:
            number = connection.execute(
                "INSERT INTO webhook (project, url, secret, added) VALUES (?, ?, ?, ?)"
                " RETURNING number",
                (project, url, secret, int(time.time())),
            ).fetchone()[0]
        return Webhook(number, project, url, secret)

    def webhooks(self) -> list[Webhook]:
        """Return all webhooks, the oldest first."""
        return [
            Webhook(*row)  # type: ignore[arg-type]  # as the table has it
            for row in self._register.select(
                "SELECT number, project, url, secret FROM webhook ORDER BY number"
            )
        ]

    def remove(self, number: int) -> None:
        """Send nothing to a webhook any more.

        Raises:
            RegisterError: there is none of that number.
        """
        with self._register.writing() as connection:
            connection.execute("DELETE FROM webhook_delivery WHERE webhook = ?", (number,))
            if not connection.execute("DELETE FROM webhook WHERE number = ?", (number,)).rowcount:
                raise RegisterError(f"there is no webhook {number}: see `webhooks list`")

    def due(self, now: float) -> list[Delivery]:
        """Return what is to be sent now."""
        return [
            Delivery(Alert(*row[:8]), Webhook(*row[8:12]), int(str(row[12])))  # type: ignore[arg-type]
            for row in self._register.select(
                "SELECT alert.number, alert.project, key, kind, title, text, path, at,"
                " webhook.number, webhook.project, url, secret, tries FROM webhook_delivery"
                " JOIN alert ON alert.number = webhook_delivery.alert"
                " JOIN webhook ON webhook.number = webhook_delivery.webhook"
                " WHERE due <= ? ORDER BY due LIMIT 100",
                (int(now),),
            )
        ]

    def sent(self, delivery: Delivery, failure: str, now: float) -> None:
        """Keep how a delivery went: `failure` is "" if it was taken."""
        due = None
        if failure and delivery.tries < len(RETRIES):
            due = int(now) + RETRIES[delivery.tries]
        with self._register.writing() as connection:
            connection.execute(
                "UPDATE webhook_delivery SET tries = tries + 1, due = ?, said = ?"
                " WHERE alert = ? AND webhook = ?",
                (due, failure, delivery.alert.number, delivery.webhook.number),
            )


def signature(secret: str, identity: str, timestamp: int, body: bytes) -> str:
    """Return what `webhook-signature` has, as Standard Webhooks says."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{identity}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def send(delivery: Delivery, now: float) -> str:
    """Send an alert to a webhook; return why it was not taken, or ""."""
    alert, webhook = delivery.alert, delivery.webhook
    identity = f"alert_{alert.number}_{webhook.number}"
    body = json.dumps(
        {
            "type": f"alert.{alert.kind}",
            "timestamp": alert.at,
            "data": {
                "project": alert.project,
                "key": alert.key,
                "title": alert.title,
                "text": alert.text,
                "path": f"{alert.path}?project={alert.project}",
            },
        }
    ).encode()
    request = urllib.request.Request(  # noqa: S310  # http and https alone, `add` has looked
        webhook.url,
        body,
        {
            "Content-Type": "application/json",
            "User-Agent": "aboveboard",
            "webhook-id": identity,
            "webhook-timestamp": str(int(now)),
            "webhook-signature": signature(webhook.secret, identity, int(now), body),
        },
        method="POST",
    )
    try:
        with _opener().open(request, timeout=SECONDS) as answer:
            return "" if 200 <= answer.status < 300 else f"it answered {answer.status}"
    except urllib.error.HTTPError as error:
        return f"it answered {error.code}"
    except (OSError, ValueError) as error:
        return type(error).__name__


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An address that leads elsewhere is not the one that was named."""

    def redirect_request(self, *_: object, **_named: object) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirect)


def total(dropped: Sequence[object]) -> int:
    """Return how often the quarantine counts anything."""
    return sum(int(getattr(each, "times", 0)) for each in dropped)
