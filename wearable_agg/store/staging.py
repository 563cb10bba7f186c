"""Temporary tables that a batch is laid into before it is merged, filled the fastest way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from wearable_agg.store.database import is_server

Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """A temporary table: its columns as (name, SQL type), the first `key` of them its key.

    The types are written as in PostgreSQL, where they matter; SQLite takes them as they are.
    PostgreSQL does without an index of the key: it reads a stage from end to end.
    """

    name: str
    columns: Columns
    key: int

    def prepare(self, connection: Connection) -> None:
        """Make the table in this connection, or empty it where it is."""
        server = is_server(connection)
        parts = [f'"{name}" {kind}' for name, kind in self.columns]
        if not server:
            names = ", ".join(f'"{name}"' for name, _ in self.columns[: self.key])
            parts.append(f"PRIMARY KEY ({names})")
        kind = "ON COMMIT DELETE ROWS" if server else "WITHOUT ROWID"
        made = f"CREATE TEMP TABLE IF NOT EXISTS {self.name} ({', '.join(parts)}) {kind}"
        emptied = f"DELETE FROM {self.name}"  # noqa: S608  # our own name
        if server:  # one way there and back
            connection.exec_driver_sql(f"{made}; {emptied}")
            return
        connection.exec_driver_sql(made)
        connection.exec_driver_sql(emptied)

    def fill(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows, in the order of the columns; each key once."""
        load(connection, self.name, self.columns, rows)


def load(
    connection: Connection, table: str, columns: Columns, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Add rows to a table the fastest way, in the order of `columns`: (name, SQL type).

    Raises sqlalchemy.exc.IntegrityError or psycopg.errors.UniqueViolation where one is there.
    """
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name, _ in columns)
    if is_server(connection):
        raw: Any = connection.connection.driver_connection
        statement = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([kind for _, kind in columns])
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" for _ in columns)
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608  # our own names
        connection.exec_driver_sql(statement, rows)


@contextmanager
def looking_up_keys(connection: Connection) -> Iterator[None]:
    """Have joins of a stage with large tables done by key.

    PostgreSQL knows nothing of a table that was filled a moment ago, and would rather read the
    large one from end to end.
    """
    if is_server(connection):
        connection.exec_driver_sql(_switch("off"))
    yield
    if is_server(connection):
        connection.exec_driver_sql(_switch("on"))


def _switch(word: str) -> str:
    plans = ("seqscan", "hashjoin", "mergejoin")
    return "; ".join(f"SET LOCAL enable_{plan} = {word}" for plan in plans)
