"""New stores with their tables, copied from ones that a test process makes once."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from app.migrations import HISTORY as OF_THE_APP
from safeguards.files import read_or_create
from wearable_agg.store.database import open_database
from wearable_agg.store.history import History
from wearable_agg.store.migrations import HISTORY as OF_WEARABLES


@functools.cache
def _empty(history: History) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(Path(folder) / "empty.db")
        history.migrate(engine)
        engine.dispose()
        return (Path(folder) / "empty.db").read_bytes()


def place_app_store(path: Path) -> None:
    """Put an empty app.db there, where none is."""
    read_or_create(path, lambda: _empty(OF_THE_APP))


def place_wearables_store(path: Path) -> None:
    """Put an empty wearables.db there, where none is."""
    read_or_create(path, lambda: _empty(OF_WEARABLES))
