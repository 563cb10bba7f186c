"""MedicationRequest and MedicationStatement, read into orders."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from clinical.medications import Order, Source
from smart.dates import instant, local_day
from smart.dosage import Dose, dose_of
from smart.drugs import UNNAMED, Drug
from smart.lenient import Resource, mapping, mappings, named, text, words_of


def order_of_request(resource: Resource, drug: Drug, zone: ZoneInfo) -> Order:
    """Read a MedicationRequest; raises Unusable.

    The span is the timing's bounds, where the order gives them. A dispense validity is not a span
    of taking and is not used.
    """
    instructions = mappings(resource.get("dosageInstruction"))
    start, end = _bounds(instructions, zone)
    return _order(
        resource,
        drug,
        dose_of(instructions),
        source=Source.REPORTED if resource.get("reportedBoolean") is True else Source.ORDERED,
        intent=text(resource.get("intent")),
        authored=instant(resource.get("authoredOn"), zone),
        start=start,
        end=end,
        replaces=text(mapping(resource.get("priorPrescription")).get("reference")),
    )


def order_of_statement(resource: Resource, drug: Drug, zone: ZoneInfo) -> Order:
    """Read a MedicationStatement (what the patient says to take); raises Unusable."""
    period = mapping(resource.get("effectivePeriod"))
    start = period.get("start") or resource.get("effectiveDateTime")
    return _order(
        resource,
        drug,
        dose_of(mappings(resource.get("dosage"))),
        source=Source.REPORTED,
        authored=instant(resource.get("dateAsserted"), zone),
        start=local_day(start, zone),
        end=local_day(period.get("end"), zone),
    )


def medication_reference(resource: Resource) -> str:
    """The reference to the drug, "" where the resource names the drug itself."""
    return text(mapping(resource.get("medicationReference")).get("reference"))


def shown_name(resource: Resource) -> str:
    """The name that the reference to the drug carries for display, "" where it has none."""
    return text(mapping(resource.get("medicationReference")).get("display"))


def _order(resource: Resource, drug: Drug, dose: Dose, **known: Any) -> Order:
    identifier, status = named(resource)
    return Order(
        id=identifier,
        name=drug.name or UNNAMED,
        status=status,
        codes=drug.codes,
        ingredients=drug.ingredients,
        dosage=dose.words,
        amount=dose.amount,
        unit=dose.unit,
        per_day=dose.per_day,
        as_needed=dose.as_needed,
        reason_stopped=_reason(resource.get("statusReason")),
        **known,
    )


def _bounds(instructions: list[dict[str, Any]], zone: ZoneInfo) -> tuple[date | None, date | None]:
    """From the first start to the last end; an instruction without an end leaves it open."""
    starts, ends = [], []
    for instruction in instructions:
        repeat = mapping(mapping(instruction.get("timing")).get("repeat"))
        period = mapping(repeat.get("boundsPeriod"))
        if start := local_day(period.get("start"), zone):
            starts.append(start)
        if end := local_day(period.get("end"), zone):
            ends.append(end)
    ended = bool(ends) and len(ends) == len(instructions)
    return min(starts, default=None), max(ends) if ended else None


def _reason(value: object) -> str:
    """statusReason is one concept in a request and a list of them in a statement."""
    if not value:
        return ""
    concepts = mappings(value) or [mapping(value)]
    return "; ".join(filter(None, map(words_of, concepts)))
