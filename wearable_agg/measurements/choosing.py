"""Which source is believed where several tell the same thing of one day: stated, never summed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select

from config.clinical import load
from wearable_agg.measurements.sources import vendor_of
from wearable_agg.people.registry import touch
from wearable_agg.store.clock import now_micros
from wearable_agg.store.measurement_tables import source_preferences
from wearable_agg.store.upserts import insert

Order = Mapping[str, Sequence[str]]
"""By type ("sleep" for its stages): the sources in order, first the one that is believed."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one source has of a day: `coverage` is how much of it, in any unit."""

    source: str
    coverage: float
    has_total: bool = False


def order_for(connection: Connection, person_id: int) -> Order:
    """Return the order that holds for a person: what was stated for them before what is usual."""
    rows = connection.execute(
        select(source_preferences.c.type, source_preferences.c.sources).where(
            source_preferences.c.person_id == person_id
        )
    )
    return {**load("sources")["priority"], **{kind: told.split(",") for kind, told in rows}}


def state_order(
    connection: Connection,
    tenant: str,
    person_id: int,
    kind: str,
    sources: Sequence[str],
    stated_by: str,
) -> None:
    """State the order of a type's sources for a person; none at all brings back what is usual.

    Raises ValueError for a type that has no order, or a source that cannot be one.
    """
    if kind not in load("sources")["priority"]:
        raise ValueError(f"{kind} is not told by several sources")
    if any(not one or "," in one for one in sources):
        raise ValueError("a source without name")
    key: dict[str, Any] = {"person_id": person_id, "type": kind}
    if sources:
        values = {"sources": ",".join(sources), "stated_by": stated_by, "stated_at": now_micros()}
        connection.execute(
            insert(source_preferences)
            .values(tenant=tenant, **key, **values)
            .on_conflict_do_update(index_elements=list(key), set_=values)
        )
    else:
        matches = [source_preferences.c[name] == value for name, value in key.items()]
        connection.execute(delete(source_preferences).where(*matches))
    touch(connection, person_id)


def chosen(kind: str, candidates: Iterable[Candidate], order: Order) -> str | None:
    """Return the source to believe.

    One that covers far less of the day than another is passed over, whatever its rank
    (`least_share` in config/clinical/sources.toml), but for a total, which speaks for the day.
    """
    listed = list(candidates)
    most = max((one.coverage for one in listed), default=0.0)
    enough = load("sources")["least_share"] * most
    eligible = [one for one in listed if one.has_total or one.coverage >= enough]
    ranks = order.get(kind, ())
    best = min(
        eligible,
        key=lambda one: (_rank(one.source, ranks), not one.has_total, -one.coverage, one.source),
        default=None,
    )
    return None if best is None else best.source


def left_out(candidates: Collection[Candidate], winner: str | None) -> tuple[str, ...]:
    """Return the sources that had something too."""
    return tuple(sorted({one.source for one in candidates} - {winner or ""}))


def _rank(source: str, ranks: Sequence[str]) -> int:
    for rank, named in enumerate(ranks):
        if source == named or named in (vendor_of(source), f"{vendor_of(source)}/"):
            return rank
    return len(ranks)
