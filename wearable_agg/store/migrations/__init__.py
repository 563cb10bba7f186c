"""The history of wearables.db's tables."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from wearable_agg.store.all_tables import metadata
from wearable_agg.store.history import History

HISTORY = History(Path(__file__).parent, "0014", metadata)


def migrate(engine: Engine) -> None:
    """Bring a file or a database to the newest form, as `History.migrate` does."""
    HISTORY.migrate(engine)
