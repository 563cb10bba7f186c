"""What the page reads of findings."""

from __future__ import annotations

import sys
import zlib
from array import array
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, and_, or_, select

from clinical import verdicts
from safeguards.strict_json import loads
from wearable_agg.delivery import tachograms
from wearable_agg.delivery.abilities import WORKLIST
from wearable_agg.delivery.rhythm_events import severities
from wearable_agg.delivery.states import HELD, State
from wearable_agg.people.registry import members
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.findings_tables import decisions, episodes, findings, strips
from wearable_agg.store.findings_tables import tachograms as tachograms_table
from wearable_agg.store.outbox_tables import outbox

_SHOWN = {
    State.PENDING: "pending",
    State.INFLIGHT: "sending",
    State.RETRY: "waiting",
    State.UNKNOWN: "waiting",
    State.DONE: "saved",
    State.UNSENT: "unsent",
    State.PARKED: "failed",
    State.DEAD: "failed",
}


def list_findings(
    connection: Connection,
    person_id: int,
    after: tuple[int, str] | None = None,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Return the findings of a person for the API, the latest first.

    At most `limit`, those that follow the one with onset (microseconds) and id `after`.
    Instants are ISO 8601 in UTC. `duration_seconds` is the time in all episodes together, as far
    as it is known. `write` tells how far its Flag, or the latest change to it, has come.
    """
    wanted = (
        select(findings)
        .where(members(findings.c.person_id, person_id))
        .order_by(findings.c.onset.desc(), findings.c.id)
        .limit(limit)
    )
    if after is not None:
        onset, last = after
        same = and_(findings.c.onset == onset, findings.c.id > last)
        wanted = wanted.where(or_(findings.c.onset < onset, same))
    found = connection.execute(wanted).mappings().all()
    ids = [row["id"] for row in found]
    seconds, alone = _seconds(connection, ids), on_beats_alone(connection, found)
    shown = _with(connection, strips.c.finding_id, ids)
    beats = _with(connection, tachograms_table.c.finding_id, ids)
    words = severities(connection, person_id, found)
    judged, writes = _decisions(connection, ids), _writes(connection, ids)
    return [
        {
            **_facts(row),
            "severity": words[row["id"]],
            "duration_seconds": seconds[row["id"]],
            "has_strip": row["id"] in shown,
            "has_beats": row["id"] in beats,
            "beats_alone": row["id"] in alone,
            "write": _write(writes[row["id"]], row),
            "decisions": judged[row["id"]],
        }
        for row in found
    ]


def strip(connection: Connection, person_id: int, finding_id: str) -> dict[str, Any] | None:
    """Return the ECG strip behind a finding of this person, in microvolts; None without one."""
    row = (
        connection.execute(
            select(strips)
            .join(findings, findings.c.id == strips.c.finding_id)
            .where(members(findings.c.person_id, person_id), findings.c.id == finding_id)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    gain = row["microvolts_per_count"]
    return {
        "start": iso(row["start"]),
        "rate": row["rate"],
        "lead": row["lead"],
        "lead_code": row["lead_code"],
        "unit": "uV",
        "samples": [round(count * gain, 2) for count in counts(row["samples"])],
    }


def beats(connection: Connection, person_id: int, finding_id: str) -> dict[str, Any] | None:
    """Return the heart beats behind a finding of this person; None without any.

    Each with its milliseconds from the start, those since the beat before where that is known, and
    whether it was ectopic where the device told it.
    """
    of_person = select(findings.c.id).where(
        members(findings.c.person_id, person_id), findings.c.id == finding_id
    )
    if connection.execute(of_person).first() is None:
        return None
    shown = tachograms.read(connection, finding_id)
    if shown is None:
        return None
    told = zip(shown.beats, tachograms.intervals(shown.beats), strict=True)
    return {
        "start": iso(to_micros(shown.start)),
        "unit": "ms",
        "beats": [[beat.offset, interval, beat.ectopic] for beat, interval in told],
    }


def on_beats_alone(connection: Connection, rows: Sequence[RowMapping]) -> set[str]:
    """Return the ids of those findings that were made without an ECG and have none since."""
    alone = [row["id"] for row in rows if verdicts.on_beats_alone(row["decider"])]
    return set(alone) - _with(connection, strips.c.finding_id, alone)


def counts(stored: bytes) -> array[int]:
    """Return the counts of a stored strip: zlib over little-endian 16-bit integers."""
    values = array("h")
    values.frombytes(zlib.decompress(stored))
    if sys.byteorder == "big":
        values.byteswap()
    return values


def iso(micros: int | None) -> str | None:
    """Return a stored instant in ISO 8601, UTC."""
    return None if micros is None else from_micros(micros).isoformat().replace("+00:00", "Z")


def reasons(stored: str) -> list[dict[str, Any]]:
    """Return the stored numbers behind a decision as the API gives them."""
    return [{"name": name, "value": value} for name, value in loads(stored).items()]


def _facts(row: RowMapping) -> dict[str, Any]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "state": row["state"],
        "onset": iso(row["onset"]),
        "end": iso(row["end"]),
        "detected_at": iso(row["detected_at"]),
        "mean_rate": round(row["mean_rate"], 1),
        "max_rate": round(row["max_rate"], 1),
        "coverage": round(row["coverage"], 3),
        "decider": row["decider"],
        "decider_version": row["decider_version"],
        "signal": row["signal"],
        "device": row["device"],
        "probability": row["probability"],
        "evidence": reasons(row["evidence"]),
        "version": row["version"],
    }


def _seconds(connection: Connection, ids: list[str]) -> dict[str, float]:
    """Return the seconds in episodes, by finding."""
    total: dict[str, float] = defaultdict(float)
    columns = (episodes.c.finding_id, episodes.c.onset, episodes.c.end, episodes.c.last_seen_at)
    for finding, onset, end, seen in connection.execute(
        select(*columns).where(episodes.c.finding_id.in_(ids))
    ):
        total[finding] += max((seen if end is None else end) - onset, 0) / 1e6
    return total


def _with(connection: Connection, finding: Column[str], ids: list[str]) -> set[str]:
    """Return which of the findings a table of evidence has anything for."""
    if not ids:
        return set()
    return set(connection.execute(select(finding).where(finding.in_(ids))).scalars())


def _decisions(connection: Connection, ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Return what people decided, the first decision first, by finding."""
    rows = connection.execute(
        select(decisions).where(decisions.c.finding_id.in_(ids)).order_by(decisions.c.version)
    )
    made: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.mappings():
        made[row["finding_id"]].append(
            {
                "decision": row["kind"],
                "by": row["by"],
                "name": row["by_name"],
                "at": iso(row["at"]),
                "note": row["note"],
            }
        )
    return made


def _writes(connection: Connection, ids: list[str]) -> dict[str, list[RowMapping]]:
    rows = connection.execute(
        select(outbox).where(outbox.c.subject.in_(ids)).order_by(outbox.c.id)
    ).mappings()
    grouped: dict[str, list[RowMapping]] = defaultdict(list)
    for row in rows:
        grouped[row["subject"]].append(row)
    return grouped


def _write(rows: list[RowMapping], finding: RowMapping) -> dict[str, Any]:
    """Sum up the writes of a finding: the first not done, or the one kept out, or the latest."""
    if not rows:
        reason = "No chart is linked to this person"
        at = iso(finding["created_at"])
        return {"state": "waiting", "at": at, "reason": reason, "unknown": []}
    open_ones = [row for row in rows if row["state"] not in (State.DONE, State.UNSENT)]
    kept_out = [row for row in rows if row["state"] == State.UNSENT]
    shown = (*open_ones, *kept_out, rows[-1])[0]
    reason = shown["reason"] or ""
    state = _SHOWN[State(shown["state"])]
    if reason.startswith(HELD):
        state, reason = "held", reason.removeprefix(HELD)
    elif state == "saved" and _on_worklist(shown):
        state, reason = "unsent", "this EHR takes no such entry, it stands on this list"
    unknown = loads(shown["unknown_facts"])
    return {"state": state, "at": iso(shown["updated_at"]), "reason": reason, "unknown": unknown}


def _on_worklist(row: RowMapping) -> bool:
    reference = loads(row["result"])["reference"] if row["result"] else ""
    return str(reference).startswith(WORKLIST)
