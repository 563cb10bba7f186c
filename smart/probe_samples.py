"""The resources that a probe writes into a test system. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from config.clinical import load
from wearable_agg.delivery.chart import Identifier, Resource

TEXT = "Wristchart tries out this test system: please take no notice"


def device(name: Identifier) -> Resource:
    """A Device."""
    return {"resourceType": "Device", "identifier": [_identifier(name)], "manufacturer": TEXT}


def origin(about: Resource | None) -> Resource:
    """A Provenance of something."""
    target = f"{about['resourceType']}/{about['id']}" if about else ""
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": "2026-01-01T00:00:00Z",
        "agent": [{"who": {"display": TEXT}}],
    }


def _flag(name: Identifier, patient: str, now: datetime) -> dict[str, Any]:
    return {
        **_about("Flag", name, patient),
        "status": "inactive",
        "code": {"text": TEXT},
        "period": {"start": now.isoformat(timespec="seconds")},
    }


def _observation(name: Identifier, patient: str, now: datetime) -> dict[str, Any]:
    codes = load("findings")["evidence"]
    category = load("findings")["systems"]["observation_category"]
    return {
        **_about("Observation", name, patient),
        "status": "final",
        "category": [{"coding": [{"system": category, "code": codes["category"]}]}],
        "code": {"coding": list(codes["code"])},
        "effectiveDateTime": now.isoformat(timespec="seconds"),
        "valueString": TEXT,
        "note": [{"text": name.value}],
    }


def _communication(name: Identifier, patient: str, now: datetime) -> dict[str, Any]:
    return {
        **_about("Communication", name, patient),
        "status": "completed",
        "category": [{"coding": [load("findings")["message"]["category"]]}],
        "sent": now.isoformat(timespec="seconds"),
        "payload": [{"contentString": TEXT}, {"contentString": name.value}],
    }


def _note(name: Identifier, patient: str, now: datetime) -> dict[str, Any]:
    data = base64.b64encode(TEXT.encode()).decode()
    return {
        **_about("DocumentReference", name, patient),
        "status": "current",
        "type": {"coding": [load("findings")["note"]["type"]]},
        "date": now.isoformat(timespec="seconds"),
        "description": name.value,
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
    }


def _about(kind: str, name: Identifier, patient: str) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "identifier": [_identifier(name)],
        "subject": {"reference": patient},
    }


def _identifier(name: Identifier) -> dict[str, str]:
    return {"system": name.system, "value": name.value}


Sample = Callable[[Identifier, str, datetime], dict[str, Any]]

SAMPLES: Mapping[str, Sample] = {
    "Flag": _flag,
    "Observation": _observation,
    "Communication": _communication,
    "DocumentReference": _note,
}
"""A resource of each route: its name, the patient's reference, the present instant."""
