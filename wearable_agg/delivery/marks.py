"""Marks that people's decisions leave in the chart, on whatever it holds by then. Pure.

A mark is an extension that names the decision, the person and the time. A decision that closes or
reopens a finding changes the status as well, but only where the status is still as the marks
before it left it: anything else is somebody's edit in the EHR, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinical.findings import Decision
from config.clinical import load
from wearable_agg.delivery.chart import Resource
from wearable_agg.delivery.duplicates import is_open
from wearable_agg.delivery.resources import instant

_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class Mark:
    """Who decided what and when; `by` is the EHR's reference to that person, `id` is our own."""

    id: str
    decision: Decision
    by: str
    name: str
    at: datetime
    note: str


def marked(resource: Resource, mark: Mark, issuer: str) -> Resource:
    """Return what carries the finding with the mark added; all else stays as the chart has it."""
    changed = {
        **resource,
        "extension": [*resource.get("extension", []), _extension(mark, issuer)],
    }
    status = _status(resource["resourceType"], mark.decision)
    if status is None or status == resource.get("status"):
        return changed
    changed["status"] = status
    if resource["resourceType"] == "Flag":
        changed["period"] = _period(resource, mark, status)
    return changed


def objection(resource: Resource, mark: Mark) -> str:
    """Say why the mark must not be put: somebody changed the status in the EHR. Empty if it may."""
    kind, status = resource["resourceType"], resource.get("status")
    left = _status_left(kind, _marks(resource))
    untouched = status == left or (left == _statuses(kind)["standing"] and is_open(resource))
    if untouched or status == _status(kind, mark.decision):
        return ""
    return f"The {kind.lower()} is {status} in the chart: somebody changed it there"


def bears(resource: Resource, mark: Mark) -> bool:
    """Tell whether it holds this very mark already."""
    return any(each.get("identifier") == mark.id for each in _marks(resource))


def decision_origin(mark: Mark, target: str, issuer: str) -> Resource:
    """Say who decided (Provenance), the clinician as agent."""
    facts = load("findings")
    systems = facts["systems"]
    author = {"system": systems["participant"], "code": "author", "display": "Author"}
    operation = {"system": systems["data_operation"], "code": "UPDATE", "display": "revise"}
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": instant(mark.at),
        "activity": {"coding": [operation], "text": facts["decision"][mark.decision]},
        "agent": [{"type": {"coding": [author]}, "who": _person(mark, issuer)}],
    }


def _statuses(kind: str) -> Mapping[str, str]:
    known: Mapping[str, str] = load("findings")["status"][kind]
    return known


def _status(kind: str, decision: str) -> str | None:
    """Return the status that a decision leaves, None where it leaves it alone."""
    return _statuses(kind).get("standing" if decision == Decision.REOPENED else decision)


def _status_left(kind: str, marks: Sequence[Mapping[str, str]]) -> str:
    """Return the status that our marks, in their order, left."""
    left = [_status(kind, mark.get("decision", "")) for mark in marks]
    return next((each for each in reversed(left) if each), _statuses(kind)["standing"])


def _period(resource: Resource, mark: Mark, status: str) -> dict[str, Any]:
    """End the period with the Flag; an end that the EHR gave it stays."""
    period = dict(resource.get("period") or {})
    ours = {each.get("at") for each in _marks(resource)}
    if status == "inactive":
        period.setdefault("end", instant(mark.at))
    elif status == "active" and period.get("end") in ours:
        del period["end"]
    return period


def _marks(resource: Resource) -> list[dict[str, str]]:
    """Return our marks on it, as they came: decision, at and identifier of each."""
    url = load("findings")["extensions"]["decision"]
    return [
        _read(extension)
        for extension in resource.get("extension", [])
        if extension.get("url") == url
    ]


def _read(extension: Mapping[str, Any]) -> dict[str, str]:
    parts = {part.get("url"): part for part in extension.get("extension", [])}
    return {
        "decision": parts.get("decision", {}).get("valueCode", ""),
        "at": parts.get("at", {}).get("valueDateTime", ""),
        "identifier": parts.get("identifier", {}).get("valueIdentifier", {}).get("value", ""),
    }


def _extension(mark: Mark, issuer: str) -> dict[str, Any]:
    facts = load("findings")
    identifier = {"system": facts["identifiers"]["decision"], "value": mark.id}
    parts: list[Mapping[str, Any]] = [
        {"url": "decision", "valueCode": mark.decision.value},
        {"url": "by", "valueReference": _person(mark, issuer)},
        {"url": "at", "valueDateTime": instant(mark.at)},
        {"url": "identifier", "valueIdentifier": identifier},
    ]
    if mark.note:
        parts.append({"url": "note", "valueString": mark.note})
    return {"url": facts["extensions"]["decision"], "extension": parts}


def _person(mark: Mark, issuer: str) -> dict[str, str]:
    """Refer to the person in this EHR; somebody the EHR does not know is named only."""
    reference = mark.by.removeprefix(issuer.rstrip("/") + "/")
    if not _REFERENCE.fullmatch(reference):
        return {"display": mark.name or "Unknown"}
    return {"reference": reference, "display": mark.name} if mark.name else {"reference": reference}
