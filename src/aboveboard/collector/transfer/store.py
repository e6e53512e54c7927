"""The store: what export, import and backup ask of the process that has the data directory open.

The same operations, whether that is the command's own process or a server's (channel.py).
"""

from __future__ import annotations

import secrets
import shutil
import threading
from contextlib import ExitStack
from itertools import compress
from typing import TYPE_CHECKING, Any

import msgspec

from aboveboard.catalog.line import USER_ID
from aboveboard.collector.inbox import storage
from aboveboard.collector.projects import migrations
from aboveboard.warehouse import Limits
from aboveboard.warehouse.transfer import frozen
from aboveboard.warehouse.transfer.exchange import COPIES, Choice, Exchange, Piece, flat_columns

from . import answers
from .channel import ChannelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.collector.allowlist import Columns
    from aboveboard.collector.inbox.erasures import Erasures
    from aboveboard.warehouse import Warehouse

    from .channel import Answer

    Sessions = Callable[
        [Mapping[str, Columns]], tuple[dict[tuple[str, str], int], set[tuple[str, str]]]
    ]

FILES = (migrations.FILE, storage.INBOX)
"""The SQLite files of a data directory; of what is in both, the inbox knows the later state."""

PUBLISHED = "published"
"""Where `aboveboard publish` keeps what is out and spent: a file a period, which no run changes."""

RELEASE = "*.json"

TEMPORARY = "temporary"
"""Where copies are while a backup is made of them; emptied at the start."""


class Store:
    """Carries out operations. For any thread.

    Args:
        directory: The data directory.
        warehouse: Its warehouse.
        catalog: Returns a project's catalog, having made its tables; None where there is none.
        settle: Has what waits of a project moved; returns whether all is.
        erasures: Who was erased.
        still: Gives a moment in which nothing is moved.
        sessions: Which sessions some rows belong to, as the mover has it.

    Attributes:
        address: Where the dashboard is, for commands that print it; "" while it is nowhere.
    """

    def __init__(
        self,
        directory: Path,
        warehouse: Warehouse,
        catalog: Callable[[str], Catalog | None],
        settle: Callable[[str], bool],
        erasures: Erasures,
        still: Callable[[], AbstractContextManager[object]],
        sessions: Sessions,
    ) -> None:
        self.address = ""
        self._directory = directory
        self._warehouse = warehouse
        self._catalog = catalog
        self._settle = settle
        self._erasures = erasures
        self._still = still
        self._sessions = sessions
        self._exchange = Exchange(warehouse)
        self._adding = threading.Lock()
        self._operations: dict[str, Callable[[dict[str, Any], bytes, ExitStack], Answer]] = {
            "pieces": self._pieces,
            "lines": self._lines,
            "merge": self._merge,
            "freeze": self._freeze,
            "query": self._query,
            "present": self._present,
            "address": lambda _told, _body, _held: ({"address": self.address}, b""),
        }

    def answer(self, do: str, told: dict[str, Any], body: bytes, held: ExitStack) -> Answer:
        """Carry out an operation.

        Raises:
            ChannelError: it cannot be; the text says why.
            WarehouseError: the warehouse does not do it.
        """
        operation = self._operations.get(do)
        if operation is None:
            raise ChannelError("the collector that runs is of another version: restart it")
        return operation(told, body, held)

    def _of(self, told: dict[str, Any]) -> tuple[str, Catalog]:
        project = str(told["project"])
        catalog = self._catalog(project)
        if catalog is None:
            raise ChannelError(f"there is no project {project!r}")
        return project, catalog

    def _query(self, told: dict[str, Any], _body: bytes, _held: ExitStack) -> Answer:
        """Answer a question of whoever has the data directory, within the limits of one."""
        parameters = dict(told.get("parameters") or {})
        limits = told.get("limits")
        if told.get("explains"):
            lines = self._warehouse.explain(str(told["sql"]), Limits(**told["limits"]))
            return {"lines": lines}, b""
        if limits is None:
            in_order = bool(told.get("in_order"))
            found = self._warehouse.query(str(told["sql"]), parameters, in_order=in_order)
        else:
            found = self._warehouse.read_only(str(told["sql"]), Limits(**limits), parameters)
        return {}, answers.packed(found)

    def _present(self, told: dict[str, Any], _body: bytes, _held: ExitStack) -> Answer:
        """Tell of a project's tables, once what waits is moved into them."""
        project, _ = self._of(told)
        self._settle(project)
        return {"tables": self._warehouse.present(project)}, b""

    def _pieces(self, told: dict[str, Any], _body: bytes, _held: ExitStack) -> Answer:
        project, catalog = self._of(told)
        settled = self._settle(project)
        choice = Choice.of(told["choice"])
        pieces = self._exchange.pieces(project, catalog, choice)
        columns = flat_columns(catalog, self._warehouse.present(project), choice.events)
        return {
            "pieces": [msgspec.to_builtins(each) for each in pieces],
            "columns": columns,
            "settled": settled,
        }, b""

    def _lines(self, told: dict[str, Any], _body: bytes, _held: ExitStack) -> Answer:
        project, catalog = self._of(told)
        piece = msgspec.convert(told["piece"], Piece)
        choice = Choice.of(told["choice"])
        return {}, self._exchange.lines(project, catalog, choice, piece, flat=bool(told["flat"]))

    def _merge(self, told: dict[str, Any], body: bytes, _held: ExitStack) -> Answer:
        project, _ = self._of(told)
        tables = msgspec.msgpack.decode(body, type=dict[str, dict[str, list[object]]])
        users: set[object] = {user for of in tables.values() for user in of[USER_ID]}
        erased = self._erasures.erased(project, users)
        gone = sum(_leave_out(columns, erased) for columns in tables.values()) if erased else 0
        left = {name: columns for name, columns in tables.items() if columns[USER_ID]}
        with self._adding:
            added = sum(
                self._exchange.merge(project, int(told["move"]), table, columns)
                for table, columns in sorted(left.items())
            )
            # Also where nothing was added: an import that was killed may not have come to this.
            self._warehouse.note_sessions(project, *self._sessions(left))
        for user in self._erasures.erased(project, users) - erased:
            self._erasures.ask(project, str(user), again=True)  # it was asked for meanwhile
        return {"added": added, "erased": gone}, b""

    def _freeze(self, _told: dict[str, Any], _body: bytes, held: ExitStack) -> Answer:
        """Give a copy of the SQLite files and links to the warehouse's, of one moment.

        The files are held first: what is told 200 later is in neither, and a request to erase is
        never done in them while the rows are in the others.
        """
        if self._warehouse.directory is None:
            raise ChannelError(frozen.NO_FILES)
        name = secrets.token_hex(8)
        place = self._directory / TEMPORARY / f"backup-{name}"
        held.callback(shutil.rmtree, place, ignore_errors=True)
        held.callback(frozen.thaw, self._warehouse.directory, name)
        with ExitStack() as copies:
            with self._adding, self._still():
                copy = {
                    file: copies.enter_context(storage.held(self._directory / file))
                    for file in FILES
                }
                tables = frozen.freeze(self._warehouse, name)
            place.mkdir(parents=True, mode=0o700)
            for file, to in copy.items():
                to(place / file)
            for release in sorted((self._directory / PUBLISHED).glob(f"*/{RELEASE}")):
                into = place / release.relative_to(self._directory)
                into.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                shutil.copyfile(release, into)
        return {
            # Whoever asks may have another working directory than this process.
            "files": str(place.absolute()),
            "warehouse": str(self._warehouse.directory.absolute()),
            "tables": msgspec.to_builtins(tables),
        }, b""


def _leave_out(columns: dict[str, list[object]], erased: set[object]) -> int:
    """Take the rows of some installs away; return how many events they stand for."""
    stay = [user not in erased for user in columns[USER_ID]]
    gone = sum(int(str(each)) for each in compress(columns[COPIES], (not each for each in stay)))
    for name, values in columns.items():
        columns[name] = list(compress(values, stay))
    return gone


def packed(tables: Mapping[str, Columns]) -> bytes:
    """Return rows as `merge` takes them."""
    return msgspec.msgpack.encode(tables)
