"""When a chart holds several of one: which is kept, and how the others are taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wearable_agg.delivery.chart import (
    Absent,
    Chart,
    Existed,
    Failure,
    Found,
    Identifier,
    Outcome,
    Refused,
    Resource,
    Several,
    Updated,
)

TAKEN_BACK = "entered-in-error"
"""The status that FHIR has for what should never have been written; all four routes know it."""


def is_open(resource: Resource) -> bool:
    """Whether what carries a finding still stands: an active Flag, any other not taken back."""
    status = resource.get("status")
    return status == "active" if resource["resourceType"] == "Flag" else status != TAKEN_BACK


def choose(resources: Iterable[Resource]) -> tuple[Resource | None, list[Resource]]:
    """Return which of several to keep, and the open ones beside it.

    One that is not open, and so was dealt with by a person, is kept before all others; then one
    that somebody changed; then the oldest; then the first by id.
    """
    struck = [each for each in resources if each.get("status") == TAKEN_BACK]
    standing = sorted((e for e in resources if e not in struck), key=_rank)
    if not standing:
        return (struck[0] if struck else None), []
    return standing[0], [each for each in standing[1:] if is_open(each)]


def only(
    chart: Chart, resource_type: str, identifier: Identifier, patient: str
) -> Resource | Absent | Failure:
    """Return the one resource that bears our identifier; those taken back count if alone."""
    found = chart.find(resource_type, identifier, patient)
    if not isinstance(found, Found):
        return found
    kept, others = choose(found.resources)
    if others:
        return Several(f"The chart holds {len(others) + 1} of one {resource_type}")
    return Absent() if kept is None else kept


def keep_one(chart: Chart, kind: str, identifier: Identifier, patient: str) -> Outcome:
    """Take back all but one that bear our identifier; the outcome is that of the one kept."""
    found = chart.find(kind, identifier, patient)
    if not isinstance(found, Found):
        return found
    kept, others = choose(found.resources)
    if kept is None:
        return Absent()
    stopped = take_back(chart, others)
    return stopped or Existed(f"{kind}/{kept['id']}", version_of(kept))


def take_back(chart: Chart, resources: Sequence[Resource]) -> Outcome | None:
    """Mark resources entered-in-error, unless somebody changes them just then.

    Returns the first outcome that is not success, None where all was done.
    """
    for resource in resources:
        version = version_of(resource)
        if not version:
            return Refused("The chart gives it no version, so a change could overwrite somebody's")
        outcome = chart.update({**resource, "status": TAKEN_BACK}, version)
        if not isinstance(outcome, Updated | Existed):
            return outcome
    return None


def version_of(resource: Resource) -> str:
    """The version that the chart gives it, or ""."""
    return str((resource.get("meta") or {}).get("versionId") or "")


def _rank(resource: Resource) -> tuple[bool, bool, str, str]:
    meta = resource.get("meta") or {}
    untouched = version_of(resource) in ("", "1")
    return is_open(resource), untouched, str(meta.get("lastUpdated", "")), str(resource.get("id"))
