"""References among resources that are created together. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wearable_agg.delivery.chart import New, Resource


def refers_to(resource: Resource, full_url: str) -> bool:
    """Tell whether a resource refers to another that is created with it."""
    return any(found == full_url for found in _references(resource))


def relinked(resource: Resource, places: Mapping[str, str]) -> dict[str, Any]:
    """Put the places of others where their full_urls stand.

    A reference to one whose place is "" is taken out, and so is what becomes empty by that.
    """
    changed = _relinked(resource, places)
    return changed if isinstance(changed, dict) else {}


def without(new: tuple[New, ...], left_out: tuple[New, ...]) -> list[New]:
    """Those that remain, without references to those that are left out."""
    places = {each.full_url: "" for each in left_out}
    return [
        New(relinked(each.resource, places), each.full_url, each.unless)
        for each in new
        if each not in left_out
    ]


def _references(element: Any) -> list[str]:
    if isinstance(element, list):
        return [found for item in element for found in _references(item)]
    if not isinstance(element, Mapping):
        return []
    own = element.get("reference")
    inner = [found for value in element.values() for found in _references(value)]
    return [*([own] if isinstance(own, str) else []), *inner]


def _relinked(element: Any, places: Mapping[str, str]) -> Any:
    if isinstance(element, list):
        kept = [_relinked(item, places) for item in element]
        return [item for item in kept if item not in (None, {}, [])] or None
    if not isinstance(element, Mapping):
        return element
    changed = {name: _relinked(value, places) for name, value in element.items()}
    reference = changed.get("reference")
    if isinstance(reference, str) and reference in places:
        changed["reference"] = places[reference] or None
    full = {name: value for name, value in changed.items() if value not in (None, {}, [])}
    lone_url = set(full) == {"url"} and len(element) > 1  # an extension that lost its value
    return None if lone_url or not full else full
