"""Marks that people's decisions leave on a Flag, put on whatever the Flag holds by then. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.clinical import load
from wearable_agg.delivery.chart import Resource
from wearable_agg.delivery.resources import instant

_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who acknowledged when; `by` is the EHR's reference to that person, `id` is our own."""

    id: str
    by: str
    name: str
    at: datetime
    note: str


def acknowledged(flag: Resource, mark: Acknowledgement, issuer: str) -> Resource:
    """Return the Flag with the mark added; all else stays as the chart has it."""
    return {**flag, "extension": [*flag.get("extension", []), _extension(mark, issuer)]}


def bears(flag: Resource, mark: Acknowledgement) -> bool:
    """Tell whether the Flag holds this very mark already."""
    url = load("findings")["extensions"]["acknowledgement"]
    return any(
        part.get("valueIdentifier", {}).get("value") == mark.id
        for extension in flag.get("extension", [])
        if extension.get("url") == url
        for part in extension.get("extension", [])
    )


def decision_origin(mark: Acknowledgement, target: str, issuer: str) -> Resource:
    """Say who acknowledged (Provenance), the clinician as agent."""
    systems = load("findings")["systems"]
    author = {"system": systems["participant"], "code": "author", "display": "Author"}
    operation = {"system": systems["data_operation"], "code": "UPDATE", "display": "revise"}
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": instant(mark.at),
        "activity": {"coding": [operation], "text": "Acknowledged"},
        "agent": [{"type": {"coding": [author]}, "who": _person(mark, issuer)}],
    }


def _extension(mark: Acknowledgement, issuer: str) -> dict[str, Any]:
    facts = load("findings")
    identifier = {"system": facts["identifiers"]["decision"], "value": mark.id}
    parts: list[Mapping[str, Any]] = [
        {"url": "by", "valueReference": _person(mark, issuer)},
        {"url": "at", "valueDateTime": instant(mark.at)},
        {"url": "identifier", "valueIdentifier": identifier},
    ]
    if mark.note:
        parts.append({"url": "note", "valueString": mark.note})
    return {"url": facts["extensions"]["acknowledgement"], "extension": parts}


def _person(mark: Acknowledgement, issuer: str) -> dict[str, str]:
    """Refer to the person in this EHR; somebody the EHR does not know is named only."""
    reference = mark.by.removeprefix(issuer.rstrip("/") + "/")
    if not _REFERENCE.fullmatch(reference):
        return {"display": mark.name or "Unknown"}
    return {"reference": reference, "display": mark.name} if mark.name else {"reference": reference}
