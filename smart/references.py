"""FHIR references and addresses: what points into this EHR, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from safeguards.egress_addresses import inside
from smart.identifiers import FHIR_ID

__all__ = ["about", "inside", "local_id", "resolved"]


def resolved(base: str, link: str) -> str:
    """A link of a bundle as an absolute URL; relative ones are beneath `base`."""
    return urljoin(base.rstrip("/") + "/", link)


def local_id(base: str, reference: object, kind: str) -> str:
    """The id in "Kind/id" or "{base}/Kind/id" (with or without a version); "" for anything else."""
    if not isinstance(reference, str):
        return ""
    found, _, identifier = reference.removeprefix(base.rstrip("/") + "/").partition("/")
    identifier = identifier.partition("/_history/")[0]
    return identifier if found == kind and FHIR_ID.fullmatch(identifier) else ""


def about(resource: Mapping[str, Any], base: str, patient: str) -> bool:
    """Tell whether a resource says that it is about this patient of this EHR."""
    subject = resource.get("subject") or resource.get("patient")
    reference = subject.get("reference") if isinstance(subject, dict) else None
    return reference == f"Patient/{patient}" or local_id(base, reference, "Patient") == patient
