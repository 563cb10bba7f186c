"""What a person allows as FHIR R4 Consent (hl7.org/fhir/R4/consent.html)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from config.clinical import load
from wearable_agg.people.consents import Consent
from wearable_agg.people.registry import EhrPatient


def consent_resource(patient: EhrPatient, hospital: str, said: Sequence[Consent]) -> dict[str, Any]:
    """Return the Consent that states what a patient said of each topic; `said` is not empty.

    It is opt-in: what no provision permits is denied. What was withdrawn or has ended is a
    provision of type deny, from the instant at which it ended.
    """
    words = load("consent")["fhir"]
    latest = max(max(one.given_at, one.revoked_at or one.given_at) for one in said)
    return {
        "resourceType": "Consent",
        "status": "active" if any(one.in_force for one in said) else "inactive",
        "scope": _concept(words["scope"]),
        "category": [_concept(words["category"])],
        "patient": {"reference": f"{patient.issuer}/Patient/{patient.patient_id}"},
        "dateTime": _instant(latest),
        "performer": [{"reference": f"{patient.issuer}/Patient/{patient.patient_id}"}],
        "organization": [{"display": hospital}],
        "policyRule": _concept(words["policy_rule"]),
        "provision": {"provision": [_provision(one, words) for one in said]},
    }


def _provision(one: Consent, words: Mapping[str, Any]) -> dict[str, Any]:
    codes = load("consent")["topics"].get(one.topic, {}).get("codes", {})
    coded = [
        {"coding": [{"system": words["system"], "code": code, "display": display}]}
        for code, display in codes.items()
    ]
    return {
        "type": "permit" if one.in_force else "deny",
        "period": _period(one),
        "purpose": [dict(words["purpose"])],
        "code": [*coded, {"text": one.topic}],
    }


def _period(one: Consent) -> dict[str, str]:
    if not one.in_force:
        return {"start": _instant(one.revoked_at or one.until or one.given_at)}
    ends = {} if one.until is None else {"end": _instant(one.until)}
    return {"start": _instant(one.given_at), **ends}


def _concept(coding: Mapping[str, str]) -> dict[str, Any]:
    return {"coding": [dict(coding)]}


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
