"""Findings: episodes come in from the rhythm engine, each write in the engine's transaction."""

from __future__ import annotations

import uuid
import zlib
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from clinical.findings import OPEN_STATES, FindingKind, FindingState, Spell, summarise
from safeguards.audit import record
from safeguards.strict_json import dumps
from wearable_agg.delivery import tachograms
from wearable_agg.delivery.detection import Detection, Strip
from wearable_agg.delivery.enqueue import add_flag, reconsider
from wearable_agg.delivery.listing import list_findings, strip
from wearable_agg.people.registry import patients_of, touch
from wearable_agg.store.clock import from_micros, now_micros, to_micros
from wearable_agg.store.findings_tables import episodes, findings, strips

__all__ = [
    "Detection",
    "Strip",
    "list_findings",
    "record_continued",
    "record_ended",
    "record_started",
    "strip",
]

_NAMES = uuid.UUID("0f6c39b1-8f6e-4a53-9a3f-3a1d4a8f1c52")
_MILLISECOND = 1000


def record_started(connection: Connection, detection: Detection) -> str:
    """Record that an episode began; returns the id of its finding.

    Finding, outbox row and audit row join the caller's write transaction. The episode joins the
    person's open finding where there is one. Recording the same episode again changes nothing.
    """
    return _record(connection, detection, ended=False)


def record_continued(connection: Connection, detection: Detection) -> str:
    """Record that an episode was still going on at `detection.end`; otherwise as record_started."""
    return _record(connection, detection, ended=False)


def record_ended(connection: Connection, detection: Detection, *, silent: bool = False) -> str:
    """Record that an episode ended at `detection.end`. Its finding stays: only people close it.

    `silent` says that nothing is known beyond that, for the stream fell silent: news of the episode
    that come all the same take it up again.
    """
    return _record(connection, detection, ended=True, silent=silent)


def _record(
    connection: Connection, detection: Detection, *, ended: bool, silent: bool = False
) -> str:
    episode = _episode(connection, detection)
    if episode is None:
        finding_id = _finding_for(connection, detection)
        connection.execute(
            insert(episodes).values(
                id=str(uuid.uuid5(_NAMES, f"episode|{_trigger(detection)}")),
                stream=detection.stream,
                finding_id=finding_id,
                went_silent=silent,
                **_facts(detection),
                **_progress(detection, ended),
            )
        )
    else:
        finding_id = episode["finding_id"] or _finding_for(connection, detection)
        values = _grown(episode, detection, ended, silent)
        if episode["finding_id"] == finding_id and not values:
            return finding_id
        connection.execute(
            update(episodes)
            .where(episodes.c.id == episode["id"])
            .values(finding_id=finding_id, **values)
        )
    _keep_strip(connection, finding_id, detection)
    if detection.tachogram is not None:
        tachograms.keep(connection, finding_id, detection.tachogram)
    _sum_up(connection, finding_id)
    reconsider(connection, finding_id)
    touch(connection, detection.person_id)
    return finding_id


def _episode(connection: Connection, detection: Detection) -> RowMapping | None:
    found = connection.execute(
        select(episodes).where(
            episodes.c.stream == detection.stream, episodes.c.onset == _onset(detection)
        )
    )
    return found.mappings().one_or_none()


def _onset(detection: Detection) -> int:
    """Return the onset to the millisecond: a replayed engine may differ below that."""
    return (to_micros(detection.onset) + _MILLISECOND // 2) // _MILLISECOND * _MILLISECOND


def _trigger(detection: Detection) -> str:
    return f"{detection.stream}|{_onset(detection) // _MILLISECOND}"


def _facts(detection: Detection) -> dict[str, Any]:
    return {
        "tenant": detection.tenant,
        "person_id": detection.person_id,
        "onset": _onset(detection),
        "detected_at": to_micros(detection.detected_at),
        "decider": detection.decider,
        "decider_version": detection.decider_version,
        "signal": detection.signal,
        "device": detection.device,
        "probability": detection.probability,
        "evidence": dumps(dict(detection.evidence)),
    }


def _progress(detection: Detection, ended: bool) -> dict[str, Any]:
    reaches = to_micros(detection.end or detection.detected_at)
    return {
        "last_seen_at": reaches,
        "end": reaches if ended else None,
        "mean_rate": detection.mean_rate,
        "max_rate": detection.max_rate,
        "coverage": detection.coverage,
    }


def _grown(episode: RowMapping, detection: Detection, ended: bool, silent: bool) -> dict[str, Any]:
    """Return what is news about a known episode; an event that comes again brings none."""
    progress = {**_progress(detection, ended), "went_silent": silent}
    if episode["end"] is not None and not episode["went_silent"] and (silent or not ended):
        return {}
    if not ended and progress["last_seen_at"] <= episode["last_seen_at"]:
        return {}
    return {name: value for name, value in progress.items() if value != episode[name]}


def _finding_for(connection: Connection, detection: Detection) -> str:
    """Return the finding that a new episode belongs to, opening one where none is open."""
    open_one = connection.execute(
        select(findings.c.id).where(
            findings.c.tenant == detection.tenant,
            findings.c.person_id == detection.person_id,
            findings.c.kind == FindingKind.ATRIAL_FIBRILLATION,
            findings.c.state.in_(OPEN_STATES),
        )
    ).scalar()
    if open_one is None:
        return _open(connection, detection)
    _audit(connection, detection, "finding.recurred", open_one)
    return str(open_one)


def _open(connection: Connection, detection: Detection) -> str:
    trigger = _trigger(detection)
    finding_id = str(uuid.uuid5(_NAMES, f"finding|{detection.tenant}|{trigger}"))
    connection.execute(
        insert(findings).values(
            id=finding_id,
            **_facts(detection),
            **_progress(detection, ended=False),
            kind=FindingKind.ATRIAL_FIBRILLATION,
            state=FindingState.OPEN,
            version=1,
            trigger=trigger,
            created_at=now_micros(),
        )
    )
    _audit(connection, detection, "finding.opened", finding_id)
    for patient in patients_of(connection, detection.person_id):
        if patient.tenant == detection.tenant:
            add_flag(connection, patient, detection.person_id, finding_id)
    return finding_id


def _audit(connection: Connection, detection: Detection, action: str, finding_id: str) -> None:
    record(
        connection,
        tenant=detection.tenant,
        actor="engine",
        action=action,
        entity=f"finding/{finding_id}",
        detail={"decider": f"{detection.decider} {detection.decider_version}"},
    )


def _keep_strip(connection: Connection, finding_id: str, detection: Detection) -> None:
    """Keep the first strip of a finding: it is the evidence that was, or will be, sent."""
    if detection.strip is None or _has_strip(connection, finding_id):
        return
    shown = detection.strip
    samples = shown.samples.astype("<i2")
    connection.execute(
        insert(strips).values(
            finding_id=finding_id,
            start=to_micros(shown.start),
            rate=shown.rate,
            lead=shown.lead,
            lead_code=shown.lead_code,
            microvolts_per_count=shown.microvolts_per_count,
            samples=zlib.compress(samples.tobytes()),
        )
    )


def _has_strip(connection: Connection, finding_id: str) -> bool:
    found = select(strips.c.finding_id).where(strips.c.finding_id == finding_id)
    return connection.execute(found).first() is not None


def _sum_up(connection: Connection, finding_id: str) -> None:
    rows = connection.execute(select(episodes).where(episodes.c.finding_id == finding_id))
    summary = summarise([_spell(row) for row in rows.mappings()])
    connection.execute(
        update(findings)
        .where(findings.c.id == finding_id)
        .values(
            onset=to_micros(summary.onset),
            last_seen_at=to_micros(summary.last_seen),
            end=None if summary.end is None else to_micros(summary.end),
            mean_rate=summary.mean_rate,
            max_rate=summary.max_rate,
            coverage=summary.coverage,
        )
    )


def _spell(row: RowMapping) -> Spell:
    return Spell(
        onset=from_micros(row["onset"]),
        last_seen=from_micros(row["last_seen_at"]),
        end=None if row["end"] is None else from_micros(row["end"]),
        mean_rate=row["mean_rate"],
        max_rate=row["max_rate"],
        coverage=row["coverage"],
    )
