"""Every verdict on a person's rhythm as events of one kind: vendors' and our own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, or_, select

from clinical.verdicts import Meaning, RhythmEvent, Signal, once, severity
from wearable_agg.ecg.verdicts import of_own, of_vendor
from wearable_agg.measurements.statements import own_verdicts, vendors_said
from wearable_agg.people.registry import members
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.findings_tables import episodes as episodes_table

_INSTANT = timedelta(microseconds=1)


def events_between(
    connection: Connection, person_id: int, start: datetime, end: datetime
) -> list[RhythmEvent]:
    """Return the verdicts that reach into [start, end), the latest first, each once.

    Of streams, of recordings that a person took, and of the pulse; by whomever.
    """
    own = map(_event, episodes_between(connection, person_id, start, end))
    return once([*own, *_of_recordings(connection, person_id, start, end)])


def severities(
    connection: Connection, person_id: int, findings: Sequence[RowMapping]
) -> dict[str, str]:
    """Return the word that orders attention for each finding, by its id.

    It rests on every verdict about the time from the finding's onset to when it was last seen.
    """
    if not findings:
        return {}
    first = from_micros(min(row["onset"] for row in findings))
    last = from_micros(max(row["last_seen_at"] for row in findings)) + _INSTANT
    events = events_between(connection, person_id, first, last)
    return {row["id"]: _severity(row, events) for row in findings}


def episodes_between(
    connection: Connection, person_id: int, start: datetime, end: datetime
) -> list[RowMapping]:
    """Return our own episodes that reach into [start, end), the first first."""
    table = episodes_table
    reaches_in = or_(
        table.c.end > to_micros(start),
        table.c.end.is_(None) & (table.c.last_seen_at > to_micros(start)),
    )
    found = connection.execute(
        select(table)
        .where(members(table.c.person_id, person_id), table.c.onset < to_micros(end), reaches_in)
        .order_by(table.c.onset)
    )
    return list(found.mappings())


def _severity(finding: RowMapping, events: Sequence[RhythmEvent]) -> str:
    onset, last = from_micros(finding["onset"]), from_micros(finding["last_seen_at"])
    itself = _event(finding)
    about = [one for one in events if one.start <= last and (one.end is None or one.end >= onset)]
    return severity(finding["kind"], [itself, *about])


def _of_recordings(
    connection: Connection, person_id: int, start: datetime, end: datetime
) -> Iterator[RhythmEvent]:
    window = (connection, person_id, start, end)
    yield from (event for one in vendors_said(*window) if (event := of_vendor(one)) is not None)
    yield from map(of_own, own_verdicts(*window))


def _event(row: RowMapping) -> RhythmEvent:
    """Return an episode, or a finding, that our own rule made of a stream."""
    return RhythmEvent(
        meaning=Meaning.ATRIAL_FIBRILLATION,
        start=from_micros(row["onset"]),
        end=None if row["end"] is None else from_micros(row["end"]),
        signal=Signal(row["signal"]),
        decider=row["decider"],
        version=row["decider_version"],
        said=Meaning.ATRIAL_FIBRILLATION.value,
        device=row["device"],
        probability=row["probability"],
    )
