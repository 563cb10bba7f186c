"""Telling resources of ours from others, as an EHR shows them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from config.clinical import load
from wearable_agg.delivery.chart import Resource
from wearable_agg.delivery.identity import Identity

_REFERENCE = re.compile(
    r"Wristchart reference ([0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"
)
_SPACES = {"Flag": "flag", "Observation": "observation"}


def our_value(resource: Resource, route: str) -> str:
    """Return the value by which we named a resource of this type, "" where it is not ours.

    Daily totals share the name space of evidence; they have no waveform's code.
    """
    if route == "Observation" and not _is_evidence(resource):
        return ""
    system = load("findings")["identifiers"][_SPACES.get(route, "message")]
    listed = resource.get("identifier")
    for one in listed if isinstance(listed, list) else [listed]:
        if isinstance(one, Mapping) and one.get("system") == system:
            return str(one.get("value", ""))
    said = (_REFERENCE.search(text) for text in _texts(resource))
    return next((found[1] for found in said if found), "")


def with_site(resource: Resource, identity: Identity) -> dict[str, Any]:
    """Tag a resource as this site's; servers may drop the tag."""
    tag = {"system": load("findings")["identifiers"]["site"], "code": identity.fingerprint}
    return {**resource, "meta": {**resource.get("meta", {}), "tag": [tag]}}


def shows_site(resource: Resource, identity: Identity) -> bool:
    """Tell whether a resource shows the tag of this site."""
    system = load("findings")["identifiers"]["site"]
    tags = (resource.get("meta") or {}).get("tag") or []
    return any(
        (tag.get("system"), tag.get("code")) == (system, identity.fingerprint) for tag in tags
    )


def _is_evidence(resource: Resource) -> bool:
    codes = {(each["system"], each["code"]) for each in load("findings")["evidence"]["code"]}
    shown = (resource.get("code") or {}).get("coding") or []
    return any((each.get("system"), each.get("code")) in codes for each in shown)


def _texts(resource: Resource) -> Iterator[str]:
    for element, name in (("note", "text"), ("payload", "contentString")):
        for one in resource.get(element) or []:
            yield str(one.get(name, ""))
    yield str(resource.get("description", ""))
