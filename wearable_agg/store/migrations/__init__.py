"""The history of wearables.db's tables, and bringing a file up to date."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from wearable_agg.store.database import writing

HEAD = "0010"


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest form.

    Does next to nothing where they are, and is safe when several processes start at once: the
    first holds the write lock, the others wait and find the work done.
    """
    with engine.connect() as connection:
        if version(connection) == HEAD:
            return
    with writing(engine) as connection:
        if version(connection) != HEAD:
            _upgrade(connection)


def version(connection: Connection) -> str | None:
    """Return the revision that the tables are at, None for an empty file."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    # costs as much time to import as the rest of a role's start, and is needed once
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
