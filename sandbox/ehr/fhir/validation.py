"""Whether what the server is sent is FHIR R4 and refers to things that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from sqlite3 import Connection
from typing import Any

from sandbox.ehr.fhir.indexing import patient_reference, split_reference
from sandbox.ehr.fhir.parameters import TYPES
from sandbox.ehr.fhir.problems import BrokenRule, Malformed, Missing
from sandbox.ehr.fhir.store import exists

ABOUT_A_PATIENT = ("Flag", "Observation", "Condition", "MedicationRequest")
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def check_id(id_: str) -> None:
    """Raise Malformed unless it is a FHIR id."""
    if not ID.fullmatch(id_):
        raise Malformed(f"Not a FHIR id: {id_!r}")


def check_structure(resource: dict[str, Any]) -> None:
    """Raise Malformed unless the resource is valid R4 of a type served here."""
    # Imported on the first write: the models cost more time than the rest of the start.
    from fhir.resources.R4B import get_fhir_model_class
    from pydantic import ValidationError

    type_ = resource.get("resourceType")
    if type_ not in TYPES:
        raise Malformed(f"This server has no resource type {type_!r}.")
    try:
        model = get_fhir_model_class(type_).model_validate(resource)
    except ValidationError as error:
        problems = "; ".join(_describe(problem) for problem in error.errors()[:10])
        missing = any("missing" in problem["type"] for problem in error.errors())
        raise (Missing if missing else Malformed)(f"{type_}: {problems}") from error
    for problem in _rule_breaks(model, type_):
        raise Malformed(problem)


def check_references(connection: Connection, resource: dict[str, Any], base: str) -> None:
    """Raise BrokenRule unless every reference to this server leads to something."""
    type_ = resource["resourceType"]
    if type_ in ABOUT_A_PATIENT and patient_reference(resource) is None:
        raise BrokenRule(f"{type_}.subject has to be a patient of this hospital.")
    contained = {f"#{inner.get('id')}" for inner in resource.get("contained", [])}
    for text in references(resource):
        if text.startswith("#"):
            found = text in contained or text == "#"
        elif text.startswith("urn:"):
            found = False
        elif text.startswith(("http://", "https://")) and not text.startswith(f"{base}/"):
            found = True
        else:
            target = split_reference(text.removeprefix(f"{base}/"))
            found = target is not None and exists(connection, *target)
        if not found:
            raise BrokenRule(f"{type_} refers to {text!r}, which does not exist.")


def references(element: Any) -> Iterator[str]:
    """Every literal reference inside an element."""
    if isinstance(element, list):
        for item in element:
            yield from references(item)
    elif isinstance(element, dict):
        if isinstance(element.get("reference"), str):
            yield element["reference"]
        for value in element.values():
            yield from references(value)


def _describe(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}"


def _rule_breaks(model: Any, place: str) -> Iterator[str]:
    """Required codes and reference types, which the library knows but does not enforce."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name, None)
        facts = field.json_schema_extra
        if value is None or not isinstance(facts, dict):
            continue
        for item in value if isinstance(value, list) else [value]:
            yield from _field_breaks(item, facts, f"{place}.{field.alias or name}")


def _field_breaks(item: Any, facts: dict[str, Any], place: str) -> Iterator[str]:
    # a "+" among the codes says that the library lists only the first of them
    codes, types = facts.get("enum_values"), facts.get("enum_reference_types")
    if codes and "+" not in codes and isinstance(item, str) and item not in codes:
        yield f"{place}: {item!r} is not one of {', '.join(codes)}"
    elif types and (text := getattr(item, "reference", None)):
        target = split_reference("/".join(text.split("/")[-2:]))
        if target and not {target[0], "*"} & {*types} and "Resource" not in types:
            yield f"{place}: a reference to {target[0]} is not allowed here"
    if hasattr(type(item), "model_fields"):
        yield from _rule_breaks(item, place)
