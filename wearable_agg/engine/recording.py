"""Writes what rhythm analysis found, in the engine's transaction. Every write can come again."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from clinical.verdicts import Signal
from wearable_agg.afib import beats_only
from wearable_agg.afib.types import (
    DECIDER,
    DECIDER_VERSION,
    Analysed,
    EpisodeContinued,
    EpisodeEnded,
    EpisodeStarted,
    Event,
    Evidence,
)
from wearable_agg.delivery import findings
from wearable_agg.delivery.detection import Detection, Strip, Tachogram
from wearable_agg.ecg.frames import Carried, Sensor
from wearable_agg.ecg.inbox import Session
from wearable_agg.people.registry import touch_all
from wearable_agg.store.clock import from_micros
from wearable_agg.store.findings_tables import analysed
from wearable_agg.store.upserts import insert

SIGNALS = {Sensor.ELECTRIC: Signal.ECG, Sensor.OPTICAL: Signal.PPG}
DECIDERS = {
    Carried.ECG: (DECIDER, DECIDER_VERSION),
    Carried.BEATS: (beats_only.DECIDER, beats_only.DECIDER_VERSION),
}
"""What decides, and its version, by what a stream carries."""

_MEASURES = ("end", "recorded_seconds", "analysable_seconds", "af_seconds")


@dataclass(frozen=True, slots=True)
class Finding:
    """An event, the session it comes from, and the strip or the tachogram that shows it.

    `silent` marks the end of an episode whose stream fell silent.
    """

    event: Event
    session: Session
    strip: Strip | None = None
    silent: bool = False
    tachogram: Tachogram | None = None


def record(connection: Connection, found: Iterable[tuple[Finding, int]]) -> None:
    """Record events, each about a person."""
    looked_at: dict[tuple[str, int], dict[str, Any]] = {}
    for finding, person_id in found:
        if isinstance(finding.event, Analysed):
            row = _analysed(finding.event, finding.session, person_id)
            looked_at[row["stream"], row["start"]] = row
        else:
            _record_episode(connection, finding, person_id)
    _record_analysed(connection, list(looked_at.values()))


def _record_episode(connection: Connection, found: Finding, person_id: int) -> None:
    match found.event:
        case EpisodeStarted() as event:
            begun = _detection(found, event, person_id, event.detected_at, None)
            explained = replace(
                begun, probability=event.probability, evidence=_reasons(found, event.evidence)
            )
            findings.record_started(connection, explained)
        case EpisodeContinued() as event:
            findings.record_continued(
                connection, _detection(found, event, person_id, event.until, event.until)
            )
        case EpisodeEnded() as event:
            over = _detection(found, event, person_id, event.end, event.end)
            findings.record_ended(connection, over, silent=found.silent)


def _detection(
    found: Finding,
    event: EpisodeStarted | EpisodeContinued | EpisodeEnded,
    person_id: int,
    detected_at: float,
    end: float | None,
) -> Detection:
    decider, version = DECIDERS[found.session.signal]
    return Detection(
        tenant=found.session.tenant,
        person_id=person_id,
        stream=event.stream,
        device=found.session.device.label,
        onset=_instant(event.onset),
        detected_at=_instant(detected_at),
        end=None if end is None else _instant(end),
        mean_rate=event.mean_rate,
        max_rate=event.max_rate,
        coverage=event.coverage,
        decider=decider,
        decider_version=version,
        signal=SIGNALS[found.session.sensor].value,
        strip=found.strip,
        tachogram=found.tachogram,
    )


def _analysed(event: Analysed, session: Session, person_id: int) -> dict[str, Any]:
    return {
        "stream": event.stream,
        "start": micros(event.start),
        "tenant": session.tenant,
        "person_id": person_id,
        "end": micros(event.end),
        "recorded_seconds": event.recorded_seconds,
        "analysable_seconds": event.analysable_seconds,
        "af_seconds": event.af_seconds,
    }


def _record_analysed(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Write all at once: every stream has its minute, and they may fall together."""
    if not rows:
        return
    statement = insert(analysed)
    changed = {name: statement.excluded[name] for name in _MEASURES}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["stream", "start"], set_=changed), rows
    )
    touch_all(connection, {row["person_id"] for row in rows})


def _reasons(found: Finding, evidence: Evidence) -> dict[str, float]:
    """Return what explains the decision, without ectopy where the device tells nothing of it."""
    named = numbers(evidence)
    shown = found.tachogram
    if shown is not None and all(beat.ectopic is None for beat in shown.beats):
        del named["other_share"]
    return named


def numbers(evidence: Evidence) -> dict[str, float]:
    """Return what explains a decision, by name; what the signal cannot tell is left out."""
    return {
        name: round(value, 4)
        for name, value in asdict(evidence).items()
        if value is not None and math.isfinite(value)
    }


def micros(seconds: float) -> int:
    """Return an epoch second as stored."""
    return round(seconds * 1e6)


def _instant(seconds: float) -> datetime:
    return from_micros(micros(seconds))
