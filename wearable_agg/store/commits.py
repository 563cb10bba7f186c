"""Whether anybody committed to a store since one last asked: cheap enough to ask all the time."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from wearable_agg.store.database import is_server

_OF_FILE = ("PRAGMA data_version", 0.04)  # https://sqlite.org/pragma.html#pragma_data_version
_OF_SERVER = ("SELECT pg_current_wal_insert_lsn()", 0.1)


class Commits:
    """Sees commits of every process; `pause` is how many seconds to leave between two questions.

    Not for several threads at once. Raises what the database raises.
    """

    def __init__(self, engine: Engine) -> None:
        self._question, self.pause = _OF_SERVER if is_server(engine) else _OF_FILE
        self._connection = engine.connect()
        self._seen = self._state()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def have_come(self) -> bool:
        """Tell whether anything was committed since this was last asked."""
        before, self._seen = self._seen, self._state()
        return self._seen != before

    def _state(self) -> str:
        state = str(self._connection.exec_driver_sql(self._question).scalar_one())
        self._connection.rollback()
        return state
