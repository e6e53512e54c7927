"""The tables of the projects' file, as the steps that led to them; as the inbox has its own."""

from __future__ import annotations

from aboveboard.collector.inbox.migrations import Migration

FILE = "projects.sqlite"

PROJECTS = (
    Migration(
        "2026-11-22",  # as 0.1.0 had it
        """
CREATE TABLE IF NOT EXISTS project (
    name TEXT PRIMARY KEY,
    catalog TEXT NOT NULL,
    shipped INTEGER NOT NULL,
    added INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS write_key (
    key TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project (name),
    added INTEGER NOT NULL
) WITHOUT ROWID;
""",
    ),
    Migration(
        "2026-11-27",  # many keys a project: what each is called, when it was last of use, its end
        """
ALTER TABLE write_key ADD COLUMN name TEXT NOT NULL DEFAULT 'first';
ALTER TABLE write_key ADD COLUMN used INTEGER;
ALTER TABLE write_key ADD COLUMN revoked INTEGER;
""",
    ),
    Migration(
        "2026-11-27, withdrawn",  # what is not taken any more: its columns are kept as they are
        """
CREATE TABLE withdrawn (
    project TEXT NOT NULL REFERENCES project (name),
    place TEXT NOT NULL,
    "column" TEXT NOT NULL,
    property TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (project, place, "column")
) WITHOUT ROWID;
""",
    ),
    Migration(
        "2026-11-28",  # who may look: the secret's hash, people, read tokens, who is signed in
        """
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE person (
    name TEXT PRIMARY KEY,
    project TEXT,
    password TEXT,
    invitation BLOB,
    invited_until INTEGER,
    added INTEGER NOT NULL,
    used INTEGER
) WITHOUT ROWID;
CREATE TABLE read_token (
    name TEXT PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    project TEXT,
    added INTEGER NOT NULL,
    used INTEGER,
    revoked INTEGER
) WITHOUT ROWID;
CREATE TABLE session (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    credential BLOB NOT NULL,
    until INTEGER NOT NULL
);
CREATE INDEX session_name ON session (name);
""",
    ),
    Migration(
        "2026-11-28, limits",  # those that a project has instead of the defaults; null is none
        """
CREATE TABLE project_limit (
    project TEXT NOT NULL REFERENCES project (name),
    name TEXT NOT NULL,
    amount INTEGER,
    PRIMARY KEY (project, name)
) WITHOUT ROWID;
""",
    ),
    Migration(
        "2026-11-29",  # how many days what is collected is kept
        """
ALTER TABLE project ADD COLUMN retention INTEGER NOT NULL DEFAULT 400;
""",
    ),
    Migration(
        "2026-11-30",  # what people said of groups of errors: notes, and where one is resolved
        """
CREATE TABLE error_decision (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL REFERENCES project (name),
    grouped TEXT NOT NULL,
    what TEXT NOT NULL,
    words TEXT NOT NULL,
    who TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX error_decision_project ON error_decision (project, grouped);
""",
    ),
    Migration(
        "2026-12-01",  # what was found that somebody should hear of, and where it is sent
        """
CREATE TABLE alert (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL REFERENCES project (name),
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    path TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (project, key)
);
CREATE TABLE webhook (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL REFERENCES project (name),
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    added INTEGER NOT NULL
);
CREATE TABLE webhook_delivery (
    alert INTEGER NOT NULL REFERENCES alert (number),
    webhook INTEGER NOT NULL REFERENCES webhook (number),
    tries INTEGER NOT NULL,
    due INTEGER,
    said TEXT NOT NULL,
    PRIMARY KEY (alert, webhook)
) WITHOUT ROWID;
CREATE TABLE refused_tally (
    project TEXT NOT NULL REFERENCES project (name),
    day INTEGER NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (project, day)
) WITHOUT ROWID;
""",
    ),
    Migration(
        "2026-12-02",  # whose published site is shown to everybody
        """
ALTER TABLE project ADD COLUMN public INTEGER NOT NULL DEFAULT 0;
""",
    ),
)
