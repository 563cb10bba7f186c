"""Where the engine stands: a state for each shard, all at one place in the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Row, select

from wearable_agg.afib.state import ShardState, UnreadableState, new_shard
from wearable_agg.engine.chunks import SHARDS
from wearable_agg.store.clock import now_micros
from wearable_agg.store.engine_tables import engine_checkpoints
from wearable_agg.store.upserts import insert

VERSION = 1
"""Changes with what is kept beside the states, which have a version of their own."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The id of the last frame taken in, and each shard's state after it, by shard number."""

    cursor: int
    states: tuple[ShardState, ...]


def load(connection: Connection) -> Checkpoint:
    """Return the latest checkpoint, that of an engine which has seen nothing where there is none.

    States that this version cannot read are left out, with a warning: analysis then goes on from
    the saved place with fresh ones. An episode under way is found again within minutes; what was
    recorded before is not analysed a second time, by other rules.
    """
    query = select(engine_checkpoints).order_by(engine_checkpoints.c.shard)
    rows = connection.execute(query).all()
    if not rows:
        return Checkpoint(0, _fresh())
    try:
        return Checkpoint(rows[0].cursor, _states(rows))
    except UnreadableState as error:
        log.warning("analysis starts afresh", cursor=rows[0].cursor, reason=str(error))
        return Checkpoint(rows[0].cursor, _fresh())


def _states(rows: Sequence[Row[Any]]) -> tuple[ShardState, ...]:
    if len(rows) != SHARDS or any(row.version != VERSION for row in rows):
        raise UnreadableState("saved by an engine of another version")
    return tuple(ShardState.from_bytes(row.state) for row in rows)


def _fresh() -> tuple[ShardState, ...]:
    return tuple(new_shard() for _ in range(SHARDS))


def save(connection: Connection, cursor: int, states: Sequence[ShardState]) -> None:
    """Replace the checkpoint, in the caller's transaction."""
    where = {"cursor": cursor, "version": VERSION, "saved_at": now_micros()}
    statement = insert(engine_checkpoints)
    news = {name: statement.excluded[name] for name in (*where, "state")}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["shard"], set_=news),
        [{**where, "shard": n, "state": state.to_bytes()} for n, state in enumerate(states)],
    )
