"""From a row of the outbox to the write it stands for."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, select

from clinical.findings import Decision
from safeguards.strict_json import loads
from wearable_agg.delivery import messages, resources, tachograms
from wearable_agg.delivery.abilities import WORKLIST, Personality
from wearable_agg.delivery.chart import Identifier, New, Resource
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.listing import counts, on_beats_alone
from wearable_agg.delivery.marks import Mark
from wearable_agg.delivery.naming import with_site
from wearable_agg.delivery.outbox import Item
from wearable_agg.delivery.resources import DayTotal, FindingFacts, StripFacts
from wearable_agg.delivery.states import Kind, State
from wearable_agg.delivery.validation import check
from wearable_agg.delivery.writes import (
    DayGone,
    DayWrite,
    DecisionWrite,
    FindingWrite,
    WorklistWrite,
    Write,
)
from wearable_agg.people.registry import EhrPatient
from wearable_agg.store.clock import from_micros
from wearable_agg.store.findings_tables import decisions, findings, strips
from wearable_agg.store.outbox_tables import outbox

_NAMES = uuid.UUID("5f1c4f5e-0f6b-4a0f-9d53-8e1f3f6a7c21")


def compose(
    connection: Connection, item: Item, identity: Identity, personality: Personality
) -> Write:
    """Build the write of an item from what is known now, for an EHR of this personality.

    Raises InvalidResource.
    """
    match item.kind:
        case Kind.FLAG:
            return _carried(connection, item, identity, personality)
        case Kind.DECISION:
            return _decision(connection, item, identity, personality)
        case Kind.DAY:
            return _day(item, identity, personality)


def name_of(identity: Identity, patient: EhrPatient, finding: RowMapping, route: str) -> Identifier:
    """Name what carries a finding in a chart that takes it by `route`."""
    facts = (patient.issuer, patient.patient_id, finding["kind"], finding["trigger"])
    match route:
        case "Flag":
            return identity.flag(*facts)
        case "Observation":
            return identity.evidence(*facts)
        case _:
            return identity.message(*facts)


def _carried(
    connection: Connection, item: Item, identity: Identity, personality: Personality
) -> Write:
    """The finding as what its route says, with the software that found it, and where it is from."""
    route = personality.route
    if route == WORKLIST:
        return WorklistWrite(item.subject)
    row = _finding(connection, item.subject)
    facts, recorded = _facts(connection, row, item), from_micros(row["created_at"])
    name = name_of(identity, item.patient, row, route)
    software = resources.software_identifier(facts)
    device = _new(resources.software(facts), _derived(software.value), software)
    evidence = _evidence(connection, item, row, identity, personality)
    main = _main(route, facts, item.patient.patient_id, name, evidence, device.full_url, recorded)
    shown = (main, evidence) if route == "Flag" else (main,)
    targets = [each.full_url for each in shown]
    origin = resources.origin(facts, targets, device.full_url, recorded)
    with_it = (device, _new(origin, _derived(f"origin|{name.value}")))
    tagged = New(with_site(main.resource, identity), main.full_url, main.unless)
    return FindingWrite((tagged, *shown[1:], *with_it), item.patient.patient_id)


def _main(
    route: str,
    facts: FindingFacts,
    patient: str,
    name: Identifier,
    evidence: New,
    device: str,
    recorded: datetime,
) -> New:
    match route:
        case "Flag":
            made = resources.flag(facts, patient, name, device, evidence.full_url)
        case "Observation":
            return evidence
        case "Communication":
            made = messages.communication(facts, patient, name, recorded)
        case _:
            made = messages.note(facts, patient, name, recorded)
    return _new(made, _urn(name.value), name)


def _evidence(
    connection: Connection,
    item: Item,
    row: RowMapping,
    identity: Identity,
    personality: Personality,
) -> New:
    name = name_of(identity, item.patient, row, "Observation")
    facts, strip = _facts(connection, row, item), _strip(connection, item.subject)
    beats = tachograms.read(connection, item.subject)
    made = resources.evidence(facts, strip, item.patient.patient_id, name, beats)
    return _new(_findable(made, name, personality), _urn(name.value), name)


def _findable(observation: Resource, name: Identifier, personality: Personality) -> Resource:
    """Say our reference in a note where the EHR does not keep identifiers."""
    able = personality.kinds.get("Observation")
    if able is None or able.stores_identifier:
        return observation
    said = {"text": messages.reference_text(name)}
    return {**observation, "note": [*observation.get("note", []), said]}


def _decision(
    connection: Connection, item: Item, identity: Identity, personality: Personality
) -> Write:
    route = personality.route
    if route == WORKLIST or not personality.kinds[route].changeable or _is_unsent(connection, item):
        return WorklistWrite(item.subject)
    row = connection.execute(select(decisions).where(decisions.c.id == item.payload["decision"]))
    decided = row.mappings().one()
    mark = Mark(
        id=decided["id"],
        decision=Decision(decided["kind"]),
        by=decided["by"],
        name=decided["by_name"],
        at=from_micros(decided["at"]),
        note=decided["note"],
    )
    name = name_of(identity, item.patient, _finding(connection, item.subject), route)
    patient = item.patient
    return DecisionWrite(route, name, patient.patient_id, patient.issuer, mark)


def _is_unsent(connection: Connection, item: Item) -> bool:
    """Tell whether the finding was kept out of this chart for good."""
    patient = item.patient
    found = select(outbox.c.id).where(
        outbox.c.subject == item.subject,
        outbox.c.tenant == patient.tenant,
        outbox.c.issuer == patient.issuer,
        outbox.c.patient_id == patient.patient_id,
        outbox.c.kind == Kind.FLAG,
        outbox.c.state == State.UNSENT,
    )
    return connection.execute(found).first() is not None


def _day(item: Item, identity: Identity, personality: Personality) -> DayWrite | DayGone:
    patient, payload = item.patient.patient_id, item.payload
    day, zone = date.fromisoformat(payload["day"]), ZoneInfo(payload["zone"])
    name = identity.day(item.patient.issuer, patient, payload["type"], day)
    if payload["value"] is None:
        return DayGone(name, patient)
    total = DayTotal(payload["type"], day, payload["value"], zone)
    made = _findable(resources.day_total(total, patient, name), name, personality)
    new = _new(made, _urn(name.value), unless=name)
    known = bool(item.reference)
    return DayWrite(name, patient, new.resource, new.full_url, known, item.version)


def _finding(connection: Connection, finding_id: str) -> RowMapping:
    found = connection.execute(select(findings).where(findings.c.id == finding_id))
    return found.mappings().one()


def _facts(connection: Connection, row: RowMapping, item: Item) -> FindingFacts:
    return FindingFacts(
        kind=row["kind"],
        onset=from_micros(row["onset"]),
        last_seen=from_micros(row["last_seen_at"]),
        mean_rate=row["mean_rate"],
        decider=row["decider"],
        decider_version=row["decider_version"],
        signal=row["signal"],
        device=row["device"],
        probability=row["probability"],
        evidence=loads(row["evidence"]),
        beats_alone=row["id"] in on_beats_alone(connection, [row]),
        unknown=item.unknown,
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


def _new(resource: Resource, url: str, unless: Identifier | None = None) -> New:
    check(resource)
    return New(resource, url, unless)


def _urn(value: str) -> str:
    return f"urn:uuid:{value}"


def _derived(text: str) -> str:
    """An address that is the same whenever the same is written."""
    return uuid.uuid5(_NAMES, text).urn
