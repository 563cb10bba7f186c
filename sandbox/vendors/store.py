"""What the simulators must remember across a restart: one SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS codes (
    code TEXT PRIMARY KEY, vendor TEXT NOT NULL, client_id TEXT NOT NULL, user TEXT NOT NULL,
    redirect_uri TEXT NOT NULL, scope TEXT NOT NULL, challenge TEXT NOT NULL,
    offline INTEGER NOT NULL, expires REAL NOT NULL, grant_id TEXT NOT NULL,
    used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY, vendor TEXT NOT NULL, kind TEXT NOT NULL, client_id TEXT NOT NULL,
    user TEXT NOT NULL, scope TEXT NOT NULL, expires REAL NOT NULL, grant_id TEXT NOT NULL,
    replaces TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS signing_keys (
    position INTEGER PRIMARY KEY, key_id INTEGER NOT NULL, private TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS subscribers (
    id TEXT PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL, kinds TEXT NOT NULL,
    verified INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS subscriptions (
    user TEXT NOT NULL, appli INTEGER NOT NULL, url TEXT NOT NULL, comment TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (user, appli, url));
CREATE TABLE IF NOT EXISTS wearers (user TEXT PRIMARY KEY, synced REAL NOT NULL);
CREATE TABLE IF NOT EXISTS late_steps (
    user TEXT NOT NULL, day TEXT NOT NULL, steps INTEGER NOT NULL, PRIMARY KEY (user, day));
CREATE TABLE IF NOT EXISTS arrivals (
    user TEXT NOT NULL, low REAL NOT NULL, high REAL NOT NULL);
CREATE TABLE IF NOT EXISTS amendments (
    user TEXT NOT NULL, day TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (user, day));
CREATE TABLE IF NOT EXISTS deleted (
    user TEXT NOT NULL, kind TEXT NOT NULL, low REAL NOT NULL, high REAL NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY, user TEXT NOT NULL, action TEXT NOT NULL, due REAL NOT NULL,
    low REAL NOT NULL DEFAULT 0, high REAL NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY, vendor TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL,
    due REAL NOT NULL, first REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0);
"""


class Store:
    """One connection shared by the server's threads, one transaction at a time."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run statements that belong together."""
        with self._lock, self._connection:
            yield self._connection

    def execute(self, statement: str, *values: Any) -> int:
        """Run one statement; return how many rows it changed."""
        with self.transaction() as connection:
            return connection.execute(statement, values).rowcount

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        return next(iter(self.rows(statement, *values)), None)

    def fact(self, name: str, initial: str) -> str:
        """Return a remembered text; it is `initial` when asked for the first time."""
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, initial))
            (value,) = connection.execute(
                "SELECT value FROM facts WHERE name = ?", (name,)
            ).fetchone()
            return str(value)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
