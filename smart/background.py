"""Condition, AllergyIntolerance and Encounter, read into what the chart says besides drugs."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from clinical.chart import Allergy, Problem, Visit
from smart.dates import instant, local_day
from smart.drugs import codes_of
from smart.lenient import Resource, mapping, mappings, named, text, words_of

NAMELESS = "Without a readable name"


def problem_of(resource: Resource, zone: ZoneInfo) -> Problem:
    """Read a Condition; raises Unusable."""
    onset, abatement = (mapping(resource.get(f"{each}Period")) for each in ("onset", "abatement"))
    return Problem(
        id=named(resource, needs_status=False)[0],
        name=words_of(resource.get("code")) or NAMELESS,
        codes=codes_of(resource.get("code")),
        clinical_status=_code(resource.get("clinicalStatus")),
        verification=_code(resource.get("verificationStatus")),
        categories=tuple(filter(None, map(_code, mappings(resource.get("category"))))),
        onset=local_day(resource.get("onsetDateTime") or onset.get("start"), zone),
        abated=local_day(resource.get("abatementDateTime") or abatement.get("end"), zone),
    )


def allergy_of(resource: Resource, zone: ZoneInfo) -> Allergy:
    """Read an AllergyIntolerance; raises Unusable."""
    manifestations = [
        words_of(manifestation)
        for reaction in mappings(resource.get("reaction"))
        for manifestation in mappings(reaction.get("manifestation"))
    ]
    return Allergy(
        id=named(resource, needs_status=False)[0],
        name=words_of(resource.get("code")) or NAMELESS,
        codes=codes_of(resource.get("code")),
        clinical_status=_code(resource.get("clinicalStatus")),
        verification=_code(resource.get("verificationStatus")),
        criticality=text(resource.get("criticality")),
        reactions=tuple(filter(None, manifestations)),
    )


def visit_of(resource: Resource, zone: ZoneInfo) -> Visit:
    """Read an Encounter; raises Unusable."""
    identifier, status = named(resource)
    period = mapping(resource.get("period"))
    types = mappings(resource.get("type"))
    return Visit(
        id=identifier,
        name=next(filter(None, map(words_of, types)), ""),
        status=status,
        setting=text(mapping(resource.get("class")).get("code")),
        start=instant(period.get("start"), zone),
        end=instant(period.get("end"), zone),
    )


def _code(concept: object) -> str:
    return next((code.code for code in codes_of(concept)), "")
