"""A ClickHouse server, over its HTTP interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.warehouse.errors import WarehouseError

from . import driver
from .complaints import plain
from .settings import OURS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from .address import Address

OLDEST = (26, 7)
"""The oldest version that the tests are run on as a server; an older one is refused."""

FIRST_ANSWER_SECONDS = 30
"""How long a server may take to say anything that is connected to: one that hangs takes a
connection, and is away all the same."""


class Server:
    """A server that others may use too, whose profiles are theirs.

    Args:
        address: Where it is, and as whom.
    """

    directory: Path | None = None
    reading: Mapping[str, object] = {}  # each statement carries all of `settings.OURS`
    writing: Mapping[str, object] = {}
    inline_max = 0  # rows are a request's body

    def __init__(self, address: Address) -> None:
        self._address = address

    def connect(self) -> Client:
        """Return another connection.

        Raises:
            WarehouseError: as `connect` has it.
        """
        return connect(self._address)

    def named(self, name: str) -> Mapping[str, object]:
        """Return the setting with which no other statement of this name is at work beside it."""
        return {"query_id": name}

    def is_at_work(self, name: str) -> bool:  # noqa: ARG002  # the server has refused a second
        """Return False: a second statement of the same name would not have begun."""
        return False

    def check(self) -> None:
        """Do nothing: whoever connects sees what there is to see."""

    def free(self) -> int | None:
        """Return None: how much room a server's disk has is not for every user to see."""
        return None

    def close(self) -> None:
        """Do nothing: a server goes on for others."""


def connect(at: Address) -> Client:
    """Return a connection to a server.

    Raises:
        WarehouseError: it cannot be reached, is too old, or does not know a setting.
    """
    prefix = f"cannot open the warehouse {at.shown}: "
    answer = int(at.options["send_receive_timeout"])
    options = {**at.options, "send_receive_timeout": min(answer, FIRST_ANSWER_SECONDS)}
    with plain(prefix):
        client = driver.connect(
            interface="https" if at.secure else "http",
            host=at.host,
            port=at.port,
            username=at.user,
            password=at.password,
            generic_args=options,
        )
    try:
        version = client.server_version or "?"
        _check_version(prefix, version)
        with plain(prefix):
            # Asked anew, since a profile may shorten what the driver has asked for.
            rows = client.query(
                "SELECT name FROM system.settings", settings={"limit": 0, "offset": 0}
            ).result_rows
        known = {name for (name,) in rows}
        _check_settings(prefix, version, at.settings, known)
        for name, wanted in at.settings.items():
            with plain(f"{prefix}{name}: "):
                client.set_client_setting(name, wanted)
                client.command("SELECT 1")  # so that what it cannot be is told now
        with plain(prefix):
            for name, value in OURS.items():
                if name in known:
                    client.set_client_setting(name, value)
        driver.wait(client, answer)
    except BaseException:
        client.close()
        raise
    return client


def _check_version(prefix: str, version: str) -> None:
    numbers = tuple(int(each) for each in version.split(".")[:2] if each.isdigit())
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise WarehouseError(
            f"{prefix}it is ClickHouse {version}, and {oldest} is the oldest that aboveboard "
            "works with"
        )


def _check_settings(
    prefix: str, version: str, wanted: Iterable[str], known: Container[str]
) -> None:
    unknown = next((name for name in wanted if name not in known), None)
    if unknown is not None:
        raise WarehouseError(
            f"{prefix}ClickHouse {version} has no setting {unknown!r}; correct the URL"
        )
