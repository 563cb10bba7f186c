"""Every verdict on a person's rhythm as events of one kind: vendors' and our own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, or_, select

from clinical.verdicts import Ground, Meaning, RhythmEvent, Signal, gravest, once, severity
from config.clinical import load
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

    Each of its episodes rests on itself and on the ECG verdicts about the same time; the gravest
    counts.
    """
    if not findings:
        return {}
    first = from_micros(min(row["onset"] for row in findings))
    last = from_micros(max(row["last_seen_at"] for row in findings)) + _INSTANT
    window = (connection, person_id, first, last)
    spells = episodes_between(*window)
    verdicts = [*map(_event, spells), *_of_recordings(*window)]
    on_ecg = [one for one in verdicts if one.ground is Ground.ECG]
    return {row["id"]: _severity(row, spells, on_ecg) for row in findings}


def is_outweighed(connection: Connection, person_id: int, finding: RowMapping) -> bool:
    """Tell whether ECGs of the same time say otherwise about every episode of a finding."""
    [word] = severities(connection, person_id, [finding]).values()
    return str(load("severity")["none"]) == word


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


def _severity(
    finding: RowMapping, spells: Sequence[RowMapping], on_ecg: Sequence[RhythmEvent]
) -> str:
    own = [one for one in spells if one["finding_id"] == finding["id"]] or [finding]
    kind = finding["kind"]
    return gravest(kind, (severity(kind, [_event(one), *_about(one, on_ecg)]) for one in own))


def _about(spell: RowMapping, on_ecg: Sequence[RhythmEvent]) -> list[RhythmEvent]:
    """Return the verdicts about the time of an episode as far as it was seen."""
    onset, last = from_micros(spell["onset"]), from_micros(spell["last_seen_at"])
    return [one for one in on_ecg if one.start <= last and (one.end is None or one.end >= onset)]


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
