"""What this machine has of a tool's events: what waits, what was refused, what logs say."""

from __future__ import annotations

import datetime
import stat
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.auditlog.files import opened
from aboveboard.auditlog.reading import LogReader, read_line
from aboveboard.client.recording import segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.auditlog.reading import LoggedEvent
    from aboveboard.client.install import Install

WAITING, REFUSED, SENT, KEPT = "waiting", "refused", "sent", "kept"
"""What became of a line: it waits; a collector refused it; it was recorded for sending and waits no
longer; it is in a log alone, since its session was off."""

FATES = (WAITING, SENT, REFUSED, KEPT)

NEWEST = 100
"""Lines of each fate that are shown as they are."""

_OUT_OF_WAY = 32 << 20
"""Bytes of what waits that are looked at. The client keeps less than that."""


class Record:
    """Lines, counted by day, by event and by property.

    Attributes:
        days: By day (UTC) and fate, how many.
        events: By event and fate, how many.
        last: By event and property, the value in the newest line that has it.
        newest: By fate, the last lines, byte for byte.
        damaged: Lines that are no events.
        troubles: Files that could not be read, a sentence each.
    """

    def __init__(self) -> None:
        self.days: dict[str, Counter[str]] = {}
        self.events: dict[str, Counter[str]] = {}
        self.last: dict[tuple[str, str], object] = {}
        self.newest: dict[str, deque[bytes]] = {fate: deque(maxlen=NEWEST) for fate in FATES}
        self.damaged = 0
        self.troubles: list[str] = []
        self._here: set[bytes] = set()

    def add(self, line: bytes, event: LoggedEvent, fate: str) -> None:
        """Count a line."""
        moment = datetime.datetime.fromtimestamp(event.time, datetime.timezone.utc)
        self.days.setdefault(f"{moment:%Y-%m-%d}", Counter())[fate] += 1
        self.events.setdefault(event.event, Counter())[fate] += 1
        for name, value in event.properties.items():
            self.last[event.event, name] = value
        self.newest[fate].append(line)

    def take_waiting(self, install: Install) -> None:
        """Add what an install's directories have."""
        room = _OUT_OF_WAY
        for folder in install.segments():
            for fate, place in ((REFUSED, str(Path(folder, "aside"))), (WAITING, folder)):
                for path in segment.listed(place):
                    try:
                        with Path(path).open("rb") as file:
                            text = file.read(room)
                    except FileNotFoundError:
                        continue  # sent meanwhile
                    except OSError as error:
                        self.troubles.append(f"{path} cannot be read: {error.strerror}")
                        continue
                    room -= len(text)
                    self._take(text, fate)

    def _take(self, text: bytes, fate: str) -> None:
        for line in text.splitlines(keepends=True):
            event = read_line(line)
            if event is None:
                self.damaged += 1
                continue
            self._here.add(line)
            self.add(line, event, fate)

    def take_logs(self, names: Sequence[str]) -> None:
        """Add what audit logs have and the install's directories, taken before, have not."""
        reader = LogReader()
        for name in names:
            self._take_log(reader, name)
        self.damaged += reader.damaged

    def _take_log(self, reader: LogReader, name: str) -> None:
        cut_off = reader.cut_off
        if trouble := unreadable(name):
            self.troubles.append(trouble)
            return
        try:
            with opened(name) as file:
                for line, event in reader.lines(file):
                    if line not in self._here:
                        self.add(line, event, KEPT if event.user_id is None else SENT)
        except OSError as error:
            self.troubles.append(f"{name} cannot be read: {error.strerror}")
        if reader.cut_off > cut_off:
            self.troubles.append(f"{name} is damaged: what stands behind that place is not here")


def unreadable(name: str) -> str:
    """Return why an audit log cannot be read at each look, or ""."""
    try:
        kind = stat.S_IFMT(Path(name).stat().st_mode)
        if kind not in (stat.S_IFREG, stat.S_IFDIR):  # a pipe or a device may never end
            return f"{name} is no file, and a log is read at each look: name one"
        with Path(name).open("rb"):
            return ""
    except (OSError, ValueError) as error:  # ValueError: a name with a null in it
        return f"{name} cannot be read: {getattr(error, 'strerror', None) or error}"


def of(install: Install, logs: Sequence[str]) -> Record:
    """Return what this machine has of an install's events now."""
    record = Record()
    record.take_waiting(install)
    record.take_logs(logs)
    return record
