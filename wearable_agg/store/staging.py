"""Temporary tables that a batch is laid into before it is merged, filled the fastest way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from wearable_agg.store.database import is_server


@dataclass(frozen=True, slots=True)
class Stage:
    """A temporary table: its columns as (name, SQL type), the first `key` of them its key.

    The types are written as in PostgreSQL, where they matter; SQLite takes them as they are.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    key: int

    def prepare(self, connection: Connection) -> None:
        """Make the table in this connection, or empty it where it is."""
        columns = ", ".join(f'"{name}" {kind}' for name, kind in self.columns)
        key = ", ".join(f'"{name}"' for name, _ in self.columns[: self.key])
        kind = "ON COMMIT DELETE ROWS" if is_server(connection) else "WITHOUT ROWID"
        connection.exec_driver_sql(
            f"CREATE TEMP TABLE IF NOT EXISTS {self.name} ({columns}, PRIMARY KEY ({key})) {kind}"
        )
        connection.exec_driver_sql(f"DELETE FROM {self.name}")  # noqa: S608  # our own name

    def fill(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows, in the order of the columns; each key once."""
        if not rows:
            return
        if is_server(connection):
            self._copy(connection, rows)
        else:
            marks = ", ".join("?" for _ in self.columns)
            statement = f"INSERT INTO {self.name} VALUES ({marks})"  # noqa: S608  # our own name
            connection.exec_driver_sql(statement, list(map(tuple, rows)))

    def _copy(self, connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
        raw: Any = connection.connection.driver_connection
        statement = f"COPY {self.name} FROM STDIN (FORMAT BINARY)"
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([kind for _, kind in self.columns])
            for row in rows:
                copy.write_row(row)
