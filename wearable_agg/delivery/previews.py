"""The resources that a write would put into a chart, to be read by a person before it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wearable_agg.delivery.duplicates import TAKEN_BACK
from wearable_agg.delivery.marks import decision_origin, marked
from wearable_agg.delivery.writes import DayGone, DayWrite, DecisionWrite, FindingWrite, Write


def resources_of(write: Write) -> list[Mapping[str, Any]]:
    """Return what would be sent; of a change only what it adds, not what the chart has by then."""
    match write:
        case FindingWrite(new):
            return [each.resource for each in new]
        case DayWrite():
            return [write.observation]
        case DayGone():
            return [{"resourceType": "Observation", "status": TAKEN_BACK}]
        case DecisionWrite():
            added = marked({"resourceType": write.kind}, write.mark, write.issuer)
            return [added, decision_origin(write.mark, f"{write.kind}/...", write.issuer)]
        case _:
            return []
