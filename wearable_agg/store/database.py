"""Opening a SQLite store so that what is committed is on disk, and writers wait for each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_SECONDS = 15
_WRITING = "writing"


def open_database(path: Path) -> Engine:
    """Open (and make, where it is missing) the SQLite file at `path`: WAL, synchronous=FULL."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_SECONDS},
        hide_parameters=True,  # an error's text goes to the log, patient data must not
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a write transaction: it holds the write lock from its start, commits or rolls back."""
    with engine.connect().execution_options(**{_WRITING: True}) as connection, connection.begin():
        yield connection


def _configure(raw: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    raw.isolation_level = None  # transactions begin where we say, not where the driver guesses
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
