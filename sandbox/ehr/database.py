"""The one SQLite file of the demo EHR. Times are INTEGER microseconds since 1970, UTC."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

Clock = Callable[[], datetime]
"""Tells the time as an aware UTC datetime; tests pass their own."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
  sequence INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  updated INTEGER NOT NULL, deleted INTEGER NOT NULL, patient TEXT, withheld INTEGER NOT NULL,
  body TEXT NOT NULL, UNIQUE (type, id));
CREATE INDEX IF NOT EXISTS resources_patient ON resources (type, patient);
CREATE TABLE IF NOT EXISTS versions (
  type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, updated INTEGER NOT NULL,
  method TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (type, id, version));
CREATE TABLE IF NOT EXISTS search_index (
  type TEXT NOT NULL, id TEXT NOT NULL, parameter TEXT NOT NULL,
  system TEXT, value TEXT, low INTEGER, high INTEGER);
CREATE INDEX IF NOT EXISTS search_index_value ON search_index (type, parameter, value);
CREATE INDEX IF NOT EXISTS search_index_owner ON search_index (type, id, parameter);
CREATE TABLE IF NOT EXISTS restrictions (
  type TEXT NOT NULL, patient TEXT NOT NULL, PRIMARY KEY (type, patient));
CREATE TABLE IF NOT EXISTS pages (
  token TEXT PRIMARY KEY, created INTEGER NOT NULL, search TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS openings (
  id TEXT PRIMARY KEY, created INTEGER NOT NULL, used INTEGER NOT NULL, user TEXT NOT NULL,
  patient TEXT NOT NULL, encounter TEXT, standalone INTEGER NOT NULL,
  framed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS codes (
  digest TEXT PRIMARY KEY, created INTEGER NOT NULL, used INTEGER NOT NULL, detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
  digest TEXT PRIMARY KEY, kind TEXT NOT NULL, family TEXT NOT NULL, issued INTEGER NOT NULL,
  expires INTEGER NOT NULL, revoked INTEGER NOT NULL, used INTEGER NOT NULL, detail TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS tokens_family ON tokens (family);
CREATE TABLE IF NOT EXISTS assertions (
  client TEXT NOT NULL, jti TEXT NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (client, jti));
"""


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=micros)


class Database:
    """Opens the file, creates missing tables, and keeps one connection per thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._turn = threading.Lock()  # SQLite would let who waits try their luck, for seconds
        with self.write() as connection:
            for statement in SCHEMA.split(";\n"):
                connection.execute(statement)

    def read(self) -> sqlite3.Connection:
        """This thread's connection, outside any transaction."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            self._local.connection = connection
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """The only writer until the outermost block ends: commits then, or rolls back on errors."""
        connection = self.read()
        if connection.in_transaction:
            yield connection
            return
        with self._turn:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        # Plain sqlite3: SQLAlchemy would double the time this process needs to start.
        connection = sqlite3.connect(self._path, timeout=15, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection
