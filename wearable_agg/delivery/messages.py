"""A finding as a Communication or a note, for EHRs in which apps cannot create Flags. Pure."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from config.clinical import load
from wearable_agg.delivery.chart import Identifier, Resource
from wearable_agg.delivery.resources import (
    FindingFacts,
    cautions,
    impression,
    instant,
)


def words(facts: FindingFacts) -> str:
    """Say what was found, when, by what, and that it is no diagnosis."""
    return (
        f"{impression(facts)['text']} from {instant(facts.onset)} "
        f"({facts.basis} recording of {facts.device}, mean ventricular rate "
        f"{round(facts.mean_rate)}/min, {facts.decider} {facts.decider_version}). "
        f"{' '.join(cautions(facts))}"
    )


def reference_text(identifier: Identifier) -> str:
    """The words by which a resource is found again where its identifier is not kept."""
    return f"Wristchart reference {identifier.value}"


def communication(
    facts: FindingFacts, patient: str, identifier: Identifier, sent: datetime
) -> Resource:
    """Tell the finding to the care team."""
    coding = load("findings")["message"]["category"]
    texts = (words(facts), reference_text(identifier))
    return {
        "resourceType": "Communication",
        "identifier": [_identifier(identifier)],
        "status": "completed",
        "category": [{"coding": [coding]}],
        "priority": "routine",
        "subject": {"reference": f"Patient/{patient}"},
        "sent": instant(sent),
        "payload": [{"contentString": text} for text in texts],
    }


def note(facts: FindingFacts, patient: str, identifier: Identifier, written: datetime) -> Resource:
    """Put the finding into the chart as a note."""
    known = load("findings")["note"]
    text = words(facts)
    attachment: dict[str, Any] = {
        "contentType": "text/plain; charset=utf-8",
        "data": base64.b64encode(text.encode()).decode(),
        "title": impression(facts)["text"],
    }
    return {
        "resourceType": "DocumentReference",
        "identifier": [_identifier(identifier)],
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [known["type"]]},
        "subject": {"reference": f"Patient/{patient}"},
        "date": instant(written),
        "description": reference_text(identifier),
        "content": [{"attachment": attachment}],
    }


def _identifier(identifier: Identifier) -> dict[str, str]:
    return {"system": identifier.system, "value": identifier.value}
