"""The tables of the inbox, as the steps that led to them.

A new file takes every step, an older one those that it has not taken: `PRAGMA user_version` counts
them. A step that was ever released is never changed. What it did wrong, the next one mends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable


@dataclass(frozen=True)
class Migration:
    """One step, taken in a transaction of its own, so as a whole or not at all.

    Args:
        date: When it was made, for a person who looks.
        sql: Statements, each ended by `;` and a new line.
        then: What SQL cannot do; called after the statements, in the same transaction.
    """

    date: str
    sql: str
    then: Callable[[sqlite3.Connection], None] | None = None


INBOX = (
    Migration(
        "2026-11-22",  # as 0.1.0 had it, which did not count: its files have the tables already
        """
CREATE TABLE IF NOT EXISTS delivery (
    project TEXT NOT NULL,
    id BLOB NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (project, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
    project TEXT NOT NULL,
    id BLOB NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (project, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS delivery_taken ON delivery (taken);
CREATE INDEX IF NOT EXISTS session_taken ON session (taken);
CREATE TABLE IF NOT EXISTS waiting (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    events INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS waiting_project ON waiting (project);
CREATE TABLE IF NOT EXISTS move (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run (
    project TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session TEXT NOT NULL,
    last INTEGER NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    PRIMARY KEY (project, user_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS imported (
    project TEXT NOT NULL,
    line BLOB NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (project, line)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quarantine (
    project TEXT NOT NULL,
    what TEXT NOT NULL,
    event TEXT NOT NULL,
    property TEXT NOT NULL,
    times INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (project, what, event, property)
) WITHOUT ROWID;
""",
    ),
    Migration(
        # The order within a run, which times no longer tell; how many events a run has had already
        # is not known here, so it goes on behind them. And of no moment more than the hour.
        "2026-11-26",
        """
ALTER TABLE run ADD COLUMN next INTEGER NOT NULL DEFAULT 65536;
UPDATE run SET last = last - last % 3600;
UPDATE session SET taken = taken - taken % 3600;
UPDATE delivery SET taken = taken - taken % 3600;
ALTER TABLE imported RENAME TO imported_by_bytes;
CREATE TABLE imported (
    project TEXT NOT NULL,
    line BLOB NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (project, line)
) WITHOUT ROWID;
""",
    ),
    Migration(
        "2026-11-26",  # an event that carries an identity is known by it, whatever batch it is in
        """
CREATE TABLE identity (
    project TEXT NOT NULL,
    id BLOB NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (project, id)
) WITHOUT ROWID;
CREATE INDEX identity_taken ON identity (taken);
""",
    ),
    Migration(
        "2026-11-26",  # the age of what was dropped, by the hour; whose news; which names go first
        """
ALTER TABLE quarantine ADD COLUMN first INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarantine ADD COLUMN deliveries INTEGER NOT NULL DEFAULT 1;
ALTER TABLE quarantine ADD COLUMN version TEXT;
UPDATE quarantine SET last = last - last % 3600;
UPDATE quarantine SET first = last;
""",
    ),
    Migration(
        "2026-11-29",  # which names are the newest; by their order, since times are of the hour
        """
ALTER TABLE quarantine ADD COLUMN entered INTEGER NOT NULL DEFAULT 0;
""",
    ),
    Migration(
        "2026-11-29",  # what was imported is dated, as if today, and all that is pruned is indexed
        """
ALTER TABLE imported ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imported_by_bytes ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
UPDATE imported SET seen = strftime('%s', 'now') / 3600 * 3600;
UPDATE imported_by_bytes SET seen = strftime('%s', 'now') / 3600 * 3600;
CREATE INDEX imported_seen ON imported (seen);
CREATE INDEX imported_by_bytes_seen ON imported_by_bytes (seen);
CREATE INDEX run_last ON run (last);
""",
    ),
    Migration(
        "2026-11-29",  # requests to erase, and by digests who was erased
        """
CREATE TABLE salt (salt BLOB NOT NULL);
INSERT INTO salt VALUES (randomblob(32));
CREATE TABLE erased (
    project TEXT NOT NULL,
    digest BLOB NOT NULL,
    asked INTEGER NOT NULL,
    gone INTEGER,
    PRIMARY KEY (project, digest)
) WITHOUT ROWID;
CREATE INDEX erased_asked ON erased (asked);
CREATE TABLE erasure (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    installs TEXT,
    since INTEGER,
    until INTEGER,
    whole INTEGER NOT NULL,
    state TEXT NOT NULL,
    last INTEGER NOT NULL,
    tables TEXT NOT NULL DEFAULT '[]',
    rows INTEGER NOT NULL DEFAULT 0,
    asked INTEGER NOT NULL
);
CREATE INDEX erasure_asked ON erasure (asked);
""",
    ),
    Migration(
        "2026-11-29",  # how late sessions come in, by the day on which they do
        """
CREATE TABLE lateness (
    project TEXT NOT NULL,
    taken INTEGER NOT NULL,
    hours INTEGER NOT NULL,
    sessions INTEGER NOT NULL,
    PRIMARY KEY (project, taken, hours)
) WITHOUT ROWID;
CREATE INDEX lateness_taken ON lateness (taken);
""",
    ),
)
