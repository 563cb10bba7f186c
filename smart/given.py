"""MedicationDispense and MedicationAdministration, read into what was handed out and given."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from clinical.medications import Administration, Dispense
from smart.dates import local_day
from smart.drugs import UNNAMED, Drug
from smart.lenient import Resource, mapping, mappings, named, number, text

UCUM = "http://unitsofmeasure.org"
DAYS_IN = {"d": 1.0, "wk": 7.0, "mo": 30.4375, "a": 365.25, "h": 1 / 24}  # UCUM, mean month


def dispense_of(resource: Resource, drug: Drug, zone: ZoneInfo) -> Dispense:
    """Read a MedicationDispense; raises Unusable."""
    return Dispense(
        on=local_day(resource.get("whenHandedOver"), zone),
        days=_days(mapping(resource.get("daysSupply"))),
        orders=tuple(
            text(each.get("reference"))
            for each in mappings(resource.get("authorizingPrescription"))
        ),
        **_event(resource, drug),
    )


def administration_of(resource: Resource, drug: Drug, zone: ZoneInfo) -> Administration:
    """Read a MedicationAdministration; raises Unusable."""
    period = mapping(resource.get("effectivePeriod"))
    when = resource.get("effectiveDateTime") or period.get("end") or period.get("start")
    return Administration(
        on=local_day(when, zone),
        orders=(text(mapping(resource.get("request")).get("reference")),),
        **_event(resource, drug),
    )


def _event(resource: Resource, drug: Drug) -> dict[str, Any]:
    identifier, status = named(resource)
    return {
        "id": identifier,
        "status": status,
        "name": drug.name or UNNAMED,
        "codes": drug.codes,
        "ingredients": drug.ingredients,
    }


def _days(quantity: Resource) -> float | None:
    """A supply in days; a quantity without a code is in days, for the element is named so."""
    value = number(quantity.get("value"))
    code = text(quantity.get("code")) or "d"
    return value * DAYS_IN[code] if value is not None and code in DAYS_IN else None
