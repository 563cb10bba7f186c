"""Where the engine stands: each shard's state, and its place in the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Row, select

from wearable_agg.afib.state import ShardState, UnreadableState, new_shard
from wearable_agg.engine.chunks import SHARDS
from wearable_agg.store.clock import now_micros
from wearable_agg.store.engine_tables import engine_checkpoints
from wearable_agg.store.upserts import insert

VERSION = 2
"""Changes with what is kept beside the states, which have a version of their own."""

_READABLE = (1, VERSION)
"""In the first version all shards were saved together, at the same place."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Standing:
    """A shard's state after the frame with id `cursor`, and after all before it."""

    shard: int
    cursor: int
    state: ShardState


def load(connection: Connection) -> list[Standing]:
    """Return where each shard stood, by shard number; one that was never saved has seen nothing.

    A state that this version cannot read is left out, with a warning: analysis then goes on from
    the saved place with a fresh one. An episode under way is found again within minutes; what was
    recorded before is not analysed a second time, by other rules.
    """
    rows = {row.shard: row for row in connection.execute(select(engine_checkpoints))}
    return [
        _standing(rows[shard]) if shard in rows else Standing(shard, 0, new_shard())
        for shard in range(SHARDS)
    ]


def _standing(row: Row[Any]) -> Standing:
    try:
        return Standing(row.shard, row.cursor, _state(row))
    except UnreadableState as error:
        where = {"shard": row.shard, "cursor": row.cursor}
        log.warning("analysis starts afresh", **where, reason=str(error))
        return Standing(row.shard, row.cursor, new_shard())


def _state(row: Row[Any]) -> ShardState:
    if row.version not in _READABLE:
        raise UnreadableState("saved by an engine of another version")
    return ShardState.from_bytes(row.state)


def save(connection: Connection, standing: Standing) -> None:
    """Replace a shard's checkpoint, in the caller's transaction.

    All events up to it are to be committed before or with it.
    """
    values = {
        "cursor": standing.cursor,
        "version": VERSION,
        "saved_at": now_micros(),
        "state": standing.state.to_bytes(),
    }
    statement = insert(engine_checkpoints).values(shard=standing.shard, **values)
    news = {name: statement.excluded[name] for name in values}
    connection.execute(statement.on_conflict_do_update(index_elements=["shard"], set_=news))
