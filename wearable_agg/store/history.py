"""Bringing a store's tables to their newest form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    insert,
    inspect,
    select,
)

from wearable_agg.store.database import writing

_revision = Table(
    "alembic_version",  # alembic's own table, so that it goes on from what is made here
    MetaData(naming_convention={"pk": "%(table_name)s_pkc"}),
    Column("version_num", String(32), primary_key=True),
)


@dataclass(frozen=True)
class History:
    """The revisions of one store: the folder with their steps, the newest, and its tables."""

    folder: Path
    head: str
    metadata: MetaData

    def migrate(self, engine: Engine) -> None:
        """Bring the tables to the newest form.

        Does next to nothing where they are, and is safe when several processes start at once: the
        first holds the write lock, the others wait and find the work done.
        """
        with engine.connect() as connection:
            if version(connection) == self.head:
                return
        with writing(engine) as connection:
            found = version(connection)
            if found is None:
                self.create(connection)
            elif found != self.head:
                self.upgrade(connection)

    def create(self, connection: Connection) -> None:
        """Make the newest tables in an empty store, at a tenth of the cost of all steps."""
        self.metadata.create_all(connection, checkfirst=False)
        _revision.create(connection)
        connection.execute(insert(_revision).values(version_num=self.head))

    def upgrade(self, connection: Connection, revision: str = "head") -> None:
        """Take the steps from the revision that the tables are at, or from nothing."""
        # costs as much time to import as the rest of a role's start, and is seldom needed
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(self.folder))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def version(connection: Connection) -> str | None:
    """Return the revision that the tables are at, None for an empty store."""
    if not inspect(connection).has_table(_revision.name):
        return None
    return connection.execute(select(_revision.c.version_num)).scalar()
