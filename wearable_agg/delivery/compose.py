"""From a row of the outbox to the write it stands for."""

from __future__ import annotations

import uuid
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, select

from wearable_agg.delivery import resources
from wearable_agg.delivery.chart import Identifier, New, Resource
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.listing import counts
from wearable_agg.delivery.marks import Acknowledgement
from wearable_agg.delivery.outbox import Item
from wearable_agg.delivery.resources import DayTotal, FindingFacts, StripFacts
from wearable_agg.delivery.states import Kind
from wearable_agg.delivery.validation import check
from wearable_agg.delivery.writes import AcknowledgementWrite, DayWrite, FlagWrite, Write
from wearable_agg.store.clock import from_micros
from wearable_agg.store.findings_tables import decisions, findings, strips


def compose(connection: Connection, item: Item, identity: Identity) -> Write:
    """Build the write of an item from what is known now; raises InvalidResource."""
    match item.kind:
        case Kind.FLAG:
            return _flag(connection, item, identity)
        case Kind.ACKNOWLEDGEMENT:
            return _acknowledgement(connection, item, identity)
        case Kind.DAY:
            return _day(item, identity)


def _flag(connection: Connection, item: Item, identity: Identity) -> FlagWrite:
    row = _finding(connection, item.subject)
    facts, patient = _facts(row), item.patient.patient_id
    name = _flag_name(item, row, identity)
    shown = identity.evidence(item.patient.issuer, patient, row["kind"], row["trigger"])
    device, detail = _url(), _url()
    strip = _strip(connection, item.subject)
    flag = _new(resources.flag(facts, patient, name, device, detail), unless=name)
    evidence = _new(resources.evidence(facts, strip, patient, shown), detail, shown)
    software = _new(resources.software(facts), device, resources.software_identifier(facts))
    recorded = from_micros(row["created_at"])
    origin = _new(resources.origin(facts, [flag.full_url, detail], device, recorded))
    return FlagWrite(name, patient, (flag, evidence, software, origin))


def _acknowledgement(
    connection: Connection, item: Item, identity: Identity
) -> AcknowledgementWrite:
    row = connection.execute(select(decisions).where(decisions.c.id == item.payload["decision"]))
    decided = row.mappings().one()
    mark = Acknowledgement(
        id=decided["id"],
        by=decided["by"],
        name=decided["by_name"],
        at=from_micros(decided["at"]),
        note=decided["note"],
    )
    name = _flag_name(item, _finding(connection, item.subject), identity)
    return AcknowledgementWrite(name, item.patient.patient_id, item.patient.issuer, mark)


def _day(item: Item, identity: Identity) -> DayWrite:
    patient, payload = item.patient.patient_id, item.payload
    day, zone = date.fromisoformat(payload["day"]), ZoneInfo(payload["zone"])
    total = DayTotal(payload["type"], day, payload["value"], zone)
    name = identity.day(item.patient.issuer, patient, total.type, total.day)
    new = _new(resources.day_total(total, patient, name), unless=name)
    return DayWrite(name, patient, new.resource, new.full_url, known=bool(item.reference))


def _flag_name(item: Item, finding: RowMapping, identity: Identity) -> Identifier:
    patient = item.patient
    return identity.flag(patient.issuer, patient.patient_id, finding["kind"], finding["trigger"])


def _finding(connection: Connection, finding_id: str) -> RowMapping:
    found = connection.execute(select(findings).where(findings.c.id == finding_id))
    return found.mappings().one()


def _facts(row: RowMapping) -> FindingFacts:
    return FindingFacts(
        kind=row["kind"],
        onset=from_micros(row["onset"]),
        last_seen=from_micros(row["last_seen_at"]),
        mean_rate=row["mean_rate"],
        decider=row["decider"],
        decider_version=row["decider_version"],
        signal=row["signal"],
        device=row["device"],
    )


def _strip(connection: Connection, finding_id: str) -> StripFacts | None:
    found = connection.execute(select(strips).where(strips.c.finding_id == finding_id))
    row = found.mappings().one_or_none()
    if row is None:
        return None
    return StripFacts(
        start=from_micros(row["start"]),
        rate=row["rate"],
        lead=row["lead"],
        lead_code=row["lead_code"],
        microvolts_per_count=row["microvolts_per_count"],
        counts=counts(row["samples"]),
    )


def _new(resource: Resource, url: str = "", unless: Identifier | None = None) -> New:
    check(resource)
    return New(resource, url or _url(), unless)


def _url() -> str:
    return uuid.uuid4().urn
