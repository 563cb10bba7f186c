"""The history of app.db's tables."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from app.tables import metadata
from wearable_agg.store.history import History

HISTORY = History(Path(__file__).parent, "0001", metadata)


def migrate(engine: Engine) -> None:
    """Bring a file to the newest form, as `History.migrate` does."""
    HISTORY.migrate(engine)
