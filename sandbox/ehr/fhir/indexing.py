"""Search index rows and compartment of a resource; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.ehr.fhir.dates import BEGINNING, END, date_range
from sandbox.ehr.fhir.parameters import TYPES, Parameter

Row = tuple[str, str | None, str | None, int | None, int | None]
"""parameter, system (of a token) or type (of a reference), value, low, high."""

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


def index_rows(resource: dict[str, Any]) -> list[Row]:
    """Everything a search can find a resource by."""
    known = TYPES[resource["resourceType"]].values()
    return [row for parameter in known for row in _rows(parameter, resource)]


def values_at(element: Any, path: str) -> Iterator[Any]:
    """All values at a dotted path, lists flattened."""
    head, _, rest = path.partition(".")
    found = element.get(head) if isinstance(element, dict) else None
    for value in found if isinstance(found, list) else [found]:
        if value is None:
            continue
        if rest:
            yield from values_at(value, rest)
        else:
            yield value


def split_reference(text: str) -> tuple[str, str] | None:
    """Type and id of a reference to a resource here; None for contained, urn and foreign ones."""
    parts = text.split("/_history/")[0].split("/")
    return (parts[0], parts[1]) if len(parts) == 2 and parts[0][:1].isupper() else None


def patient_reference(resource: dict[str, Any]) -> str | None:
    """The patient a resource names as its own; for a Provenance see the store."""
    if resource["resourceType"] == "Patient":
        return str(resource["id"])
    for path in ("subject.reference", "patient.reference", "target.reference"):
        for text in values_at(resource, path):
            reference = split_reference(text)
            if reference and reference[0] == "Patient":
                return reference[1]
    return None


def is_withheld(resource: dict[str, Any]) -> bool:
    """Whether its security label keeps it from every app: restricted or very restricted."""
    labels = values_at(resource, "meta.security")
    return any(
        label.get("system") == CONFIDENTIALITY and label.get("code") in ("R", "V")
        for label in labels
    )


def _rows(parameter: Parameter, resource: dict[str, Any]) -> Iterator[Row]:
    for path in parameter.paths:
        for value in values_at(resource, path):
            for system, text, low, high in READERS[parameter.kind](value):
                yield parameter.name, system, text, low, high


def _token(value: Any) -> Iterator[tuple[str | None, str | None, None, None]]:
    if isinstance(value, bool):
        yield None, str(value).lower(), None, None
    elif isinstance(value, str):
        yield None, value, None, None
    elif "coding" in value:
        for coding in value["coding"]:
            yield coding.get("system"), coding.get("code"), None, None
    elif "code" in value or "value" in value:
        yield value.get("system"), value.get("code", value.get("value")), None, None


def _reference(value: Any) -> Iterator[tuple[str, str, None, None]]:
    if reference := split_reference(value.get("reference", "")):
        yield *reference, None, None


def _date(value: Any) -> Iterator[tuple[None, None, int, int]]:
    if isinstance(value, str):
        yield None, None, *date_range(value)
        return
    low = date_range(value["start"])[0] if "start" in value else BEGINNING
    high = date_range(value["end"])[1] if "end" in value else END
    yield None, None, low, high


def _string(value: Any) -> Iterator[tuple[None, str, None, None]]:
    yield None, str(value).lower(), None, None


READERS: dict[str, Any] = {
    "token": _token,
    "reference": _reference,
    "date": _date,
    "string": _string,
}
