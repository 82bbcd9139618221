"""The offline store: one SQLite file with what was pulled, what waits to be pushed, and what became of it.

Every step is one transaction, written through to the disk before it counts: a process that is killed, or a computer that
loses its power, leaves what was there before the step or after it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from devcoop_client.errors import NotReady

FILE = "devcoop.db"
LAYOUT = 1
WAIT_SECONDS = 30
"""How long a step waits for another process that writes to the store."""

_TABLES = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE document (
    aggregate TEXT NOT NULL,
    id TEXT NOT NULL,
    identifier TEXT,
    version INTEGER NOT NULL,
    recorded_at TEXT,
    document TEXT NOT NULL,
    snapshot INTEGER NOT NULL,
    PRIMARY KEY (aggregate, id)
);
CREATE INDEX document_identifier ON document (aggregate, identifier);
CREATE TABLE standing (address TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE command (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    place INTEGER NOT NULL,
    key TEXT NOT NULL UNIQUE,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    address TEXT NOT NULL,
    base_version INTEGER,
    adds INTEGER NOT NULL,
    guarded INTEGER NOT NULL,
    waits INTEGER NOT NULL,
    body TEXT,
    what TEXT NOT NULL,
    created_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'done', 'refused', 'conflict', 'dropped')),
    if_match TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    answered_at TEXT,
    status INTEGER,
    version INTEGER,
    answer TEXT,
    replaced_by TEXT
);
CREATE INDEX command_state ON command (state, place);
CREATE INDEX command_open ON command (address, place) WHERE state IN ('pending', 'sent', 'conflict');
"""


class Store:
    """The store of one office on one computer. Several processes may use the file, each with an instance of its own."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it if there is none.

        Raises:
            NotReady: it was made by a later version of the client, or is none of ours.

        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self.connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        try:
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
            self._lay_out()
        except sqlite3.DatabaseError as error:
            self.connection.close()
            raise NotReady(f"{path} is no store of this program: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do a step whole or not at all; a step within another is part of it."""
        if self.connection.in_transaction:
            yield self.connection
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()

    def get(self, name: str) -> str | None:
        """Return a setting."""
        row = self.connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row["value"])

    def put(self, name: str, value: str | None) -> None:
        """Keep a setting, or forget it where there is no value."""
        with self.transaction() as connection:
            if value is None:
                connection.execute("DELETE FROM setting WHERE name = ?", (name,))
            else:
                connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def _lay_out(self) -> None:
        if self._layout() == LAYOUT:
            return
        with self.transaction() as connection:
            found = self._layout()
            if found == 0:
                for statement in _TABLES.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {LAYOUT}")
            elif found != LAYOUT:
                raise sqlite3.DatabaseError(f"its layout is {found}, this program knows {LAYOUT}")

    def _layout(self) -> int:
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])


def now() -> str:
    """Return this moment, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
