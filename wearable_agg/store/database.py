"""Opening a store so that what is committed is on disk, and writers wait for each other.

A store is a SQLite file or a PostgreSQL database; the rest of the backend need not know which.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_SECONDS = 15
POSTGRESQL = "postgresql"
_WRITING = "writing"
_WRITERS = 0x57524953  # the key of the write lock, which belongs to one database of a server
_queues: WeakKeyDictionary[Engine, threading.Lock] = WeakKeyDictionary()
_ON_SERVER = {
    "application_name": "wristchart",
    "timezone": "UTC",
    "synchronous_commit": "on",
    "lock_timeout": f"{BUSY_SECONDS}s",
    "jit": "off",  # compiling a statement takes longer than any of ours runs
}


def open_database(place: Path | str) -> Engine:
    """Open the store at `place`: a SQLite file (made where it is missing) or a postgresql:// URL.

    Reads see one moment throughout. Raises sqlalchemy.exc.ArgumentError for an unusable URL; an
    unreachable server is told by the first use.
    """
    return _open_file(place) if isinstance(place, Path) else _open_server(place)


def is_server(engine: Engine | Connection) -> bool:
    """Tell whether the store is in PostgreSQL."""
    return engine.dialect.name == POSTGRESQL


@contextmanager
def writing(engine: Engine, *, shared: bool = False) -> Iterator[Connection]:
    """Open a write transaction: it holds the write lock from its start, commits or rolls back.

    Nobody else writes meanwhile, so that what was read stays true until the commit. With `shared`
    other shared transactions may write at the same time (in PostgreSQL): it is for statements
    that are right beside each other by themselves, as INSERT .. ON CONFLICT or a claim of rows
    FOR UPDATE SKIP LOCKED.
    """
    with _turn(engine), _write_connection(engine) as connection, connection.begin():
        if is_server(engine):
            lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
            connection.exec_driver_sql(f"SELECT {lock}({_WRITERS})")
        yield connection


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Let the threads of a process queue for a file: SQLite has those that wait look now and then,
    and whoever looks at the right moment wins, so that one may go without for seconds."""
    if is_server(engine):
        yield
        return
    queue = _queues.setdefault(engine, threading.Lock())
    in_turn = queue.acquire(timeout=BUSY_SECONDS)
    try:
        yield
    finally:
        if in_turn:
            queue.release()


def _write_connection(engine: Engine) -> Connection:
    connection = engine.connect()
    if is_server(engine):
        # a snapshot from before the lock was won would be an old one
        return connection.execution_options(isolation_level="READ COMMITTED")
    return connection.execution_options(**{_WRITING: True})


def _open_server(url: str) -> Engine:
    address = make_url(url).set(drivername="postgresql+psycopg")
    settings = " ".join(f"-c {name}={value}" for name, value in _ON_SERVER.items())
    return create_engine(
        address,
        connect_args={"options": settings},
        isolation_level="REPEATABLE READ",
        pool_pre_ping=True,  # a server may restart behind our back
        hide_parameters=True,
    )


def _open_file(path: Path) -> Engine:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_SECONDS},
        hide_parameters=True,  # an error's text goes to the log, patient data must not
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(raw: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    raw.isolation_level = None  # transactions begin where we say, not where the driver guesses
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
