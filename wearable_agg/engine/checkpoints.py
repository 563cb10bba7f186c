"""Where the engine stands: a state for each shard, all at one place in the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from wearable_agg.store.clock import now_micros
from wearable_agg.store.engine_tables import engine_checkpoints

VERSION = 1
"""Changes with the layout of the states or the number of shards."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The id of the last frame taken in, and each shard's state after it, by shard number."""

    cursor: int
    states: tuple[bytes, ...]


def load(connection: Connection) -> Checkpoint | None:
    """Return the latest checkpoint; None where there is none that this version can read."""
    query = select(engine_checkpoints).order_by(engine_checkpoints.c.shard)
    rows = connection.execute(query).all()
    if not rows or any(row.version != VERSION for row in rows):
        return None
    return Checkpoint(rows[0].cursor, tuple(row.state for row in rows))


def save(connection: Connection, cursor: int, states: Sequence[bytes]) -> None:
    """Replace the checkpoint, in the caller's transaction."""
    now = now_micros()
    statement = insert(engine_checkpoints)
    news = {name: statement.excluded[name] for name in ("cursor", "version", "state", "saved_at")}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["shard"], set_=news),
        [
            {"shard": shard, "cursor": cursor, "version": VERSION, "state": state, "saved_at": now}
            for shard, state in enumerate(states)
        ],
    )
